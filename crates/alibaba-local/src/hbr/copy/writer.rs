//! Writes the items of a snapshot into a folder.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, chownat, fchmod, fchown,
    ftruncate, futimens, linkat, mkdirat, openat, renameat, symlinkat, unlinkat, utimensat,
};
use rustix::process::geteuid;

use super::conflict::ConflictPolicy;
use super::folders;
use super::report::Report;
use crate::hbr::contents::manifest::{Attributes, Content, Item, Kind, Manifest};
use crate::hbr::contents::name::Name;
use crate::hbr::contents::repository::Repository;

/// A folder that is being filled. It gets its attributes when all is in it: its mode may forbid
/// writing, and its time would change.
struct Level<'m> {
    name: &'m Name,
    folder: OwnedFd,
    attributes: Option<&'m Attributes>,
}

pub(super) struct Writer<'r> {
    pub(super) repository: &'r Repository,
    pub(super) vault: &'r str,
    pub(super) policy: ConflictPolicy,
    pub(super) report: Report,
    /// Files with several names that this restore has written, by the first of their names in the
    /// snapshot: where they are now.
    written: HashMap<Name, Name>,
}

impl<'r> Writer<'r> {
    pub(super) fn new(repository: &'r Repository, vault: &'r str, policy: ConflictPolicy) -> Self {
        Self {
            repository,
            vault,
            policy,
            report: Report::default(),
            written: HashMap::new(),
        }
    }

    /// Writes all items. What cannot be written is in the report, and the rest goes on.
    pub(super) fn write(mut self, root: OwnedFd, manifest: &Manifest) -> Report {
        let start = Name::default();
        let mut levels = vec![Level {
            name: &start,
            folder: root,
            attributes: None,
        }];
        for item in &manifest.items {
            let Some((parent, part)) = item.name.split() else {
                levels[0].attributes = item.attributes.as_ref();
                self.report.done(0);
                continue;
            };
            while levels.len() > 1 && levels[levels.len() - 1].name.as_bytes() != parent {
                self.leave(&mut levels);
            }
            let (root, level) = (&levels[0].folder, &levels[levels.len() - 1]);
            let result = match level.name.as_bytes() == parent {
                true => self.item(root, &level.folder, OsStr::from_bytes(part), item),
                false => Err(io::Error::other("its folder could not be restored")),
            };
            match result {
                Ok(Some(folder)) => levels.push(Level {
                    name: &item.name,
                    folder,
                    attributes: item.attributes.as_ref(),
                }),
                Ok(None) => {}
                Err(error) => self.report.failed(&item.name, item.bytes(), &error),
            }
        }
        while !levels.is_empty() {
            self.leave(&mut levels);
        }
        self.report
    }

    fn leave(&mut self, levels: &mut Vec<Level<'_>>) {
        let Some(level) = levels.pop() else { return };
        let Some(attributes) = level.attributes else {
            return;
        };
        if let Err(error) = describe(&level.folder, attributes) {
            let name = match level.name.is_root() {
                true => ".".to_owned(),
                false => level.name.to_string(),
            };
            self.report.failures.push((name, error.to_string()));
        }
    }

