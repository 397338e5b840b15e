//! Files read and written at offsets, off the runtime's threads.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// An open file whose readers and writers each have their own position.
#[derive(Clone, Debug)]
pub(crate) struct LocalFile {
    file: Arc<File>,
    path: Arc<Path>,
}

/// What tells whether a file was changed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) len: u64,
    pub(crate) modified_nanos: u128,
}

impl LocalFile {
    /// Opens a file for reading and returns its length.
    pub(crate) async fn open(path: impl Into<PathBuf>) -> Result<(Self, u64)> {
        let path = path.into();
        let step = format!("read file `{}`", path.display());
        let open = move || {
            let file = File::open(&path)?;
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                return Err(io::Error::other("it is not a file"));
            }
            let len = metadata.len();
            let file = Arc::new(file);
            let path = path.into();
            Ok((Self { file, path }, len))
        };
        blocking(open, || step).await
    }

    /// Opens a file for reading and writing, and creates it where there is none.
    pub(crate) async fn open_for_writing(path: impl Into<PathBuf>, empty: bool) -> Result<Self> {
        let path = path.into();
        let step = format!("write file `{}`", path.display());
        let open = move || {
            let file = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(empty)
                .open(&path)?;
            let file = Arc::new(file);
            let path = path.into();
            Ok(Self { file, path })
        };
        blocking(open, || step).await
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Exactly `len` bytes from `offset` on; for the thread that may block.
    pub(crate) fn read(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        let mut buffer = vec![0; len];
        read_exact_at(&self.file, &mut buffer, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file is shorter than it was",
            ),
            _ => error,
        })?;
        Ok(buffer.into())
    }

    /// Writes frames one after the other from `offset` on.
    pub(crate) async fn write(&self, offset: u64, frames: Vec<Bytes>) -> Result<()> {
        let file = self.file.clone();
        let write = move || {
            let mut at = offset;
            for frame in &frames {
                write_all_at(&file, frame, at)?;
                at += frame.len() as u64;
            }
            Ok(())
        };
        blocking(write, || self.step("write")).await
    }

    /// Sets the length, so that a disk that is too small shows at once and not at the end.
    pub(crate) async fn set_len(&self, len: u64) -> Result<()> {
        let file = self.file.clone();
        blocking(move || file.set_len(len), || self.step("set the length of")).await
    }

    /// The CRC-64 of a range, read in pieces.
    pub(crate) async fn crc(&self, range: Range<u64>) -> Result<u64> {
        let file = self.clone();
        let sum = move || {
            let mut digest = Digest::new(CrcAlgorithm::Crc64Xz);
            let mut at = range.start;
            while at < range.end {
                let len = (range.end - at).min(1 << 20);
                digest.update(&file.read(at, usize::try_from(len).unwrap_or(1 << 20))?);
                at += len;
            }
            Ok(digest.finalize())
        };
        blocking(sum, || self.step("read")).await
    }

    /// Length and time of the last change.
    pub(crate) async fn stamp(&self) -> Result<Stamp> {
        let file = self.file.clone();
        let look = move || {
            let metadata = file.metadata()?;
            let modified = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH);
            Ok(Stamp {
                len: metadata.len(),
                modified_nanos: modified.map_or(0, |age| age.as_nanos()),
            })
        };
        blocking(look, || self.step("look at")).await
    }

    /// Waits until the bytes are on the disk.
    pub(crate) async fn sync(&self) -> Result<()> {
        let file = self.file.clone();
        blocking(move || file.sync_data(), || self.step("flush")).await
    }

    fn step(&self, verb: &str) -> String {
        format!("{verb} file `{}`", self.path.display())
    }
}

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
    pub(crate) async fn finish(mut self, to: PathBuf) -> Result<()> {
        let from = self.path.clone();
        let step = format!("rename `{}` to `{}`", from.display(), to.display());
        let rename = move || {
            std::fs::rename(&from, &to)?;
            sync_folder(&to)
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

/// A name for an unfinished file, in the same folder so that it can be renamed, and not that of
/// another writer.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{:08x}.part", fastrand::u32(..)));
    path.with_file_name(name)
}

/// As much is written to a file at once.
const WRITE: u64 = 1024 * 1024;

/// Frames that are written one after the other, many at a time.
#[derive(Debug)]
pub(crate) struct GatheredWrites<'f> {
    file: &'f LocalFile,
    at: u64,
    frames: Vec<Bytes>,
    len: u64,
}

impl<'f> GatheredWrites<'f> {
    pub(crate) fn new(file: &'f LocalFile, offset: u64) -> Self {
        Self {
            file,
            at: offset,
            frames: Vec::new(),
            len: 0,
        }
    }

    pub(crate) async fn push(&mut self, frame: Bytes) -> Result<()> {
        self.len += frame.len() as u64;
        self.frames.push(frame);
        if self.len < WRITE {
            return Ok(());
        }
        self.flush().await
    }

    /// Writes what is still held.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        let frames = std::mem::take(&mut self.frames);
        self.file.write(self.at, frames).await?;
        self.at += std::mem::take(&mut self.len);
        Ok(())
    }
}

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

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[read..];
        offset += read as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
}
