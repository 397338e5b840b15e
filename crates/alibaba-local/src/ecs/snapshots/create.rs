//! CreateSnapshot.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ready;
use crate::ecs::bounds;
use crate::ecs::cut::{Cut, NewSnapshot};
use crate::ecs::once::once;
use crate::ecs::place;
use crate::ecs::refusal;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    disk_id: String,
    snapshot_name: Option<String>,
    description: Option<String>,
    retention_days: Option<i64>,
    category: Option<String>,
    /// These two have no effect any more.
    instant_access: Option<bool>,
    instant_access_retention_days: Option<i64>,
    resource_group_id: Option<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

/// What instant access still asks for, which is only that its days are in their bounds.
pub(in crate::ecs) fn check_instant_access(
    wanted: Option<bool>,
    days: Option<i64>,
) -> Result<(), ApiError> {
    match days {
        Some(days) if wanted == Some(true) && !(1..=65535).contains(&days) => {
            Err(ApiError::invalid("InstantAccessRetentionDays"))
        }
        _ => Ok(()),
    }
}

/// A resource group, which can be none but the account's own; any that looks like one is taken.
pub(in crate::ecs) fn resource_group(id: Option<String>) -> Result<Option<String>, ApiError> {
    match id {
        Some(id) if !bounds::is_id(&id, "rg") => Err(refusal::not_found(
            "InvalidResourceGroup",
            "ResourceGroupId",
        )),
        id => Ok(id),
    }
}

pub(in crate::ecs) fn create(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    bounds::snapshot_name(new.snapshot_name.as_deref(), StatusCode::BAD_REQUEST)?;
    // 404 is what the table of CreateSnapshot has for it.
    bounds::description(new.description.as_deref(), StatusCode::NOT_FOUND)?;
    let status = StatusCode::BAD_REQUEST;
    let retention = bounds::retention(new.retention_days, 1..=65536, status)?;
    if let Some(category) = new.category
        && !matches!(&*category.to_ascii_lowercase(), "standard" | "flash")
    {
        return Err(ApiError::invalid("Category"));
    }
    check_instant_access(new.instant_access, new.instant_access_retention_days)?;
    let resource_group = resource_group(new.resource_group_id)?;
    let tags = tag::read(new.tag)?;
    let region = place::of(store, call);
    store.change(|state, now| {
        once(state, now, call, ("CreateSnapshot", &region), |state| {
            let disk = ready::check(state, now, &region, &new.disk_id, false)?;
            let cut = Cut::of(state, &disk.id).map_err(|error| ApiError::internal(&error))?;
            let cut = cut.ok_or_else(refusal::no_disk)?;
            let id = cut.snapshot_id.clone();
            let new = NewSnapshot {
                name: new.snapshot_name.unwrap_or_default(),
                description: new.description.unwrap_or_default(),
                retention,
                resource_group,
                tags,
                ..NewSnapshot::default()
            };
            cut.enter(state, &disk.id, now, new);
            Ok(json!({ "SnapshotId": id }))
        })
    })
}
