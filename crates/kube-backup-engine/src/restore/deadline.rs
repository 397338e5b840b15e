//! When a restore has to be over.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::spec::RestoreSpec;
use crate::{Error, ErrorKind, Result};

/// The deadline of a whole restore, if it has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    time: Duration,
}

impl Deadline {
    /// The deadline of a restore that begins now.
    pub(crate) fn of(spec: &RestoreSpec) -> Self {
        Self {
            // A time beyond what the clock can tell is none.
            at: spec
                .deadline
                .and_then(|time| Instant::now().checked_add(time)),
            time: spec.deadline.unwrap_or_default(),
        }
    }

    /// Waits for `work` until the deadline; the error names `step`.
    pub(crate) async fn within<F: Future>(self, step: &str, work: F) -> Result<F::Output> {
        let Some(at) = self.at else {
            return Ok(work.await);
        };
        timeout_at(at, work).await.map_err(|_| {
            Error::new(
                ErrorKind::Timeout,
                format!(
                    "{step}: the deadline of the restore, {:?} after its start, passed before it was \
                     done; run the restore again to settle what is left",
                    self.time
                ),
            )
        })
    }
}
