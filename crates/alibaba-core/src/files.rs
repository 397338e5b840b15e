//! The file port: where tokens and profiles are read.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use parking_lot::Mutex;

/// No file that holds credentials is longer. A path that leads to `/dev/zero` or a log ends here.
const MAX_BYTES: u64 = 4 << 20;

/// Reads whole files.
pub trait Files: fmt::Debug + Send + Sync {
    /// The file's content.
    fn read<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<u8>>>;

    /// The content of a file that decides whose keys are used and which programs are run. One that
    /// others than its owner may write is an error of the kind [`PermissionDenied`].
    ///
    /// [`PermissionDenied`]: io::ErrorKind::PermissionDenied
    fn read_trusted<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<u8>>> {
        self.read(path)
    }
}

/// Files shared between providers.
pub type SharedFiles = Arc<dyn Files>;

/// The machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<u8>>> {
        async move { content(tokio::fs::File::open(path).await?).await }.boxed()
    }

    fn read_trusted<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<u8>>> {
        async move {
            let file = tokio::fs::File::open(path).await?;
            // Of the file that is open, which nobody can replace in between.
            let metadata = file.metadata().await?;
            if is_writable_by_others(&metadata) {
                let remedy = "others than its owner may write it, and so choose whose keys are used and \
                              which programs are run; take that away with `chmod go-w`";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, remedy));
            }
            content(file).await
        }
        .boxed()
    }
}

#[cfg(unix)]
fn is_writable_by_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o022 != 0
}

/// Access lists decide there, and nothing in the metadata tells.
#[cfg(not(unix))]
fn is_writable_by_others(_: &std::fs::Metadata) -> bool {
    false
}

async fn content(file: tokio::fs::File) -> io::Result<Vec<u8>> {
    use tokio::io::AsyncReadExt as _;
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut content).await?;
    within_limit(content)
}

fn within_limit(content: Vec<u8>) -> io::Result<Vec<u8>> {
    if content.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("the file is longer than 4 MiB"));
    }
    Ok(content)
}

/// Files that exist in memory only, for tests. Clones share them.
///
/// `Debug` shows the paths and never the contents.
#[derive(Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<BTreeMap<PathBuf, Vec<u8>>>>);

impl MemoryFiles {
    /// Writes a file, replacing what was there.
    pub fn write(&self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        self.0.lock().insert(path.into(), content.into());
    }
}

impl<P: Into<PathBuf>, C: Into<Vec<u8>>> FromIterator<(P, C)> for MemoryFiles {
    fn from_iter<I: IntoIterator<Item = (P, C)>>(files: I) -> Self {
        let files = files
            .into_iter()
            .map(|(path, content)| (path.into(), content.into()));
        Self(Arc::new(Mutex::new(files.collect())))
    }
}

impl Files for MemoryFiles {
    fn read<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<u8>>> {
        let files = self.0.lock();
        let content = files
            .get(path)
            .cloned()
            .ok_or(io::ErrorKind::NotFound.into());
        ready(content.and_then(within_limit)).boxed()
    }
}

impl fmt::Debug for MemoryFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.0.lock();
        f.debug_set().entries(files.keys()).finish()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_file_that_others_may_write_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, "{}").unwrap();
        for mode in 0..=0o777 {
            // Readable for the test, whoever runs it.
            let mode = mode | 0o400;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let read = SystemFiles.read_trusted(&path).await;
            match mode & 0o022 {
                0 => assert_eq!(read.unwrap(), b"{}", "{mode:o}"),
                _ => assert_eq!(
                    read.unwrap_err().kind(),
                    io::ErrorKind::PermissionDenied,
                    "{mode:o}"
                ),
            }
            assert_eq!(SystemFiles.read(&path).await.unwrap(), b"{}");
        }
    }

    #[tokio::test]
    async fn what_does_not_end_is_not_read_to_its_end() {
        assert!(SystemFiles.read(Path::new("/dev/zero")).await.is_err());
    }
}
