//! Files read and written at offsets.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use serde::{Deserialize, Serialize};

use super::disk::blocking;
use super::kind::expect_plain;
use super::private;
use crate::error::Result;

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

impl Stamp {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        let modified = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH);
        Ok(Self {
            len: metadata.len(),
            modified_nanos: modified.map_or(0, |age| age.as_nanos()),
        })
    }
}

impl LocalFile {
    /// Opens a file for reading, and returns what it was found to be.
    pub(crate) async fn open(path: impl Into<PathBuf>) -> Result<(Self, Stamp)> {
        let path = path.into();
        let step = format!("read file `{}`", path.display());
        let open = move || {
            // Before it is opened, and again after: somebody may have put another thing there.
            expect_plain(&std::fs::metadata(&path)?)?;
            let file = private::without_waiting(File::options().read(true)).open(&path)?;
            let metadata = file.metadata()?;
            expect_plain(&metadata)?;
            let stamp = Stamp::of(&metadata)?;
            let file = Arc::new(file);
            let path = path.into();
            let opened = Self { file, path };
            if stamp.len == 0 {
                // As in `/proc`. A body without length is not read, so this is the time to see it.
                opened.expect_end(0, stamp)?;
            }
            Ok((opened, stamp))
        };
        blocking(open, || step).await
    }

    /// Makes a file of our own, which nobody else may read, under a name that is not taken.
    pub(crate) async fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let step = format!("write file `{}`", path.display());
        let create = move || {
            let file = Arc::new(private::create(&path)?);
            let path = path.into();
            Ok(Self { file, path })
        };
        blocking(create, || step).await
    }

    /// Opens a file that an earlier try has made, or makes it where that did not come so far.
    pub(crate) async fn reopen(path: impl Into<PathBuf>, empty: bool) -> Result<Self> {
        let path = path.into();
        let step = format!("write file `{}`", path.display());
        let open = move || {
            let file = match private::reopen(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => private::create(&path)?,
                opened => opened?,
            };
            if empty {
                file.set_len(0)?;
            }
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

    /// That the file ends at `end`, and is what it was when it was opened; for the thread that may
    /// block. There are files that hold more than their length says, and some grow.
    pub(crate) fn expect_end(&self, end: u64, stamp: Stamp) -> io::Result<()> {
        if read_at(&self.file, &mut [0], end)? > 0 {
            return Err(io::Error::other(
                "the file goes on after the length that it had; send what has no fixed length as a stream",
            ));
        }
        if Stamp::of(&self.file.metadata()?)? != stamp {
            return Err(io::Error::other("the file changed while it was read"));
        }
        Ok(())
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
        let look = move || Stamp::of(&file.metadata()?);
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

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
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
