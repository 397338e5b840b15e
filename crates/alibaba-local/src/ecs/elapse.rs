//! What happens by itself: policies make snapshots and copies, and what is kept for some days goes.
//!
//! Nothing runs in the background. Before anything is looked at or changed, all that is due by then is
//! done, with the times at which it was due. Writes to disks are such changes, so a snapshot that is
//! made late holds what the disk held when it was due.

use std::collections::HashMap;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use super::categories;
use super::cut::{Cut, NewCopy, NewSnapshot, copy};
use super::records::instance::Instance;
use super::records::policy::Policy;
use super::records::snapshot::{PlannedCopy, Status};
use super::state::State;
use super::tag::Tags;

/// How long a client token is remembered. Nothing says so in public: it is inferred.
const TOKEN_KEPT: TimeDelta = TimeDelta::hours(24);

/// Does what is due.
pub(super) fn elapse(state: &mut State, now: DateTime<Utc>) {
    make_snapshots(state, now);
    make_copies(state, now);
    let expired = state.records.snapshots.keys_of(|snapshot| {
        let ends = snapshot.expires();
        ends.is_some_and(|end| end <= now) && !snapshot.is_locked(now)
    });
    for id in expired {
        state.remove_snapshot(&id);
    }
    let forgotten = state
        .records
        .tokens
        .keys_of(|token| token.used + TOKEN_KEPT <= now);
    for key in forgotten {
        state.records.tokens.remove(&key);
    }
}

/// A snapshot that is due.
struct Due {
    at: DateTime<Utc>,
    disk: String,
    policy: String,
}

fn make_snapshots(state: &mut State, now: DateTime<Utc>) {
    if state.records.policies.values().next().is_none() {
        return;
    }
    let mut due = find_due(state, now);
    if due.is_empty() {
        return;
    }
    due.sort_by(|a, b| (a.at, &a.disk, &a.policy).cmp(&(b.at, &b.disk, &b.policy)));
    // Nothing was written since the first of them was due, so all of a disk's are the same.
    let mut cuts: HashMap<String, Cut> = HashMap::new();
    for Due { at, disk, policy } in due {
        if may_cut(state, &disk, at) {
            make_room(state, &disk, at);
            let cut = cut_once(state, &cuts, &disk);
            let policy = state.records.policies.get(&policy);
            if let (Some(cut), Some(policy)) = (cut, policy) {
                cuts.insert(disk.clone(), cut.clone());
                let new = automatic(policy, at);
                cut.enter(state, &disk, at, new);
            }
        }
        let done = state.records.disks.get_mut(&disk).into_iter();
        let mut done = done.flat_map(|disk| disk.policies.iter_mut());
        if let Some(applied) = done.find(|applied| applied.policy == policy) {
            applied.done_until = at;
        }
        if let Some(policy) = state.records.policies.get_mut(&policy) {
            policy.done_until = policy.done_until.max(at);
        }
    }
}

/// What a disk holds: the cut that there is, or a new one. A disk that cannot be read has no snapshot, and
/// the others have theirs.
fn cut_once(state: &mut State, cuts: &HashMap<String, Cut>, disk: &str) -> Option<Cut> {
    if let Some(cut) = cuts.get(disk) {
        return Some(cut.again(&state.records.disks.get(disk)?.region));
    }
    Cut::of(state, disk).unwrap_or_else(|error| {
        tracing::warn!(disk, %error, "make an automatic snapshot");
        None
    })
}

fn find_due(state: &State, now: DateTime<Utc>) -> Vec<Due> {
    let mut due = Vec::new();
    let most = state.limits.automatic_snapshots;
    for policy in state.records.policies.values() {
        // Those that would be gone again by now need not be made.
        let since = kept_since(policy, now, state.limits.snapshot_takes);
        for disk in state.records.disks.values() {
            if disk.region != policy.region {
                continue;
            }
            let applied = disk.policies.iter().find(|it| it.policy == policy.id);
            let after = match (applied, &policy.target_tags) {
                (Some(applied), _) => applied.done_until,
                (None, Some(tags)) if is_targeted(state, disk.attached.as_ref(), tags) => {
                    policy.done_until.max(disk.created)
                }
                _ => continue,
            };
            let times = policy.due(since.map_or(after, |since| since.max(after)), now);
            due.extend(times.take(most).map(|at| Due {
                at,
                disk: disk.id.clone(),
                policy: policy.id.clone(),
            }));
        }
    }
    due
}

