//! What proving backups came to.

use prometheus_client::registry::Registry;

use super::families::{Count, Durations, Moment, Plan, Value, durations, later, register};
use super::newest::Newest;
use crate::crds::{ApplicationBackupStatus, from_time, phase};

#[derive(Debug)]
pub(super) struct Verifications {
    attempt: Count,
    success: Count,
    failure: Count,
    duration: Durations,
    last_status: Value,
    last_success: Moment,
    newest: Newest,
}

impl Verifications {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let mut count = |name: &str, help: &str| {
            let name = format!("backup_verification_{name}");
            register(registry, name, help, Count::default())
        };
        let attempt = count("attempt", "verifications and drills begun");
        let success = count("success", "backups proved to be as they should be");
        let failure = count("failure", "backups found not to be as they should be");
        Self {
            attempt,
            success,
            failure,
            duration: durations(
                registry,
                "backup_verification_duration_seconds",
                "how long verifications and drills took",
            ),
            last_status: register(
                registry,
                "backup_last_verification_status",
                "whether the backup verified last is as it should be (1) or not (0)",
                Value::default(),
            ),
            last_success: register(
                registry,
                "backup_last_verified_timestamp",
                "when a backup was last proved to be as it should be, in seconds since 1970",
                Moment::default(),
            ),
            newest: Newest::default(),
        }
    }

    pub(super) fn begins(&self, plan: &Plan) {
        self.attempt.get_or_create(plan).inc();
    }

    /// Of this backup it is known now.
    pub(super) fn ended(&self, plan: &Plan, status: &ApplicationBackupStatus, seconds: f64) {
        let ended = match is_verified(status) {
            true => &self.success,
            false => &self.failure,
        };
        ended.get_or_create(plan).inc();
        self.duration.get_or_create(plan).observe(seconds);
        self.is(plan, status);
    }

    /// What is known of a backup, found now or long ago.
    pub(super) fn is(&self, plan: &Plan, status: &ApplicationBackupStatus) {
        let Some(verification) = &status.verification else {
            return;
        };
        let word = verification.phase.as_deref();
        let end = verification.completion_timestamp.as_ref().map(from_time);
        let (Some(phase::PASSED | phase::FAILED), Some(end)) = (word, end) else {
            return;
        };
        let (passed, end) = (is_verified(status), end.timestamp());
        if passed {
            later(&self.last_success, plan, end);
        }
        if self.newest.is_newest(plan, end) {
            self.last_status.get_or_create(plan).set(i64::from(passed));
        }
    }

    pub(super) fn begin_at_zero(&self, plan: &Plan) {
        for family in [&self.attempt, &self.success, &self.failure] {
            drop(family.get_or_create(plan));
        }
    }

    pub(super) fn forget(&self, plan: &Plan) {
        for family in [&self.attempt, &self.success, &self.failure] {
            family.remove(plan);
        }
        self.duration.remove(plan);
        self.last_status.remove(plan);
        self.last_success.remove(plan);
        self.newest.forget(plan);
    }

    pub(super) fn clear(&self) {
        self.last_status.clear();
        self.last_success.clear();
        self.newest.clear();
    }
}

fn is_verified(status: &ApplicationBackupStatus) -> bool {
    let verification = status.verification.as_ref();
    verification.and_then(|it| it.phase.as_deref()) == Some(phase::PASSED)
}
