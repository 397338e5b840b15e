//! What has become of a volume's files, by what the vault shows of its job.

use alibaba_hbr::{BackupJob, JobStatus, Snapshot, SnapshotStatus};
use chrono::{DateTime, TimeDelta, Utc};
use kube_backup_engine::volumes::{SnapshotState, VolumeRecord};

use super::jobs::{HASH, JOB, JOB_NAME, PARTIAL, PLACE, Shown};

/// For how long a backup that is done may be missing from searches.
const UNLISTED: TimeDelta = TimeDelta::minutes(5);

/// Brings a record up to date. One whose job has not begun stays as it is.
pub(super) fn judge(record: &mut VolumeRecord, shown: &Shown, now: DateTime<Utc>) {
    let Some(job) = shown.job(record) else {
        judge_without_job(record, shown, now);
        return;
    };
    record.attributes.insert(JOB.to_owned(), job.id.to_string());
    if let Some(name) = &job.name {
        record.attributes.insert(JOB_NAME.to_owned(), name.clone());
    }
    match shown.snapshot(record, job) {
        Some(snapshot) if job.status.is_final() => take(record, snapshot, Some(job)),
        _ if job.status.is_final() => {
            let was_there = record.handle.is_some();
            let ended = job.completed_at.unwrap_or(now);
            if job.status == JobStatus::Complete && !was_there && now < ended + UNLISTED {
                record.state = SnapshotState::Pending;
            } else if job.status == JobStatus::Complete {
                fail(record, gone(record), now);
            } else {
                fail(record, of_job(job), now);
            }
        }
        _ => {
            record.state = SnapshotState::Pending;
            progress(record, job, shown);
        }
    }
}

/// By the snapshot alone, where the job is no longer listed.
fn judge_without_job(record: &mut VolumeRecord, shown: &Shown, now: DateTime<Utc>) {
    let Some(handle) = record.handle.clone() else {
        // It was begun, and is not there.
        if record.attributes.contains_key(JOB) {
            fail(record, gone(record), now);
        }
        return;
    };
    match shown.snapshots.iter().find(|it| it.id.as_str() == handle) {
        Some(snapshot) => take(record, snapshot, None),
        None => fail(record, gone(record), now),
    }
}

fn take(record: &mut VolumeRecord, snapshot: &Snapshot, job: Option<&BackupJob>) {
    record.handle = Some(snapshot.id.to_string());
    if let Some(hash) = &snapshot.hash {
        record.attributes.insert(HASH.to_owned(), hash.to_string());
    }
    record.completed_at = snapshot.completed_at;
    record.bytes_total = snapshot.bytes_total;
    record.bytes_done = snapshot.bytes_done;
    record.restore_size = snapshot.bytes_total;
    record.state = match snapshot.status {
        SnapshotStatus::Complete => SnapshotState::Complete,
        _ => {
            record
                .attributes
                .insert(PARTIAL.to_owned(), "true".to_owned());
            let said = job.and_then(|job| job.error_message.clone());
            let failed = snapshot.error_file.clone().unwrap_or_default();
            SnapshotState::failed(format!(
                "PROCESS hbr partially completed: not all of its files were copied: {} {failed}: see that none is \
                 deleted meanwhile, and back up again; what was copied can be restored",
                said.unwrap_or_default()
            ))
        }
    };
}

/// How far a job is. Of one with several volumes it is not said for each: the first one tells of all.
fn progress(record: &mut VolumeRecord, job: &BackupJob, shown: &Shown) {
    let first = shown.places(job).min();
    let place = record.attributes.get(PLACE);
    let is_first = first.is_none() || place.is_some_and(|place| first == Some(place.as_str()));
    (record.bytes_done, record.bytes_total) = match is_first {
        true => (job.bytes_done, job.bytes_total),
        false => (None, None),
    };
}

/// In the words of the backup center, so that what people search for is found.
pub(super) fn of_job(job: &BackupJob) -> String {
    let code = job.error_message.clone().unwrap_or_default();
    let partial = match job.status {
        JobStatus::PartialComplete => "PROCESS hbr partially completed: ",
        _ => "",
    };
    let remedy = match code.as_str() {
        "SOURCE_NOT_EXIST" => {
            ": see that a running Pod has the volume mounted there, and that KUBELET_ROOT_PATH is the kubelet's \
             directory of Pods"
        }
        "ClientNotExist" => ": see that the Pod of `hbr-client` on the node runs",
        _ => "",
    };
    let status = &job.status;
    format!("{partial}hbr task finished with unexpected status: {status}, errMsg {code}{remedy}")
}

fn gone(record: &VolumeRecord) -> String {
    let called = record.handle.as_deref().unwrap_or(&record.name);
    format!("the backup `{called}` is not in the vault: it was deleted, or has expired")
}

fn fail(record: &mut VolumeRecord, reason: String, now: DateTime<Utc>) {
    record.attributes.remove(PARTIAL);
    record.state = SnapshotState::failed(reason);
    record.completed_at = record.completed_at.or(Some(now));
}