    /// Writes one item. The folder, where it is one.
    fn item(
        &mut self,
        root: &OwnedFd,
        folder: &OwnedFd,
        part: &OsStr,
        item: &Item,
    ) -> io::Result<Option<OwnedFd>> {
        let existing = folders::look(folder, part)?;
        let is_folder = existing
            .as_ref()
            .is_some_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory);
        if item.kind == Kind::Folder && is_folder {
            let entered = folders::enter(folder, part)?;
            self.report.done(0);
            return Ok(Some(entered));
        }
        if let Some(stat) = &existing {
            let restored = item.attributes.map_or((0, 0), |it| it.modified);
            if self.policy.keeps(folders::modified(stat), restored) {
                if item.kind == Kind::Folder {
                    return Err(io::Error::other("a file is in its place"));
                }
                self.report.skipped.push(item.name.to_string());
                self.report.done(item.bytes());
                return Ok(None);
            }
            // A tree that somebody has is not taken away for a file.
            if is_folder {
                return Err(io::Error::other("a folder is in its place"));
            }
        }
        match &item.kind {
            Kind::Folder => {
                if existing.is_some() {
                    unlinkat(folder, part, AtFlags::empty())?;
                }
                mkdirat(folder, part, Mode::from_raw_mode(0o700))?;
                let entered = folders::enter(folder, part)?;
                self.report.done(0);
                return Ok(Some(entered));
            }
            Kind::File(content) => {
                self.file(folder, part, content, item.attributes.as_ref())?;
                self.written.insert(item.name.clone(), item.name.clone());
            }
            Kind::SameAs(first, content) => match self.written.get(first).cloned() {
                Some(written) => link(root, &written, folder, part)?,
                // The first name was not restored.
                None => {
                    self.file(folder, part, content, item.attributes.as_ref())?;
                    self.written.insert(first.clone(), item.name.clone());
                }
            },
            Kind::Link(target) => {
                symlink(folder, part, target, item.attributes.as_ref())?;
            }
            Kind::Object { .. } => {
                return Err(io::Error::other("an object cannot be restored to a folder"));
            }
        }
        self.report.done(item.bytes());
        Ok(None)
    }

    /// Under another name first, then in the place of what is there: nobody sees half a file, and a
    /// file that is there under several names keeps what is in it.
    fn file(
        &self,
        folder: &OwnedFd,
        part: &OsStr,
        content: &Content,
        attributes: Option<&Attributes>,
    ) -> io::Result<()> {
        let temporary = temporary();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(folder, &temporary, flags, Mode::from_raw_mode(0o600))?;
        in_place(folder, &temporary, part, || {
            ftruncate(&file, content.len)?;
            let writer = std::fs::File::from(file.try_clone()?);
            for piece in &content.pieces {
                let bytes = self.repository.get(self.vault, piece.id)?;
                writer.write_all_at(&bytes, piece.at)?;
            }
            attributes.map_or(Ok(()), |it| describe(&file, it))
        })
    }
}

fn symlink(
    folder: &OwnedFd,
    part: &OsStr,
    target: &Name,
    attributes: Option<&Attributes>,
) -> io::Result<()> {
    let temporary = temporary();
    symlinkat(target.as_path(), folder, &temporary)?;
    in_place(folder, &temporary, part, || {
        let Some(attributes) = attributes else {
            return Ok(());
        };
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        if let Some((uid, gid)) = owner(attributes) {
            chownat(folder, &temporary, Some(uid), Some(gid), flags)?;
        }
        utimensat(folder, &temporary, &times(attributes), flags)?;
        Ok(())
    })
}

/// Gives a file that this restore has written another name.
fn link(root: &OwnedFd, written: &Name, folder: &OwnedFd, part: &OsStr) -> io::Result<()> {
    let mut parts = folders::parts(written.as_bytes())?;
    let last = parts.pop().unwrap_or_default();
    let mut there = root.try_clone()?;
    for part in parts {
        there = folders::enter(there, part)?;
    }
    let temporary = temporary();
    linkat(there, last, folder, &temporary, AtFlags::empty())?;
    in_place(folder, &temporary, part, || Ok(()))?;
    // Should both have been the same file before, renaming did nothing.
    match unlinkat(folder, &temporary, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Finishes what was made under a temporary name, and gives it its own; or takes it away again.
fn in_place(
    folder: &OwnedFd,
    temporary: &str,
    part: &OsStr,
    finish: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    let done = finish().and_then(|()| Ok(renameat(folder, temporary, folder, part)?));
    if done.is_err() {
        // The first error is the one to tell.
        let _ = unlinkat(folder, temporary, AtFlags::empty());
    }
    done
}

fn temporary() -> String {
    format!(".hbr-{:016x}", fastrand::u64(..))
}

/// Owner, mode and time. The owner first: a change of it takes bits of the mode away.
fn describe(file: impl AsFd, attributes: &Attributes) -> io::Result<()> {
    if let Some((uid, gid)) = owner(attributes) {
        fchown(&file, Some(uid), Some(gid))?;
    }
    fchmod(&file, Mode::from_raw_mode(attributes.mode))?;
    futimens(&file, &times(attributes))?;
    Ok(())
}

/// Only root can give files to others: restored by anybody else, they are the restorer's.
fn owner(attributes: &Attributes) -> Option<(Uid, Gid)> {
    geteuid()
        .is_root()
        .then(|| (Uid::from_raw(attributes.uid), Gid::from_raw(attributes.gid)))
}

fn times(attributes: &Attributes) -> Timestamps {
    let (seconds, nanoseconds) = attributes.modified;
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
