//! Refusals, broken connections, what is refused before it is sent, and waiting.

use std::error::Error as _;

use alibaba_core::ErrorKind;
use alibaba_hbr::{
    Client, ContainerVolume, Filter, FilterKey, FilterOperator, RestoreType, SnapshotQuery,
    SourceType, TargetContainer, VolumeInfo, remedy,
};
use chrono::{DateTime, Utc};
use serde_json::json;

use crate::operations::{Sending, every_call};
use crate::stage::{Clients as _, Scene, Stage};

fn refusal(status: u16, code: &str) -> Scene {
    let body = json!({"RequestId": "R-1", "Success": false, "Code": code, "Message": "no"});
    Scene::Respond(status, body.to_string())
}

#[tokio::test]
async fn refusals_say_what_the_caller_can_do() {
    for (status, code, kind, has_remedy) in [
        (404, "VaultNotExist", ErrorKind::NotFound, true),
        // With status 200 as well, a refusal is one.
        (200, "VaultNotExist", ErrorKind::NotFound, true),
        (200, "VaultNotReady", ErrorKind::Refused, true),
        (403, "MagpieBridgeSlrNotExist", ErrorKind::NotFound, true),
        (403, "NoPermission", ErrorKind::Denied, true),
        (400, "InvalidParameter", ErrorKind::Refused, false),
    ] {
        let stage = Stage::playing([refusal(status, code)]);
        let call = stage.client().delete_vault().vault_id("v-1");
        let error = call.send().await.unwrap_err();
        assert_eq!((error.kind(), error.service_code()), (kind, Some(code)));
        assert_eq!(error.request_id(), Some("R-1"));
        assert_eq!(remedy(&error).is_some(), has_remedy, "{code}");
        assert!(!error.is_retryable());
        assert_eq!(stage.sent().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_code_may_be_a_number_and_a_deleted_vault_is_guessed() {
    let body = r#"{"RequestId":"R-1","Success":false,"Code":400,"Message":"Illegal request. Please modify the parameters."}"#;
    let stage = Stage::responding(body);
    let call = stage.client().create_backup_job(SourceType::Nas, 7_u32);
    let error = call.send().await.unwrap_err();
    assert_eq!(error.service_code(), Some("400"));
    assert!(remedy(&error).unwrap().contains("may have been deleted"));
}

#[tokio::test]
async fn a_denial_names_the_missing_right() {
    let body = r#"{"RequestId":"R-1","Code":"NoPermission","Message":"no","AccessDeniedDetail":{
        "AuthAction":"hbr:CreateVault","AuthPrincipalType":"SubUser","NoPermissionType":"ImplicitDeny",
        "PolicyType":"AccountLevelIdentityBasedPolicy"}}"#;
    let stage = Stage::playing([Scene::Respond(403, body.to_owned())]);
    let error = stage.client().create_vault("v").send().await.unwrap_err();
    let denied = error.access_denied().unwrap();
    assert_eq!(denied.auth_action.as_deref(), Some("hbr:CreateVault"));
}

#[tokio::test]
async fn after_a_broken_connection_only_what_is_harmless_is_repeated() {
    let not_repeated = [
        "CreateVault",
        "AddContainerCluster",
        "UpdateContainerCluster",
        "CreateBackupJob",
        "CreateRestoreJob",
        "CreateBackupPlan",
        "ExecuteBackupPlan",
        "CreatePolicyV2",
        "CreatePolicyBindings",
    ];
    for index in 0..every_call(&Stage::responding("{}").client()).len() {
        let stage = Stage::playing([Scene::BreakOff, refusal(404, "VaultNotExist")]);
        let hbr: Client = stage.client();
        let (action, call): (_, Sending<'_>) = every_call(&hbr).swap_remove(index);
        call.await.unwrap_err();
        let expected = if not_repeated.contains(&action) { 1 } else { 2 };
        assert_eq!(stage.sent().len(), expected, "{action}");
    }
}

#[tokio::test]
async fn what_breaks_a_published_rule_is_not_sent() {
    let stage = Stage::responding("{}");
    let hbr = stage.client();
    let long = |length: usize| "x".repeat(length);
    let nothing: [ContainerVolume; 0] = [];
    let volume = |prefix: &str| ContainerVolume::new("u", VolumeInfo::default(), "n", prefix);
    let restore = || hbr.create_restore_job(RestoreType::Nas, SourceType::Nas);
    let between = Filter::new(FilterKey::CreatedTime, FilterOperator::Between, [1]);
    let ended = Filter::any_of(FilterKey::CompleteTime, [1]);
    macro_rules! refused {
        ($($call:expr => $parameter:literal, $reason:literal;)*) => {$(
            let error = $call.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.to_string(), concat!("write the parameter `", $parameter, "`"));
            assert_eq!(error.source().unwrap().to_string(), $reason);
        )*};
    }
    refused! {
        hbr.create_vault("") => "VaultName", "expected 1 to 64 characters, got ``";
        hbr.create_vault("v").description(long(256)) => "Description", "expected 0 to 255 characters, got 256";
        hbr.update_vault("s-1") => "VaultId", "expected `v-` and letters and digits, got `s-1`";
        hbr.describe_vaults().page_size(100_u32) => "PageSize", "expected 1 to 99, got 100";
        hbr.describe_vaults().page_number(0_u32) => "PageNumber", "expected 1 to 4294967295, got 0";
        hbr.describe_vaults().vault_region_id("oss-cn-hangzhou") => "VaultRegionId",
            "expected a region id such as `cn-hangzhou`, got `oss-cn-hangzhou`";
        hbr.describe_container_cluster().identifier("c1") => "Identifier",
            "expected 33 letters and digits, the first a `c`, got `c1`";
        hbr.cancel_backup_job("1") => "JobId", "expected `job-` and letters and digits, got `1`";
        hbr.create_container_backup_job("v-1", "cl-1", [volume("p")], 1) => "ContainerClusterId",
            "expected `cc-` and letters and digits, got `cl-1`";
        hbr.create_container_backup_job("v-1", "cc-1", nothing, 1) => "ContainerResources",
            "expected 1 to 18446744073709551615 elements, got 0";
        hbr.create_container_backup_job("v-1", "cc-1", [volume("/p")], 1) => "ContainerResources",
            "expected a path below the kubelet's directory of Pods, without `/` at its beginning, got `/p`";
        restore().target_container(TargetContainer::new("n", "p")) => "TargetContainer",
            "expected a path with `/` at its beginning, got `p`";
        restore().exclude([long(252)]) => "Exclude", "expected 0 to 255 characters, got 256";
        hbr.describe_backup_jobs().filters([between]) => "Filters",
            "expected two values for `CreatedTime` `BETWEEN`, got 1";
        hbr.describe_restore_jobs().filters([ended]) => "Filters", "`CompleteTime` cannot be compared by `IN`";
        hbr.search_historical_snapshots(SnapshotQuery::in_vault("1")) => "Query",
            "expected `v-` and letters and digits, got `1`";
        hbr.create_backup_plan(SourceType::Oss).schedule("daily") => "Schedule",
            "expected `I|`, a start in UNIX seconds, `|` and an ISO 8601 duration such as `P1D`, got `daily`";
        hbr.describe_policies().max_results(9_u32) => "MaxResults", "expected 10 to 100, got 9";
    }
    assert!(stage.sent().is_empty());
}

#[tokio::test]
async fn the_smaller_choices_are_written_as_documented() {
    let stage = Stage::responding("{}");
    let hbr = stage.client();
    let _ = hbr.create_vault("v").encrypted_by("alias/k").send().await;
    let query = stage.last().query;
    assert_eq!(
        (query["EncryptType"].as_str(), query["KmsKeyId"].as_str()),
        ("KMS", "alias/k")
    );
    assert_eq!(query["VaultRegionId"], "cn-hangzhou");

    let from: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
    let query = SnapshotQuery::in_vault("v-1")
        .of_file_system("f", from)
        .completed_before(from);
    let _ = hbr.search_historical_snapshots(query).send().await;
    let sent: serde_json::Value = serde_json::from_str(&stage.last().query["Query"]).unwrap();
    assert_eq!(
        sent,
        json!([
            {"field": "VaultId", "operation": "MATCH_TERM", "value": "v-1"},
            {"field": "FileSystemId", "operation": "MATCH_TERM", "value": "f"},
            {"field": "CreateTime", "operation": "MATCH_TERM", "value": 1_767_225_600},
            {"field": "CompleteTime", "operation": "LESS_THAN", "value": 1_767_225_600},
        ])
    );
}
