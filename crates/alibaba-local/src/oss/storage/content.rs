//! The bytes of an object: segments in memory, in files, or of a body known beforehand.

use std::collections::VecDeque;
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Files are read in pieces of this size.
const READ_SIZE: usize = 256 * 1024;

/// Immutable bytes of an object or a part. Putting contents together copies nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content(Vec<Segment>);

#[derive(Clone, Debug)]
pub(crate) enum Segment {
    Memory(Bytes),
    /// A stretch of a file.
    File {
        file: Arc<DataFile>,
        from: u64,
        len: u64,
    },
    /// A stretch of a block repeated without end.
    Repeated {
        block: Bytes,
        from: u64,
        len: u64,
    },
}

/// A file that goes away with its last user, unless something that is stored needs it.
#[derive(Debug)]
pub(crate) struct DataFile {
    path: PathBuf,
    kept: AtomicBool,
}

impl DataFile {
    pub(crate) fn new(path: PathBuf, kept: bool) -> Self {
        Self {
            path,
            kept: AtomicBool::new(kept),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if !*self.kept.get_mut() {
            // What is left is removed at the next start.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Segment {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { len, .. } | Self::Repeated { len, .. } => *len,
        }
    }

    /// A stretch of it, which must lie inside.
    fn slice(&self, skip: u64, take: u64) -> Self {
        match self {
            // Both are within the segment, whose length is a usize.
            Self::Memory(bytes) => {
                let start = skip as usize;
                Self::Memory(bytes.slice(start..start + take as usize))
            }
            Self::File { file, from, .. } => Self::File {
                file: file.clone(),
                from: from + skip,
                len: take,
            },
            Self::Repeated { block, from, .. } => Self::Repeated {
                block: block.clone(),
                from: from + skip,
                len: take,
            },
        }
    }

    fn read(self) -> BoxStream<'static, io::Result<Bytes>> {
        match self {
            Self::Memory(bytes) => stream::once(async { Ok(bytes) }).boxed(),
            Self::File { file, from, len } => read_file(file, from, len).boxed(),
            Self::Repeated { block, from, len } => read_repeated(block, from, len).boxed(),
        }
    }
}

impl Content {
    pub(crate) fn new(segments: Vec<Segment>) -> Self {
        Self(segments)
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// One after the other.
    pub(crate) fn concat<'c>(parts: impl IntoIterator<Item = &'c Self>) -> Self {
        Self(
            parts
                .into_iter()
                .flat_map(|part| part.0.iter().cloned())
                .collect(),
        )
    }

    /// The bytes from `from`, `len` of them, as a content of its own; nothing is copied.
    pub(crate) fn slice(&self, from: u64, len: u64) -> Self {
        let (mut skip, mut left) = (from, len);
        let mut out = Vec::new();
        for segment in &self.0 {
            if left == 0 {
                break;
            }
            let size = segment.len();
            if skip >= size {
                skip -= size;
                continue;
            }
            let take = left.min(size - skip);
            out.push(segment.slice(skip, take));
            left -= take;
            skip = 0;
        }
        Self(out)
    }

    pub(crate) fn read(&self, from: u64, len: u64) -> BoxStream<'static, io::Result<Bytes>> {
        stream::iter(self.slice(from, len).0)
            .flat_map(Segment::read)
            .boxed()
    }

    /// All bytes, for those who cannot wait for others meanwhile.
    pub(crate) fn reader(&self) -> ContentReader {
        ContentReader {
            left: self.0.iter().cloned().collect(),
            open: None,
        }
    }

    /// Its files outlive this process.
    pub(crate) fn keep(&self) {
        self.mark(true);
    }

    /// Its files go away once nobody reads them any more.
    pub(crate) fn release(&self) {
        self.mark(false);
    }

    fn mark(&self, kept: bool) {
        for segment in &self.0 {
            if let Segment::File { file, .. } = segment {
                file.kept.store(kept, Ordering::Relaxed);
            }
        }
    }
}

/// Reads a content from its beginning to its end.
pub(crate) struct ContentReader {
    left: VecDeque<Segment>,
    open: Option<Box<dyn Read + Send>>,
}

