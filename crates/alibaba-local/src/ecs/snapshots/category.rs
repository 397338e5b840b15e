//! ModifySnapshotCategory: into the archive, for good.

use chrono::TimeDelta;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::bounds;
use crate::ecs::place;
use crate::ecs::records::snapshot::Status;
use crate::ecs::refusal;
use crate::ecs::regions;
use crate::ecs::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How long a snapshot has to be a standard one first.
const STANDARD_FOR: TimeDelta = TimeDelta::days(14);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modify {
    snapshot_id: String,
    category: Option<String>,
    retention_days: Option<i64>,
}

/// Archives a snapshot at once. The codes of refusals are inferred: no table of them is public.
pub(in crate::ecs) fn modify(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let asked: Modify = call.parameters.read()?;
    let category = asked.category.as_deref();
    if category.is_none_or(|category| !category.eq_ignore_ascii_case("archive")) {
        return Err(ApiError::forbidden(
            "InvalidSnapshotCategory.Malformed",
            "The specified parameter Category is invalid.",
        ));
    }
    let status = StatusCode::BAD_REQUEST;
    let retention = bounds::retention(asked.retention_days, 74..=65536, status)?;
    let region = place::of(store, call);
    store.change(|state, now| {
        let snapshot = state.records.snapshots.get_mut(&asked.snapshot_id);
        let snapshot = snapshot.filter(|it| it.region == region);
        let snapshot = snapshot.ok_or_else(refusal::no_snapshot)?;
        if snapshot.status(now) != Status::Accomplished {
            return Err(ApiError::forbidden(
                "InvalidSnapshotId.NotReady",
                "The specified snapshot has not completed yet.",
            ));
        }
        if snapshot.archived || now < snapshot.created + STANDARD_FOR {
            return Err(ApiError::forbidden(
                "OperationDenied.SnapshotCategoryNotSupport",
                "Only a snapshot that has been a standard one for 14 days can be archived.",
            ));
        }
        snapshot.archived = true;
        snapshot.retention = retention;
        snapshot.modified = now;
        Ok(json!({ "TaskId": regions::new_id("t", &region) }))
    })
}
