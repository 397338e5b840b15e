//! When to try again, and how long to wait: a decision without clock or randomness of its own.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::budget::RetryBudget;
use super::jitter::Jitter;

/// How often and how patiently a call is repeated.
///
/// The wait before attempt `n + 1` is a random part of `base_delay * 2^(n - 1)`, at most
/// `max_delay` ("full jitter"): clients that failed together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use alibaba_core::retry::{Cause, Failure, FixedJitter, RetryPolicy};
///
/// let policy = RetryPolicy::default();
/// let failed = |attempts| Failure { attempts, elapsed: Duration::ZERO, cause: Cause::Transient };
/// assert_eq!(policy.next_delay(&failed(1), &FixedJitter(0.5)), Some(Duration::from_millis(100)));
/// assert_eq!(policy.next_delay(&failed(2), &FixedJitter(0.5)), Some(Duration::from_millis(200)));
/// assert_eq!(policy.next_delay(&failed(3), &FixedJitter(0.5)), None);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all, the first included. Default 3.
    pub max_attempts: u32,
    /// What the first wait is a random part of. Default 200 ms.
    pub base_delay: Duration,
    /// The same where the service throttles. Default 500 ms.
    pub throttled_delay: Duration,
    /// No computed wait is longer. Default 20 s.
    pub max_delay: Duration,
    /// No wait begins that would end later than this after the first attempt began. Default 2 min.
    pub max_elapsed: Duration,
    /// Bounds the retries of all calls together, where given.
    pub budget: Option<RetryBudget>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(200),
            throttled_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(20),
            max_elapsed: Duration::from_secs(120),
            budget: Some(RetryBudget::default()),
        }
    }
}

/// What failed, as far as the decision needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Attempts made so far, without those that a remedy followed.
    pub attempts: u32,
    /// The time since the first attempt began.
    pub elapsed: Duration,
    /// Why the last attempt failed.
    pub cause: Cause,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A broken connection, a timeout, a failing service.
    Transient,
    /// The service wants fewer requests, and perhaps says for how long to wait.
    Throttled {
        /// The wait that the service asks for.
        retry_after: Option<Duration>,
    },
    /// The signature's time was refused. The next attempt is signed with the service's time.
    ClockSkew {
        /// When the service refused it, by its own clock.
        served_at: Option<DateTime<Utc>>,
    },
    /// The credentials were refused as expired, revoked or unknown. The next attempt is signed
    /// with others, where there are any.
    Credentials,
    /// Nothing that repeating would cure.
    Permanent,
}

impl RetryPolicy {
    /// No retries.
    #[must_use]
    pub fn never() -> Self {
        Self::default().with_max_attempts(1)
    }

    /// Sets the attempts in all, the first included.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets what the first wait is a random part of.
    #[must_use]
    pub fn with_base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets the longest computed wait.
    #[must_use]
    pub fn with_max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets how long a call may take with all its retries.
    #[must_use]
    pub fn with_max_elapsed(mut self, elapsed: Duration) -> Self {
        self.max_elapsed = elapsed;
        self
    }

    /// Sets, or takes away, the bound on the retries of all calls together.
    #[must_use]
    pub fn with_budget(mut self, budget: Option<RetryBudget>) -> Self {
        self.budget = budget;
        self
    }

    /// How long to wait before the next attempt; `None` to give up.
    ///
    /// A retry is taken from the budget here, so ask once for each failure. A remedy needs neither
    /// budget nor wait, since [`Attempts`](super::Attempts) applies each once a call.
    pub fn next_delay(&self, failure: &Failure, jitter: &dyn Jitter) -> Option<Duration> {
        if failure.attempts >= self.max_attempts {
            return None;
        }
        let doublings = failure.attempts.saturating_sub(1).min(31);
        let spread = |base: Duration| {
            let ceiling = base.saturating_mul(1 << doublings).min(self.max_delay);
            ceiling.mul_f64(jitter.fraction().clamp(0.0, 1.0))
        };
        let delay = match failure.cause {
            Cause::Permanent => return None,
            Cause::ClockSkew { .. } | Cause::Credentials => return Some(Duration::ZERO),
            Cause::Transient => spread(self.base_delay),
            // What the service asks for is not shortened; a little is added, so that clients told the
            // same do not all come back in the same millisecond.
            Cause::Throttled {
                retry_after: Some(wait),
            } => wait.saturating_add(spread(self.base_delay)),
            // Half for certain and half at random: at once is of no use while throttled.
            Cause::Throttled { retry_after: None } => {
                let ceiling = self
                    .throttled_delay
                    .saturating_mul(1 << doublings)
                    .min(self.max_delay);
                ceiling / 2 + (ceiling / 2).mul_f64(jitter.fraction().clamp(0.0, 1.0))
            }
        };
        if failure.elapsed.saturating_add(delay) > self.max_elapsed {
            return None;
        }
        if self
            .budget
            .as_ref()
            .is_some_and(|budget| !budget.try_spend())
        {
            return None;
        }
        Some(delay)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::retry::FixedJitter;

    fn failure(attempts: u32, cause: Cause) -> Failure {
        Failure {
            attempts,
            elapsed: Duration::ZERO,
            cause,
        }
    }

    #[test]
    fn a_permanent_failure_is_not_repeated() {
        let policy = RetryPolicy::default();
        assert_eq!(
            policy.next_delay(&failure(1, Cause::Permanent), &FixedJitter(0.0)),
            None
        );
    }

    #[test]
    fn the_services_own_wait_is_honoured_and_bounded_by_the_patience() {
        let policy = RetryPolicy::default().with_max_elapsed(Duration::from_secs(60));
        let asked = |secs| Cause::Throttled {
            retry_after: Some(Duration::from_secs(secs)),
        };
        let delay = policy
            .next_delay(&failure(1, asked(50)), &FixedJitter(0.5))
            .unwrap();
        assert_eq!(delay, Duration::from_millis(50_100));
        assert_eq!(
            policy.next_delay(&failure(1, asked(61)), &FixedJitter(0.0)),
            None
        );
        assert_eq!(
            policy.next_delay(&failure(1, asked(u64::MAX)), &FixedJitter(0.9)),
            None
        );
    }

    #[test]
    fn an_empty_budget_stops_retries() {
        let policy = RetryPolicy::default().with_budget(Some(RetryBudget::new(5, 5)));
        let first = failure(1, Cause::Transient);
        assert!(policy.next_delay(&first, &FixedJitter(0.0)).is_some());
        assert!(policy.next_delay(&first, &FixedJitter(0.0)).is_none());
    }

    #[test]
    fn corrected_time_is_tried_at_once() {
        let policy = RetryPolicy::default();
        let skew = failure(1, Cause::ClockSkew { served_at: None });
        assert_eq!(
            policy.next_delay(&skew, &FixedJitter(0.9)),
            Some(Duration::ZERO)
        );
    }

    proptest! {
        #[test]
        fn waits_stay_under_the_ceiling(attempts in 1u32..1000, fraction in 0.0f64..1.0, throttled: bool) {
            let policy = RetryPolicy::default().with_max_attempts(u32::MAX);
            let cause = if throttled { Cause::Throttled { retry_after: None } } else { Cause::Transient };
            let delay = policy.next_delay(&failure(attempts, cause), &FixedJitter(fraction)).unwrap();
            prop_assert!(delay <= policy.max_delay);
            prop_assert!(!throttled || delay >= policy.throttled_delay / 2);
        }
    }
}
