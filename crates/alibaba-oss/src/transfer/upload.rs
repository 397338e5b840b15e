//! Uploads of any size.

use std::fmt;
use std::io;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, FuturesUnordered, Stream, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::guard::{self, UploadGuard};
use super::plan::{MAX_PARTS, PART, Plan, stream_part};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::local_file::{LocalFile, Stamp, local};
use crate::operations::multipart::UploadedPart;
use crate::operations::put::PutOutcome;
use crate::operations::setters::{forbid_overwrite, object_headers, traffic_limit};
use crate::payload::Payload;
use crate::progress::{Meter, Progress};
use crate::reading::Verdict;

/// Up to this length an object goes out in one PutObject: fewer requests, fewer rights needed.
const ONE_PUT: u64 = 2 * PART;

/// Frames of a stream shorter than this are put together.
const SMALL: usize = 64 * 1024;

/// An upload of any size, under construction. See [`Client::upload_file`] and
/// [`Client::upload_stream`].
#[derive(Debug)]
#[must_use]
pub struct Upload {
    target: Target,
    source: Source,
    part_size: Option<u64>,
    concurrency: Option<usize>,
    checkpoints: Option<PathBuf>,
    meter: Option<Meter>,
}

enum Source {
    File(PathBuf),
    Stream(BoxStream<'static, io::Result<Bytes>>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Stream(_) => f.write_str("a stream"),
        }
    }
}

/// What is to be made.
#[derive(Clone, Debug)]
struct Target {
    client: Client,
    bucket: String,
    key: String,
    headers: Vec<(String, String)>,
    /// Headers of the transfer, and not of the object: they go with each part.
    traffic_limit: Option<u64>,
    forbid_overwrite: bool,
}

/// The state of a resumable upload.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    endpoint: String,
    bucket: String,
    key: String,
    path: PathBuf,
    file: Stamp,
    part_size: u64,
    headers: Vec<(String, String)>,
    upload_id: String,
}

impl Client {
    /// Stores a file of any size: a small one in one request, a large one in parts, several at a
    /// time, read as they are sent.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let stored = client
    ///     .upload_file("backups", "nightly.tar", "/var/backups/nightly.tar")
    ///     .checkpoints("/var/lib/my-backup/checkpoints")
    ///     .on_progress(|progress| println!("{} of {:?}", progress.done, progress.total))
    ///     .send()
    ///     .await?;
    /// println!("{:?}", stored.crc);
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_file(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        path: impl Into<PathBuf>,
    ) -> Upload {
        self.upload(bucket.into(), key.into(), Source::File(path.into()))
    }

    /// Stores a stream of unknown length. What fits into one part goes out in one request, more in
    /// parts, several at a time. Parts are kept in memory until they are stored, so each can be
    /// sent again: at most part size times (concurrency + 1).
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use futures::{StreamExt, stream};
    ///
    /// let lines = stream::iter(["one\n", "two\n"]).map(|line| Ok(line.into()));
    /// client.upload_stream("backups", "lines.txt", lines).concurrency(2).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_stream(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Upload {
        self.upload(bucket.into(), key.into(), Source::Stream(stream.boxed()))
    }

    fn upload(&self, bucket: String, key: String, source: Source) -> Upload {
        Upload {
            target: Target {
                client: self.clone(),
                bucket,
                key,
                headers: Vec::new(),
                traffic_limit: None,
                forbid_overwrite: false,
            },
            source,
            part_size: None,
            concurrency: None,
            checkpoints: None,
            meter: None,
        }
    }
}

impl Upload {
    object_headers!(target.headers);
    forbid_overwrite!(target.forbid_overwrite);
    traffic_limit!(target.traffic_limit);

    /// The length of a part, at least 100 KB; by default 8 MiB, and for large files more.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = Some(bytes);
        self
    }

    /// How many parts are under way at a time; by default four, and for large files eight.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.concurrency = Some(parts);
        self
    }

    /// Keeps in this folder what is needed to go on after a crash, or after the future is dropped:
    /// the same upload of the same, unchanged file resumes. Parts that are stored already are
    /// compared with the file by CRC-64 before they are trusted.
    ///
    /// A failed upload is then kept for the next try instead of being aborted. For files only.
    pub fn checkpoints(mut self, folder: impl Into<PathBuf>) -> Self {
        self.checkpoints = Some(folder.into());
        self
    }

    /// Calls back as bytes go out.
    pub fn on_progress(mut self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.meter = Some(Meter::new(report));
        self
    }

    /// Sends it. Every part's CRC-64 is compared with what OSS received, and that of all parts
    /// together with that of the object.
    ///
    /// A failed upload is aborted, as well as possible: that needs the action
    /// `oss:AbortMultipartUpload`, and what is left behind without it is found by
    /// [`Client::abort_stale_uploads`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Local`] where the source cannot be read or the file changes meanwhile, and any
    /// other that the service or the network gives rise to.
    pub async fn send(self) -> Result<PutOutcome> {
        match self.source {
            Source::Stream(stream) => {
                if self.checkpoints.is_some() {
                    let text = format!(
                        "upload `{}` into `{}`: a stream cannot be read again, so it takes no checkpoints",
                        self.target.key, self.target.bucket
                    );
                    return Err(Error::new(ErrorKind::Configuration, text));
                }
                let upload = StreamUpload {
                    first_part: self.part_size.unwrap_or(PART).max(100 * 1024),
                    concurrency: self.concurrency.unwrap_or(4).max(1),
                    meter: self.meter,
                    target: self.target,
                };
                upload.run(stream).await
            }
            Source::File(path) => {
                let (file, len) = LocalFile::open(&path).await?;
                let upload = FileUpload {
                    plan: Plan::new(len, self.part_size, self.concurrency),
                    stamp: file.stamp().await?,
                    file,
                    meter: self.meter,
                    target: self.target,
                };
                if let Some(meter) = &upload.meter {
                    meter.set_total(Some(len));
                }
                let one_put = self.part_size.map_or(ONE_PUT, |size| size.min(ONE_PUT));
                if len <= one_put {
                    upload.whole().await
                } else {
                    upload.in_parts(self.checkpoints).await
                }
            }
        }
    }
}

