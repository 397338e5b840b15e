//! The bytes of an object: frames in memory as they arrived, or a file.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest as CrcDigest};
use futures::stream::{self, BoxStream, StreamExt};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use md5::{Digest as _, Md5};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// Files are read in pieces of this size.
const READ_SIZE: usize = 256 * 1024;

/// Immutable bytes of an object or a part.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Memory(Vec<Bytes>),
    File(PathBuf),
}

/// A body that arrived whole.
pub(crate) struct Received {
    pub(crate) content: Content,
    pub(crate) len: u64,
    pub(crate) crc: u64,
    pub(crate) md5: [u8; 16],
}

/// Takes a body in, into memory or into `file`.
pub(crate) async fn receive(mut body: Incoming, file: Option<PathBuf>) -> io::Result<Received> {
    let mut crc = CrcDigest::new(CrcAlgorithm::Crc64Xz);
    let mut md5 = Md5::new();
    let mut len = 0;
    let mut frames = Vec::new();
    let mut sink = match &file {
        Some(path) => Some(tokio::fs::File::create(path).await?),
        None => None,
    };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else {
            continue;
        };
        crc.update(&data);
        md5.update(&data);
        len += data.len() as u64;
        match &mut sink {
            Some(sink) => sink.write_all(&data).await?,
            None => frames.push(data),
        }
    }
    if let Some(mut sink) = sink {
        sink.flush().await?;
    }
    Ok(Received {
        content: file.map_or(Content::Memory(frames), Content::File),
        len,
        crc: crc.finalize(),
        md5: md5.finalize().into(),
    })
}

impl Content {
    /// The bytes from `from`, `len` of them.
    pub(crate) fn read(&self, from: u64, len: u64) -> BoxStream<'static, io::Result<Bytes>> {
        match self {
            Self::Memory(frames) => {
                stream::iter(slices(frames, from, len).into_iter().map(Ok)).boxed()
            }
            Self::File(path) => read_file(path.clone(), from, len).boxed(),
        }
    }

    /// Puts parts together: a list of frames, or one file at `into`.
    pub(crate) async fn concat(parts: &[Content], into: Option<&Path>) -> io::Result<Content> {
        let Some(path) = into else {
            let frames = parts.iter().flat_map(|part| match part {
                Self::Memory(frames) => frames.clone(),
                Self::File(_) => Vec::new(),
            });
            return Ok(Self::Memory(frames.collect()));
        };
        let mut out = tokio::fs::File::create(path).await?;
        for part in parts {
            match part {
                Self::File(part) => {
                    tokio::io::copy(&mut tokio::fs::File::open(part).await?, &mut out).await?;
                }
                Self::Memory(frames) => {
                    for frame in frames {
                        out.write_all(frame).await?;
                    }
                }
            }
        }
        out.flush().await?;
        Ok(Self::File(path.to_owned()))
    }
}

/// The frames, cut to the range; nothing is copied.
fn slices(frames: &[Bytes], from: u64, len: u64) -> Vec<Bytes> {
    let (mut skip, mut left) = (from, len);
    let mut out = Vec::new();
    for frame in frames {
        let size = frame.len() as u64;
        if skip >= size {
            skip -= size;
            continue;
        }
        if left == 0 {
            break;
        }
        let take = left.min(size - skip);
        // Both are within the frame, whose length is a usize.
        let start = skip as usize;
        out.push(frame.slice(start..start + take as usize));
        left -= take;
        skip = 0;
    }
    out
}

fn read_file(path: PathBuf, from: u64, len: u64) -> impl futures::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((None, len), move |(file, left)| {
        let path = path.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            let mut file = match file {
                Some(file) => file,
                None => {
                    let mut file = tokio::fs::File::open(path).await?;
                    file.seek(io::SeekFrom::Start(from)).await?;
                    file
                }
            };
            let mut buffer = vec![0; READ_SIZE.min(usize::try_from(left).unwrap_or(READ_SIZE))];
            let read = file.read(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer.truncate(read);
            Ok(Some((
                Bytes::from(buffer),
                (Some(file), left - read as u64),
            )))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cross_frames() {
        let frames: Vec<Bytes> = ["abc", "", "def", "g"].map(Bytes::from).into();
        let cut = |from, len| String::from_utf8(slices(&frames, from, len).concat()).unwrap();
        assert_eq!(cut(0, 7), "abcdefg");
        assert_eq!(cut(2, 3), "cde");
        assert_eq!(cut(3, 1), "d");
        assert_eq!(cut(6, 1), "g");
        assert_eq!(cut(7, 0), "");
    }
}
