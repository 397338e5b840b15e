//! What is told of the data of volumes in a backup.

use kube_backup_engine::volumes::{BackedUpVolume, SnapshotState, VolumeDecision};

use crate::controller::report::{Note, cut, set};
use crate::crds::{ApplicationBackupStatus, VolumeStatus, condition};

/// How many volumes a status names.
const SHOWN: usize = 100;

/// Fills in a status: what is in it of which volume, and whether something that was asked for is missing.
pub(super) fn tell(
    status: &mut ApplicationBackupStatus,
    generation: Option<i64>,
    is_asked_for: bool,
    volumes: &[BackedUpVolume],
) {
    let told: Vec<_> = volumes.iter().map(of_one).collect();
    let has_data = told.iter().any(|it| it.phase == COMPLETED);
    let kind = if has_data {
        "AppAndPvBackup"
    } else {
        "AppBackup"
    };
    status.backup_type = Some(kind.to_owned());
    let missing: Vec<_> = told
        .iter()
        .filter(|it| it.phase != COMPLETED)
        .map(|it| {
            format!(
                "{}/{}: {}",
                it.namespace, it.persistent_volume_claim, it.message
            )
        })
        .collect();
    let message = missing_in_words(&missing);
    let (holds, reason, words) = match (is_asked_for, has_data, missing.as_slice()) {
        (_, _, [_, ..]) => (false, "NotBackedUp", message.as_str()),
        (_, true, []) => (true, "BackedUp", "the data of all claims is in it"),
        (true, false, []) => (true, "NoVolumes", "there are no claims"),
        (false, false, []) => (true, "NotAskedFor", "no data of volumes was asked for"),
    };
    let note = Note {
        holds,
        reason,
        message: words,
    };
    set(
        &mut status.conditions,
        condition::VOLUMES_BACKED_UP,
        generation,
        &note,
    );
    status.volumes = told;
    status.volumes.truncate(SHOWN);
}

const COMPLETED: &str = "Completed";
const FAILED: &str = "Failed";

fn of_one(volume: &BackedUpVolume) -> VolumeStatus {
    let record = volume.record.as_ref();
    let (phase, message) = match (&volume.decision, record.map(|it| &it.state)) {
        (_, Some(state)) if state.is_restorable() => (COMPLETED, ""),
        (_, Some(SnapshotState::Failed { reason })) => (FAILED, reason.as_str()),
        (VolumeDecision::Skipped { reason }, None) => ("Skipped", reason.as_str()),
        _ => (FAILED, "there is no snapshot to restore from"),
    };
    let method = match &volume.decision {
        VolumeDecision::Taken { snapshotter, .. } => snapshotter.as_str(),
        _ => "",
    };
    VolumeStatus {
        method: method.to_owned(),
        namespace: volume.claim.namespace.clone(),
        persistent_volume_claim: volume.claim.name.clone(),
        persistent_volume: volume.volume.name.clone(),
        snapshot_id: record.and_then(|it| it.handle.clone()).unwrap_or_default(),
        phase: phase.to_owned(),
        message: cut(message, 700),
    }
}

/// What the backup center calls it when the data of volumes is missing, with the claims ("FAQ about the backup center"): of files
/// that Cloud Backup was to copy, `PROCESS hbr partially completed`.
pub(super) fn missing(status: &ApplicationBackupStatus) -> Option<String> {
    let all = &status.conditions;
    let told = all
        .iter()
        .find(|it| it.type_ == condition::VOLUMES_BACKED_UP && it.status == "False")?;
    let mut volumes = status.volumes.iter();
    let by_hbr = volumes.any(|it| it.phase == FAILED && it.method == "hbr");
    let process = if by_hbr { "hbr" } else { "snapshot" };
    Some(format!(
        "PROCESS {process} partially completed: {}",
        told.message
    ))
}

/// The first ones, and how many more.
fn missing_in_words(missing: &[String]) -> String {
    const FIRST: usize = 5;
    let first = missing.iter().take(FIRST).map(String::as_str);
    let mut words = first.collect::<Vec<_>>().join("; ");
    if let Some(more) = missing.len().checked_sub(FIRST).filter(|more| *more > 0) {
        words = format!("{words}; and {more} more");
    }
    cut(
        &format!("the data of these claims is not in it: {words}"),
        2000,
    )
}
