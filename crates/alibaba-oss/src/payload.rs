//! What is sent: bytes, a file or a stream, hashed on the way out.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use futures::stream::{BoxStream, Stream, StreamExt};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::error::Result;
use crate::local_file::{LocalFile, Stamp};
use crate::progress::Meter;

/// Frames of this size go to the socket: small enough to be in the cache still when they are sent after
/// they were hashed, large enough that the receiver is not woken for every piece (a put of 1 GiB takes
/// a fifth less processor time than with frames of 256 KiB).
const FRAME: usize = 1024 * 1024;

/// The body of a request. Bytes and files can be sent again, so a failed attempt is repeated;
/// a stream is sent once.
///
/// ```
/// use alibaba_oss::Payload;
///
/// let payload: Payload = ["one, ", "two"].into_iter().map(bytes::Bytes::from).collect();
/// assert_eq!(payload.size(), Some(8));
/// ```
#[derive(Clone, Debug)]
pub struct Payload {
    source: Source,
    size: Option<u64>,
    meter: Option<Meter>,
}

#[derive(Clone)]
enum Source {
    Frames(Arc<[Bytes]>),
    /// With what the file was when it was opened, where the range goes to its end.
    File(LocalFile, Range<u64>, Option<Stamp>),
    Once(Arc<Mutex<Option<ByteStream>>>),
}

type ByteStream = BoxStream<'static, io::Result<Bytes>>;

impl Payload {
    /// The bytes of a file. It is read as it is sent, a frame at a time, and must not change
    /// meanwhile: each attempt reads it anew, and a file that changed, or turns out to be shorter or
    /// longer than it said, is an error. Devices and pipes have no length: send them as a
    /// [stream](Self::stream).
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let archive = alibaba_oss::Payload::file("/tmp/nightly.tar.gz").await?;
    /// client.put_object("backups", "nightly.tar.gz", archive).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Local`](crate::ErrorKind::Local) where it cannot be opened, or is no plain file.
    pub async fn file(path: impl Into<PathBuf>) -> Result<Self> {
        let (file, stamp) = LocalFile::open(path).await?;
        Ok(Self::whole(&file, stamp))
    }

    /// A stream of bytes, of known or unknown length. It can be sent once only: an attempt that
    /// fails is not repeated. [`Client::upload_stream`](crate::Client::upload_stream) sends streams in parts that
    /// are kept until they are stored, and repeats those.
    ///
    /// A stream that ends before, or goes on after, the length given is an error.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use futures::stream;
    ///
    /// let lines = stream::iter(["one\n", "two\n"]).map(|line| Ok(line.into()));
    /// # use futures::StreamExt;
    /// let payload = alibaba_oss::Payload::stream(lines, None);
    /// client.put_object("backups", "lines.txt", payload).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stream(
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        size: Option<u64>,
    ) -> Self {
        Self {
            source: Source::Once(Arc::new(Mutex::new(Some(stream.boxed())))),
            size,
            meter: None,
        }
    }

    /// Its length in bytes, where that is known beforehand.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    pub(crate) fn part_of(file: &LocalFile, range: Range<u64>) -> Self {
        Self {
            size: Some(range.end - range.start),
            source: Source::File(file.clone(), range, None),
            meter: None,
        }
    }

    /// All of a file, which is to end where it did when it was opened.
    pub(crate) fn whole(file: &LocalFile, stamp: Stamp) -> Self {
        Self {
            size: Some(stamp.len),
            source: Source::File(file.clone(), 0..stamp.len, Some(stamp)),
            meter: None,
        }
    }

    pub(crate) fn with_meter(mut self, meter: Option<Meter>) -> Self {
        self.meter = meter;
        self
    }

    /// Whether another attempt can send it again.
    pub(crate) fn is_repeatable(&self) -> bool {
        match &self.source {
            Source::Once(stream) => stream.lock().is_some(),
            _ => true,
        }
    }

    /// Forgets what a failed attempt reported.
    pub(crate) fn take_back(&self, sent: u64) {
        if let Some(meter) = &self.meter {
            meter.take_back(sent);
        }
    }

    /// The CRC-64 of what would be sent; `None` where it cannot be read again.
    pub(crate) async fn crc(&self) -> Option<u64> {
        if !self.is_repeatable() {
            return None;
        }
        let silent = self.clone().with_meter(None);
        let mut body = silent.body();
        let sent = body.sent();
        while let Some(frame) =
            futures::future::poll_fn(|c| Pin::new(&mut body).poll_frame(c)).await
        {
            frame.ok()?;
        }
        Some(sent.crc())
    }

    /// The body of one attempt.
    pub(crate) fn body(&self) -> SentBody {
        let feed = match &self.source {
            Source::Frames(frames) => Feed::Frames(frames.clone(), (0, 0)),
            Source::File(file, range, stamp) => Feed::File {
                file: file.clone(),
                left: range.clone(),
                to_check: *stamp,
                reading: None,
            },
            Source::Once(stream) => Feed::Stream(
                stream
                    .lock()
                    .take()
                    .unwrap_or_else(|| futures::stream::empty().boxed()),
            ),
        };
        SentBody {
            feed,
            left: self.size,
            digest: Digest::new(CrcAlgorithm::Crc64Xz),
            sent: Sent::default(),
            meter: self.meter.clone(),
        }
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::from_iter([])
    }
}

