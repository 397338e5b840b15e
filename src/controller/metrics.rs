//! Metrics. Their names are Velero's with another prefix, so that dashboards can be taken over.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::crds::{ApplicationBackupStatus, from_time, phase};

/// The plan; empty for what somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Plan {
    schedule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Vault {
    backup_location_name: String,
}

/// What of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Work {
    kind: &'static str,
}

type Count = Family<Plan, Counter>;
type Value = Family<Plan, Gauge>;
type Durations = Family<Plan, Histogram, fn() -> Histogram>;

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Success,
    Partly,
    Not,
}

impl Ended {
    pub(super) fn of(phase: &str) -> Self {
        match phase {
            phase::COMPLETED => Self::Success,
            phase::PARTIALLY_FAILED => Self::Partly,
            _ => Self::Not,
        }
    }
}

#[derive(Debug)]
struct Outcomes {
    attempt: Count,
    success: Count,
    partial: Count,
    failure: Count,
}

/// All metrics.
pub(super) struct Metrics {
    registry: Mutex<Registry>,
    backups: Outcomes,
    restores: Outcomes,
    deletions: Outcomes,
    backup_duration: Durations,
    archive_bytes: Value,
    objects: Value,
    errors: Value,
    warnings: Value,
    last_status: Value,
    last_success: Family<Plan, Gauge<f64, AtomicU64>>,
    /// When the newest backup of each plan ended, by which the gauges are of it.
    newest: Mutex<HashMap<Plan, i64>>,
    expected_interval: Family<Plan, Gauge>,
    vaults: Family<Vault, Gauge>,
    waiting: Family<Work, Gauge>,
    running: Family<Work, Gauge>,
    leads: Gauge,
    panics: Counter,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("csdr");
        let registry_ = &mut registry;
        let backups = outcomes(
            registry_,
            "backup",
            [
                "backups begun",
                "backups with everything in them",
                "backups with something missing",
                "backups that failed",
            ],
        );
        let restores = outcomes(
            registry_,
            "restore",
            [
                "restores begun",
                "restores of everything",
                "restores with something missing",
                "restores that failed",
            ],
        );
        let deletions = outcomes(
            registry_,
            "backup_deletion",
            [
                "deletions begun",
                "deletions of everything",
                "deletions of a part",
                "deletions that failed",
            ],
        );
        let backup_duration =
            Durations::new_with_constructor(|| Histogram::new(exponential_buckets(1.0, 2.0, 15)));
        registry_.register(
            "backup_duration_seconds",
            "how long backups took",
            backup_duration.clone(),
        );
        let value = |registry: &mut Registry, name: &str, help: &str| {
            let family = Value::default();
            registry.register(name, help, family.clone());
            family
        };
        let archive_bytes = value(
            registry_,
            "backup_tarball_size_bytes",
            "size of the newest backup's archive",
        );
        let objects = value(registry_, "backup_items", "objects in the newest backup");
        let errors = value(
            registry_,
            "backup_items_errors",
            "errors of the newest backup",
        );
        let warnings = value(
            registry_,
            "backup_warnings",
            "warnings of the newest backup",
        );
        let last_status = value(
            registry_,
            "backup_last_status",
            "whether the newest backup holds everything (1) or not (0)",
        );
        let last_success = Family::<Plan, Gauge<f64, AtomicU64>>::default();
        registry_.register(
            "backup_last_successful_timestamp",
            "when a backup with everything in it was last complete, in seconds since 1970",
            last_success.clone(),
        );
        let expected_interval = value(
            registry_,
            "schedule_expected_interval_seconds",
            "how long after a backup of the plan the next one is, at most",
        );
        let vaults = Family::<Vault, Gauge>::default();
        registry_.register(
            "backup_location_status_gauge",
            "whether the vault can be used",
            vaults.clone(),
        );
        let (waiting, running) = (
            Family::<Work, Gauge>::default(),
            Family::<Work, Gauge>::default(),
        );
        registry_.register(
            "jobs_waiting",
            "what waits for a place to work at",
            waiting.clone(),
        );
        registry_.register("jobs_running", "what is under way", running.clone());
        let (leads, panics) = (Gauge::default(), Counter::default());
        registry_.register("leader", "whether this process leads", leads.clone());
        registry_.register(
            "reconcile_panics",
            "reconciles that panicked",
            panics.clone(),
        );
        Self {
            registry: Mutex::new(registry),
            backups,
            restores,
            deletions,
            backup_duration,
            archive_bytes,
            objects,
            errors,
            warnings,
            last_status,
            last_success,
            newest: Mutex::default(),
            expected_interval,
            vaults,
            waiting,
            running,
            leads,
            panics,
        }
    }

    /// As OpenMetrics text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String fails in no case.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry.lock());
        text
    }

    pub(super) fn backup_begins(&self, schedule: Option<&str>) {
        self.backups.attempt.get_or_create(&plan(schedule)).inc();
    }

    /// A backup that ended now.
    pub(super) fn backup_ended(&self, status: &ApplicationBackupStatus, seconds: f64) {
        let plan = plan(status.from_schedule.as_deref());
        let phase = status.phase.as_deref().unwrap_or_default();
        self.backups.count(&plan, Ended::of(phase));
        self.backup_duration.get_or_create(&plan).observe(seconds);
        self.backup_is(status);
    }

    /// A backup that is over, now or long ago: gauges are made of objects, so that a restart forgets nothing.
    pub(super) fn backup_is(&self, status: &ApplicationBackupStatus) {
        let plan = plan(status.from_schedule.as_deref());
        let Some(end) = status.completion_timestamp.as_ref().map(from_time) else {
            return;
        };
        let end = end.timestamp();
        let good = status.phase.as_deref() == Some(phase::COMPLETED);
        if good {
            let success = self.last_success.get_or_create_owned(&plan);
            success.set(success.get().max(end as f64));
        }
        let mut newest = self.newest.lock();
        let newest = newest.entry(plan.clone()).or_insert(end);
        if *newest > end {
            return;
        }
        *newest = end;
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

    pub(super) fn plan(&self, name: &str, interval: Option<std::time::Duration>) {
        let plan = plan(Some(name));
        match interval {
            Some(interval) => {
                let seconds = i64::try_from(interval.as_secs()).unwrap_or(i64::MAX);
                self.expected_interval.get_or_create(&plan).set(seconds);
            }
            None => {
                self.expected_interval.remove(&plan);
            }
        }
    }

    pub(super) fn restore_begins(&self) {
        self.restores.attempt.get_or_create(&plan(None)).inc();
    }

    pub(super) fn restore_ended(&self, ended: Ended) {
        self.restores.count(&plan(None), ended);
    }

    pub(super) fn deletion_begins(&self) {
        self.deletions.attempt.get_or_create(&plan(None)).inc();
    }

    pub(super) fn deletion_ended(&self, ended: Ended) {
        self.deletions.count(&plan(None), ended);
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
}

impl Outcomes {
    fn count(&self, plan: &Plan, ended: Ended) {
        let family = match ended {
            Ended::Success => &self.success,
            Ended::Partly => &self.partial,
            Ended::Not => &self.failure,
        };
        family.get_or_create(plan).inc();
    }
}

fn plan(schedule: Option<&str>) -> Plan {
    Plan {
        schedule: schedule.unwrap_or_default().to_owned(),
    }
}

fn outcomes(registry: &mut Registry, of: &str, help: [&str; 4]) -> Outcomes {
    let mut count = |name: &str, help: &str| {
        let family = Count::default();
        registry.register(format!("{of}_{name}"), help, family.clone());
        family
    };
    let [attempt, success, partial, failure] = help;
    Outcomes {
        attempt: count("attempt", attempt),
        success: count("success", success),
        partial: count("partial_failure", partial),
        failure: count("failure", failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crds::to_time;

    fn status(phase: &str, seconds: i64, schedule: Option<&str>) -> ApplicationBackupStatus {
        ApplicationBackupStatus {
            phase: Some(phase.to_owned()),
            completion_timestamp: chrono::DateTime::from_timestamp(seconds, 0).map(to_time),
            from_schedule: schedule.map(str::to_owned),
            objects: Some(seconds),
            ..ApplicationBackupStatus::default()
        }
    }

    #[test]
    fn gauges_are_of_the_newest_backup_in_whatever_order_they_are_seen() {
        let metrics = Metrics::new();
        for backup in [
            status(phase::COMPLETED, 200, Some("daily")),
            status(phase::COMPLETED, 100, Some("daily")),
            status(phase::FAILED, 50, Some("daily")),
        ] {
            metrics.backup_is(&backup);
        }
        let text = metrics.text();
        for line in [
            "csdr_backup_last_successful_timestamp{schedule=\"daily\"} 200.0",
            "csdr_backup_last_status{schedule=\"daily\"} 1",
            "csdr_backup_items{schedule=\"daily\"} 200",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        metrics.backup_ended(&status(phase::FAILED, 300, Some("daily")), 1.0);
        let text = metrics.text();
        for line in [
            "csdr_backup_last_successful_timestamp{schedule=\"daily\"} 200.0",
            "csdr_backup_last_status{schedule=\"daily\"} 0",
            "csdr_backup_failure_total{schedule=\"daily\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
