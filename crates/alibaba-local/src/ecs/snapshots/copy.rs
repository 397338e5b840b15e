//! CopySnapshot: into another region.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::bounds;
use crate::ecs::cut::{self, NewCopy};
use crate::ecs::once::once;
use crate::ecs::place;
use crate::ecs::records::snapshot::Status;
use crate::ecs::regions;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Copy {
    snapshot_id: String,
    destination_region_id: String,
    destination_snapshot_name: String,
    destination_snapshot_description: String,
    retention_days: Option<i64>,
    encrypted: Option<bool>,
    #[serde(rename = "KMSKeyId")]
    kms_key_id: Option<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

/// Begins a copy, which is the destination's from the first moment on. Nearly everything is refused with
/// 403 here, as the table of this action has it.
pub(in crate::ecs) fn copy(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Copy = call.parameters.read()?;
    let refused = StatusCode::FORBIDDEN;
    bounds::snapshot_name(Some(&asked.destination_snapshot_name), refused)?;
    bounds::description(Some(&asked.destination_snapshot_description), refused)?;
    let retention = bounds::retention(asked.retention_days, 1..=65536, refused)?;
    let tags = tag::read(asked.tag)?;
    let destination = asked.destination_region_id;
    if regions::find(&destination).is_none() && destination != store.home {
        return Err(ApiError::forbidden(
            "InvalidRegionId.NotExists",
            "The specified DestinationRegionId does not exist.",
        ));
    }
    if destination == region {
        return Err(ApiError::forbidden(
            "InvalidOperation.NotSupportCopyInSameRegion",
            "A snapshot cannot be copied in one region.",
        ));
    }
    let encrypted = asked.encrypted == Some(true);
    if asked.kms_key_id.is_some() && !encrypted {
        return Err(ApiError::forbidden(
            "InvalidEncrypted.NotMatchKmsKeyId",
            "KMSKeyId needs Encrypted.",
        ));
    }
    store.change(|state, now| {
        once(state, now, call, ("CopySnapshot", &region), |state| {
            let original = state.records.snapshots.get(&asked.snapshot_id);
            let original = original.filter(|it| it.region == region);
            let Some(original) = original.cloned() else {
                return Err(ApiError::forbidden(
                    "InvalidSnapshotId.NotFound",
                    "The specified SnapshotId does not exist.",
                ));
            };
            if original.status(now) != Status::Accomplished {
                return Err(ApiError::forbidden(
                    "InvalidSnapshotId.NotReady",
                    "The specified snapshot has not completed yet.",
                ));
            }
            if original.archived {
                return Err(ApiError::forbidden(
                    "OperationDenied.SnapshotCategoryNotSupportCopy",
                    "The category of the snapshot does not support copies.",
                ));
            }
            if original.encrypted && asked.encrypted == Some(false) {
                return Err(ApiError::forbidden(
                    "InvalidEncrypted.NotSupportDecrypt",
                    "An encrypted snapshot cannot be decrypted by a copy.",
                ));
            }
            let mut copies = state.records.snapshots.values();
            let is_under_way = copies.any(|it| {
                it.copied_from.is_some()
                    && it.region == destination
                    && it.source_disk == original.source_disk
                    && it.is_progressing(now)
            });
            if is_under_way {
                return Err(ApiError::forbidden(
                    "InvalidOperation.UnfinishedCrossRegionCopy",
                    "Another copy of the disk's snapshots to the region is unfinished.",
                ));
            }
            let copies = state.records.snapshots.values();
            let copies = copies
                .filter(|it| it.region == destination && it.source_disk == original.source_disk)
                .filter(|it| !it.is_automatic && !it.archived);
            if copies.count() >= state.limits.snapshots {
                return Err(ApiError::forbidden(
                    "QuotaExceed.SnapshotQuota",
                    "The snapshot quota is exceeded.",
                ));
            }
            let new = NewCopy {
                region: destination,
                name: asked.destination_snapshot_name,
                description: asked.destination_snapshot_description,
                retention,
                encrypted: original.encrypted || encrypted,
                kms_key: asked.kms_key_id.or_else(|| original.kms_key.clone()),
                resource_group: None,
                tags,
            };
            let id = cut::copy(state, &original, now, new);
            Ok(json!({ "SnapshotId": id }))
        })
    })
}
