//! How far a job has come: a function of when it was made, how long it takes, and the clock.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The states on the way are those that Terraform's provider knows of restore jobs. How long each lasts
/// is a choice of this cloud.
const CREATED: TimeDelta = TimeDelta::seconds(1);
const QUEUED: TimeDelta = TimeDelta::seconds(1);
const CANCELING: TimeDelta = TimeDelta::seconds(1);

/// What a job comes to when nobody cancels it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum End {
    Complete,
    PartialComplete,
    Failed,
}

/// The course of a job. What it copies is copied when it is made; what is seen of it goes by this.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) created_at: DateTime<Utc>,
    /// How long it copies.
    millis: i64,
    pub(super) end: End,
    pub(super) canceled_at: Option<DateTime<Utc>>,
}

/// What is seen of a job at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) status: &'static str,
    /// In hundredths of a percent.
    pub(super) progress: u32,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

impl Run {
    /// A job that copies so many bytes, so many of them a second.
    pub(super) fn new(created_at: DateTime<Utc>, bytes: u64, speed: u64, end: End) -> Self {
        let millis = u128::from(bytes) * 1000 / u128::from(speed.max(1));
        Self {
            created_at,
            // A second at least: a job that nobody sees running cannot be cancelled either.
            millis: i64::try_from(millis)
                .unwrap_or(i64::MAX / 2)
                .clamp(1000, i64::MAX / 2),
            end,
            canceled_at: None,
        }
    }

    pub(super) fn starts_at(&self) -> DateTime<Utc> {
        self.created_at + CREATED + QUEUED
    }

    /// When it ends, unless it is cancelled.
    pub(super) fn ends_at(&self) -> DateTime<Utc> {
        let span = TimeDelta::milliseconds(self.millis);
        let end = self.starts_at().checked_add_signed(span);
        end.unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Whether it can still be cancelled.
    pub(super) fn is_under_way(&self, now: DateTime<Utc>) -> bool {
        self.canceled_at.is_none() && now < self.ends_at()
    }

    pub(super) fn at(&self, now: DateTime<Utc>) -> Moment {
        let starts_at = self.starts_at();
        let until = self.canceled_at.unwrap_or(now);
        let started_at = (until >= starts_at).then_some(starts_at);
        let passed = (until - starts_at).num_milliseconds().clamp(0, self.millis);
        let progress = i128::from(passed) * 10_000 / i128::from(self.millis);
        let moment = |status, ended_at| Moment {
            status,
            progress: u32::try_from(progress).unwrap_or(10_000),
            started_at,
            ended_at,
        };
        if let Some(canceled_at) = self.canceled_at {
            let ended_at = canceled_at + CANCELING;
            return match now < ended_at {
                true => moment("CANCELING", None),
                false => moment("CANCELED", Some(ended_at)),
            };
        }
        if now < self.created_at + CREATED {
            return moment("CREATED", None);
        }
        if now < starts_at {
            return moment("QUEUED", None);
        }
        let ends_at = self.ends_at();
        if now < ends_at {
            return moment("RUNNING", None);
        }
        match self.end {
            End::Complete => moment("COMPLETE", Some(ends_at)),
            End::PartialComplete => moment("PARTIAL_COMPLETE", Some(ends_at)),
            End::Failed => Moment {
                progress: 0,
                ..moment("FAILED", Some(ends_at))
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(run: &Run, seconds: i64) -> (&'static str, u32) {
        let moment = run.at(run.created_at + TimeDelta::seconds(seconds));
        (moment.status, moment.progress)
    }

    #[test]
    fn a_job_goes_by_the_clock() {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut run = Run::new(start, 1000, 100, End::Complete);
        assert_eq!(seen(&run, 0), ("CREATED", 0));
        assert_eq!(seen(&run, 1), ("QUEUED", 0));
        assert_eq!(seen(&run, 7), ("RUNNING", 5000));
        assert_eq!(seen(&run, 12), ("COMPLETE", 10_000));
        // A clock that is put back takes nothing with it.
        assert_eq!(seen(&run, -5), ("CREATED", 0));
        run.canceled_at = Some(start + TimeDelta::seconds(4));
        assert_eq!(seen(&run, 4), ("CANCELING", 2000));
        assert_eq!(seen(&run, 30), ("CANCELED", 2000));
        assert!(!run.is_under_way(start + TimeDelta::seconds(5)));
        // However much there is to copy.
        let run = Run::new(start, u64::MAX, 1, End::Failed);
        assert_eq!(seen(&run, 1_000_000).0, "RUNNING");
        assert_eq!(
            Run::new(start, 0, 0, End::Failed)
                .at(start + TimeDelta::seconds(3))
                .status,
            "FAILED"
        );
    }
}
