//! Cloud Backup's refusals.
//!
//! Its pages publish no tables of errors. `VaultNotExist` and the two that hold a vault back are those
//! that Terraform's provider waits for; the message of a vault that is gone is in the container
//! service's page on troubleshooting. All other codes are choices of this cloud.

use http::StatusCode;

use crate::openapi::error::ApiError;

pub(super) fn vault_not_exist(id: &str) -> ApiError {
    ApiError::not_found("VaultNotExist", format!("The vault {id} does not exist."))
}

/// What jobs get whose vault was deleted.
pub(super) fn vault_deleted() -> ApiError {
    ApiError::bad_request(
        "InvalidParameter",
        "Illegal request. Please modify the parameters and try again.",
    )
}

pub(super) fn vault_not_ready(id: &str) -> ApiError {
    let message = format!("The vault {id} is being initialized.");
    ApiError::bad_request("VaultNotReady", message)
}

pub(super) fn vault_too_young(id: &str) -> ApiError {
    let message = format!("The vault {id} was created within the last two hours.");
    ApiError::bad_request("CannotDeleteNewVault", message)
}

pub(super) fn vault_has_policies(id: &str) -> ApiError {
    let message = format!("Policies back up to the vault {id}. Unbind them first.");
    ApiError::bad_request("VaultBoundPolicyCannotBeDeleted", message)
}

/// The backup lock of a vault.
pub(super) fn locked(what: &str) -> ApiError {
    let message = format!("The vault is locked: {what} cannot be deleted before its time.");
    ApiError::bad_request("VaultWormEnabled", message)
}

pub(super) fn too_many_vaults() -> ApiError {
    ApiError::bad_request("QuotaExceed.Vault", "The account has 100 vaults already.")
}

pub(super) fn cluster_not_exist(id: &str) -> ApiError {
    let message = format!("The container cluster {id} does not exist.");
    ApiError::not_found("ClusterNotExist", message)
}

pub(super) fn cluster_has_clients(id: &str) -> ApiError {
    let message = format!("A backup client is active in the container cluster {id}.");
    ApiError::bad_request("ClusterHasActiveClients", message)
}

pub(super) fn job_not_exist(id: &str) -> ApiError {
    ApiError::not_found("JobNotExist", format!("The job {id} does not exist."))
}

/// This is told within a 200, as Cloud Backup can: clients have to look at `Success` too.
pub(super) fn job_finished(id: &str) -> ApiError {
    let message = format!("The job {id} has finished, and cannot be canceled.");
    ApiError::new(StatusCode::OK, "JobHasFinished", message)
}

pub(super) fn snapshot_not_exist(id: &str) -> ApiError {
    let message = format!("The snapshot {id} does not exist.");
    ApiError::not_found("SnapshotNotExist", message)
}

pub(super) fn plan_not_exist(id: &str) -> ApiError {
    let message = format!("The backup plan {id} does not exist.");
    ApiError::not_found("PlanNotExist", message)
}

pub(super) fn plan_exists(name: &str) -> ApiError {
    let message = format!("A plan {name} of this source type is in the vault already.");
    ApiError::bad_request("PlanNameAlreadyExist", message)
}

pub(super) fn plan_has_running_jobs(id: &str) -> ApiError {
    let message = format!("Jobs of the plan {id} are running.");
    ApiError::bad_request("PlanHasRunningJobs", message)
}

pub(super) fn policy_not_exist(id: &str) -> ApiError {
    let message = format!("The policy {id} does not exist.");
    ApiError::not_found("PolicyNotExist", message)
}

pub(super) fn task_not_exist(id: &str) -> ApiError {
    ApiError::not_found("TaskNotExist", format!("The task {id} does not exist."))
}

/// This is told within a 200, see [`job_finished`].
pub(super) fn role_not_exist(role: &str) -> ApiError {
    let message = format!("The role {role} does not exist.");
    ApiError::new(StatusCode::OK, "RoleNotExist", message)
}

/// What the real service does, and this cloud does not.
pub(super) fn unsupported(parameter: &str, value: &str) -> ApiError {
    let message = format!("This local cloud does not support {value} as {parameter}.");
    ApiError::bad_request("UnsupportedParameter", message)
}
