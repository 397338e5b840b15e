//! Bodies: what is sent, as a stream where it is long, and cut off where a fault says so.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;

/// A body cut off on purpose.
#[derive(Debug, thiserror::Error)]
#[error("connection reset on request")]
pub struct CutOff;

/// The body of a response.
pub type Body = UnsyncBoxBody<Bytes, CutOff>;

pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

pub(crate) fn stream(frames: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    StreamBody::new(frames.map(|bytes| Ok(Frame::data(bytes)))).boxed_unsync()
}

/// The first bytes of a body, then an error.
pub(crate) fn broken_off(first: Bytes) -> Body {
    let cut = async {
        // A moment for the first bytes to reach the wire.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        Err(CutOff)
    };
    let first = futures::stream::iter([Ok(Frame::data(first))]);
    StreamBody::new(first.chain(futures::stream::once(cut))).boxed_unsync()
}

/// The first bytes of a body, then nothing.
pub(crate) fn stalled(first: Bytes) -> Body {
    let first = futures::stream::iter([Ok(Frame::data(first))]);
    StreamBody::new(first.chain(futures::stream::pending())).boxed_unsync()
}
