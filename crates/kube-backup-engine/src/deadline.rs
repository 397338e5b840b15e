//! When all of a backup or a restore has to be over: at its deadline, or once somebody has had enough of it.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::future::{BoxFuture, Shared};
use tokio::time::{Instant, timeout_at};

use crate::cluster::retry::Retries;
use crate::{Error, ErrorKind, Result};

/// Ready once an operation is to end before it is done.
pub(crate) type Cancelled = Shared<BoxFuture<'static, ()>>;

/// The deadline of a whole operation, if it has one.
#[derive(Clone)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    time: Duration,
    operation: &'static str,
    remedy: &'static str,
    retries: Retries,
    cancelled: Option<Cancelled>,
}

impl Deadline {
    /// The deadline of an operation that begins now. What it waits for then is among `retries`.
    pub(crate) fn new(
        operation: &'static str,
        time: Option<Duration>,
        remedy: &'static str,
        retries: &Retries,
    ) -> Self {
        Self {
            // A time beyond what the clock can tell is none.
            at: time.and_then(|time| Instant::now().checked_add(time)),
            time: time.unwrap_or_default(),
            operation,
            remedy,
            retries: retries.clone(),
            cancelled: None,
        }
    }

    /// Over once this is ready, too.
    #[must_use]
    pub(crate) fn or_cancelled(mut self, cancelled: Option<Cancelled>) -> Self {
        self.cancelled = cancelled;
        self
    }

    /// Waits for `work` until the deadline; the error names `step`, and the requests that were failing.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] once the deadline has passed, [`ErrorKind::Cancelled`] once it is cancelled.
    pub(crate) async fn within<F: Future>(&self, step: &str, work: F) -> Result<F::Output> {
        let Some(cancelled) = &self.cancelled else {
            return self.in_time(step, work).await;
        };
        tokio::select! {
            biased;
            () = cancelled.clone() => Err(Error::new(
                ErrorKind::Cancelled,
                format!("{step}: the {} was cancelled before it was done", self.operation),
            )),
            done = self.in_time(step, work) => done,
        }
    }

    async fn in_time<F: Future>(&self, step: &str, work: F) -> Result<F::Output> {
        let Some(at) = self.at else {
            return Ok(work.await);
        };
        // What it waits for is forgotten when it is dropped.
        let mut work = pin!(work);
        timeout_at(at, work.as_mut()).await.map_err(|_| {
            let mut message = format!(
                "{step}: the deadline of the {}, {:?} after its start, passed before it was done",
                self.operation, self.time
            );
            if !self.retries.is_empty() {
                message = format!("{message}, waiting for {}", self.retries);
            }
            Error::new(ErrorKind::Timeout, format!("{message}; {}", self.remedy))
        })
    }
}
