//! Refusals, broken connections, and what is refused before it is sent.

use std::error::Error as _;

use alibaba_core::ErrorKind;
use alibaba_ecs_snapshot::{Client, LockMode, ResourceType, Retention, Tag, remedy};
use chrono::Weekday;
use futures::TryStreamExt as _;

use crate::operations::{Sending, every_call};
use crate::stage::{Clients as _, Scene, Stage};

fn refusal(status: u16, code: &str) -> Scene {
    Scene::Respond(
        status,
        format!(
            r#"{{"RequestId":"R-1","HostId":"ecs.aliyuncs.com","Code":"{code}","Message":"no"}}"#
        ),
    )
}

#[tokio::test]
async fn refusals_say_what_the_caller_can_do() {
    for (status, code, kind, has_remedy) in [
        (404, "InvalidDiskId.NotFound", ErrorKind::NotFound, false),
        (
            403,
            "InvalidSnapshotId.NotFound",
            ErrorKind::NotFound,
            false,
        ),
        (
            403,
            "IncorrectDiskStatus.NeverAttached",
            ErrorKind::Refused,
            true,
        ),
        (403, "QuotaExceed.Snapshot", ErrorKind::Refused, true),
        (
            403,
            "InvalidAccountStatus.SnapshotServiceUnavailable",
            ErrorKind::Refused,
            true,
        ),
        (403, "IdempotentParameterMismatch", ErrorKind::Refused, true),
        (403, "Forbidden.RAM", ErrorKind::Denied, true),
    ] {
        let stage = Stage::playing([refusal(status, code)]);
        let error = stage
            .client()
            .create_snapshot("d-1")
            .send()
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.service_code()), (kind, Some(code)));
        assert_eq!(error.request_id(), Some("R-1"));
        assert_eq!(remedy(&error).is_some(), has_remedy, "{code}");
        assert!(!error.is_retryable());
        assert_eq!(stage.sent().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn what_passes_soon_is_repeated_with_the_same_token() {
    for (status, code) in [
        (403, "Throttling"),
        (400, "Throttling.User"),
        (403, "IdempotentProcessing"),
        (403, "LastTokenProcessing"),
        (409, "InvalidOperation.Conflict"),
        (403, "IncorrectDiskStatus.Initializing"),
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
    ] {
        let done = r#"{"RequestId":"R","SnapshotId":"s-1"}"#;
        let stage = Stage::playing([refusal(status, code), Scene::Respond(200, done.to_owned())]);
        let created = stage.client().create_snapshot("d-1").send().await.unwrap();
        assert_eq!(created.snapshot_id.as_str(), "s-1");
        let sent = stage.sent();
        assert_eq!(sent.len(), 2, "{code}");
        assert_eq!(sent[0].query["ClientToken"], sent[1].query["ClientToken"]);
    }
}

#[tokio::test]
async fn a_denial_names_the_missing_right() {
    let body = r#"{"RequestId":"R-1","Code":"Forbidden.RAM","Message":"no","AccessDeniedDetail":{
        "AuthAction":"ecs:CreateSnapshot","AuthPrincipalType":"SubUser","NoPermissionType":"ImplicitDeny",
        "PolicyType":"AccountLevelIdentityBasedPolicy"}}"#;
    let stage = Stage::playing([Scene::Respond(403, body.to_owned())]);
    let error = stage
        .client()
        .create_snapshot("d-1")
        .send()
        .await
        .unwrap_err();
    let denied = error.access_denied().unwrap();
    assert_eq!(denied.auth_action.as_deref(), Some("ecs:CreateSnapshot"));
    assert_eq!(denied.no_permission_type.as_deref(), Some("ImplicitDeny"));
}

