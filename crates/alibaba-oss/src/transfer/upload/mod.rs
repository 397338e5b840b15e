//! Uploads of any size.

mod file;
mod stream;

use std::fmt;
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt};

use super::guard::{self, UploadGuard};
use super::plan::{PART, Plan};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::local_file::LocalFile;
use crate::operations::multipart::UploadedPart;
use crate::operations::put::PutOutcome;
use crate::operations::setters::{forbid_overwrite, object_headers, traffic_limit};
use crate::payload::Payload;
use crate::progress::{Meter, Progress};
use crate::reading::Verdict;
use file::FileUpload;
use stream::StreamUpload;

/// Up to this length an object goes out in one PutObject: fewer requests, fewer rights needed.
const ONE_PUT: u64 = 2 * PART;

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

/// An object that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// The CRC-64 of the whole object.
    pub crc: Option<u64>,
    /// The version made, on buckets with versioning.
    pub version_id: Option<String>,
    /// Whether the CRC-64 was compared.
    pub verdict: Verdict,
    /// How many of the bytes were there from an earlier try.
    pub resumed: u64,
}

impl Uploaded {
    fn new(stored: PutOutcome, resumed: u64) -> Self {
        Self {
            etag: stored.etag,
            crc: stored.crc,
            version_id: stored.version_id,
            verdict: stored.verdict,
            resumed,
        }
    }
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
    pub async fn send(self) -> Result<Uploaded> {
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
