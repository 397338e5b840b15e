//! ModifySnapshotGroup and DeleteSnapshotGroup.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::bounds;
use crate::ecs::place;
use crate::ecs::refusal;
use crate::ecs::snapshots::delete::check_kept;
use crate::ecs::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modify {
    snapshot_group_id: String,
    name: Option<String>,
    description: Option<String>,
}

pub(in crate::ecs) fn modify(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Modify = call.parameters.read()?;
    bounds::group_name(asked.name.as_deref())?;
    bounds::description(asked.description.as_deref(), StatusCode::NOT_FOUND)?;
    store.change(|state, _| {
        let group = state.records.groups.get_mut(&asked.snapshot_group_id);
        let group = group.filter(|it| it.region == region);
        let group = group.ok_or_else(refusal::no_group)?;
        if let Some(name) = asked.name {
            group.name = name;
        }
        if let Some(description) = asked.description {
            group.description = description;
        }
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    snapshot_group_id: String,
}

/// Deletes a group with its members. Members that cannot be deleted, such as locked ones, stay in what is
/// left of it, and are told in the response; that it is so for locked ones is inferred from what is
/// documented for those that images were made of.
pub(in crate::ecs) fn delete(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let Delete { snapshot_group_id } = call.parameters.read()?;
    store.change(|state, now| {
        let group = state.records.groups.get(&snapshot_group_id);
        group
            .filter(|it| it.region == region)
            .ok_or_else(refusal::no_group)?;
        let members = state
            .records
            .snapshots
            .keys_of(|it| it.group.as_ref() == Some(&snapshot_group_id));
        let mut failures = Vec::new();
        for id in members {
            let Some(member) = state.records.snapshots.get(&id) else {
                continue;
            };
            match check_kept(state, now, member) {
                Ok(()) => state.remove_snapshot(&id),
                Err(error) => failures.push(json!({
                    "ErrorCode": error.code,
                    "ErrorMsg": error.message(),
                    "OperationStatus": "Failed",
                    "RelatedItemSet": { "RelatedItem": [{ "Name": "SnapshotId", "Value": id }] },
                })),
            }
        }
        Ok(json!({ "OperationProgressSet": { "OperationProgress": failures } }))
    })
}
