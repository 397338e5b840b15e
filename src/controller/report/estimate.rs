//! When something will be over.

use std::time::Duration;

use chrono::Utc;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::time::Instant;

use crate::crds::to_time;

/// Estimates by the rate since it began.
#[derive(Clone, Copy, Debug)]
pub(in crate::controller) struct Estimate(Instant);

impl Estimate {
    pub(in crate::controller) fn from_now() -> Self {
        Self(Instant::now())
    }

    /// Percent done, and when all of it will be.
    pub(in crate::controller) fn of(self, done: u64, total: u64) -> (i64, Option<Time>) {
        let done = done.min(total);
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(0);
        let left = (done > 0 && done < total).then(|| remaining(self.0.elapsed(), done, total));
        let end = left
            .and_then(|left| Utc::now().checked_add_signed(chrono::Duration::from_std(left).ok()?));
        (i64::try_from(percent).unwrap_or(100), end.map(to_time))
    }
}

/// What is left of a work of which `done` took `elapsed`.
fn remaining(elapsed: Duration, done: u64, total: u64) -> Duration {
    let ratio = (total - done) as f64 / done as f64;
    Duration::try_from_secs_f64(elapsed.as_secs_f64() * ratio).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn percent_is_of_a_hundred_and_the_end_lies_ahead() {
        let estimate = Estimate::from_now();
        assert_eq!(estimate.of(0, 0), (0, None));
        assert_eq!(estimate.of(5, 5), (100, None));
        assert_eq!(estimate.of(9, 5), (100, None));
        let (percent, end) = estimate.of(1, 4);
        assert_eq!(percent, 25);
        assert!(end.is_some());
        assert_eq!(
            remaining(Duration::from_secs(10), 1, 4),
            Duration::from_secs(30)
        );
        assert_eq!(estimate.of(u64::MAX - 1, u64::MAX).0, 1);
    }
}
