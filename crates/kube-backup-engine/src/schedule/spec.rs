//! What a plan asks for, and what is remembered of it.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Schedule;
use crate::Result;
use crate::spec::go_duration;

/// When the backups of a plan are to be made.
///
/// All of it is desired state, and nothing in it is ever rewritten by whoever acts on it: a tool that puts it back
/// as it was, such as Argo CD, changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ScheduleSpec {
    /// Five cron fields, a name such as `@daily`, or an interval such as `6h30m`.
    pub schedule: String,
    /// The time zone of the schedule, as in `Asia/Shanghai`. UTC if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Whether no runs are made for now. Those that pass meanwhile are not made up for.
    #[serde(default)]
    pub paused: bool,
    /// How long after its time a run may still begin, when the controller was away or the run before it had not ended,
    /// as in `10m`. If left out, the last of the runs that were missed is made up for, however late; never more than one.
    #[serde(default, with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub starting_deadline: Option<Duration>,
    /// Skips one run: the first at or after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<DateTime<Utc>>,
    /// Makes one run more, at this time, even while paused. A time that has passed is now, unless it had passed ten minutes before the plan
    /// was made. Each later time is another run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<DateTime<Utc>>,
}

impl ScheduleSpec {
    /// This schedule, in UTC.
    pub fn new(schedule: impl Into<String>) -> Self {
        Self {
            schedule: schedule.into(),
            ..Self::default()
        }
    }

    /// Reads the schedule.
    ///
    /// # Errors
    /// As [`Schedule::parse`].
    pub fn check(&self) -> Result<Schedule> {
        Schedule::parse(&self.schedule, self.time_zone.as_deref())
    }
}

/// How long before a plan a run may have been asked of it.
const BEFORE: TimeDelta = TimeDelta::minutes(10);

/// What is remembered of a plan between one decision and the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ScheduleStatus {
    /// When the plan was made. Intervals count from here until there is a slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// The schedule that the rest is about. With another one, slots count from when that was first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_schedule: Option<String>,
    /// No slot up to here is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// The last slot that was dealt with: run or passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_slot: Option<DateTime<Utc>>,
    /// The last slot that was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<DateTime<Utc>>,
    /// The last [`ScheduleSpec::run_at`] that was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_requested: Option<DateTime<Utc>>,
}

impl ScheduleStatus {
    /// Whether this time is long before the plan was made, so that a run at it was asked of another plan of its name. Who asks for a run at
    /// once writes down the time first, and makes the plan after that.
    #[must_use]
    pub fn is_before_its_time(&self, at: DateTime<Utc>) -> bool {
        self.created.is_some_and(|created| at + BEFORE < created)
    }

    /// Of a plan that was made at this time, and has not been looked at since.
    #[must_use]
    pub fn since(created: DateTime<Utc>) -> Self {
        // Names of backups tell whole seconds.
        let created = created.trunc_subsecs(0);
        Self {
            created: Some(created),
            since: Some(created),
            ..Self::default()
        }
    }
}
