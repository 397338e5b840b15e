//! Copying one file.

use std::error::Error;
use std::io;
use std::path::Path;

use ack_backup_center::oss::{self, Client, ErrorKind};
use bytes::Bytes;
use futures::TryStreamExt as _;
use futures::stream::{self, Stream};
use indicatif::ProgressBar;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::failure::Result;
use super::job::{End, Job, Object};
use super::options::Options;

/// What became of one file.
#[derive(Debug)]
pub(crate) enum Outcome {
    Copied {
        len: u64,
        /// How much of it was there from an earlier run.
        resumed: u64,
    },
    /// It appeared after the plan was made.
    Exists,
    Failed(String, Box<dyn Error + Send + Sync>),
}

impl Outcome {
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(..))
    }
}

pub(crate) async fn copy(
    client: &Client,
    options: &Options,
    job: &Job,
    bar: &ProgressBar,
) -> Outcome {
    let with = With {
        client,
        options,
        job,
        bar,
    };
    let copied = match (&job.from, &job.to) {
        (End::File(from), End::Object(to)) => with.up(from, to).await,
        (End::Folder(_), End::Object(to)) => with.marker(to).await,
        (End::Standard, End::Object(to)) => with.input(to).await,
        (End::Object(from), End::File(to)) => with.down(from, to).await,
        (End::Object(_), End::Folder(to)) => folder(to),
        (End::Object(from), End::Standard) => with.output(from).await,
        (End::Object(from), End::Object(to)) => with.across(from, to).await,
        (from, to) => Err(format!("nothing copies `{from}` to `{to}`").into()),
    };
    match copied {
        Ok(resumed) => Outcome::Copied {
            len: job.len.unwrap_or_else(|| bar.position()),
            resumed,
        },
        Err(error) if is_taken(&*error) => Outcome::Exists,
        Err(error) => Outcome::Failed(job.from.to_string(), error),
    }
}

/// A job, and what it is done with.
struct With<'a> {
    client: &'a Client,
    options: &'a Options,
    job: &'a Job,
    bar: &'a ProgressBar,
}

impl With<'_> {
    async fn up(&self, from: &Path, to: &Object) -> Result<u64> {
        let bar = self.bar.clone();
        let mut upload = self
            .client
            .upload_file(&to.bucket, &to.key, from)
            .checkpoints(&self.options.checkpoint_dir)
            .forbid_overwrite(!self.job.replace)
            .on_progress(move |progress| bar.set_position(progress.done));
        if let Some(parts) = self.options.parallel {
            upload = upload.concurrency(parts);
        }
        if let Some(bytes) = self.options.part_size {
            upload = upload.part_size(bytes);
        }
        Ok(upload.send().await?.resumed)
    }

    /// What stands for a folder in a bucket.
    async fn marker(&self, to: &Object) -> Result<u64> {
        let put = self.client.put_object(&to.bucket, &to.key, "");
        put.forbid_overwrite(!self.job.replace).send().await?;
        Ok(0)
    }

    async fn input(&self, to: &Object) -> Result<u64> {
        let bar = self.bar.clone();
        let mut upload = self
            .client
            .upload_stream(&to.bucket, &to.key, standard_input())
            .forbid_overwrite(!self.job.replace)
            .on_progress(move |progress| bar.set_position(progress.done));
        if let Some(parts) = self.options.parallel {
            upload = upload.concurrency(parts);
        }
        if let Some(bytes) = self.options.part_size {
            upload = upload.part_size(bytes);
        }
        upload.send().await?;
        Ok(0)
    }

    async fn down(&self, from: &Object, to: &Path) -> Result<u64> {
        if let Some(parent) = to.parent() {
            folder(parent)?;
        }
        let bar = self.bar.clone();
        let mut download = self
            .client
            .download(&from.bucket, &from.key, to)
            .checkpoints(&self.options.checkpoint_dir)
            .on_progress(move |progress| bar.set_position(progress.done));
        if let Some(ranges) = self.options.parallel {
            download = download.concurrency(ranges);
        }
        if let Some(bytes) = self.options.part_size {
            download = download.part_size(bytes);
        }
        Ok(download.send().await?.resumed)
    }

    /// What has gone out cannot be taken back: a checksum that does not agree is told at the end.
    async fn output(&self, from: &Object) -> Result<u64> {
        let object = self.client.get_object(&from.bucket, &from.key);
        let mut body = object.send().await?.body;
        let mut out = tokio::io::stdout();
        while let Some(frame) = body.try_next().await? {
            out.write_all(&frame).await?;
            self.bar.inc(frame.len() as u64);
        }
        out.flush().await?;
        Ok(0)
    }

    async fn across(&self, from: &Object, to: &Object) -> Result<u64> {
        let bar = self.bar.clone();
        let ends = ((&from.bucket, &from.key), (&to.bucket, &to.key));
        let mut copy = self
            .client
            .copy(ends.0, ends.1)
            .forbid_overwrite(!self.job.replace)
            .on_progress(move |progress| bar.set_position(progress.done));
        if let Some(parts) = self.options.parallel {
            copy = copy.concurrency(parts);
        }
        if let Some(bytes) = self.options.part_size {
            copy = copy.part_size(bytes);
        }
        copy.send().await?;
        Ok(0)
    }
}

fn folder(path: &Path) -> Result<u64> {
    std::fs::create_dir_all(path)
        .map_err(|error| format!("make folder `{}`: {error}", path.display()))?;
    Ok(0)
}

/// So much is read at once.
const BLOCK: usize = 256 * 1024;

fn standard_input() -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(tokio::io::stdin(), |mut input| async move {
        let mut block = Vec::with_capacity(BLOCK);
        let read = input.read_buf(&mut block).await?;
        Ok((read > 0).then(|| (block.into(), input)))
    })
}

fn is_taken(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<oss::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::AlreadyExists)
}
