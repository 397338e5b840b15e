//! An object's bytes on their way in: counted, hashed, and continued where a connection broke.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use alibaba_core::retry::Attempts;
use bytes::{Bytes, BytesMut};
use crc_fast::{CrcAlgorithm, Digest};
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::header::{ETAG, IF_MATCH};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::call::Call;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::{is_weak, utf8};
use crate::local_file::{Destination, GatheredWrites, LocalFile, Unfinished, beside};
use crate::progress::Meter;
use crate::proof::REQUEST_ID;
use crate::range::{self, ByteRange};
use crate::verdict::Verdict;

/// The bytes of an object, or of a range of it.
///
/// A connection that breaks is replaced, and reading goes on where it stopped, pinned to the same
/// object by its ETag. The end of the stream is only reached when every byte came, and when the
/// CRC-64 agrees where there is one to compare; otherwise the last item is an error of kind
/// [`ErrorKind::Integrity`].
pub struct ObjectBody {
    stream: BoxStream<'static, Result<Bytes>>,
    size: Option<u64>,
    verdict: Arc<OnceLock<Verdict>>,
}

/// What of a response the reading that follows is held to.
pub(crate) struct Pinned {
    etag: Option<HeaderValue>,
    request_id: Option<HeaderValue>,
}

impl Pinned {
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        Self {
            etag: headers.get(ETAG).cloned(),
            request_id: headers.get(REQUEST_ID).cloned(),
        }
    }
}

struct State {
    client: Client,
    call: Call,
    etag: Option<HeaderValue>,
    /// Of the response that is being read.
    request_id: Option<HeaderValue>,
    body: Option<Incoming>,
    /// Where the next byte lies, and where the last one ends; that may not be known.
    at: u64,
    end: Option<u64>,
    digest: Option<(Digest, u64)>,
    attempts: Attempts,
    /// Whether bytes came since the last attempt failed.
    progressed: bool,
    done: bool,
    meter: Option<Meter>,
    verdict: Arc<OnceLock<Verdict>>,
}

impl ObjectBody {
    /// `range` is what the response covers, where that is known, `crc` that of the whole object if that is what it covers.
    pub(crate) fn new(
        client: Client,
        call: Call,
        pinned: Pinned,
        body: Incoming,
        range: Option<Range<u64>>,
        crc: Option<u64>,
        meter: Option<Meter>,
    ) -> Self {
        let size = range.as_ref().map(|range| range.end - range.start);
        let verdict = Arc::new(OnceLock::new());
        let state = State {
            verdict: verdict.clone(),
            attempts: client.attempts(),
            progressed: true,
            client,
            call,
            etag: pinned.etag,
            request_id: pinned.request_id,
            body: Some(body),
            at: range.as_ref().map_or(0, |range| range.start),
            end: range.map(|range| range.end),
            digest: crc.map(|crc| (Digest::new(CrcAlgorithm::Crc64Xz), crc)),
            done: false,
            meter,
        };
        let stream = stream::unfold(state, |mut state| async move {
            if state.done {
                return None;
            }
            match state.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), state)),
                Ok(None) => None,
                Err(error) => {
                    state.done = true;
                    Some((Err(state.placed(error)), state))
                }
            }
        });
        Self {
            // Fused: some readers poll once more after the end.
            stream: stream.fuse().boxed(),
            size,
            verdict,
        }
    }

    /// How many bytes there are, where that is known beforehand.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// What the CRC-64 says, once the last byte was read.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict.get().copied()
    }

    /// All bytes in one piece.
    ///
    /// # Errors
    ///
    /// As the stream.
    pub async fn collect(self) -> Result<Bytes> {
        let mut frames: Vec<Bytes> = self.stream.try_collect().await?;
        if frames.len() == 1 {
            return Ok(frames.swap_remove(0));
        }
        let mut out = BytesMut::with_capacity(frames.iter().map(Bytes::len).sum());
        for frame in frames {
            out.extend_from_slice(&frame);
        }
        Ok(out.freeze())
    }
}

impl ObjectBody {
    /// Writes the bytes into a file, which appears under its name once all of them are there,
    /// checked, and on the disk. A plain file that stood there is replaced, and its mode and owner stay as
    /// far as this process may give them; a link stays, and what it leads to is replaced. Devices, pipes
    /// and folders are refused. [`Client::download`] does the same in parallel, and can resume.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let object = client.get_object("backups", "notes/today.txt").send().await?;
    /// object.body.to_file("/tmp/today.txt").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As the stream, and [`ErrorKind::Local`] where the file cannot be written. The partial file
    /// is removed.
    pub async fn to_file(self, path: impl Into<PathBuf>) -> Result<Verdict> {
        let path = path.into();
        let verdict = self.verdict.clone();
        let destination = Destination::find(&path).await?;
        let unfinished = Unfinished::new(beside(destination.path()), false);
        self.write(unfinished.path()).await?;
        unfinished.finish(destination).await?;
        Ok(verdict.get().copied().unwrap_or(Verdict::NotAvailable))
    }

