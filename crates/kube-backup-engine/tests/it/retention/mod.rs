//! Which backups are kept, and how the others go.

mod examples;
mod execution;
mod protection;
mod restic;
mod rules;
mod snapshots;
mod world;

use chrono::{DateTime, Utc};
use kube_backup_engine::retention::{Candidate, PrunePlan, RetentionPolicy, Verdict};

fn at(text: &str) -> DateTime<Utc> {
    let full = match text.len() {
        10 => format!("{text}T02:00:00Z"),
        13 => format!("{text}:00:00Z"),
        _ => text.to_owned(),
    };
    full.parse()
        .unwrap_or_else(|error| panic!("{full}: {error}"))
}

/// Good backups of these times, named by them.
fn good(times: &[&str]) -> Vec<Candidate> {
    times
        .iter()
        .map(|time| Candidate::completed(*time, at(time)))
        .collect()
}

fn names(plan: &PrunePlan, verdict: Verdict) -> Vec<String> {
    plan.with(verdict)
        .map(|backup| backup.name.clone())
        .collect()
}

fn kept(policy: &RetentionPolicy, backups: &[Candidate], now: &str) -> Vec<String> {
    names(&policy.apply(backups, at(now)).unwrap(), Verdict::Keep)
}
