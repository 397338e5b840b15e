//! What to do about Cloud Backup's refusals.

use alibaba_core::Error;

/// What to do about an error of Cloud Backup, where what it says is known.
///
/// ```no_run
/// # async fn example(hbr: alibaba_hbr::Client) {
/// if let Err(error) = hbr.backup_job_poller("job-000fake000000001").until_done().await {
///     eprintln!("{error}");
///     if let Some(remedy) = alibaba_hbr::remedy(&error) {
///         eprintln!("{remedy}");
///     }
/// }
/// # }
/// ```
#[must_use]
pub fn remedy(error: &Error) -> Option<&'static str> {
    let service = error.service()?;
    of_code(&service.code).or_else(|| {
        // What a job in a deleted vault gets.
        let is_vague = service.message.contains("Illegal request. Please modify the parameters");
        is_vague.then_some(
            "the vault may have been deleted: see whether it is listed, and create another where it is not",
        )
    })
}

fn of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "VaultNotExist" => "the vault was deleted, or is in another region: create one",
        "VaultNotReady" => "wait by `vault_poller` until the vault is created",
        "QuotaExceed.Vault" => "an account has 100 vaults: delete one, or use one that is there",
        "CannotDeleteReplicationSourceVault" => {
            "delete the vault that this one is replicated to first, and try again after a while"
        }
        "VaultBoundPolicyCannotBeDeleted" => {
            "unbind the policies of the vault first, and try again after a while"
        }
        "ClusterNotExist" => "register the cluster by `add_container_cluster`",
        "ClientNotExist" => {
            "install `hbr-client` in the cluster with the token of `add_container_cluster`, and wait until the agent is `READY`"
        }
        "SOURCE_NOT_EXIST" => {
            "see that a running Pod has the volume mounted on that node: `hostPath` volumes cannot be backed up"
        }
        "SnapshotNotExist" => "the backup has expired or was deleted: search for another",
        "MagpieBridgeSlrNotExist" => {
            "create the service-linked role AliyunServiceRoleForHbrMagpieBridge"
        }
        "NoPermission" | "Forbidden.RAM" => "allow the action to the caller, or call as another",
        _ => return None,
    })
}
