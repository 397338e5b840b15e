//! Waiting until something a service works on has come to an end.

use std::fmt;
use std::time::Duration;

use crate::clock::SharedClock;
use crate::retry::SharedJitter;
use crate::{Context, Error, ErrorKind};

/// Asks again and again until a state is reached, at growing intervals and not longer than allowed.
///
/// ```
/// # use alibaba_core::{Context, Error, PendingState, Polled, Waiter, openapi};
/// # async fn example(ecs: openapi::Client, progressing: bool) -> Result<(), Error> {
/// use std::time::Duration;
///
/// let waiter = Waiter::new(ecs.context(), "snapshot `s-1` to be accomplished", Duration::from_secs(3600))
///     .with_progress(|state| eprintln!("{state}"));
/// let done = waiter
///     .until(|| async {
///         let response = ecs.call("DescribeSnapshots").param("SnapshotId", "s-1").send().await?;
///         Ok(if progressing {
///             Polled::Pending(PendingState::new("progressing").with_percent(40))
///         } else {
///             Polled::Done(response)
///         })
///     })
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a waiter waits for nothing until it is given a way to look"]
pub struct Waiter<'a> {
    /// What is waited for, to follow "wait for".
    what: String,
    clock: SharedClock,
    jitter: SharedJitter,
    timeout: Duration,
    first_interval: Duration,
    max_interval: Duration,
    on_progress: Box<dyn FnMut(&PendingState) + Send + 'a>,
}

/// What a look at the service found. A state from which the one waited for cannot be
/// reached is an error, and not one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled<T> {
    /// The state is reached.
    Done(T),
    /// Not yet.
    Pending(PendingState),
}

/// A state on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingState {
    /// The service's word for it, such as `progressing`.
    pub name: String,
    /// How much is done, of 100.
    pub percent: Option<u8>,
    /// How long it will take, as the service estimates.
    pub remaining: Option<Duration>,
}

impl PendingState {
    /// A state by the service's word for it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            percent: None,
            remaining: None,
        }
    }

    /// Says how much is done, of 100.
    #[must_use]
    pub fn with_percent(mut self, percent: impl Into<Option<u8>>) -> Self {
        self.percent = percent.into();
        self
    }

    /// Says how long it will take.
    #[must_use]
    pub fn with_remaining(mut self, remaining: impl Into<Option<Duration>>) -> Self {
        self.remaining = remaining.into();
        self
    }
}

impl fmt::Display for PendingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name)?;
        if let Some(percent) = self.percent {
            write!(f, " ({percent}%)")?;
        }
        Ok(())
    }
}

impl<'a> Waiter<'a> {
    /// Waits for `what`, written to follow "wait for", until `timeout` is over.
    pub fn new(context: &Context, what: impl Into<String>, timeout: Duration) -> Self {
        Self {
            what: what.into(),
            clock: context.clock.clone(),
            jitter: context.jitter.clone(),
            timeout,
            first_interval: Duration::from_secs(2),
            max_interval: Duration::from_secs(30),
            on_progress: Box::new(|_| {}),
        }
    }

    /// Sets how long to wait after the first look (by default 2 s), and the longest wait to which
    /// that grows (30 s).
    pub fn with_intervals(mut self, first: Duration, max: Duration) -> Self {
        self.first_interval = first;
        self.max_interval = max;
        self
    }

    /// Tells each state on the way to `on_progress`.
    pub fn with_progress(mut self, on_progress: impl FnMut(&PendingState) + Send + 'a) -> Self {
        self.on_progress = Box::new(on_progress);
        self
    }

