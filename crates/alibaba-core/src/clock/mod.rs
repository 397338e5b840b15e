//! The clock port: what time it is, and how to wait.

mod service;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;

pub use service::ServiceClock;

/// Tells the time and waits.
///
/// Signatures, expiry checks and retries ask this port and never the system, so tests run at the
/// moment they choose and wait for nothing.
pub trait Clock: Debug + Send + Sync {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;

    /// Completes once `duration` has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// A clock shared between the parts of a client.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock, and tokio's timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The system clock, ready to share.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // The one place where this crate reads the wall clock.
        Utc::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        tokio::time::sleep(duration).boxed()
    }
}

/// A clock that moves when told to. Sleeping moves it, and returns at once.
///
/// ```
/// use std::time::Duration;
/// use alibaba_core::clock::{Clock, ManualClock};
///
/// let clock = ManualClock::at("2026-01-15T08:30:00Z".parse()?);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().to_rfc3339(), "2026-01-15T08:31:00+00:00");
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: DateTime<Utc>,
    slept: Vec<Duration>,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(State {
            now,
            slept: Vec::new(),
        })))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.with(|state| state.now += span(by));
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: DateTime<Utc>) {
        self.with(|state| state.now = now);
    }

    /// How long each caller of [`Clock::sleep`] asked to wait, in order.
    #[must_use]
    pub fn slept(&self) -> Vec<Duration> {
        self.with(|state| state.slept.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock())
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.with(|state| state.now)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        async move {
            self.with(|state| {
                state.now += span(duration);
                state.slept.push(duration);
            });
        }
        .boxed()
    }
}

/// The same span in chrono's type; a span beyond what chrono can hold becomes its longest.
pub(crate) fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleeping_on_a_manual_clock_moves_it() {
        let start = "2026-01-15T08:30:00Z".parse().unwrap();
        let clock = ManualClock::at(start);
        clock.sleep(Duration::from_millis(1500)).await;
        assert_eq!(clock.now(), start + TimeDelta::milliseconds(1500));
        assert_eq!(clock.slept(), [Duration::from_millis(1500)]);
    }
}
