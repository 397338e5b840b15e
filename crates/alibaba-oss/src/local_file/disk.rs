//! Work that blocks, and folders.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

/// Without it a crash may undo a renaming. Systems that cannot open folders do not need it.
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder_of(file))?.sync_all()?;
    }
    Ok(())
}

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Runs what blocks where it may. `step` says what was done, where it fails.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
    step: impl FnOnce() -> String,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| local(step(), error)),
        Err(error) => Err(Error::new(ErrorKind::Internal, step()).with_source(error)),
    }
}

pub(crate) fn local(step: impl Into<String>, error: io::Error) -> Error {
    Error::new(ErrorKind::Local, step).with_source(error)
}