impl Target {
    async fn put(&self, payload: Payload) -> Result<PutOutcome> {
        let mut put = self
            .client
            .put_object(&self.bucket, &self.key, payload)
            .forbid_overwrite(self.forbid_overwrite);
        for (name, value) in &self.headers {
            put = put.header(name, value);
        }
        if let Some(limit) = self.traffic_limit {
            put = put.traffic_limit(limit);
        }
        put.send().await
    }

    async fn initiate(&self) -> Result<String> {
        let begin = self
            .client
            .initiate_upload(&self.bucket, &self.key)
            .forbid_overwrite(self.forbid_overwrite);
        self.headers
            .iter()
            .fold(begin, |begin, (name, value)| begin.header(name, value))
            .send()
            .await
    }

    async fn part(&self, upload_id: &str, number: u32, payload: Payload) -> Result<UploadedPart> {
        let (bucket, key) = (&self.bucket, &self.key);
        let mut part = self
            .client
            .upload_part(bucket, key, upload_id, number, payload);
        if let Some(limit) = self.traffic_limit {
            part = part.traffic_limit(limit);
        }
        part.send().await
    }

    async fn complete(&self, upload_id: &str, parts: &mut [UploadedPart]) -> Result<PutOutcome> {
        parts.sort_unstable_by_key(|part| part.number);
        let (bucket, key) = (&self.bucket, &self.key);
        self.client
            .complete_upload(bucket, key, upload_id, parts.iter().cloned())
            .forbid_overwrite(self.forbid_overwrite)
            .send()
            .await
    }

    async fn abort(&self, upload_id: &str) {
        guard::abort(&self.client, &self.bucket, &self.key, upload_id).await;
    }

    fn guard(&self, upload_id: &str) -> UploadGuard {
        UploadGuard::new(&self.client, &self.bucket, &self.key, upload_id)
    }
}

struct FileUpload {
    target: Target,
    file: LocalFile,
    stamp: Stamp,
    plan: Plan,
    meter: Option<Meter>,
}

impl FileUpload {
    async fn whole(&self) -> Result<PutOutcome> {
        let payload = Payload::part_of(&self.file, 0..self.plan.len).with_meter(self.meter.clone());
        self.target.put(payload).await
    }

    async fn in_parts(&self, checkpoints: Option<PathBuf>) -> Result<PutOutcome> {
        let Some(folder) = checkpoints else {
            let id = self.target.initiate().await?;
            let guard = self.target.guard(&id);
            let sent = self.send(&id, Vec::new()).await;
            guard.settle(sent.is_ok()).await;
            return sent;
        };
        let endpoint = self.target.client.endpoint().to_string();
        let path = self.file.path().to_owned();
        let checkpoint = Checkpoint::new(
            &folder,
            "upload",
            &[
                &endpoint,
                &self.target.bucket,
                &self.target.key,
                &path.to_string_lossy(),
            ],
        );
        let fresh = State {
            endpoint,
            bucket: self.target.bucket.clone(),
            key: self.target.key.clone(),
            path,
            file: self.stamp,
            part_size: self.plan.part_size,
            headers: self.target.headers.clone(),
            upload_id: String::new(),
        };
        let (id, stored) = match self.resume(&checkpoint, &fresh).await? {
            Resumed::Done(outcome) => {
                checkpoint.remove().await;
                return Ok(outcome);
            }
            Resumed::Parts(id, parts) => (id, parts),
            Resumed::Nothing => {
                let upload_id = self.target.initiate().await?;
                let state = State { upload_id, ..fresh };
                checkpoint.save(&state).await?;
                (state.upload_id, Vec::new())
            }
        };
        let sent = self.send(&id, stored).await;
        match &sent {
            Ok(_) => checkpoint.remove().await,
            // Kept for the next try, unless there is nothing that a next try could do.
            Err(error) if !is_worth_resuming(error) => {
                self.target.abort(&id).await;
                checkpoint.remove().await;
            }
            Err(_) => {}
        }
        sent
    }

