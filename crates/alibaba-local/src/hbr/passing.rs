//! What comes about as time passes: plans and policies run, and old snapshots go.
//!
//! Nothing runs in the background. The first request after something was due sees to it, so a test
//! that moves the clock sees it done; what a plan copies is what its source holds then.

use chrono::{DateTime, TimeDelta, Utc};

use super::backups::NewBackup;
use super::records::Records;
use super::schedule::Schedule;
use super::state::Hbr;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

impl Hbr {
    /// Looks at what there is, and changes it, with nobody in between; what is due is done first.
    pub(super) fn change<T>(
        &self,
        call: &Call<'_>,
        change: impl FnOnce(&mut Records) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let now = call.now();
        unhurried(|| {
            self.shared.change(|records| {
                self.pass(records, now)?;
                change(records)
            })
        })
    }

    fn pass(&self, records: &mut Records, now: DateTime<Utc>) -> Result<(), ApiError> {
        for new in due(records, now) {
            let vault = records.vaults.get(&new.vault);
            let is_usable = vault.is_some_and(|vault| vault.is_made(new.at));
            // What would be gone by now is not made.
            let kept = TimeDelta::try_days(new.retention_days).unwrap_or(TimeDelta::MAX);
            let is_gone = new
                .at
                .checked_add_signed(kept)
                .is_some_and(|end| end <= now);
            if is_usable && (!is_gone || new.keep_latest) {
                self.back_up(records, new)?;
            }
        }
        let expired = |it: &super::records::Snapshot| records.is_expired(it, now);
        let gone = records.snapshots.keys_of(expired);
        if !gone.is_empty() {
            for snapshot in gone {
                records.snapshots.remove(&snapshot);
            }
            self.shared.sweep(records)?;
        }
        Ok(())
    }
}

/// What was due since the last look, the earliest first.
fn due(records: &mut Records, now: DateTime<Utc>) -> Vec<NewBackup> {
    let mut due = Vec::new();
    for id in records.plans.keys_of(|plan| plan.fired_until < now) {
        let Some(plan) = records.plans.get(&id) else {
            continue;
        };
        let before = due.len();
        for rule in plan
            .rules
            .iter()
            .filter(|it| !it.is_disabled && !plan.is_disabled)
        {
            let schedule = Schedule::parse(&rule.schedule);
            let runs = schedule.map(|it| it.due(plan.fired_until, now));
            let runs = runs.unwrap_or_default().into_iter();
            due.extend(runs.map(|at| plan.backup(rule, "AUTO", at)));
        }
        // Noted only where something came of it: reading changes nothing.
        if due.len() > before
            && let Some(plan) = records.plans.get_mut(&id)
        {
            plan.fired_until = now;
        }
    }
    for id in records.policies.keys_of(|policy| policy.fired_until < now) {
        let Some(policy) = records.policies.get(&id) else {
            continue;
        };
        let runs = policy.due(policy.fired_until, now);
        if !runs.is_empty()
            && let Some(policy) = records.policies.get_mut(&id)
        {
            policy.fired_until = now;
        }
        due.extend(runs);
    }
    due.sort_by_key(|new| new.at);
    due
}

/// Copying takes its time. Where there are other threads, they go on with the rest meanwhile.
fn unhurried<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current().map(|it| it.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
