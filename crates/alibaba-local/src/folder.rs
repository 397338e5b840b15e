//! The data folder, which one server has at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

/// Locked while a server uses the folder. No bucket can have this name.
const LOCK: &str = "_lock";

/// Why the folder is not this server's.
pub(crate) enum NotTaken {
    /// Another server has it.
    InUse,
    /// What the system said.
    Failed(std::io::Error),
}

/// Makes the folder if it is not there, and takes it until what is returned is dropped, or the process ends.
pub(crate) fn take(folder: &Path) -> Result<File, NotTaken> {
    std::fs::create_dir_all(folder).map_err(NotTaken::Failed)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let lock = options.open(folder.join(LOCK)).map_err(NotTaken::Failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(NotTaken::InUse),
        // A file system without locks.
        Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
            Ok(lock)
        }
        Err(TryLockError::Error(error)) => Err(NotTaken::Failed(error)),
    }
}
