//! Uploads of streams: cut into parts that are kept until they are stored.

use std::io;

use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, FuturesUnordered, StreamExt};

use super::target::{Target, Uploaded};
use crate::error::Result;
use crate::local_file::local;
use crate::operations::outcome::PutOutcome;
use crate::payload::Payload;
use crate::progress::Meter;
use crate::transfer::plan::{MAX_PARTS, stream_part};

/// Frames of a stream shorter than this are put together.
const SMALL: usize = 64 * 1024;

pub(super) struct StreamUpload {
    pub(super) target: Target,
    pub(super) first_part: u64,
    pub(super) concurrency: usize,
    pub(super) meter: Option<Meter>,
}

impl StreamUpload {
    pub(super) async fn run(
        &self,
        mut stream: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<Uploaded> {
        let mut parts = Parts::default();
        let (first, more) = parts.next(&mut stream, self.first_part).await?;
        let first = first.with_meter(self.meter.clone());
        if !more {
            return Ok(Uploaded::new(self.target.put(first).await?, 0));
        }
        let id = self.target.initiate().await?;
        let guard = self.target.guard(&id);
        let sent = self.send(&id, first, &mut parts, &mut stream).await;
        guard.end(sent.is_ok()).await;
        Ok(Uploaded::new(sent?, 0))
    }

    async fn send(
        &self,
        id: &str,
        first: Payload,
        parts: &mut Parts,
        stream: &mut BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<PutOutcome> {
        let mut under_way = FuturesUnordered::new();
        let mut stored = Vec::new();
        let mut number = 1;
        under_way.push(self.target.part(id, number, first));
        let mut more = true;
        while more {
            if u64::from(number) == MAX_PARTS {
                let step = format!("upload a stream as `{}`", self.target.key);
                let error = io::Error::other("it is longer than 10 000 parts; set a part size");
                return Err(local(step, error));
            }
            number += 1;
            let size = stream_part(number, self.first_part);
            // While the next part is filled, those under way go on.
            let filling = parts.next(stream, size);
            tokio::pin!(filling);
            let (payload, goes_on) = loop {
                tokio::select! {
                    filled = &mut filling => break filled?,
                    Some(part) = under_way.next() => stored.push(part?),
                }
            };
            more = goes_on;
            if payload.size() == Some(0) {
                break;
            }
            while under_way.len() >= self.concurrency {
                if let Some(part) = under_way.next().await {
                    stored.push(part?);
                }
            }
            let payload = payload.with_meter(self.meter.clone());
            under_way.push(self.target.part(id, number, payload));
        }
        while let Some(part) = under_way.next().await {
            stored.push(part?);
        }
        self.target.complete(id, &mut stored).await
    }
}

/// Cuts a stream into parts.
#[derive(Debug, Default)]
struct Parts {
    /// What came after the end of a part.
    rest: Bytes,
}

impl Parts {
    /// The next part, and whether there may be more.
    async fn next(
        &mut self,
        stream: &mut BoxStream<'static, io::Result<Bytes>>,
        size: u64,
    ) -> Result<(Payload, bool)> {
        let mut frames = Vec::new();
        let mut small = BytesMut::new();
        let mut left = usize::try_from(size).unwrap_or(usize::MAX);
        while left > 0 {
            let mut frame = std::mem::take(&mut self.rest);
            if frame.is_empty() {
                match stream.next().await {
                    Some(Ok(next)) => frame = next,
                    Some(Err(error)) => return Err(local("read the stream to upload", error)),
                    None => break,
                }
            }
            if frame.len() > left {
                self.rest = frame.split_off(left);
            }
            left -= frame.len();
            // Many small frames would be many small writes, and each may hold a large buffer.
            if frame.len() < SMALL {
                small.extend_from_slice(&frame);
            } else {
                if !small.is_empty() {
                    frames.push(small.split().freeze());
                }
                frames.push(frame);
            }
        }
        frames.push(small.freeze());
        Ok((frames.into_iter().collect(), left == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_is_cut_where_the_parts_end_whatever_its_frames_are() {
        let frames = [1_usize, 70_000, 3, 0, 200_000, 12].map(|len| Ok(vec![7; len].into()));
        let total = 270_016_u64;
        let mut stream = futures::stream::iter(frames).boxed();
        let mut parts = Parts::default();
        let mut sizes = Vec::new();
        loop {
            let (payload, more) = parts.next(&mut stream, 100_000).await.unwrap();
            sizes.push(payload.size().unwrap());
            if !more {
                break;
            }
        }
        assert_eq!(sizes, [100_000, 100_000, total - 200_000]);
    }
}