#[tokio::test]
async fn after_a_broken_connection_only_what_is_harmless_is_repeated() {
    let not_repeated = ["CreateAutoSnapshotPolicy", "ModifySnapshotCategory"];
    for index in 0..every_call(&Stage::responding("").client()).len() {
        let stage = Stage::playing([Scene::BreakOff, refusal(404, "InvalidSnapshotId.NotFound")]);
        let ecs: Client = stage.client();
        let (action, call): (_, Sending<'_>) = every_call(&ecs).swap_remove(index);
        call.await.unwrap_err();
        let sent = stage.sent();
        let expected = if not_repeated.contains(&action) { 1 } else { 2 };
        assert_eq!(sent.len(), expected, "{action}");
        assert!(
            sent.iter().all(|request| request.query == sent[0].query),
            "{action}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_counts_as_deleted_and_nothing_else_does() {
    macro_rules! deleted {
        ($call:ident($id:literal): $($status:literal $code:literal => $is_gone:literal;)*) => {$(
            let stage = Stage::playing([refusal($status, $code)]);
            let result = stage.client().$call($id).send_if_exists().await;
            if $is_gone {
                assert!(result.unwrap().is_none(), $code);
            } else {
                assert_eq!(result.unwrap_err().service_code(), Some($code));
            }
            let stage = Stage::responding(r#"{"RequestId":"R"}"#);
            let done = stage.client().$call($id).send_if_exists().await.unwrap();
            assert_eq!(done.unwrap().request_id, "R");
        )*};
    }
    deleted! { delete_snapshot("s-1"):
        404 "InvalidSnapshotId.NotFound" => true;
        404 "InvalidRegionId.NotFound" => false;
        403 "SnapshotCreatedDisk" => false;
    }
    deleted! { delete_snapshot_group("ssg-1"):
        404 "InvalidSnapshotGroupId.NotFound" => true;
        404 "InvalidRegionId.NotFound" => false;
    }
    deleted! { delete_auto_snapshot_policy("sp-1"):
        404 "ParameterInvalid" => true;
        403 "ParameterInvalid" => false;
        400 "InvalidAutoSnapshotPolicyId.NotFound" => true;
        403 "Forbidden.RAM" => false;
    }
}

#[tokio::test]
async fn what_breaks_a_published_rule_is_not_sent() {
    let stage = Stage::responding("{}");
    let ecs = stage.client();
    let long = |length: usize| "x".repeat(length);
    let tagged = |tags: Vec<Tag>| ecs.create_snapshot("d-1").tags(tags);
    let policy = |hours: Vec<u8>, retention: Retention| {
        ecs.create_auto_snapshot_policy([Weekday::Mon], hours, retention)
    };
    macro_rules! refused {
        ($($call:expr => $parameter:literal, $reason:literal;)*) => {$(
            let error = $call.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.to_string(), concat!("write the parameter `", $parameter, "`"));
            assert_eq!(error.source().unwrap().to_string(), $reason);
        )*};
    }
    refused! {
        ecs.create_snapshot("s-1") => "DiskId", "expected `d-` and letters and digits, got `s-1`";
        ecs.delete_snapshot("d-1") => "SnapshotId", "expected `s-` and letters and digits, got `d-1`";
        ecs.delete_snapshot("s-") => "SnapshotId", "expected `s-` and letters and digits, got `s-`";
        ecs.delete_snapshot_group("s-1") => "SnapshotGroupId", "expected `ssg-` and letters and digits, got `s-1`";
        ecs.create_snapshot("d-1").snapshot_name("auto-1") => "SnapshotName",
            "expected 2 to 128 letters, digits, `:`, `_`, `.` and `-`, the first a letter, and not `auto` at the \
             beginning, got `auto-1`";
        ecs.create_snapshot_group().name("1st") => "Name",
            "expected 2 to 128 letters, digits, `:`, `_`, `.` and `-`, the first a letter, got `1st`";
        ecs.create_snapshot("d-1").description("http://x") => "Description",
            "expected 2 to 256 characters that do not begin with `http://` or `https://`, got `http://x`";
        ecs.modify_snapshot_attribute("s-1").description(long(257)) => "Description",
            "expected 0 to 256 characters, got 257";
        ecs.create_snapshot("d-1").retention_days(0_u32) => "RetentionDays", "expected 1 to 65536, got 0";
        ecs.modify_snapshot_category("s-1").retention_days(73_u32) => "RetentionDays", "expected 74 to 65536, got 73";
        ecs.copy_snapshot("s-1", "Beijing", "name", "for what") => "DestinationRegionId",
            "expected a region id such as `cn-hangzhou`, got `Beijing`";
        ecs.describe_snapshots().snapshot_ids(vec!["s-1".into(); 101]) => "SnapshotIds",
            "expected 0 to 100 elements, got 101";
        ecs.describe_snapshots().max_results(101_u32) => "MaxResults", "expected 1 to 100, got 101";
        ecs.describe_disks().max_results(501_u32) => "MaxResults", "expected 1 to 500, got 501";
        ecs.apply_auto_snapshot_policy("sp-1", []) => "diskIds",
            "expected one id at least, got none";
        policy(vec![24], Retention::Forever) => "timePoints", "expected hours from 0 to 23, got 24";
        policy(vec![], Retention::Forever) => "timePoints", "expected 1 to 24 elements, got 0";
        policy(vec![1], Retention::Days(0)) => "retentionDays", "expected 1 to 65535 days, got 0";
        ecs.lock_snapshot("s-1", LockMode::Compliance, 36501_u32, 0_u32) => "LockDuration",
            "expected 1 to 36500, got 36501";
        ecs.lock_snapshot("s-1", LockMode::Compliance, 1_u32, 73_u32) => "CoolOffPeriod", "expected 0 to 72, got 73";
        ecs.create_disk().size_gib(0_u32) => "Size", "expected 1 to 65536, got 0";
        ecs.tag_resources(ResourceType::Disk, [], [Tag::new("k", "v")]) => "ResourceId",
            "expected 1 to 50 elements, got 0";
        tagged(vec![Tag::new("acs:x", "v")]) => "Tag", "the tag `acs:x` begins with `aliyun` or `acs:`";
        tagged(vec![Tag::new("", "v")]) => "Tag", "the tag `` is not of 1 to 128 characters";
        tagged(vec![Tag::new("k", long(129))]) => "Tag", "the tag `k` has a value of more than 128 characters";
        tagged(vec![Tag::new("k", "http://x")]) => "Tag", "the tag `k` holds `http://` or `https://`";
        tagged(vec![Tag::new("k", "1"), Tag::new("k", "2")]) => "Tag", "the tag `k` is there twice";
        tagged((0..21).map(|n| Tag::new(format!("k{n}"), "")).collect()) => "Tag", "expected up to 20 tags, got 21";
    }
    let group = || ecs.create_snapshot_group();
    let disk = || ecs.create_disk();
    let associations = || ecs.describe_auto_snapshot_policy_associations();
    macro_rules! conflicting {
        ($($call:expr => $action:literal, $remedy:literal;)*) => {$(
            let error = $call.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.to_string(), concat!("check the parameters of `", $action, "`: ", $remedy));
        )*};
    }
    conflicting! {
        group().name("name").send() => "CreateSnapshotGroup", "give `InstanceId` or `DiskId`";
        group().disk_ids(["d-1".into()]).exclude_disk_ids(["d-2".into()]).send() => "CreateSnapshotGroup",
            "give one of `DiskId` and `ExcludeDiskId`, not several";
        disk().zone_id("z").send() => "CreateDisk", "give `Size` or `SnapshotId`";
        disk().size_gib(1_u32).send() => "CreateDisk", "give `ZoneId` or `InstanceId`";
        disk().size_gib(1_u32).zone_id("z").instance_id("i-1").send() => "CreateDisk",
            "give one of `ZoneId` and `InstanceId`, not several";
        disk().size_gib(1_u32).zone_id("z").storage_cluster_id("c").storage_set_id("s").send() => "CreateDisk",
            "give one of `StorageClusterId` and `StorageSetId`, not several";
        associations().auto_snapshot_policy_id("sp-1").disk_id("d-1").items().try_next() =>
            "DescribeAutoSnapshotPolicyAssociations", "give one of `AutoSnapshotPolicyId` and `DiskId`, not several";
        ecs.list_tag_resources(ResourceType::Disk).items().try_next() => "ListTagResources", "give `ResourceId` or `Tag`";
    }
    assert!(stage.sent().is_empty());
    // Looking for tags that ECS gives itself is allowed.
    let given = [Tag::new("acs:ecs:createFrom", "i-1")];
    let _ = ecs.describe_snapshots().tags(given).send().await;
    assert_eq!(stage.sent().len(), 1);
}