impl FromIterator<Bytes> for Payload {
    fn from_iter<I: IntoIterator<Item = Bytes>>(frames: I) -> Self {
        let frames: Arc<[Bytes]> = frames
            .into_iter()
            .filter(|frame| !frame.is_empty())
            .collect();
        let size = frames.iter().map(|frame| frame.len() as u64).sum();
        Self {
            source: Source::Frames(frames),
            size: Some(size),
            meter: None,
        }
    }
}

impl<B: Into<Bytes>> From<B> for Payload {
    fn from(bytes: B) -> Self {
        std::iter::once(bytes.into()).collect()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frames(frames) => write!(f, "{} frames", frames.len()),
            Self::File(file, range, _) => write!(f, "bytes {range:?} of {}", file.path().display()),
            Self::Once(_) => f.write_str("a stream"),
        }
    }
}

/// What the sender knows while, and after, a body goes out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent(Arc<SentInner>);

#[derive(Debug, Default)]
struct SentInner {
    bytes: AtomicU64,
    crc: AtomicU64,
    failure: Mutex<Option<io::Error>>,
}

impl Sent {
    /// Bytes handed to the connection so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Acquire)
    }

    /// The CRC-64 of what was sent.
    pub(crate) fn crc(&self) -> u64 {
        self.0.crc.load(Ordering::Acquire)
    }

    /// Why the body itself could not go on.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.0.failure.lock().take()
    }
}

/// A payload on its way out.
pub(crate) struct SentBody {
    feed: Feed,
    left: Option<u64>,
    digest: Digest,
    sent: Sent,
    meter: Option<Meter>,
}

enum Feed {
    /// With the index of the current frame, and the offset in it.
    Frames(Arc<[Bytes]>, (usize, usize)),
    File {
        file: LocalFile,
        left: Range<u64>,
        /// What the file has to be at its end, until that was looked at.
        to_check: Option<Stamp>,
        /// One read ahead, so that disk and network work at the same time.
        reading: Option<JoinHandle<io::Result<Bytes>>>,
    },
    Stream(ByteStream),
}

impl Feed {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match self {
            Self::Frames(frames, (index, offset)) => {
                let Some(frame) = frames.get(*index) else {
                    return Poll::Ready(None);
                };
                let end = frame.len().min(*offset + FRAME);
                let piece = frame.slice(*offset..end);
                if end == frame.len() {
                    (*index, *offset) = (*index + 1, 0);
                } else {
                    *offset = end;
                }
                Poll::Ready(Some(Ok(piece)))
            }
            Self::File {
                file,
                left,
                to_check,
                reading,
            } => {
                let mut begin = |left: &mut Range<u64>| {
                    let len = (left.end - left.start).min(FRAME as u64);
                    let (file, at) = (file.clone(), left.start);
                    left.start += len;
                    let len = usize::try_from(len).unwrap_or(FRAME);
                    let (end, stamp) = (left.end, to_check.take_if(|_| left.is_empty()));
                    tokio::task::spawn_blocking(move || {
                        let bytes = file.read(at, len)?;
                        if let Some(stamp) = stamp {
                            file.expect_end(end, stamp)?;
                        }
                        Ok(bytes)
                    })
                };
                if reading.is_none() {
                    if left.is_empty() {
                        return Poll::Ready(None);
                    }
                    *reading = Some(begin(left));
                }
                let Some(handle) = reading else {
                    return Poll::Ready(None);
                };
                let bytes = ready!(Pin::new(handle).poll(context))
                    .unwrap_or_else(|error| Err(io::Error::other(error)));
                *reading = (bytes.is_ok() && !left.is_empty()).then(|| begin(left));
                Poll::Ready(Some(bytes))
            }
            Self::Stream(stream) => stream.poll_next_unpin(context),
        }
    }
}

