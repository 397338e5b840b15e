//! Bodies: what is sent, as a stream where it is long, and cut off where a fault says so.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;

/// A body cut off on purpose.
#[derive(Debug, thiserror::Error)]
#[error("connection reset on request")]
pub(crate) struct CutOff;

pub(crate) type Body = UnsyncBoxBody<Bytes, CutOff>;

pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

pub(crate) fn stream(frames: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    StreamBody::new(frames.map(|bytes| Ok(Frame::data(bytes)))).boxed_unsync()
}

/// The first bytes of a body, then an error.
pub(crate) fn broken_off(bytes: &Bytes, after: usize) -> Body {
    let first = bytes.slice(..after);
    let frames = futures::stream::unfold(Some(Ok(first)), |next| async move {
        match next? {
            Ok(first) => Some((Ok(Frame::data(first)), Some(Err(CutOff)))),
            Err(cut) => {
                // A moment for the first bytes to reach the wire.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                Some((Err(cut), None))
            }
        }
    });
    StreamBody::new(frames).boxed_unsync()
}