    /// Looks until the state is reached. A look that fails and may succeed later is repeated like one
    /// that finds the state not reached.
    ///
    /// # Errors
    ///
    /// The error of a look that will not succeed later, and [`ErrorKind::Timeout`] when the time is
    /// over: it names what was waited for and the last state, and its source is the last look's
    /// failure.
    pub async fn until<T, F>(mut self, mut look: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<Polled<T>, Error>>,
    {
        let started = self.clock.now();
        let mut interval = self.first_interval;
        let mut last_state = None;
        loop {
            let failure = match look().await {
                Ok(Polled::Done(done)) => return Ok(done),
                Ok(Polled::Pending(state)) => {
                    (self.on_progress)(&state);
                    last_state = Some(state);
                    None
                }
                Err(error) if error.is_retryable() => Some(error),
                Err(error) => return Err(error),
            };
            let elapsed = (self.clock.now() - started).to_std().unwrap_or_default();
            let left = self.timeout.saturating_sub(elapsed);
            if left.is_zero() {
                return Err(self.timed_out(last_state, failure));
            }
            // Half for certain and half at random, so that many waiters do not look at one time.
            let wait =
                interval / 2 + (interval / 2).mul_f64(self.jitter.fraction().clamp(0.0, 1.0));
            let asked = failure.and_then(|error| error.retry_after());
            // The last look is at the very end.
            let wait = wait.max(asked.unwrap_or_default()).min(left);
            self.clock.sleep(wait).await;
            interval = (interval * 3 / 2).min(self.max_interval);
        }
    }

    fn timed_out(&self, state: Option<PendingState>, failure: Option<Error>) -> Error {
        let found = match state {
            Some(state) => format!("still {state}"),
            None => "its state was never seen".to_owned(),
        };
        let step = format!("wait for {}: {found} after {:?}", self.what, self.timeout);
        let error = Error::new(ErrorKind::Timeout, step);
        match failure {
            Some(failure) => error.with_source(failure),
            None => error,
        }
    }
}

impl fmt::Debug for Waiter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("what", &self.what)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;
    use crate::http_send::NoHttp;
    use crate::retry::FixedJitter;

    fn world() -> (ManualClock, Context) {
        let clock = ManualClock::at("2026-01-15T08:30:00Z".parse().unwrap());
        let context = Context::new(Arc::new(NoHttp))
            .with_clock(Arc::new(clock.clone()))
            .with_jitter(Arc::new(FixedJitter(1.0)));
        (clock, context)
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn progressing(percent: u8) -> Result<Polled<()>, Error> {
        Ok(Polled::Pending(
            PendingState::new("progressing").with_percent(percent),
        ))
    }

    #[tokio::test]
    async fn intervals_grow_to_their_limit_and_progress_is_told() {
        let (clock, context) = world();
        let mut looks = 0;
        let mut told = Vec::new();
        Waiter::new(&context, "it", seconds(600))
            .with_intervals(seconds(4), seconds(8))
            .with_progress(|state| told.push(state.to_string()))
            .until(|| {
                looks += 1;
                ready(match looks {
                    5 => Ok(Polled::Done(())),
                    look => progressing(look * 20),
                })
            })
            .await
            .unwrap();
        assert_eq!(clock.slept(), [4, 6, 8, 8].map(seconds));
        assert_eq!(told[3], "`progressing` (80%)");
    }

    #[tokio::test]
    async fn waiting_can_be_spawned() {
        let (_, context) = world();
        let wait = async move {
            let state = PendingState::new("x");
            Waiter::new(&context, "it", seconds(60))
                .with_progress(|_| {})
                .until(|| async {
                    tokio::task::yield_now().await;
                    Ok(Polled::Done(state.name.len()))
                })
                .await
        };
        assert_eq!(tokio::spawn(wait).await.unwrap().unwrap(), 1);
    }

    #[tokio::test]
    async fn the_deadline_is_kept_and_the_error_says_for_what_and_how_far() {
        let (clock, context) = world();
        let error = Waiter::new(&context, "snapshot `s-1` to be accomplished", seconds(7))
            .with_intervals(seconds(4), seconds(30))
            .until(|| ready(progressing(42)))
            .await
            .unwrap_err();
        assert_eq!(clock.slept(), [4, 3].map(seconds));
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(
            error.to_string(),
            "wait for snapshot `s-1` to be accomplished: still `progressing` (42%) after 7s"
        );
    }

    #[tokio::test]
    async fn passing_failures_are_waited_out_and_others_end_the_wait() {
        let (_, context) = world();
        let waiter = || Waiter::new(&context, "it", seconds(60));
        let mut looks = 0;
        let done = waiter().until(|| {
            looks += 1;
            ready(match looks {
                1 => Err(Error::new(ErrorKind::Connection, "look")),
                _ => Ok(Polled::Done(looks)),
            })
        });
        assert_eq!(done.await.unwrap(), 2);
        let failing = |kind| move || ready(Err::<Polled<()>, _>(Error::new(kind, "look")));
        let denied = waiter().until(failing(ErrorKind::Denied));
        let error = denied.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let lost = waiter().until(failing(ErrorKind::Connection));
        let error = lost.await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "wait for it: its state was never seen after 60s"
        );
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            "look"
        );
    }
}
