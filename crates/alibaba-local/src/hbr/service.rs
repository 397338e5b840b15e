//! The service itself: opening it, its tasks, its roles, and policies for its users.

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::seconds;
use super::refusal::{role_not_exist, task_not_exist};
use super::state::{Hbr, VAULT_TIME};
use super::{bounds, ids};
use crate::directory::ACCOUNT_ID;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// It is open from the start, and opening it again is no error.
pub(super) fn open(_: &Hbr, _: &Call<'_>) -> Result<Value, ApiError> {
    let number: String = ids::new("").chars().filter(char::is_ascii_digit).collect();
    Ok(json!({ "OrderId": format!("2{number:0>14}") }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeTask {
    task_id: String,
}

/// The tasks are the makings of vaults. What `Name`, `Description` and `Result` say is assumed.
pub(super) fn describe_task(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let DescribeTask { task_id } = call.parameters.read()?;
    bounds::id("TaskId", &task_id, "t-")?;
    let now = call.now();
    hbr.change(call, |records| {
        let mut vaults = records.vaults.values();
        let vault = vaults.find(|it| it.task == task_id && it.region == call.region);
        let vault = vault.ok_or_else(|| task_not_exist(&task_id))?;
        let passed = (now - vault.created_at).num_milliseconds().max(0);
        let progress = passed * 10_000 / VAULT_TIME.num_milliseconds();
        let ended = vault.is_made(now).then(|| vault.created_at + VAULT_TIME);
        Ok(json!({
            "Name": "CreateVault",
            "Description": if ended.is_some() { "completed" } else { "created" },
            "Progress": progress.min(10_000),
            "Result": ended.map(|_| json!({ "vaultId": vault.id }).to_string()),
            "CreatedTime": seconds(vault.created_at),
            "UpdatedTime": seconds(ended.unwrap_or(vault.created_at)),
            "CompletedTime": seconds(ended),
        }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CheckRole {
    check_role_type: Option<String>,
}

/// The service-linked roles of Cloud Backup, by what they are for.
const ROLES: &[(&str, &str)] = &[
    ("EcsRole", "AliyunServiceRoleForHbrEcsBackup"),
    ("CsgRole", "AliyunServiceRoleForHbrCsgBackup"),
    ("NasRole", "AliyunServiceRoleForHbrNasBackup"),
    ("OssRole", "AliyunServiceRoleForHbrOssBackup"),
    ("UdmRole", "AliyunServiceRoleForHbrEcsBackup"),
];

/// Whether the account has the role, by the directory: nobody makes it here but who adds it.
pub(super) fn check_role(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let CheckRole { check_role_type } = call.parameters.read()?;
    let kind = check_role_type.ok_or_else(|| ApiError::missing("CheckRoleType"))?;
    let role = ROLES.iter().find(|(known, _)| *known == kind);
    let (_, role) = role.ok_or_else(|| ApiError::invalid("CheckRoleType"))?;
    match hbr.directory.role(role) {
        Some(_) => Ok(json!({})),
        None => Err(role_not_exist(role)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Generate {
    action_type: String,
    vault_id: String,
}

/// On the vault and its clients, as the policies of the real one are. It says so although the newest
/// pages of RAM let no action of Cloud Backup be on less than everything.
pub(super) fn generate_policy(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let Generate {
        action_type,
        vault_id,
    } = call.parameters.read()?;
    let actions = match action_type.as_str() {
        "BACKUP" => [
            "hbr:CreateVault",
            "hbr:DescribeVaults",
            "hbr:CreateBackupJob",
            "hbr:DescribeBackupJobs2",
        ],
        "RESTORE" => [
            "hbr:SearchHistoricalSnapshots",
            "hbr:DescribeVaults",
            "hbr:CreateRestoreJob",
            "hbr:DescribeRestoreJobs2",
        ],
        _ => return Err(ApiError::invalid("ActionType")),
    };
    hbr.change(call, |records| {
        let vault = records.vault(&call.region, &vault_id)?;
        let resource = format!("acs:hbr:{}:{ACCOUNT_ID}:vault/{}", vault.region, vault.id);
        let document = json!({
            "Version": "1",
            "Statement": [{
                "Effect": "Allow",
                "Action": actions,
                "Resource": [resource, format!("{resource}/client/*")],
            }],
        });
        Ok(json!({ "PolicyDocument": document.to_string() }))
    })
}
