//! ECS's refusals that several actions share. Codes and statuses are those of the API reference's
//! tables; where one is inferred, its place says so.

use http::StatusCode;

use crate::openapi::error::ApiError;

/// There is none: `InvalidSnapshotId` becomes `InvalidSnapshotId.NotFound`.
pub(super) fn not_found(code: &str, parameter: &str) -> ApiError {
    ApiError::not_found(
        format!("{code}.NotFound"),
        format!("The specified {parameter} does not exist."),
    )
}

pub(super) fn no_region() -> ApiError {
    not_found("InvalidRegionId", "RegionId")
}

pub(super) fn no_disk() -> ApiError {
    not_found("InvalidDiskId", "DiskId")
}

pub(super) fn no_snapshot() -> ApiError {
    not_found("InvalidSnapshotId", "SnapshotId")
}

pub(super) fn no_group() -> ApiError {
    not_found("InvalidSnapshotGroupId", "SnapshotGroupId")
}

pub(super) fn no_instance() -> ApiError {
    not_found("InvalidInstanceId", "InstanceId")
}

/// The instance that a disk is attached to, or is to be, is locked. Nothing is done to it.
pub(super) fn locked_for_security() -> ApiError {
    ApiError::forbidden(
        "InstanceLockedForSecurity",
        "The instance is locked due to security.",
    )
}

/// A disk is not in the state that a call wants. Tables have the same code for being unpaid.
pub(super) fn disk_status(message: &'static str) -> ApiError {
    ApiError::forbidden("IncorrectDiskStatus", message)
}

/// An instance is on its way from one state to another. The status is not the same in all tables.
pub(super) fn instance_status(status: StatusCode) -> ApiError {
    ApiError::new(
        status,
        "IncorrectInstanceStatus",
        "The current status of the resource does not support this operation.",
    )
}

/// Something about a policy of automatic snapshots is wrong. ECS has one code for all of it.
pub(super) fn bad_policy(what: &str) -> ApiError {
    ApiError::forbidden("ParameterInvalid", format!("The {what} is invalid."))
}

/// There is no such policy, or it is another region's.
pub(super) fn no_policy() -> ApiError {
    ApiError::not_found(
        "ParameterInvalid",
        "The specified autoSnapshotPolicyId does not exist.",
    )
}

/// The call would have been carried out. The status is inferred.
pub(super) fn dry_run() -> ApiError {
    ApiError::bad_request(
        "DryRunOperation",
        "Request validation has been passed with DryRun flag set.",
    )
}
