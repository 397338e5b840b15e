//! From the fields of a plan to the engine's.

use std::time::Duration;

use chrono::TimeDelta;
use kube_backup_engine::retention::{RetentionPolicy, Within};
use kube_backup_engine::schedule::{Schedule, ScheduleSpec, ScheduleStatus};

use crate::crds::{
    BackupScheduleSpec, BackupScheduleStatus, CatchUp, ScheduleRetention, from_time,
};

/// How late a run may begin where missed runs are not made up for: as long as a controller takes to be replaced.
const PUNCTUAL: Duration = Duration::from_secs(600);
const HOUR: u64 = 3600;

/// A plan asks for what cannot be.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    #[error("{0}")]
    Field(String),
    #[error(transparent)]
    Engine(#[from] kube_backup_engine::Error),
}

/// A plan, understood.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) spec: ScheduleSpec,
    pub(super) schedule: Schedule,
    pub(super) retention: RetentionPolicy,
    /// Whether `skipImmediately` has not been met yet.
    pub(super) wants_skip: bool,
}

impl Settings {
    pub(super) fn of(
        plan: &BackupScheduleSpec,
        status: &BackupScheduleStatus,
    ) -> Result<Self, SettingsError> {
        let slots = status.slots.clone().unwrap_or_default();
        let wants_skip = plan.skip_immediately && status.skipped_generation.is_none();
        let spec = ScheduleSpec {
            schedule: plan.schedule.clone(),
            time_zone: Some(plan.time_zone.clone()).filter(|zone| !zone.is_empty()),
            paused: plan.paused,
            starting_deadline: (plan.catch_up == CatchUp::None).then_some(PUNCTUAL),
            skip: wants_skip.then(|| next(&slots)).flatten(),
            run_at: plan.run_at.as_ref().map(from_time),
        };
        let schedule = spec.check()?;
        let mut retention = plan
            .retention
            .as_ref()
            .map_or_else(|| Ok(RetentionPolicy::default()), policy)?;
        retention.time_zone.clone_from(&spec.time_zone);
        retention.check()?;
        if plan.template.storage_location.is_empty() {
            return Err(SettingsError::Field(
                "`template.storageLocation` names no BackupLocation".to_owned(),
            ));
        }
        Ok(Self {
            spec,
            schedule,
            retention,
            wants_skip,
        })
    }
}

/// The next slot is at or after this time.
fn next(slots: &ScheduleStatus) -> Option<chrono::DateTime<chrono::Utc>> {
    Some(slots.last_slot.max(slots.since)? + TimeDelta::seconds(1))
}

fn policy(asked: &ScheduleRetention) -> Result<RetentionPolicy, SettingsError> {
    let count = |count: Option<i64>| count.map(|count| i32::try_from(count).unwrap_or(i32::MAX));
    let mut policy = RetentionPolicy {
        keep_last: count(asked.keep_last),
        keep_hourly: count(asked.keep_hourly),
        keep_daily: count(asked.keep_daily),
        keep_weekly: count(asked.keep_weekly),
        keep_monthly: count(asked.keep_monthly),
        keep_yearly: count(asked.keep_yearly),
        ..RetentionPolicy::default()
    };
    if let Some(span) = &asked.keep_within {
        let seconds = span
            .parse()
            .map_err(|why| SettingsError::Field(format!("`retention.keepWithin`: {why}")))?
            .as_secs();
        let whole = seconds > 0 && seconds.is_multiple_of(HOUR);
        let hours = u32::try_from(seconds / HOUR).ok().filter(|_| whole);
        let within = hours.map(|hours| format!("{hours}h").parse::<Within>());
        let within = within.and_then(Result::ok).ok_or_else(|| {
            SettingsError::Field(format!(
                "`retention.keepWithin` is `{span}`: write whole hours, as in `48h`"
            ))
        })?;
        policy.keep_within = Some(within);
    }
    Ok(policy)
}
