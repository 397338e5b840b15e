//! How an answer is spoiled on its way.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use http::header::CONTENT_LENGTH;

use crate::gateway::faults::Fault;
use crate::gateway::response::Answer;

type Frames = BoxStream<'static, io::Result<Bytes>>;

/// Applies the faults that befall an answer.
pub(crate) fn spoil(mut answer: Answer, fault: &Fault) -> Answer {
    match fault {
        Fault::WrongCrc => return answer.header("x-oss-hash-crc64ecma", "1"),
        Fault::NoCrc => drop(answer.headers.remove("x-oss-hash-crc64ecma")),
        Fault::CorruptBody => answer.body = corrupted(answer.body),
        Fault::ResetBody(after) => answer.body = reset(answer.body, *after),
        Fault::TruncateBody(len) => {
            answer.len = answer.len.min(*len);
            answer.body = cut(answer.body, *len).boxed();
            let len = answer.len.to_string();
            return answer.header(CONTENT_LENGTH.as_str(), &len);
        }
        Fault::SlowBody { piece, pause } => answer.body = slowed(answer.body, *piece, *pause),
        _ => {}
    }
    answer
}

/// One byte is another.
fn corrupted(body: Frames) -> Frames {
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
fn reset(body: Frames, after: u64) -> Frames {
    let end = stream::once(async {
        // What was cut off has to reach the socket first; hyper flushes when it waits.
        tokio::time::sleep(Duration::from_millis(10)).await;
        Err(io::ErrorKind::ConnectionReset.into())
    });
    cut(body, after).chain(end).boxed()
}

/// Small pieces, a pause before each.
fn slowed(body: Frames, piece: usize, pause: Duration) -> Frames {
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
pub(crate) fn cut(body: Frames, len: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
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
