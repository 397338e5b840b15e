//! Reads a folder into a vault.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{Dir, FileType, Mode, OFlags, SeekFrom, Stat, fstat, openat, readlinkat, seek};
use rustix::io::Errno;

use super::folders;
use super::report::Report;
use super::rules::Rules;
use crate::hbr::contents::manifest::{Attributes, Content, Item, Kind, Manifest, Piece};
use crate::hbr::contents::name::Name;
use crate::hbr::contents::repository::{PIECE, Repository};

/// A folder that is being read: its name, and what of it is still to be read.
struct Level {
    name: Name,
    folder: OwnedFd,
    /// The last first.
    left: Vec<Vec<u8>>,
}

pub(super) struct Reader<'r> {
    pub(super) repository: &'r Repository,
    pub(super) vault: &'r str,
    pub(super) rules: &'r Rules,
    pub(super) report: Report,
    manifest: Manifest,
    /// Files with several names, by device and number, and where the first of them is.
    several: HashMap<(u64, u64), usize>,
}

impl<'r> Reader<'r> {
    pub(super) fn new(repository: &'r Repository, vault: &'r str, rules: &'r Rules) -> Self {
        Self {
            repository,
            vault,
            rules,
            report: Report::default(),
            manifest: Manifest::default(),
            several: HashMap::new(),
        }
    }

    /// Reads all of a folder. What cannot be read is in the report, and the rest goes on.
    pub(super) fn read(mut self, root: OwnedFd) -> (Manifest, Report) {
        let mut levels = Vec::new();
        self.enter(&mut levels, Name::default(), root);
        // On a stack of its own: folders may lie in each other deeper than calls may.
        while let Some(level) = levels.last_mut() {
            let Some(part) = level.left.pop() else {
                levels.pop();
                continue;
            };
            let name = level.name.join(&part);
            if self.rules.leaves_out(&name) {
                continue;
            }
            match self.item(&level.folder, &part, &name) {
                Ok(Some(folder)) => self.enter(&mut levels, name, folder),
                Ok(None) => {}
                // Gone since the folder was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.fail(&name, &error),
            }
        }
        let rules = self.rules;
        self.manifest.retain(|name| rules.takes(name));
        for item in &self.manifest.items {
            self.report.done(item.bytes());
        }
        (self.manifest, self.report)
    }

    /// What is not asked for cannot fail.
    fn fail(&mut self, name: &Name, error: &io::Error) {
        if self.rules.takes(name) {
            self.report.failed(name, 0, error);
        }
    }

    fn enter(&mut self, levels: &mut Vec<Level>, name: Name, folder: OwnedFd) {
        let read = || -> io::Result<_> { Ok((list(&folder)?, attributes(&fstat(&folder)?))) };
        match read() {
            Ok((left, attributes)) => {
                self.manifest.items.push(Item {
                    name: name.clone(),
                    kind: Kind::Folder,
                    attributes: Some(attributes),
                });
                levels.push(Level { name, folder, left });
            }
            Err(error) => self.fail(&name, &error),
        }
    }

    /// Reads one thing. The folder, where it is one.
    fn item(&mut self, folder: &OwnedFd, part: &[u8], name: &Name) -> io::Result<Option<OwnedFd>> {
        let part = OsStr::from_bytes(part);
        let stat = folders::look(folder, part)?.ok_or(io::ErrorKind::NotFound)?;
        let (kind, stat) = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => return folders::enter(folder, part).map(Some),
            // What is not taken is not read; only folders may hold what is.
            _ if !self.rules.takes(name) => return Ok(None),
            FileType::RegularFile => self.file(folder, part, name)?,
            FileType::Symlink => {
                let target = readlinkat(folder, part, Vec::new())?;
                (Kind::Link(Name::new(target.into_bytes())), stat)
            }
            other => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    format!("a {} cannot be backed up", word(other)),
                ));
            }
        };
        self.manifest.items.push(Item {
            name: name.clone(),
            kind,
            attributes: Some(attributes(&stat)),
        });
        Ok(None)
    }

    fn file(&mut self, folder: &OwnedFd, part: &OsStr, name: &Name) -> io::Result<(Kind, Stat)> {
        // Should it have become a pipe meanwhile, opening must not wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(folder, part, flags, Mode::empty())?;
        let stat = fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("it changed while it was read"));
        }
        #[allow(clippy::useless_conversion, reason = "the types differ by platform")]
        let (id, names) = (
            (stat.st_dev.into(), stat.st_ino.into()),
            u64::from(stat.st_nlink),
        );
        if names > 1
            && let Some(first) = self.several.get(&id)
        {
            let first = &self.manifest.items[*first];
            if let Kind::File(content) = &first.kind {
                return Ok((Kind::SameAs(first.name.clone(), content.clone()), stat));
            }
        }
        let len = u64::try_from(stat.st_size).unwrap_or(0);
        let content = self
            .content(&file, len)
            .map_err(|error| io::Error::new(error.kind(), format!("read `{name}`: {error}")))?;
        if names > 1 {
            self.several.insert(id, self.manifest.items.len());
        }
        Ok((Kind::File(content), stat))
    }

    /// Reads what is in a file, its holes left out.
    fn content(&mut self, file: &OwnedFd, len: u64) -> io::Result<Content> {
        let mut pieces = Vec::new();
        let mut buffer = Vec::new();
        let mut is_new = false;
        let mut at = 0;
        while let Some((from, to)) = stretch(file, at, len)? {
            at = from;
            let reader = std::fs::File::from(file.try_clone()?);
            while at < to {
                let end = to.min((at / PIECE + 1) * PIECE);
                buffer.resize(usize::try_from(end - at).unwrap_or(0), 0);
                reader
                    .read_exact_at(&mut buffer, at)
                    .map_err(|error| match error.kind() {
                        io::ErrorKind::UnexpectedEof => {
                            io::Error::other("it became shorter while it was read")
                        }
                        _ => error,
                    })?;
                let (id, new) = self.repository.put(self.vault, &buffer)?;
                if new {
                    is_new = true;
                    self.report.new_bytes += buffer.len() as u64;
                }
                pieces.push(Piece {
                    at,
                    len: buffer.len() as u64,
                    id,
                });
                at = end;
            }
        }
        self.report.new_items += u64::from(is_new);
        Ok(Content { len, pieces })
    }
}

/// The next stretch of a file that is no hole.
fn stretch(file: impl AsFd, at: u64, len: u64) -> io::Result<Option<(u64, u64)>> {
    if at >= len {
        return Ok(None);
    }
    let from = match seek(&file, SeekFrom::Data(at)) {
        Ok(from) => from,
        // Nothing but a hole up to the end.
        Err(Errno::NXIO) => return Ok(None),
        // The file system knows nothing of holes.
        Err(Errno::INVAL | Errno::OPNOTSUPP) => return Ok(Some((at, len))),
        Err(error) => return Err(error.into()),
    };
    let to = seek(&file, SeekFrom::Hole(from))?.min(len);
    Ok((from < to).then_some((from, to)))
}

/// The names in a folder, the last first.
fn list(folder: impl AsFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_vec());
        }
    }
    names.sort_unstable_by(|a, b| b.cmp(a));
    Ok(names)
}

fn attributes(stat: &Stat) -> Attributes {
    Attributes {
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        modified: folders::modified(stat),
    }
}

fn word(kind: FileType) -> &'static str {
    match kind {
        FileType::Fifo => "named pipe",
        FileType::Socket => "socket",
        FileType::CharacterDevice | FileType::BlockDevice => "device",
        _ => "file of unknown type",
    }
}
