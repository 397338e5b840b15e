//! Whether a snapshot can be made of a disk.

use chrono::{DateTime, Utc};
use http::StatusCode;

use crate::ecs::categories;
use crate::ecs::records::disk::Disk;
use crate::ecs::refusal;
use crate::ecs::state::State;
use crate::openapi::error::ApiError;

/// How many snapshots of an ESSD may be under way; of older disks it is one.
const MOST_AT_ONCE: usize = 10;

/// Refuses what the tables of CreateSnapshot and CreateSnapshotGroup refuse. A group has other codes for
/// some of it.
pub(in crate::ecs) fn check(
    state: &State,
    now: DateTime<Utc>,
    region: &str,
    id: &str,
    in_group: bool,
) -> Result<Disk, ApiError> {
    let disk = state.records.disks.get(id);
    let disk = disk.filter(|disk| disk.region == region);
    let disk = disk.ok_or_else(refusal::no_disk)?;
    if !state.limits.is_open && !state.records.opened.contains(region) {
        return Err(ApiError::forbidden(
            "InvalidAccountStatus.SnapshotServiceUnavailable",
            "Snapshot service has not been opened yet.",
        ));
    }
    if !categories::has_snapshots(&disk.category) {
        return Err(ApiError::bad_request(
            "DiskCategory.OperationNotSupported",
            "The type of the specified disk does not support creating a snapshot.",
        ));
    }
    if disk.in_arrears {
        return Err(ApiError::forbidden(
            "DiskInArrears",
            "The specified operation is denied as your disk is in arrears.",
        ));
    }
    // "In_use, or Available and attached before."
    if !matches!(disk.status(now), "In_use" | "Available") {
        return Err(refusal::disk_status(
            "The current disk status does not support this operation.",
        ));
    }
    if !disk.was_attached {
        return Err(ApiError::forbidden(
            "IncorrectDiskStatus.NeverAttached",
            "The specified disk has never been attached to any instance.",
        ));
    }
    check_instance(state, disk)?;
    check_quota(state, now, disk, in_group)?;
    Ok(disk.clone())
}

fn check_instance(state: &State, disk: &Disk) -> Result<(), ApiError> {
    let attached = disk.attached.as_ref();
    let Some(instance) = attached.and_then(|it| state.records.instances.get(&it.instance)) else {
        return Ok(());
    };
    if instance.is_locked() {
        return Err(refusal::locked_for_security());
    }
    if !instance.is_still() {
        return Err(refusal::instance_status(StatusCode::BAD_REQUEST));
    }
    Ok(())
}

fn check_quota(
    state: &State,
    now: DateTime<Utc>,
    disk: &Disk,
    in_group: bool,
) -> Result<(), ApiError> {
    let own = || {
        let snapshots = state.records.snapshots.values();
        snapshots.filter(|it| it.source_disk == disk.id && it.copied_from.is_none())
    };
    let under_way = own().filter(|it| it.is_progressing(now)).count();
    let is_essd = categories::is_essd(&disk.category);
    if under_way >= if is_essd { MOST_AT_ONCE } else { 1 } {
        let code = match (in_group, is_essd) {
            (true, _) => "IncorrectDiskStatus.TooManyCreatingSnapshots",
            (false, true) => "QuotaExceed.ConcurrentSnapshotQuota",
            (false, false) => "IncorrectDiskStatus.CreatingSnapshot",
        };
        let message = "The previous snapshots of the disk are still being created.";
        return Err(ApiError::forbidden(code, message));
    }
    if own().filter(|it| !it.is_automatic && !it.archived).count() >= state.limits.snapshots {
        return Err(ApiError::forbidden(
            "QuotaExceed.Snapshot",
            "The snapshot quota of the disk is exceeded.",
        ));
    }
    Ok(())
}