impl SentBody {
    pub(crate) fn sent(&self) -> Sent {
        self.sent.clone()
    }

    fn fail(&self, error: &io::Error) -> io::Error {
        let copy = io::Error::new(error.kind(), error.to_string());
        *self.sent.0.failure.lock() = Some(copy);
        io::Error::new(error.kind(), error.to_string())
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = match ready!(self.feed.poll(context)) {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => return Poll::Ready(Some(Err(self.fail(&error)))),
            None => {
                if self.left.is_some_and(|left| left > 0) {
                    let error = io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the stream ended before its announced length",
                    );
                    return Poll::Ready(Some(Err(self.fail(&error))));
                }
                return Poll::Ready(None);
            }
        };
        let len = piece.len() as u64;
        if let Some(left) = self.left {
            let Some(rest) = left.checked_sub(len) else {
                let error = io::Error::other("the stream goes on after its announced length");
                return Poll::Ready(Some(Err(self.fail(&error))));
            };
            self.left = Some(rest);
        }
        self.digest.update(&piece);
        let crc = self.digest.finalize();
        self.sent.0.crc.store(crc, Ordering::Release);
        self.sent.0.bytes.fetch_add(len, Ordering::AcqRel);
        if let Some(meter) = &self.meter {
            meter.add(len);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        // A stream has to be asked whether it goes on after its length.
        self.left == Some(0) && !matches!(self.feed, Feed::Stream(_))
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(payload: &Payload) -> (u64, u64, Option<io::Error>) {
        let mut body = payload.body();
        let sent = body.sent();
        loop {
            match futures::future::poll_fn(|c| Pin::new(&mut body).poll_frame(c)).await {
                Some(Ok(_)) => {}
                Some(Err(error)) => return (sent.bytes(), sent.crc(), Some(error)),
                None => return (sent.bytes(), sent.crc(), None),
            }
        }
    }

    #[tokio::test]
    async fn a_file_is_sent_as_the_bytes_it_holds_and_again() {
        let bytes: Vec<u8> = (0..2_700_001_u32).map(|at| (at % 253) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let payload = Payload::file(file.path()).await.unwrap();
        let expected = crc_fast::checksum(CrcAlgorithm::Crc64Xz, &bytes);
        for _ in 0..2 {
            let (len, crc, error) = run(&payload).await;
            assert_eq!((len, crc), (bytes.len() as u64, expected), "{error:?}");
        }
        assert_eq!(payload.crc().await, Some(expected));

        std::fs::write(file.path(), &bytes[..1_600_000]).unwrap();
        let (_, _, error) = run(&payload).await;
        assert_eq!(
            error.unwrap().to_string(),
            "the file is shorter than it was"
        );
    }

    #[tokio::test]
    async fn a_stream_is_held_to_its_length_and_sent_once() {
        let stream = |size| {
            let frames = ["abc", "de"].map(|text| Ok(Bytes::from(text)));
            Payload::stream(futures::stream::iter(frames), size)
        };
        for (size, problem) in [
            (None, None),
            (Some(5), None),
            (
                Some(6),
                Some("the stream ended before its announced length"),
            ),
            (
                Some(4),
                Some("the stream goes on after its announced length"),
            ),
        ] {
            let payload = stream(size);
            assert!(payload.is_repeatable());
            let (_, _, error) = run(&payload).await;
            let error = error.map(|error| error.to_string());
            assert_eq!(error.as_deref(), problem, "{size:?}");
            assert!(!payload.is_repeatable());
        }
    }
}
