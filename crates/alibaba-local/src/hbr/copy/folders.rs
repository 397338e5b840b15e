//! Folders below a root, reached without ever following a link: no path leads out.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, mkdirat, open, openat, statat};
use rustix::io::Errno;

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// The parts of a path. `..` is refused, wherever it would lead.
pub(super) fn parts(path: &[u8]) -> io::Result<Vec<&OsStr>> {
    let mut parts = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "`..` in a path",
                ));
            }
            part => parts.push(OsStr::from_bytes(part)),
        }
    }
    Ok(parts)
}

/// Opens the root itself. It comes from the settings, and may be reached by links.
pub(super) fn root(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(path, FOLDER, Mode::empty())?)
}

/// Opens a folder in another.
pub(super) fn enter(folder: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    Ok(openat(
        folder,
        name,
        FOLDER | OFlags::NOFOLLOW,
        Mode::empty(),
    )?)
}

/// Opens the folder at a path below a root.
pub(super) fn find(path: &Path, below: &[u8]) -> io::Result<OwnedFd> {
    let mut folder = root(path)?;
    for part in parts(below)? {
        folder = enter(folder, part)?;
    }
    Ok(folder)
}

/// As [`find`], and makes what is missing.
pub(super) fn make(path: &Path, below: &[u8]) -> io::Result<OwnedFd> {
    let mut folder = root(path)?;
    for part in parts(below)? {
        match mkdirat(&folder, part, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => folder = enter(folder, part)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(folder)
}

/// What is there under a name, links themselves included.
pub(super) fn look(folder: impl AsFd, name: &OsStr) -> io::Result<Option<rustix::fs::Stat>> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// When it was last written.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_lossless,
    reason = "the types differ from platform to platform"
)]
pub(super) fn modified(stat: &rustix::fs::Stat) -> (i64, u32) {
    (stat.st_mtime as i64, stat.st_mtime_nsec as u32)
}
