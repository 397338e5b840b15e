//! How a response is corrupted on its way.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use futures::{Stream, StreamExt, TryStreamExt};
use http::header::CONTENT_LENGTH;

use super::faults::Fault;
use super::response::{Body, Response};

/// Where OSS, the one service that checks sums, names that of a body.
const CRC_HEADER: &str = "x-oss-hash-crc64ecma";

/// Where OSS says how it encrypts.
const ENCRYPTION_HEADER: &str = "x-oss-server-side-encryption";

/// Applies the faults that befall a response.
pub(crate) fn corrupt(mut response: Response, fault: &Fault) -> Response {
    match fault {
        Fault::WrongCrc => return response.header(CRC_HEADER, "1"),
        Fault::NoCrc => drop(response.headers.remove(CRC_HEADER)),
        Fault::NoEncryption => drop(response.headers.remove(ENCRYPTION_HEADER)),
        Fault::CorruptBody => response.body = altered(response.body),
        Fault::ResetBody(after) => response.body = reset(response.body, *after),
        Fault::TruncateBody(len) => {
            response.len = response.len.min(*len);
            response.body = cut(response.body, *len).boxed();
            let len = response.len.to_string();
            return response.header(CONTENT_LENGTH.as_str(), &len);
        }
        Fault::SlowBody { piece, pause } => response.body = slowed(response.body, *piece, *pause),
        _ => {}
    }
    response
}

/// One byte is another.
fn altered(body: Body) -> Body {
    let mut done = false;
    body.map_ok(move |frame| {
        if done || frame.is_empty() {
            return frame;
        }
        done = true;
        let mut bytes = frame.to_vec();
        bytes[0] ^= 1;
        Bytes::from(bytes)
    })
    .boxed()
}

/// Breaks off, and the connection with it.
fn reset(body: Body, after: u64) -> Body {
    let end = stream::once(async {
        // What was cut off has to reach the socket first; hyper flushes when it waits.
        tokio::time::sleep(Duration::from_millis(10)).await;
        Err(io::ErrorKind::ConnectionReset.into())
    });
    cut(body, after).chain(end).boxed()
}

/// Small pieces, a pause before each.
fn slowed(body: Body, piece: usize, pause: Duration) -> Body {
    body.map_ok(move |frame| {
        let mut left = frame;
        let mut pieces = Vec::new();
        while !left.is_empty() {
            pieces.push(Ok(left.split_to(piece.clamp(1, left.len()))));
        }
        stream::iter(pieces)
    })
    .try_flatten()
    .then(move |piece| async move {
        tokio::time::sleep(pause).await;
        piece
    })
    .boxed()
}

/// The first `len` bytes of a body.
pub(crate) fn cut(body: Body, len: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((body, len), |(mut body, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let Some(frame) = body.next().await.transpose()? else {
            return Ok(None);
        };
        let take = left.min(frame.len() as u64);
        Ok(Some((frame.slice(..take as usize), (body, left - take))))
    })
}
