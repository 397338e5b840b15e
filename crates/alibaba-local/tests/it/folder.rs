//! Folders for data.

use std::path::{Path, PathBuf};

/// A folder that goes away with the test.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// One that is not there yet.
    pub(crate) fn new() -> Self {
        let name = format!("alibaba-local-{:016x}", fastrand::u64(..));
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
