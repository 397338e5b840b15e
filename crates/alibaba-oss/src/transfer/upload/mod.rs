//! Uploads of any size.

mod file;
mod frames;
mod stream;
mod target;

use std::fmt;
use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use futures::stream::{BoxStream, Stream, StreamExt};
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

pub use target::Uploaded;

use super::options::{Options, transfer_options};
use super::plan::{PART, Plan};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::local_file::LocalFile;
use crate::operations::setters::{content_type_by_name, forbid_overwrite, object_headers};
use file::FileUpload;
use stream::StreamUpload;
use target::Target;

/// Up to this length an object goes out in one PutObject: fewer requests, fewer rights needed.
const ONE_PUT: u64 = 2 * PART;

/// How much of a reader is read at a time.
const READ: usize = 256 * 1024;

/// An upload of any size, under construction. See [`Client::upload_file`], [`Client::upload_stream`] and
/// [`Client::upload_reader`].
#[derive(Debug)]
#[must_use]
pub struct Upload {
    target: Target,
    source: Source,
    checkpoints: Option<PathBuf>,
    options: Options,
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

impl Client {
    /// Stores a file of any size: a small one in one request, a large one in parts, several at a
    /// time, read as they are sent. Its `Content-Type`, where none is given, is what the ending of its key
    /// says, or else that of the file's name.
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

    /// Stores what a reader gives, of unknown length: a pipe, a socket, the output of a process, a decoder.
    /// As [`Client::upload_stream`], which takes it on from there.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client.upload_reader("backups", "dump.sql", tokio::io::stdin()).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_reader(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        reader: impl AsyncRead + Send + 'static,
    ) -> Upload {
        self.upload_stream(bucket, key, ReaderStream::with_capacity(reader, READ))
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
            checkpoints: None,
            options: Options::default(),
        }
    }
}

impl Upload {
    object_headers!(target.headers);
    content_type_by_name!(target.key);
    forbid_overwrite!(target.forbid_overwrite);
    transfer_options!(
        /// The length of a part, at least 100 KB; by default 8 MiB, and for large files more.
    );

    /// Keeps in this folder what is needed to go on after a crash, or after the future is dropped:
    /// the same upload of the same, unchanged file resumes. Parts that are stored already are
    /// compared with the file by CRC-64 before they are trusted.
    ///
    /// A failed upload is then kept for the next try instead of being aborted. For files only.
    pub fn checkpoints(mut self, folder: impl Into<PathBuf>) -> Self {
        self.checkpoints = Some(folder.into());
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
        let options = self.options;
        let target = Target {
            traffic_limit: options.traffic_limit,
            ..self.target
        };
        match self.source {
            Source::Stream(stream) => {
                if self.checkpoints.is_some() {
                    let text = format!(
                        "upload `{}` into `{}`: a stream cannot be read again, so it takes no checkpoints",
                        target.key, target.bucket
                    );
                    return Err(Error::new(ErrorKind::Configuration, text));
                }
                let upload = StreamUpload {
                    first_part: options.part_size.unwrap_or(PART).max(100 * 1024),
                    concurrency: options.concurrency.unwrap_or(4).max(1),
                    meter: options.meter,
                    target,
                };
                upload.run(stream).await
            }
            Source::File(path) => {
                let (file, stamp) = LocalFile::open(&path).await?;
                let target = target.with_content_type(&path);
                let len = stamp.len;
                let upload = FileUpload {
                    plan: Plan::new(len, options.part_size, options.concurrency),
                    stamp,
                    file,
                    meter: options.meter,
                    target,
                };
                if let Some(meter) = &upload.meter {
                    meter.set_total(Some(len));
                }
                let one_put = options.part_size.map_or(ONE_PUT, |size| size.min(ONE_PUT));
                if len <= one_put {
                    upload.whole().await
                } else {
                    upload.in_parts(self.checkpoints).await
                }
            }
        }
    }
}
