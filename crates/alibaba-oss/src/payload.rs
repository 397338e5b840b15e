//! What is sent: bytes that can be sent again, hashed as they go out.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use crc_fast::{CrcAlgorithm, Digest};
use http_body::{Body, Frame, SizeHint};

/// Frames of this size go to the socket: small enough to be hashed while in the cache, large enough
/// that the number of writes does not matter.
const FRAME: usize = 256 * 1024;

/// The body of a request. Cloning it copies nothing, so an attempt can be repeated.
///
/// ```
/// use alibaba_oss::Payload;
///
/// let payload: Payload = ["one, ", "two"].into_iter().map(bytes::Bytes::from).collect();
/// assert_eq!(payload.len(), 8);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Payload {
    frames: Arc<[Bytes]>,
    len: u64,
}

impl Payload {
    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The body of one attempt.
    pub(crate) fn body(&self) -> SentBody {
        SentBody {
            payload: self.clone(),
            at: (0, 0),
            left: self.len,
            digest: Digest::new(CrcAlgorithm::Crc64Xz),
            progress: Progress::default(),
        }
    }
}

impl FromIterator<Bytes> for Payload {
    fn from_iter<I: IntoIterator<Item = Bytes>>(frames: I) -> Self {
        let frames: Arc<[Bytes]> = frames
            .into_iter()
            .filter(|frame| !frame.is_empty())
            .collect();
        let len = frames.iter().map(|frame| frame.len() as u64).sum();
        Self { frames, len }
    }
}

impl<B: Into<Bytes>> From<B> for Payload {
    fn from(bytes: B) -> Self {
        std::iter::once(bytes.into()).collect()
    }
}

/// What the sender knows while, and after, a body goes out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<(AtomicU64, AtomicU64)>);

impl Progress {
    /// Bytes handed to the connection so far.
    pub(crate) fn sent(&self) -> u64 {
        self.0.0.load(Ordering::Acquire)
    }

    /// The CRC-64 of what was sent, once all of it was.
    pub(crate) fn crc(&self) -> u64 {
        self.0.1.load(Ordering::Acquire)
    }
}

/// A payload on its way out.
#[derive(Debug)]
pub(crate) struct SentBody {
    payload: Payload,
    /// Index of the current frame, and the offset in it.
    at: (usize, usize),
    left: u64,
    digest: Digest,
    progress: Progress,
}

impl SentBody {
    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let (index, offset) = self.at;
        let Some(frame) = self.payload.frames.get(index) else {
            return Poll::Ready(None);
        };
        let end = frame.len().min(offset + FRAME);
        let piece = frame.slice(offset..end);
        self.at = if end == frame.len() {
            (index + 1, 0)
        } else {
            (index, end)
        };
        self.digest.update(&piece);
        self.left -= piece.len() as u64;
        self.progress
            .0
            .1
            .store(self.digest.finalize(), Ordering::Release);
        self.progress
            .0
            .0
            .fetch_add(piece.len() as u64, Ordering::AcqRel);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
