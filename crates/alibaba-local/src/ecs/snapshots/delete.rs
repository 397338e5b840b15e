//! DeleteSnapshot.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::place;
use crate::ecs::records::snapshot::Snapshot;
use crate::ecs::refusal;
use crate::ecs::state::State;
use crate::ecs::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    snapshot_id: String,
    #[serde(default)]
    force: Option<bool>,
}

/// Deletes a snapshot, which cancels one that is being made. The description says that an id of no
/// snapshot is ignored, the table has `InvalidSnapshotId.NotFound`: that is what is sent here, as
/// clients that take both for done learn more from it.
pub(in crate::ecs) fn delete(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let Delete { snapshot_id, force } = call.parameters.read()?;
    let region = place::of(store, call);
    store.change(|state, now| {
        let snapshot = state.records.snapshots.get(&snapshot_id);
        let snapshot = snapshot.filter(|it| it.region == region);
        let snapshot = snapshot.ok_or_else(refusal::no_snapshot)?;
        check_kept(state, now, snapshot)?;
        if force != Some(true) && state.records.disks_of_snapshot(&snapshot_id) {
            return Err(ApiError::forbidden(
                "SnapshotCreatedDisk",
                "The snapshot has been used to create disks.",
            ));
        }
        state.remove_snapshot(&snapshot_id);
        Ok(json!({}))
    })
}

/// Refuses what cannot be deleted whoever wants it.
pub(in crate::ecs) fn check_kept(
    state: &State,
    now: DateTime<Utc>,
    snapshot: &Snapshot,
) -> Result<(), ApiError> {
    if snapshot.is_locked(now) {
        // That a locked one is refused is documented, the code is not: it is inferred.
        return Err(ApiError::forbidden(
            "OperationDenied.SnapshotLocked",
            "The snapshot is locked and cannot be deleted.",
        ));
    }
    let original = (snapshot.region.clone(), snapshot.id.clone());
    let mut others = state.records.snapshots.values();
    if others.any(|it| it.copied_from.as_ref() == Some(&original) && it.is_progressing(now)) {
        return Err(ApiError::forbidden(
            "InvalidOperation.RelatedSnapshotNotFinished",
            "A related snapshot has not been finished.",
        ));
    }
    Ok(())
}