    /// What is left of an earlier try: parts that are stored, and proved to be this file's.
    async fn resume(&self, checkpoint: &Checkpoint, fresh: &State) -> Result<Resumed> {
        let Some(state) = checkpoint.load::<State>().await else {
            return Ok(Resumed::Nothing);
        };
        let id = state.upload_id.clone();
        let same = State {
            upload_id: String::new(),
            ..state
        };
        if same != *fresh {
            // The file or what is to be made of it changed; what it left behind is of no use.
            if (&same.endpoint, &same.bucket, &same.key)
                == (&fresh.endpoint, &fresh.bucket, &fresh.key)
            {
                self.target.abort(&id).await;
            }
            return Ok(Resumed::Nothing);
        }
        let mut listed = Vec::new();
        let mut after = Some(0);
        while let Some(from) = after {
            let (client, bucket, key) =
                (&self.target.client, &self.target.bucket, &self.target.key);
            let list = client.list_parts(bucket, key, &id).after(from);
            let page = match list.send().await {
                Ok(page) => page,
                Err(error) if error.service_code() == Some("NoSuchUpload") => {
                    return self.is_done().await;
                }
                Err(error) => return Err(error),
            };
            after = page.next;
            listed.extend(page.parts);
        }
        let proved = stream::iter(listed)
            .map(|part| async move {
                if part.number < 1 || part.number > self.plan.parts() {
                    return Ok(None);
                }
                let range = self.plan.range(part.number);
                if part.len != range.end - range.start {
                    return Ok(None);
                }
                let ours = self.file.crc(range).await?;
                Ok::<_, Error>((part.crc == Some(ours)).then(|| UploadedPart::from(part)))
            })
            .buffer_unordered(2)
            .try_filter_map(|part| async move { Ok(part) })
            .try_collect()
            .await?;
        Ok(Resumed::Parts(id, proved))
    }

    /// An upload that is gone may be one that was completed, its answer lost in the crash.
    async fn is_done(&self) -> Result<Resumed> {
        let (client, bucket, key) = (&self.target.client, &self.target.bucket, &self.target.key);
        let Ok(stored) = client.head_object(bucket, key).await else {
            return Ok(Resumed::Nothing);
        };
        if stored.len != self.plan.len || stored.crc.is_none() {
            return Ok(Resumed::Nothing);
        }
        let ours = self.file.crc(0..self.plan.len).await?;
        if stored.crc != Some(ours) {
            return Ok(Resumed::Nothing);
        }
        Ok(Resumed::Done(PutOutcome {
            etag: stored.etag,
            crc: stored.crc,
            version_id: stored.version_id,
            verdict: Verdict::Verified,
        }))
    }

    /// Sends the parts that are missing, and completes.
    async fn send(&self, id: &str, mut parts: Vec<UploadedPart>) -> Result<PutOutcome> {
        if let Some(meter) = &self.meter {
            meter.add(parts.iter().map(|part| part.len).sum());
        }
        let missing: Vec<u32> = (1..=self.plan.parts())
            .filter(|number| parts.iter().all(|part| part.number != *number))
            .collect();
        let sent: Vec<UploadedPart> = stream::iter(missing)
            .map(|number| {
                let payload = Payload::part_of(&self.file, self.plan.range(number))
                    .with_meter(self.meter.clone());
                self.target.part(id, number, payload)
            })
            .buffer_unordered(self.plan.concurrency)
            .try_collect()
            .await?;
        parts.extend(sent);
        if self.file.stamp().await? != self.stamp {
            let step = format!("upload file `{}`", self.file.path().display());
            let error = io::Error::other("the file changed while it was uploaded");
            return Err(local(step, error));
        }
        self.target.complete(id, &mut parts).await
    }
}

enum Resumed {
    Nothing,
    Parts(String, Vec<UploadedPart>),
    Done(PutOutcome),
}

/// Whether the parts that are stored may still become the object.
fn is_worth_resuming(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::AlreadyExists | ErrorKind::NotFound | ErrorKind::Local
    )
}

struct StreamUpload {
    target: Target,
    first_part: u64,
    concurrency: usize,
    meter: Option<Meter>,
}

impl StreamUpload {
    async fn run(&self, mut stream: BoxStream<'static, io::Result<Bytes>>) -> Result<PutOutcome> {
        let mut parts = Parts::default();
        let (first, more) = parts.next(&mut stream, self.first_part).await?;
        let first = first.with_meter(self.meter.clone());
        if !more {
            return self.target.put(first).await;
        }
        let id = self.target.initiate().await?;
        let guard = self.target.guard(&id);
        let sent = self.send(&id, first, &mut parts, &mut stream).await;
        guard.settle(sent.is_ok()).await;
        sent
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
    /// What came behind the end of a part.
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
        let mut stream = stream::iter(frames).boxed();
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
