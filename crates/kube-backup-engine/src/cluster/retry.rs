//! Which requests to the API server are tried again, for how long, and what is known meanwhile.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::failure::Failure;
use crate::printable::Printable;

/// The ceiling of the first delay, doubled each time.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(4);
/// The longest `Retry-After` that is honoured in full.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(20);
/// A request that has been failing for so long is worth a line in the log.
const WORTH_TELLING: Duration = Duration::from_secs(2);
/// Failing requests that an error names.
const SHOWN: usize = 3;

/// How long requests may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// For the server to begin its response, and between two parts of a response.
    pub(crate) attempt: Duration,
    /// For a request with all its attempts. Of a list, for its next object.
    pub(crate) request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // Webhooks may take 30 s, and what the server then says is worth having.
            attempt: Duration::from_secs(40),
            request: Duration::from_secs(60),
        }
    }
}

/// A request that failed and is about to be tried again, or an object that is not yet as a restore needs it
/// and is about to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// What is asked of the API server, such as `` GET `/api/v1/pods` ``, or what is waited for.
    pub request: String,
    /// How the last attempt ended, in the server's own words where it said anything.
    pub failure: String,
    /// Attempts made so far.
    pub attempts: u32,
    /// How long the request has been failing.
    pub elapsed: Duration,
    /// When it is tried again, from now.
    pub delay: Duration,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (attempt {} failed after {:.1?}: {})",
            Printable(&self.request),
            self.attempts,
            self.elapsed,
            Printable(&self.failure)
        )
    }
}

/// Called before each wait.
pub(crate) type OnWait = Arc<dyn Fn(&Waiting) + Send + Sync>;

/// The requests that are failing now. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Retries {
    now: Arc<Mutex<BTreeMap<u64, Waiting>>>,
    on_wait: Option<OnWait>,
}

