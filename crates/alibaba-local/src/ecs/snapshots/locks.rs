//! LockSnapshot, UnlockSnapshot and DescribeLockedSnapshots.
//!
//! When they refuse is documented, with which code is not: the codes here are inferred.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::once::once;
use crate::ecs::page::Paging;
use crate::ecs::place;
use crate::ecs::records::lock::{Lock, LockStatus};
use crate::ecs::records::snapshot::{Snapshot, Status};
use crate::ecs::refusal;
use crate::ecs::state::State;
use crate::ecs::store::Store;
use crate::ecs::time;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LockCall {
    snapshot_id: String,
    lock_mode: String,
    cool_off_period: i64,
    lock_duration: i64,
    dry_run: Option<bool>,
}

/// Locks a snapshot; in the cool-off period anew with all values, later only for longer.
pub(in crate::ecs) fn lock(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: LockCall = call.parameters.read()?;
    if asked.lock_mode != "compliance" {
        return Err(ApiError::invalid("LockMode"));
    }
    let hours = in_bounds("CoolOffPeriod", asked.cool_off_period, 72, 0)?;
    let days = in_bounds("LockDuration", asked.lock_duration, 36500, 1)?;
    store.change(|state, now| {
        once(state, now, call, ("LockSnapshot", &region), |state| {
            let snapshot = find(state, &region, &asked.snapshot_id)?;
            if snapshot.status(now) == Status::Failed {
                return Err(ApiError::forbidden(
                    "IncorrectSnapshotStatus",
                    "The current status of the snapshot does not support this operation.",
                ));
            }
            let mut lock = Lock {
                created: now,
                starts: now.max(snapshot.ends()),
                cool_off_hours: hours,
                days,
            };
            if let Some(before) = &snapshot.lock
                && before.status(now) == LockStatus::Locked
            {
                // The cool-off period is over, and what is left is when it ends.
                lock.created = before.created;
                lock.starts = before.starts;
                lock.cool_off_hours = before.cool_off_hours;
                if hours != 0 {
                    return Err(ApiError::invalid("CoolOffPeriod"));
                }
                if days <= before.days {
                    return Err(ApiError::invalid("LockDuration"));
                }
            }
            if asked.dry_run == Some(true) {
                return Err(refusal::dry_run());
            }
            let shown = show(&asked.snapshot_id, &lock, now);
            if let Some(snapshot) = state.records.snapshots.get_mut(&asked.snapshot_id) {
                snapshot.lock = Some(lock);
            }
            Ok(json!({ "LockedSnapshotInfo": shown }))
        })
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unlock {
    snapshot_id: String,
    dry_run: Option<bool>,
}

/// Takes a lock off whose cool-off period is not over.
pub(in crate::ecs) fn unlock(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Unlock = call.parameters.read()?;
    store.change(|state, now| {
        once(state, now, call, ("UnlockSnapshot", &region), |state| {
            let snapshot = find(state, &region, &asked.snapshot_id)?;
            let status = snapshot.lock.as_ref().map(|lock| lock.status(now));
            if status == Some(LockStatus::Locked) {
                return Err(ApiError::forbidden(
                    "OperationDenied.SnapshotLocked",
                    "The cool-off period of the lock is over.",
                ));
            }
            if status.is_none() {
                return Err(ApiError::forbidden(
                    "OperationDenied.SnapshotNotLocked",
                    "The snapshot is not locked.",
                ));
            }
            if asked.dry_run == Some(true) {
                return Err(refusal::dry_run());
            }
            if let Some(snapshot) = state.records.snapshots.get_mut(&asked.snapshot_id) {
                snapshot.lock = None;
            }
            Ok(json!({}))
        })
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    #[serde(default)]
    snapshot_ids: Vec<String>,
    lock_status: Option<String>,
    dry_run: Option<bool>,
}

/// Lists snapshots that have a lock, and those whose lock is over.
pub(in crate::ecs) fn describe(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Describe = call.parameters.read()?;
    if asked.snapshot_ids.len() > 100 {
        return Err(ApiError::invalid("SnapshotIds"));
    }
    let wanted = match asked.lock_status.as_deref() {
        None => None,
        Some(name) => {
            let status = LockStatus::ALL.into_iter().find(|it| it.name() == name);
            Some(status.ok_or_else(|| ApiError::invalid("LockStatus"))?)
        }
    };
    let paging = Paging::read_token(call, (10, 100))?;
    if asked.dry_run == Some(true) {
        return Err(refusal::dry_run());
    }
    store.change(|state, now| {
        let rows = state.records.snapshots.values();
        let rows = rows.filter(|it| {
            let lock = it.lock.as_ref();
            it.region == region
                && (asked.snapshot_ids.is_empty() || asked.snapshot_ids.contains(&it.id))
                && lock.is_some_and(|lock| wanted.is_none_or(|it| it == lock.status(now)))
        });
        let page = paging.page(rows, |it| it.number, |_| true);
        let shown = page.rows.iter();
        let shown = shown.filter_map(|it| Some(show(&it.id, it.lock.as_ref()?, now)));
        let shown = shown.collect::<Vec<_>>();
        Ok(page.finish(json!({ "LockedSnapshotsInfo": shown })))
    })
}

fn find<'s>(state: &'s State, region: &str, id: &str) -> Result<&'s Snapshot, ApiError> {
    let snapshot = state.records.snapshots.get(id);
    let snapshot = snapshot.filter(|it| it.region == region);
    snapshot.ok_or_else(refusal::no_snapshot)
}

fn in_bounds(name: &str, value: i64, most: u32, least: u32) -> Result<u32, ApiError> {
    let value = u32::try_from(value).ok();
    let value = value.filter(|value| (least..=most).contains(value));
    value.ok_or_else(|| ApiError::invalid(name))
}

fn show(snapshot: &str, lock: &Lock, now: DateTime<Utc>) -> Value {
    json!({
        "SnapshotId": snapshot,
        "LockMode": "compliance",
        "LockStatus": lock.status(now).name(),
        "LockCreationTime": time::text(lock.created),
        "LockDuration": lock.days,
        "LockDurationStartTime": time::text(lock.starts),
        "LockExpiredTime": time::text(lock.expires()),
        "CoolOffPeriod": lock.cool_off_hours,
        "CoolOffPeriodExpiredTime": time::text(lock.cool_off_ends()),
    })
}
