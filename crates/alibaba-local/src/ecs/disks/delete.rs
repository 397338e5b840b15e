//! DeleteDisk.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::pair;
use crate::ecs::place;
use crate::ecs::records::disk::Disk;
use crate::ecs::refusal;
use crate::ecs::state::State;
use crate::ecs::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    disk_id: String,
}

/// Deletes a data disk that is attached to nothing. "If the specified disk does not exist, the request is ignored."
pub(in crate::ecs) fn delete(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let Delete { disk_id } = call.parameters.read()?;
    let region = place::of(store, call);
    store.change(|state, now| {
        let disk = state.records.disks.get(&disk_id);
        if let Some(disk) = disk.filter(|it| it.region == region) {
            check(state, now, disk)?;
            state.release_disk(&disk_id, now);
        }
        Ok(json!({}))
    })
}

fn check(state: &State, now: DateTime<Utc>, disk: &Disk) -> Result<(), ApiError> {
    let refused = |code, message| Err(ApiError::forbidden(code, message));
    if disk.is_system {
        return refused(
            "DiskTypeViolation",
            "The specified disk is a system disk and cannot support the operation.",
        );
    }
    pair::check_portable(disk)?;
    let message = "The current disk status does not support this operation.";
    match disk.status(now) {
        "Available" => {}
        // In no table; the disk driver of ACK waits for it to pass.
        "Creating" => return refused("IncorrectDiskStatus.Initializing", message),
        _ => return Err(refusal::disk_status(message)),
    }
    // CreateSnapshot's page says that such a snapshot goes with its disk, every table of this action refuses.
    let mut snapshots = state.records.snapshots.values();
    let is_being_made = snapshots
        .any(|it| it.source_disk == disk.id && it.copied_from.is_none() && it.is_progressing(now));
    if is_being_made {
        return refused(
            "DiskCreatingSnapshot",
            "The operation is denied due to a snapshot of the specified disk is not completed yet.",
        );
    }
    Ok(())
}
