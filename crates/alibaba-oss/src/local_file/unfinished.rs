//! Files on their way: written under a name of their own, and renamed when they are whole.

use std::path::{Path, PathBuf};

use super::destination::Destination;
use super::disk::{blocking, sync_folder};
use crate::error::Result;

/// A file that is being written under a name of its own. It goes when its writer gives up or is
/// dropped, unless it is to be kept for a next try.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
    keep: bool,
}

impl Unfinished {
    pub(crate) fn new(path: PathBuf, keep: bool) -> Self {
        Self { path, keep }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// There will be no next try that could use it.
    pub(crate) fn discard(mut self) {
        self.keep = false;
    }

    /// Renames it into place, and makes the renaming durable.
    pub(crate) async fn finish(mut self, to: Destination) -> Result<()> {
        let from = self.path.clone();
        let step = format!("rename `{}` to `{}`", from.display(), to.path().display());
        let rename = move || {
            to.take(&from)?;
            sync_folder(to.path())
        };
        blocking(rename, || step).await?;
        self.keep = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.keep {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
