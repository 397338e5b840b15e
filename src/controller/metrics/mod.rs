//! Metrics. Their names are Velero's with another prefix, so that dashboards can be taken over; `deploy/monitoring` has one, and rules.
//!
//! Gauges of backups are made of objects, and only by the process that leads: a restart forgets nothing, and a process that leads no
//! more says nothing of them.

mod families;
mod newest;
mod outcomes;
#[cfg(test)]
mod tests;
mod verifications;

use std::time::Duration;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use self::families::{Durations, Moment, Plan, Value, Vault, Work, durations, later, register};
use self::newest::Newest;
use self::outcomes::Outcomes;
use self::verifications::Verifications;
use crate::crds::{ApplicationBackupStatus, from_time, phase};

pub(super) use self::outcomes::Ended;

/// All metrics.
pub(super) struct Metrics {
    registry: Mutex<Registry>,
    backups: Outcomes,
    restores: Outcomes,
    deletions: Outcomes,
    verifications: Verifications,
    backup_duration: Durations,
    archive_bytes: Value,
    objects: Value,
    errors: Value,
    warnings: Value,
    last_status: Value,
    last_success: Moment,
    newest: Newest,
    expected_interval: Value,
    plan_since: Moment,
    plan_verifies: Value,
    vaults: Family<Vault, Gauge>,
    waiting: Family<Work, Gauge>,
    running: Family<Work, Gauge>,
    leads: Gauge,
    panics: Counter,
}

