//! Uploads of streams: cut into parts that are kept until they are stored.

use std::io;

use bytes::Bytes;
use futures::stream::{BoxStream, FuturesUnordered, StreamExt};

use super::frames::{Frame, Frames};
use super::target::{Target, Uploaded};
use crate::error::Result;
use crate::local_file::local;
use crate::operations::outcome::PutOutcome;
use crate::payload::Payload;
use crate::progress::Meter;
use crate::transfer::plan::{MAX_PARTS, stream_part};

/// Frames of a stream shorter than this are put together.
const SMALL: usize = 64 * 1024;

/// While as many parts are under way as may be, this share of the next one is filled, and the rest once
/// one of them is stored: that takes little against what sending a part takes.
const AHEAD: u64 = 8;

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
        let mut first = Part::default();
        let more = parts.fill(&mut stream, &mut first, self.first_part).await?;
        let first = first.payload().with_meter(self.meter.clone());
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
            let mut part = Part::default();
            // While it is filled, those under way go on.
            while more && part.len < size {
                let is_free = under_way.len() < self.concurrency;
                let until = if is_free { size } else { size / AHEAD };
                tokio::select! {
                    filled = parts.fill(stream, &mut part, until), if part.len < until => more = filled?,
                    Some(done) = under_way.next() => stored.push(done?),
                }
            }
            if part.len == 0 {
                break;
            }
            while under_way.len() >= self.concurrency {
                if let Some(done) = under_way.next().await {
                    stored.push(done?);
                }
            }
            let payload = part.payload().with_meter(self.meter.clone());
            under_way.push(self.target.part(id, number, payload));
        }
        while let Some(done) = under_way.next().await {
            stored.push(done?);
        }
        self.target.complete(id, &mut stored).await
    }
}

/// Cuts a stream into parts.
#[derive(Debug, Default)]
struct Parts {
    /// What came after the end of a part, and whether nobody else held it when it came.
    rest: (Bytes, bool),
    memory: Frames,
}

/// A part as far as it is filled.
#[derive(Debug, Default)]
struct Part {
    len: u64,
    frames: Vec<Bytes>,
    /// What is being put together.
    open: Option<Frame>,
}

impl Parts {
    /// Fills a part up to this length, and says whether there may be more. Where it is dropped
    /// halfway, nothing is lost.
    async fn fill(
        &mut self,
        stream: &mut BoxStream<'static, io::Result<Bytes>>,
        part: &mut Part,
        until: u64,
    ) -> Result<bool> {
        while part.len < until {
            let (mut frame, mut is_ours) = std::mem::take(&mut self.rest);
            if frame.is_empty() {
                match stream.next().await {
                    Some(Ok(next)) => (is_ours, frame) = (next.is_unique(), next),
                    Some(Err(error)) => return Err(local("read the stream to upload", error)),
                    None => return Ok(false),
                }
            }
            let left = usize::try_from(until - part.len).unwrap_or(usize::MAX);
            if frame.len() > left {
                self.rest = (frame.split_off(left), is_ours);
            }
            part.add(frame, is_ours, &self.memory);
        }
        Ok(true)
    }
}

impl Part {
    fn add(&mut self, frame: Bytes, is_ours: bool, memory: &Frames) {
        self.len += frame.len() as u64;
        // Many small frames would be many small writes. And what is ours alone may be a little of
        // something large, or lie wherever the allocator had room: its memory goes back at once, and
        // that of the upload stays within its bound. What others hold too costs nothing to keep.
        if frame.len() >= SMALL && !is_ours {
            self.close();
            self.frames.push(frame);
            return;
        }
        let mut bytes = &frame[..];
        while !bytes.is_empty() {
            let open = self.open.get_or_insert_with(|| memory.lend());
            bytes = &bytes[open.fill(bytes)..];
            if open.is_full() {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        self.frames.extend(self.open.take().map(Frame::freeze));
    }

    fn payload(mut self) -> Payload {
        self.close();
        self.frames.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames::FRAME;
    use super::*;

    #[tokio::test]
    async fn a_stream_is_cut_where_the_parts_end_whatever_its_frames_are() {
        let frames = [1_usize, 70_000, 3, 0, 200_000, 12].map(|len| Ok(vec![7; len].into()));
        let total = 270_016_u64;
        let mut stream = futures::stream::iter(frames).boxed();
        let mut parts = Parts::default();
        let mut sizes = Vec::new();
        loop {
            let mut part = Part::default();
            let more = parts.fill(&mut stream, &mut part, 100_000).await.unwrap();
            sizes.push(part.payload().size().unwrap());
            if !more {
                break;
            }
        }
        assert_eq!(sizes, [100_000, 100_000, total - 200_000]);
    }

    #[tokio::test]
    async fn frames_of_the_stream_alone_go_back_at_once_and_those_of_the_parts_are_used_again() {
        let bytes: Vec<u8> = (0..4_000_000_u32).map(|at| (at % 251) as u8).collect();
        let frames: Vec<_> = bytes
            .chunks(300_000)
            .map(|chunk| Ok(Bytes::from(chunk.to_vec())))
            .collect();
        let mut stream = futures::stream::iter(frames).boxed();
        let mut parts = Parts::default();
        for expected in bytes.chunks(2_000_000) {
            let mut part = Part::default();
            // In two steps, as when all connections are busy.
            for until in [500_000, 2_000_000] {
                assert!(parts.fill(&mut stream, &mut part, until).await.unwrap());
                assert_eq!(part.len, until);
            }
            part.close();
            // Not as the stream was cut.
            let lengths: Vec<usize> = part.frames.iter().map(Bytes::len).collect();
            assert_eq!(lengths, [FRAME, FRAME, FRAME, 2_000_000 - 3 * FRAME]);
            let payload = part.payload();
            let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, expected);
            assert_eq!(payload.crc().await, Some(crc));
            assert_eq!(parts.memory.unused(), 0);
            drop(payload);
            assert_eq!(parts.memory.unused(), 4);
        }
        let mut part = Part::default();
        assert!(!parts.fill(&mut stream, &mut part, 1).await.unwrap());
        assert_eq!(part.payload().size(), Some(0));
    }

    #[tokio::test]
    async fn what_others_hold_too_is_kept_and_not_copied() {
        let block = Bytes::from(vec![1; SMALL]);
        let mut part = Part::default();
        let memory = Frames::default();
        part.add(Bytes::from_static(b"abc"), false, &memory);
        part.add(block.clone(), false, &memory);
        part.add(block.slice(1..), false, &memory);
        assert_eq!(part.len, 3 + 2 * SMALL as u64 - 1);
        assert_eq!(part.frames[1].as_ptr(), block.as_ptr());
        let payload = part.payload();
        let expected = [b"abc", &block[..], &block[1..]].concat();
        let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &expected);
        assert_eq!(payload.crc().await, Some(crc));
    }
}