/// After when snapshots, or copies of them, are still there now.
fn kept_since(policy: &Policy, now: DateTime<Utc>, takes: TimeDelta) -> Option<DateTime<Utc>> {
    let days = |days: u32| now.checked_sub_signed(TimeDelta::days(i64::from(days)));
    let snapshots = days(policy.retention?)?;
    if !policy.copies {
        return Some(snapshots);
    }
    let copies = days(policy.copy_retention?)?.checked_sub_signed(takes)?;
    Some(snapshots.min(copies))
}

fn is_targeted(
    state: &State,
    attached: Option<&super::records::disk::Attached>,
    tags: &Tags,
) -> bool {
    let instance = attached.and_then(|it| state.records.instances.get(&it.instance));
    instance.is_some_and(|instance| {
        tags.iter()
            .any(|(key, value)| instance.tags.get(key) == Some(value))
    })
}

/// Whether a policy makes a snapshot of a disk: of one that can have some and has been used, while
/// its instance is not on its way, and not before the last one is done.
fn may_cut(state: &State, disk: &str, at: DateTime<Utc>) -> bool {
    let Some(disk) = state.records.disks.get(disk) else {
        return false;
    };
    let instance = disk.attached.as_ref();
    let instance = instance.and_then(|it| state.records.instances.get(&it.instance));
    let is_still = instance.is_none_or(Instance::is_still);
    let under_way = state.records.snapshots.values();
    let under_way = under_way
        .filter(|it| it.source_disk == disk.id && it.copied_from.is_none())
        .filter(|it| it.created <= at && it.is_progressing(at));
    let most = if categories::is_essd(&disk.category) {
        10
    } else {
        1
    };
    categories::has_snapshots(&disk.category)
        && disk.was_attached
        && !disk.in_arrears
        && is_still
        && under_way.count() < most
}

/// Deletes the oldest automatic snapshots of a disk that has as many as it may.
fn make_room(state: &mut State, disk: &str, at: DateTime<Utc>) {
    let snapshots = state.records.snapshots.values();
    let mut automatic: Vec<_> = snapshots
        .filter(|it| it.source_disk == disk && it.is_automatic && it.copied_from.is_none())
        .map(|it| (it.created, it.id.clone(), it.is_locked(at)))
        .collect();
    let most = state.limits.automatic_snapshots;
    if automatic.len() < most {
        return;
    }
    automatic.sort();
    let too_many = automatic.len() + 1 - most;
    let oldest = automatic.into_iter().filter(|(_, _, locked)| !locked);
    for (_, id, _) in oldest.take(too_many) {
        state.remove_snapshot(&id);
    }
}

/// What a policy makes. The form of the name is as public listings show it.
fn automatic(policy: &Policy, at: DateTime<Utc>) -> NewSnapshot {
    let in_china = FixedOffset::east_opt(8 * 3600).map(|zone| at.with_timezone(&zone));
    let day = in_china.map_or_else(String::new, |at| at.format("%Y%m%d").to_string());
    let target = policy.target_region.clone().filter(|_| policy.copies);
    NewSnapshot {
        name: format!("auto2.0_{day}_{}", policy.id),
        retention: policy.retention,
        is_automatic: true,
        copy_to: target.map(|region| PlannedCopy {
            region,
            retention: policy.copy_retention,
            encrypted: policy.copy_encrypted == Some(true),
            kms_key: policy.copy_kms_key.clone(),
        }),
        resource_group: policy.resource_group.clone(),
        ..NewSnapshot::default()
    }
}

/// Begins the copies of snapshots that are there.
fn make_copies(state: &mut State, now: DateTime<Utc>) {
    let ready = state
        .records
        .snapshots
        .keys_of(|it| it.copy_to.is_some() && !it.is_progressing(now));
    for id in ready {
        let Some(snapshot) = state.records.snapshots.get_mut(&id) else {
            continue;
        };
        let planned = snapshot.copy_to.take();
        let original = snapshot.clone();
        if let Some(planned) = planned.filter(|_| original.status(now) == Status::Accomplished) {
            let new = NewCopy {
                region: planned.region,
                name: original.name.clone(),
                description: String::new(),
                retention: planned.retention,
                encrypted: original.encrypted || planned.encrypted,
                kms_key: planned.kms_key.or_else(|| original.kms_key.clone()),
                resource_group: None,
                tags: Tags::new(),
            };
            copy(state, &original, original.ends(), new);
        }
    }
}
