//! DetachDisk.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pair;
use crate::ecs::place;
use crate::ecs::refusal;
use crate::ecs::state::State;
use crate::ecs::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detach {
    instance_id: String,
    disk_id: String,
    delete_with_instance: Option<bool>,
}

/// Begins to detach a data disk: "this operation is asynchronous".
pub(in crate::ecs) fn detach(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let asked: Detach = call.parameters.read()?;
    let region = place::of(store, call);
    store.change(|state, now| {
        check(state, now, &region, &asked)?;
        let takes_millis = state.limits.disk_takes.num_milliseconds();
        let disk = state.records.disks.get_mut(&asked.disk_id);
        let disk = disk.ok_or_else(refusal::no_disk)?;
        disk.attached = None;
        disk.detached_at = Some(now);
        disk.detaching_millis = takes_millis;
        // "If a data disk is to be detached, the default value is false."
        disk.delete_with_instance = Some(asked.delete_with_instance == Some(true));
        Ok(json!({}))
    })
}

fn check(state: &State, now: DateTime<Utc>, region: &str, asked: &Detach) -> Result<(), ApiError> {
    let named = (asked.disk_id.as_str(), asked.instance_id.as_str());
    let (disk, _) = pair::find(state, region, named, StatusCode::FORBIDDEN)?;
    if disk.is_system {
        return Err(ApiError::forbidden(
            "DiskTypeViolation",
            "The specified disk is a system disk and cannot support the operation.",
        ));
    }
    pair::check_portable(disk)?;
    pair::check_release(disk, asked.delete_with_instance)?;
    let attached = disk.attached.as_ref();
    if attached.is_some_and(|it| it.instance != asked.instance_id) {
        return Err(ApiError::forbidden(
            "DependencyViolation",
            "The specified disk has not been attached on the specified instance.",
        ));
    }
    // "The disk must be attached, and In_use."
    if disk.status(now) != "In_use" {
        return Err(refusal::disk_status(
            "The current disk status does not support this operation.",
        ));
    }
    Ok(())
}