impl Retries {
    pub(crate) fn new(on_wait: Option<OnWait>) -> Self {
        Self {
            now: Arc::default(),
            on_wait,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Waiting>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// A place among them, not taken yet.
    pub(crate) fn place(&self) -> Place {
        Place {
            retries: self.clone(),
            number: fastrand::u64(..),
            taken: false,
        }
    }
}

/// The place of one request among those that are failing; it is free again once this is dropped.
pub(crate) struct Place {
    retries: Retries,
    number: u64,
    taken: bool,
}

impl Place {
    /// Takes the place, and says what is waited for.
    pub(crate) fn take(&mut self, waiting: Waiting) {
        if waiting.elapsed + waiting.delay < WORTH_TELLING {
            tracing::debug!(%waiting, delay = ?waiting.delay, "trying a request again");
        } else {
            tracing::info!(%waiting, delay = ?waiting.delay, "waiting for the API server");
        }
        if let Some(tell) = &self.retries.on_wait {
            tell(&waiting);
        }
        self.taken = true;
        self.retries.lock().insert(self.number, waiting);
    }

    fn give_up(&mut self) {
        if std::mem::take(&mut self.taken) {
            self.retries.lock().remove(&self.number);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// The first few of them, for an error; nothing when none is failing.
impl fmt::Display for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.lock();
        for (n, waiting) in now.values().take(SHOWN).enumerate() {
            let before = if n == 0 { "" } else { "; " };
            write!(f, "{before}{waiting}")?;
        }
        match now.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// The attempts at one request.
pub(crate) struct Attempts {
    request: String,
    timeouts: Timeouts,
    place: Place,
    /// When the request began, or made its last progress.
    since: Instant,
    failed: u32,
    /// What the server last said, while it says nothing more.
    last_words: Option<String>,
}

impl Attempts {
    pub(crate) fn new(request: String, timeouts: Timeouts, retries: &Retries) -> Self {
        Self {
            request,
            timeouts,
            place: retries.place(),
            since: Instant::now(),
            failed: 0,
            last_words: None,
        }
    }

    /// One attempt, for as long as it may take. `what` names what is missing if that is too short.
    pub(crate) async fn one<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let left = self.timeouts.request.saturating_sub(self.since.elapsed());
        let limit = self.timeouts.attempt.min(left);
        match timeout(limit, work).await {
            Ok(done) => done,
            Err(_) => Err(Failure::silence(what, limit)),
        }
    }

    /// Waits for the next attempt, or returns the failure if there is to be none.
    ///
    /// Of failures that may pass, `is_hopeless` says which are not worth waiting for, given how many
    /// there were.
    pub(crate) async fn again(
        &mut self,
        mut failure: Failure,
        is_hopeless: impl Fn(&Failure, u32) -> bool,
    ) -> Result<(), Failure> {
        self.failed += 1;
        let elapsed = self.since.elapsed();
        let delay = delay(self.failed, failure.retry_after);
        if !failure.is_transient()
            || is_hopeless(&failure, self.failed)
            || elapsed + delay >= self.timeouts.request
        {
            if let Some(words) = self.last_words.take().filter(|_| !failure.is_response()) {
                failure.message = format!("{}; before that: {words}", failure.message);
            }
            return Err(failure.after(self.failed, elapsed));
        }
        if failure.is_response() {
            self.last_words = Some(failure.to_string());
        }
        self.place.take(Waiting {
            request: self.request.clone(),
            failure: failure.to_string(),
            attempts: self.failed,
            elapsed,
            delay,
        });
        sleep(delay).await;
        Ok(())
    }

    /// Progress was made: the time counts from now.
    pub(crate) fn progressed(&mut self) {
        self.since = Instant::now();
        self.failed = 0;
        self.last_words = None;
        self.place.give_up();
    }
}

/// What passes before the next attempt: doubled each time, half of it at random, so that parallel
/// requests do not come back all at once; or what the server asks for, within reason.
fn delay(failed: u32, retry_after: Option<Duration>) -> Duration {
    let ceiling = (FIRST_DELAY * 2u32.pow(failed.saturating_sub(1).min(10))).min(LONGEST_DELAY);
    let backoff = ceiling.mul_f64(0.5 + fastrand::f64() / 2.0);
    match retry_after {
        Some(asked) => asked.min(LONGEST_RETRY_AFTER) + backoff / 8,
        None => backoff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken() -> Failure {
        Failure::transport(&std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    }

    #[test]
    fn delays_double_up_to_a_bound_and_a_server_is_obeyed_within_reason() {
        for (failed, ceiling) in [(1, 100), (2, 200), (4, 800), (7, 4000), (1000, 4000)] {
            let ceiling = Duration::from_millis(ceiling);
            let delay = delay(failed, None);
            assert!(
                ceiling / 2 <= delay && delay <= ceiling,
                "{failed}: {delay:?}"
            );
        }
        let second = Duration::from_secs(1);
        for (asked, least) in [(7, 7), (3600, 20)] {
            let delay = delay(1, Some(asked * second));
            assert!(
                least * second <= delay && delay < (least + 1) * second,
                "{delay:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_request_counts_from_its_last_progress() {
        let timeouts = Timeouts::default();
        let retries = Retries::default();
        let mut attempts = Attempts::new("GET `/a`".to_owned(), timeouts, &retries);
        for _ in 0..3 {
            sleep(timeouts.request * 2).await;
            attempts.progressed();
            attempts.again(broken(), |_, _| false).await.unwrap();
            assert!(
                retries
                    .to_string()
                    .starts_with("GET `/a` (attempt 1 failed")
            );
        }
        sleep(timeouts.request).await;
        let failure = attempts.again(broken(), |_, _| false).await.unwrap_err();
        assert!(
            failure.to_string().contains(", after 2 attempts in 60."),
            "{failure}"
        );
        drop(attempts);
        assert!(retries.is_empty());
    }
}