impl ContentReader {
    fn open(segment: Segment) -> io::Result<Box<dyn Read + Send>> {
        Ok(match segment {
            Segment::Memory(bytes) => Box::new(io::Cursor::new(bytes)),
            Segment::File { file, from, len } => {
                let mut open = std::fs::File::open(file.path())?;
                open.seek(io::SeekFrom::Start(from))?;
                Box::new(Read::take(open, len))
            }
            Segment::Repeated { block, from, len } => {
                let start = usize::try_from(from % block.len().max(1) as u64).unwrap_or(0);
                let blocks = len / block.len().max(1) as u64 + 2;
                let rest = io::Cursor::new(block.slice(start..));
                let blocks = (0..blocks).map(move |_| io::Cursor::new(block.clone()));
                let all = Read::chain(rest, Chained(blocks.peekable()));
                Box::new(Read::take(all, len))
            }
        })
    }
}

impl Read for ContentReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(open) = &mut self.open {
                let read = open.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
            }
            match self.left.pop_front() {
                Some(segment) => self.open = Some(Self::open(segment)?),
                None => return Ok(0),
            }
        }
    }
}

/// Readers, one after the other.
struct Chained<I: Iterator>(std::iter::Peekable<I>);

impl<I: Iterator<Item: Read>> Read for Chained<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(reader) = self.0.peek_mut() {
            let read = reader.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.0.next();
        }
        Ok(0)
    }
}

fn read_file(
    file: Arc<DataFile>,
    from: u64,
    len: u64,
) -> impl futures::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((None, len), move |(open, left)| {
        let file = file.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            let mut open = match open {
                Some(open) => open,
                None => {
                    let mut open = tokio::fs::File::open(file.path()).await?;
                    open.seek(io::SeekFrom::Start(from)).await?;
                    open
                }
            };
            let mut buffer = vec![0; READ_SIZE.min(usize::try_from(left).unwrap_or(READ_SIZE))];
            let read = open.read(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer.truncate(read);
            Ok(Some((
                Bytes::from(buffer),
                (Some(open), left - read as u64),
            )))
        }
    })
}

fn read_repeated(
    block: Bytes,
    from: u64,
    len: u64,
) -> impl futures::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((from, len), move |(at, left)| {
        let block = block.clone();
        async move {
            if left == 0 || block.is_empty() {
                return Ok(None);
            }
            let start = (at % block.len() as u64) as usize;
            let take = left.min((block.len() - start) as u64);
            let piece = block.slice(start..start + take as usize);
            Ok(Some((piece, (at + take, left - take))))
        }
    })
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    async fn read(content: &Content, from: u64, len: u64) -> String {
        let pieces: Vec<Bytes> = content.read(from, len).try_collect().await.unwrap();
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[tokio::test]
    async fn ranges_cross_segments_of_every_kind() {
        let path = std::env::temp_dir().join(format!("content-{:016x}", fastrand::u64(..)));
        std::fs::write(&path, "..def..").unwrap();
        let content = Content::new(vec![
            Segment::Memory(Bytes::from("abc")),
            Segment::Memory(Bytes::new()),
            Segment::File {
                file: Arc::new(DataFile::new(path.clone(), false)),
                from: 2,
                len: 3,
            },
            Segment::Repeated {
                block: Bytes::from("xyz"),
                from: 1,
                len: 5,
            },
        ]);
        assert_eq!(read(&content, 0, 11).await, "abcdefyzxyz");
        let mut whole = String::new();
        content.reader().read_to_string(&mut whole).unwrap();
        assert_eq!(whole, "abcdefyzxyz");
        assert_eq!(read(&content, 2, 3).await, "cde");
        assert_eq!(read(&content, 5, 4).await, "fyzx");
        assert_eq!(read(&content, 10, 1).await, "z");
        assert_eq!(read(&content, 11, 0).await, "");

        let inner = content.slice(4, 4);
        assert_eq!(read(&inner, 1, 2).await, "fy");
        drop(content);
        assert!(path.exists(), "a slice still needs the file");
        drop(inner);
        assert!(!path.exists());
    }
}
