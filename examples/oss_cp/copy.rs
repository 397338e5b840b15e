//! Copying one file.

use std::error::Error;

use ack_backup_center::oss::{self, Client, ErrorKind};
use indicatif::ProgressBar;

use super::failure::Result;
use super::options::Options;
use super::plan::{Direction, Job};

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
    let copied = match job.direction {
        Direction::Up => up(client, options, job, bar.clone()).await,
        Direction::Down => down(client, options, job, bar.clone()).await,
    };
    match copied {
        Ok(resumed) => Outcome::Copied {
            len: job.len,
            resumed,
        },
        Err(error) if is_taken(&*error) => Outcome::Exists,
        Err(error) => Outcome::Failed(job.source(), error),
    }
}

async fn up(client: &Client, options: &Options, job: &Job, bar: ProgressBar) -> Result<u64> {
    let mut upload = client
        .upload_file(&job.bucket, &job.key, &job.path)
        .checkpoints(&options.checkpoint_dir)
        .forbid_overwrite(!job.replace)
        .on_progress(move |progress| bar.set_position(progress.done));
    if let Some(parts) = options.parallel {
        upload = upload.concurrency(parts);
    }
    if let Some(bytes) = options.part_size {
        upload = upload.part_size(bytes);
    }
    Ok(upload.send().await?.resumed)
}

async fn down(client: &Client, options: &Options, job: &Job, bar: ProgressBar) -> Result<u64> {
    if let Some(folder) = job.path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("make folder `{}`: {error}", folder.display()))?;
    }
    let mut download = client
        .download(&job.bucket, &job.key, &job.path)
        .checkpoints(&options.checkpoint_dir)
        .on_progress(move |progress| bar.set_position(progress.done));
    if let Some(ranges) = options.parallel {
        download = download.concurrency(ranges);
    }
    if let Some(bytes) = options.part_size {
        download = download.part_size(bytes);
    }
    Ok(download.send().await?.resumed)
}

fn is_taken(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<oss::Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::AlreadyExists)
}
