//! ModifySnapshotAttribute.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::bounds;
use crate::ecs::place;
use crate::ecs::refusal;
use crate::ecs::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modify {
    snapshot_id: String,
    snapshot_name: Option<String>,
    retention_days: Option<i64>,
    /// Has no effect any more.
    disable_instant_access: Option<bool>,
}

/// Changes what is sent. A description may be set to none, and days can only become more.
pub(in crate::ecs) fn modify(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let asked: Modify = call.parameters.read()?;
    let _ = asked.disable_instant_access;
    bounds::snapshot_name(asked.snapshot_name.as_deref(), StatusCode::BAD_REQUEST)?;
    let description = call.parameters.given("Description").map(str::to_owned);
    if let Some(text) = &description
        && (text.chars().count() > 256
            || text.starts_with("http://")
            || text.starts_with("https://"))
    {
        return Err(ApiError::bad_request(
            "InvalidDescription.Malformed",
            "The specified parameter \"Description\" is not valid.",
        ));
    }
    let status = StatusCode::BAD_REQUEST;
    let retention = bounds::retention(asked.retention_days, 1..=65536, status)?;
    let region = place::of(store, call);
    store.change(|state, now| {
        let snapshot = state.records.snapshots.get_mut(&asked.snapshot_id);
        let snapshot = snapshot.filter(|it| it.region == region);
        let snapshot = snapshot.ok_or_else(refusal::no_snapshot)?;
        if let Some(days) = retention {
            // One that is kept for ever has no longer time.
            if snapshot.retention.is_none_or(|before| days < before) {
                return Err(ApiError::bad_request(
                    "InvalidRetentionDays.Malformed",
                    "The retention days of a snapshot can only be extended.",
                ));
            }
            snapshot.retention = Some(days);
        }
        if let Some(name) = asked.snapshot_name {
            snapshot.name = name;
        }
        if let Some(text) = description {
            snapshot.description = text;
        }
        snapshot.modified = now;
        Ok(json!({}))
    })
}
