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
}

/// Files shared between providers.
pub type SharedFiles = Arc<dyn Files>;

/// The machine's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<Vec<u8>>> {
        use tokio::io::AsyncReadExt as _;
        async move {
            let file = tokio::fs::File::open(path).await?;
            let mut content = Vec::new();
            file.take(MAX_BYTES + 1).read_to_end(&mut content).await?;
            within_limit(content)
        }
        .boxed()
    }
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
