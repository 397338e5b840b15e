//! Where named bytes are kept: in memory, or as files in a folder.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parking_lot::Mutex;

/// Bytes by a path such as `v-1/pieces/ab/abcd`, the first part of which is the vault.
#[derive(Debug)]
pub(super) enum Place {
    Memory(Mutex<BTreeMap<String, Bytes>>),
    Folder(PathBuf),
}

impl Place {
    pub(super) fn contains(&self, path: &str) -> bool {
        match self {
            Self::Memory(map) => map.lock().contains_key(path),
            Self::Folder(folder) => folder.join(path).is_file(),
        }
    }

    pub(super) fn read(&self, path: &str) -> io::Result<Bytes> {
        match self {
            Self::Memory(map) => match map.lock().get(path) {
                Some(bytes) => Ok(bytes.clone()),
                None => Err(io::ErrorKind::NotFound.into()),
            },
            Self::Folder(folder) => std::fs::read(folder.join(path)).map(Bytes::from),
        }
    }

    /// Whole or not at all: a killed process leaves nothing that looks like it.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = match self {
            Self::Memory(map) => {
                map.lock()
                    .insert(path.to_owned(), Bytes::copy_from_slice(bytes));
                return Ok(());
            }
            Self::Folder(folder) => folder,
        };
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let temporary = path.with_extension(format!("{:016x}", fastrand::u64(..)));
        std::fs::write(&temporary, bytes)?;
        std::fs::rename(temporary, path)
    }

    /// Removes everything of which `keep` says no, by its path.
    pub(super) fn sweep(&self, keep: &dyn Fn(&str) -> bool) -> io::Result<()> {
        match self {
            Self::Memory(map) => {
                map.lock().retain(|path, _| keep(path));
                Ok(())
            }
            Self::Folder(folder) => sweep_folder(folder, "", keep).map(drop),
        }
    }
}

/// Whether nothing is left in it.
fn sweep_folder(folder: &Path, prefix: &str, keep: &dyn Fn(&str) -> bool) -> io::Result<bool> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut is_empty = true;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        if entry.file_type()?.is_dir() {
            if sweep_folder(&entry.path(), &format!("{path}/"), keep)? {
                std::fs::remove_dir(entry.path())?;
            } else {
                is_empty = false;
            }
        } else if keep(&path) {
            is_empty = false;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(is_empty)
}