    async fn write(mut self, partial: &Path) -> Result<()> {
        let file = LocalFile::create(partial).await?;
        let mut writes = GatheredWrites::new(&file, 0);
        while let Some(frame) = self.stream.try_next().await? {
            writes.push(frame).await?;
        }
        writes.flush().await?;
        file.sync().await
    }
}

impl Stream for ObjectBody {
    type Item = Result<Bytes>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

impl std::fmt::Debug for ObjectBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectBody")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// Whether reads can be pinned by an entity tag.
fn is_strong(etag: &HeaderValue) -> bool {
    utf8(etag).is_some_and(|etag| !is_weak(etag))
}

impl State {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.end == Some(self.at) {
                return self.end();
            }
            let body = match &mut self.body {
                Some(body) => body,
                None => {
                    let fresh = self.reopen().await?;
                    self.body.insert(fresh)
                }
            };
            let broken = match self.client.patience().within(body.frame()).await {
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if data.is_empty() => continue,
                    Ok(data) => return self.take(data).map(Some),
                    Err(_trailers) => continue,
                },
                Ok(Some(Err(error))) => Error::new(
                    ErrorKind::Connection,
                    format!("{}: read the body", self.call.step),
                )
                .with_source(error),
                // Where no length was announced, the framing says where the end is.
                Ok(None) if self.end.is_none() => return self.end(),
                Ok(None) => Error::new(
                    ErrorKind::Connection,
                    format!(
                        "{}: the body ended {} bytes early",
                        self.call.step,
                        self.missing()
                    ),
                ),
                Err(_) => Error::new(
                    ErrorKind::Timeout,
                    format!(
                        "{}: no bytes for {:?}",
                        self.call.step,
                        self.client.patience().limit()
                    ),
                ),
            };
            self.body = None;
            self.wait_or_give_up(broken).await?;
        }
    }

    /// How many bytes are to come, at the most.
    fn missing(&self) -> u64 {
        self.end.map_or(u64::MAX, |end| end - self.at)
    }

    fn take(&mut self, data: Bytes) -> Result<Bytes> {
        let len = data.len() as u64;
        if len > self.missing() {
            return Err(Error::new(
                ErrorKind::Integrity,
                format!("{}: more bytes came than were announced", self.call.step),
            ));
        }
        self.at += len;
        if let Some(meter) = &self.meter {
            meter.add(len);
        }
        self.progressed = true;
        if let Some((digest, _)) = &mut self.digest {
            digest.update(&data);
        }
        Ok(data)
    }

    fn end(&mut self) -> Result<Option<Bytes>> {
        self.done = true;
        if let Some((digest, expected)) = self.digest.take() {
            let found = digest.finalize();
            if found != expected {
                let _ = self.verdict.set(Verdict::Mismatch);
                return Err(Error::new(
                    ErrorKind::Integrity,
                    format!(
                        "{}: CRC-64 of what came is {found}, OSS stored {expected}",
                        self.call.step
                    ),
                )
                .with_mismatch());
            }
            let _ = self.verdict.set(Verdict::Verified);
        }
        let _ = self.verdict.set(Verdict::NotAvailable);
        Ok(None)
    }

    async fn wait_or_give_up(&mut self, error: Error) -> Result<()> {
        // Progress: what broke before is forgiven.
        if std::mem::take(&mut self.progressed) {
            self.attempts.progressed();
        }
        match self.attempts.failed(error.cause()).await {
            Some(_) => {
                self.attempts.begin().await;
                Ok(())
            }
            None => Err(error),
        }
    }

    /// The error with where it happened.
    fn placed(&self, error: Error) -> Error {
        if error.host().is_some() {
            return error;
        }
        let host = self.client.address(&self.call);
        let host = host.ok().map(|address| address.authority);
        error
            .or_request_id(self.request_id.as_ref())
            .with_attempts(host, self.attempts.made())
    }

    fn replaced(&self) -> Error {
        let step = &self.call.step;
        let text = format!("{step}: the object was replaced while it was read");
        Error::new(ErrorKind::Integrity, text)
    }

    async fn reopen(&mut self) -> Result<Incoming> {
        let mut call = self.call.clone();
        let asked = match self.end {
            Some(end) => ByteRange::Within(self.at..end),
            None => ByteRange::From(self.at),
        };
        asked.ask(&mut call.headers);
        if let Some(etag) = self.etag.as_ref().filter(|etag| is_strong(etag)) {
            call.headers.insert(IF_MATCH, etag.clone());
        }
        let reply = self
            .client
            .execute(&call)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Precondition => self.replaced().with_source(error),
                _ => error,
            })?;
        let (head, body) = reply.response.into_parts();
        let (_, len) = range::covered(&call, &asked, head.status, &head.headers)?;
        self.request_id = head.headers.get(REQUEST_ID).cloned();
        let other = match (&self.etag, head.headers.get(ETAG)) {
            (Some(etag), Some(found)) => etag != found,
            _ => false,
        };
        if other || *self.end.get_or_insert(len) > len {
            return Err(self.replaced());
        }
        Ok(body)
    }
}