/// What metrics say of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanFacts {
    /// How long after a backup the next one is, at most; `None` while there are none.
    pub(super) interval: Option<Duration>,
    /// Since when it is there.
    pub(super) since: Option<DateTime<Utc>>,
    /// Whether its backups are to be proved.
    pub(super) verifies: bool,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("csdr");
        let all = &mut registry;
        let backups = [
            "backups begun",
            "backups with everything in them",
            "backups with something missing",
            "backups that failed",
        ];
        let restores = [
            "restores begun",
            "restores of everything",
            "restores with something missing",
            "restores that failed",
        ];
        let deletions = [
            "deletions begun",
            "deletions of everything",
            "deletions of a part",
            "deletions that failed",
        ];
        let value = |registry: &mut Registry, name: &str, help: &str| {
            register(registry, name, help, Value::default())
        };
        let metrics = Self {
            backups: Outcomes::new(all, "backup", backups),
            restores: Outcomes::new(all, "restore", restores),
            deletions: Outcomes::new(all, "backup_deletion", deletions),
            verifications: Verifications::new(all),
            backup_duration: durations(all, "backup_duration_seconds", "how long backups took"),
            archive_bytes: value(
                all,
                "backup_tarball_size_bytes",
                "size of the newest backup's archive",
            ),
            objects: value(all, "backup_items", "objects in the newest backup"),
            errors: value(all, "backup_items_errors", "errors of the newest backup"),
            warnings: value(all, "backup_warnings", "warnings of the newest backup"),
            last_status: value(
                all,
                "backup_last_status",
                "whether the newest backup holds everything (1) or not (0)",
            ),
            last_success: register(
                all,
                "backup_last_successful_timestamp",
                "when a backup with everything in it was last complete, in seconds since 1970",
                Moment::default(),
            ),
            newest: Newest::default(),
            expected_interval: value(
                all,
                "schedule_expected_interval_seconds",
                "how long after a backup of the plan the next one is, at most",
            ),
            plan_since: register(
                all,
                "schedule_creation_timestamp",
                "since when the plan is there, in seconds since 1970",
                Moment::default(),
            ),
            plan_verifies: value(
                all,
                "schedule_verification_expected",
                "whether the plan's backups are to be proved (1) or not (0)",
            ),
            vaults: register(
                all,
                "backup_location_status_gauge",
                "whether the vault can be used",
                Family::default(),
            ),
            waiting: register(
                all,
                "jobs_waiting",
                "what waits for a place to work at",
                Family::default(),
            ),
            running: register(all, "jobs_running", "what is under way", Family::default()),
            leads: register(
                all,
                "leader",
                "whether this process leads",
                Gauge::default(),
            ),
            panics: register(
                all,
                "reconcile_panics",
                "reconciles that panicked",
                Counter::default(),
            ),
            registry: Mutex::new(registry),
        };
        let none = Plan::named(None);
        metrics.restores.begin_at_zero(&none);
        metrics.deletions.begin_at_zero(&none);
        metrics.begin_at_zero(&none);
        metrics
    }

    /// As OpenMetrics text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String fails in no case.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry.lock());
        text
    }

    pub(super) fn backup_begins(&self, schedule: Option<&str>) {
        self.backups.begins(&Plan::named(schedule));
    }

    /// A backup that ended now.
    pub(super) fn backup_ended(&self, status: &ApplicationBackupStatus, seconds: f64) {
        let plan = Plan::named(status.from_schedule.as_deref());
        let phase = status.phase.as_deref().unwrap_or_default();
        self.backups.ended(&plan, Ended::of(phase));
        self.backup_duration.get_or_create(&plan).observe(seconds);
        self.backup_is(status);
    }

    /// A backup that is over, now or long ago.
    pub(super) fn backup_is(&self, status: &ApplicationBackupStatus) {
        let plan = Plan::named(status.from_schedule.as_deref());
        let Some(end) = status.completion_timestamp.as_ref().map(from_time) else {
            return;
        };
        let end = end.timestamp();
        self.verifications.is(&plan, status);
        let good = status.phase.as_deref() == Some(phase::COMPLETED);
        if good {
            later(&self.last_success, &plan, end);
        }
        if !self.newest.is_newest(&plan, end) {
            return;
        }
        self.last_status.get_or_create(&plan).set(i64::from(good));
        for (family, value) in [
            (&self.archive_bytes, status.archive_bytes),
            (&self.objects, status.objects),
            (&self.errors, status.errors),
            (&self.warnings, status.warnings),
        ] {
            family.get_or_create(&plan).set(value.unwrap_or_default());
        }
    }

    pub(super) fn verification_begins(&self, schedule: Option<&str>) {
        self.verifications.begins(&Plan::named(schedule));
    }

    /// A backup of which it is known now whether it is as it should be.
    pub(super) fn verification_ended(&self, status: &ApplicationBackupStatus, seconds: f64) {
        let plan = Plan::named(status.from_schedule.as_deref());
        self.verifications.ended(&plan, status, seconds);
    }

    pub(super) fn plan(&self, name: &str, facts: PlanFacts) {
        let plan = Plan::named(Some(name));
        self.begin_at_zero(&plan);
        if let Some(since) = facts.since {
            later(&self.plan_since, &plan, since.timestamp());
        }
        let verifies = i64::from(facts.verifies);
        self.plan_verifies.get_or_create(&plan).set(verifies);
        match facts.interval {
            Some(interval) => {
                let seconds = i64::try_from(interval.as_secs()).unwrap_or(i64::MAX);
                self.expected_interval.get_or_create(&plan).set(seconds);
            }
            None => {
                self.expected_interval.remove(&plan);
            }
        }
    }

    /// A plan that is gone is late for nothing.
    pub(super) fn plan_is_gone(&self, name: &str) {
        let plan = Plan::named(Some(name));
        for family in [
            &self.archive_bytes,
            &self.objects,
            &self.errors,
            &self.warnings,
            &self.last_status,
            &self.expected_interval,
            &self.plan_verifies,
        ] {
            family.remove(&plan);
        }
        self.last_success.remove(&plan);
        self.plan_since.remove(&plan);
        self.backup_duration.remove(&plan);
        self.backups.forget(&plan);
        self.verifications.forget(&plan);
        self.newest.forget(&plan);
    }

    fn begin_at_zero(&self, plan: &Plan) {
        self.backups.begin_at_zero(plan);
        self.verifications.begin_at_zero(plan);
    }

    pub(super) fn restore_begins(&self) {
        self.restores.begins(&Plan::named(None));
    }

    pub(super) fn restore_ended(&self, ended: Ended) {
        self.restores.ended(&Plan::named(None), ended);
    }

    pub(super) fn deletion_begins(&self) {
        self.deletions.begins(&Plan::named(None));
    }

    pub(super) fn deletion_ended(&self, ended: Ended) {
        self.deletions.ended(&Plan::named(None), ended);
    }

    pub(super) fn vault(&self, name: &str, is_available: bool) {
        let vault = Vault {
            backup_location_name: name.to_owned(),
        };
        self.vaults
            .get_or_create(&vault)
            .set(i64::from(is_available));
    }

    pub(super) fn vault_is_gone(&self, name: &str) {
        self.vaults.remove(&Vault {
            backup_location_name: name.to_owned(),
        });
    }

    pub(super) fn work(&self, kind: &'static str, waiting: usize, running: usize) {
        let of = Work { kind };
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.waiting.get_or_create(&of).set(count(waiting));
        self.running.get_or_create(&of).set(count(running));
    }

    pub(super) fn leads(&self, leads: bool) {
        self.leads.set(i64::from(leads));
    }

    pub(super) fn panicked(&self) {
        self.panics.inc();
    }

    /// Says nothing more of objects: another process looks at them.
    pub(super) fn leads_no_more(&self) {
        for family in [
            &self.archive_bytes,
            &self.objects,
            &self.errors,
            &self.warnings,
            &self.last_status,
            &self.expected_interval,
            &self.plan_verifies,
        ] {
            family.clear();
        }
        self.last_success.clear();
        self.plan_since.clear();
        self.newest.clear();
        self.verifications.clear();
        self.vaults.clear();
    }
}
