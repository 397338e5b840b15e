//! What a snapshot has come to, held against its record.

use alibaba_ecs_snapshot::{Snapshot, SnapshotStatus};
use chrono::{DateTime, TimeDelta, Utc};
use kube_backup_engine::volumes::{SnapshotState, VolumeRecord};

use super::copy::{COPY_OF, COPY_OF_REGION};
use super::details::{DISK, Details};
use super::tags::{self, BACKUP_UID};

/// For how long a snapshot that was just made may be missing from lists.
const UNLISTED: TimeDelta = TimeDelta::seconds(60);

/// Brings a record up to what ECS shows of its snapshot.
pub(super) fn judge(record: &mut VolumeRecord, snapshot: &Snapshot, now: DateTime<Utc>) {
    if let Some(problem) = stranger(record, snapshot) {
        record.state = SnapshotState::failed(format!(
            "what ECS shows as `{}` is not the snapshot `{}`: {problem}",
            snapshot.id, record.name
        ));
        return;
    }
    Details::note(snapshot, &mut record.attributes);
    let is_copy = record.attributes.contains_key(COPY_OF);
    if record.cut_at.is_none() && !is_copy {
        record.cut_at = snapshot.created_at;
    }
    let bytes = snapshot.source_disk_size_gib.map(|gib| gib << 30);
    record.restore_size = record.restore_size.or(bytes);
    record.bytes_total = bytes;
    record.state = match &snapshot.status {
        Some(SnapshotStatus::Failed) => SnapshotState::failed(format!(
            "ECS has failed to make the snapshot `{}`: back up again",
            snapshot.id
        )),
        Some(SnapshotStatus::Accomplished) => SnapshotState::Complete,
        _ if snapshot.available == Some(true) => SnapshotState::Ready,
        _ => SnapshotState::Pending,
    };
    if record.state.is_final() && record.completed_at.is_none() {
        record.completed_at = Some(now);
    }
    let percent = match record.state {
        SnapshotState::Complete => Some(100),
        _ => snapshot.percent.map(u64::from),
    };
    record.bytes_done = bytes
        .zip(percent)
        .map(|(bytes, percent)| bytes / 100 * percent);
}

/// Brings a record up to date whose snapshot ECS does not list.
pub(super) fn judge_absent(record: &mut VolumeRecord, now: DateTime<Utc>) {
    let was_seen = record.restore_size.is_some();
    let is_new = record.started_at.is_some_and(|at| now < at + UNLISTED);
    if !was_seen && is_new {
        record.state = SnapshotState::Pending;
        return;
    }
    let called = record.handle.as_deref().unwrap_or(&record.name);
    record.state = SnapshotState::failed(format!(
        "the snapshot `{called}` is not there: it was deleted, has expired, or was never made"
    ));
    record.completed_at = record.completed_at.or(Some(now));
}

/// What shows that a snapshot is not the one that was asked for.
pub(super) fn stranger(record: &VolumeRecord, snapshot: &Snapshot) -> Option<String> {
    let differs = |what: &str, wanted: Option<&str>, found: Option<&str>| {
        let (wanted, found) = (wanted?, found?);
        (wanted != found).then(|| format!("{what} is `{found}`, not `{wanted}`"))
    };
    let attribute = |name: &str| record.attributes.get(name).map(String::as_str);
    let disk = snapshot.source_disk_id.as_ref().map(AsRef::as_ref);
    let region = snapshot.region_id.as_ref().map(AsRef::as_ref);
    let original = snapshot.source_snapshot_id.as_ref().map(AsRef::as_ref);
    let original_region = snapshot.source_region_id.as_ref().map(AsRef::as_ref);
    let uid = tags::value(&snapshot.tags, BACKUP_UID);
    let size = |bytes: Option<u64>| bytes.map(|bytes| format!("{} GiB", bytes >> 30));
    let wanted_size = size(record.restore_size);
    let found_size = size(snapshot.source_disk_size_gib.map(|gib| gib << 30));
    differs(
        "its id",
        record.handle.as_deref(),
        Some(snapshot.id.as_str()),
    )
    .or_else(|| differs("its disk", attribute(DISK), disk))
    .or_else(|| differs("its region", record.region.as_deref(), region))
    .or_else(|| differs("its original", attribute(COPY_OF), original))
    .or_else(|| {
        let wanted = attribute(COPY_OF_REGION);
        differs("the region of its original", wanted, original_region)
    })
    .or_else(|| differs("its backup", Some(&record.backup_uid), uid))
    .or_else(|| {
        differs(
            "the size of its disk",
            wanted_size.as_deref(),
            found_size.as_deref(),
        )
    })
}
