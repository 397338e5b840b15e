//! AttachDisk.

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::pair;
use crate::ecs::place;
use crate::ecs::records::disk::{Attached, Disk};
use crate::ecs::records::instance::Instance;
use crate::ecs::refusal;
use crate::ecs::state::State;
use crate::ecs::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// Data disks of an instance. Newer types of instances take more.
const MOST: usize = 16;

const REGIONAL: &str = "cloud_regional_disk_auto";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attach {
    instance_id: String,
    disk_id: String,
    device: Option<String>,
    delete_with_instance: Option<bool>,
    bootable: Option<bool>,
    force: Option<bool>,
    /// Of system disks, which are not attached here.
    #[serde(rename = "KeyPairName")]
    _key_pair_name: Option<String>,
    #[serde(rename = "Password")]
    _password: Option<String>,
}

/// Attaches a data disk. System disks are not attached or detached here, since instances are only names; and a disk
/// is attached to one instance, whatever its `MultiAttach`.
pub(in crate::ecs) fn attach(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let asked: Attach = call.parameters.read()?;
    let region = place::of(store, call);
    store.change(|state, now| {
        let device = check(state, now, &region, &asked)?;
        let takes_millis = state.limits.disk_takes.num_milliseconds();
        let disk = state.records.disks.get_mut(&asked.disk_id);
        let disk = disk.ok_or_else(refusal::no_disk)?;
        disk.was_attached = true;
        disk.delete_with_instance = Some(asked.delete_with_instance == Some(true));
        disk.attached = Some(Attached {
            instance: asked.instance_id,
            device,
            since: now,
            takes_millis,
        });
        Ok(json!({}))
    })
}

/// The device that it becomes, if it can be attached.
fn check(
    state: &State,
    now: DateTime<Utc>,
    region: &str,
    asked: &Attach,
) -> Result<String, ApiError> {
    let named = (asked.disk_id.as_str(), asked.instance_id.as_str());
    let (disk, instance) = pair::find(state, region, named, StatusCode::BAD_REQUEST)?;
    if disk.is_system || asked.bootable == Some(true) {
        return Err(ApiError::forbidden(
            "DiskId.ValueNotSupported",
            "The specified parameter diskid is not supported.",
        ));
    }
    pair::check_portable(disk)?;
    pair::check_release(disk, asked.delete_with_instance)?;
    // "True only for regional ESSDs"; the code is inferred.
    if asked.force == Some(true) && disk.category != REGIONAL {
        return Err(ApiError::invalid("Force"));
    }
    if disk.in_arrears {
        return Err(ApiError::forbidden(
            "DiskInArrears",
            "The specified operation is denied as your disk owing fee.",
        ));
    }
    check_place(disk, instance)?;
    check_free(now, disk, asked)?;
    device(state, asked)
}

/// A regional disk is in no zone of its own.
fn check_place(disk: &Disk, instance: &Instance) -> Result<(), ApiError> {
    if disk.zone.is_empty() || disk.zone == instance.zone {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "ResourcesNotInSameZone",
        "The specified instance and disk are not in the same zone.",
    ))
}

/// "The disk must be in the Available state"; a regional one is taken from its instance by force.
fn check_free(now: DateTime<Utc>, disk: &Disk, asked: &Attach) -> Result<(), ApiError> {
    match disk.status(now) {
        "Available" => Ok(()),
        "In_use" if asked.force == Some(true) => Ok(()),
        "In_use" if disk.multi_attach => Err(ApiError::forbidden(
            "DiskAttachedNumberExceeded",
            "The attaching times of the specified disk exceeded.",
        )),
        _ => Err(refusal::disk_status(
            "The operation is not supported in this status.",
        )),
    }
}

/// The device that is asked for, or the next that is free.
fn device(state: &State, asked: &Attach) -> Result<String, ApiError> {
    let attached = state.records.disks.values().filter(|disk| !disk.is_system);
    let attached = attached.filter_map(|disk| disk.attached.as_ref());
    let attached: Vec<&Attached> = attached
        .filter(|it| it.instance == asked.instance_id)
        .collect();
    if attached.len() >= MOST {
        return Err(ApiError::forbidden(
            "InstanceDiskLimitExceeded",
            "The amount of the disk on instance in question reach its limits.",
        ));
    }
    let Some(device) = &asked.device else {
        return Ok(state.records.next_device(&asked.instance_id));
    };
    // "/dev/xvdb to /dev/xvdz"
    let letter = device.strip_prefix("/dev/xvd").map(str::as_bytes);
    if !matches!(letter, Some([b'b'..=b'z'])) {
        return Err(ApiError::bad_request(
            "InvalidDevice.Malformed",
            "The specified device is not valid.",
        ));
    }
    if attached.iter().any(|it| it.device == *device) {
        return Err(ApiError::forbidden(
            "InvalidDevice.InUse",
            "The specified device has been occupied.",
        ));
    }
    Ok(device.clone())
}
