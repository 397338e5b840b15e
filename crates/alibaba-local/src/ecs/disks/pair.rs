//! A disk and the instance that a call names with it.

use http::StatusCode;

use crate::ecs::records::disk::Disk;
use crate::ecs::records::instance::Instance;
use crate::ecs::refusal;
use crate::ecs::state::State;
use crate::openapi::error::ApiError;

/// Both, of one region. The instance can be worked on: it is not locked, and runs or has stopped. The status of the
/// refusal otherwise is 400 in the table of AttachDisk, and 403 in that of DetachDisk.
pub(super) fn find<'s>(
    state: &'s State,
    region: &str,
    (disk, instance): (&str, &str),
    not_still: StatusCode,
) -> Result<(&'s Disk, &'s Instance), ApiError> {
    let instance = state.records.instances.get(instance);
    let instance = instance.filter(|it| it.region == region);
    let instance = instance.ok_or_else(refusal::no_instance)?;
    let disk = state.records.disks.get(disk);
    let disk = disk.filter(|it| it.region == region);
    let disk = disk.ok_or_else(refusal::no_disk)?;
    if instance.is_locked() {
        return Err(refusal::locked_for_security());
    }
    if !instance.is_still() {
        return Err(refusal::instance_status(not_still));
    }
    Ok((disk, instance))
}

/// "DeleteWithInstance cannot be specified for disks with multi-attach", and elastic ephemeral disks go with their
/// instance; of the latter refusal, the code is inferred.
pub(super) fn check_release(disk: &Disk, with_instance: Option<bool>) -> Result<(), ApiError> {
    if disk.multi_attach && with_instance.is_some() {
        return Err(ApiError::forbidden(
            "DeleteWithInstance.Conflict",
            "Multi attach disk cannot be set to DeleteWithInstance attribute.",
        ));
    }
    let is_ephemeral = disk.category.starts_with("elastic_ephemeral_disk");
    if is_ephemeral && with_instance != Some(true) {
        return Err(ApiError::invalid("DeleteWithInstance"));
    }
    Ok(())
}

/// Refuses subscription disks: "attaches a pay-as-you-go data disk".
pub(super) fn check_portable(disk: &Disk) -> Result<(), ApiError> {
    if disk.is_portable() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "DiskNotPortable",
        "The specified disk is not a portable disk.",
    ))
}
