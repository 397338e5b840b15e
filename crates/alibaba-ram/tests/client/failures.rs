//! Refusals, broken connections, and what is refused before it is sent.

use std::error::Error as _;
use std::time::Duration;

use alibaba_core::ErrorKind;
use alibaba_ram::client::{Client, PolicyType, remedy};

use crate::operations::{Sending, every_call};
use crate::stage::{Clients as _, Scene, Stage};

fn refusal(status: u16, code: &str) -> Scene {
    Scene::Respond(
        status,
        format!(
            r#"{{"RequestId":"R-1","HostId":"ram.aliyuncs.com","Code":"{code}","Message":"no"}}"#
        ),
    )
}

#[tokio::test]
async fn refusals_say_what_the_caller_can_do() {
    for (status, code, kind, has_remedy) in [
        (404, "EntityNotExist.User", ErrorKind::NotFound, false),
        (409, "EntityAlreadyExists.User", ErrorKind::Conflict, false),
        (
            409,
            "DeleteConflict.User.AccessKey",
            ErrorKind::Conflict,
            true,
        ),
        (
            409,
            "LimitExceeded.Policy.Version",
            ErrorKind::Conflict,
            true,
        ),
        (403, "NoPermission", ErrorKind::Denied, true),
        (400, "MalformedPolicyDocument", ErrorKind::Refused, true),
    ] {
        let stage = Stage::playing([refusal(status, code)]);
        let error = stage.client().delete_user("u").send().await.unwrap_err();
        assert_eq!((error.kind(), error.service_code()), (kind, Some(code)));
        assert_eq!(error.request_id(), Some("R-1"));
        assert_eq!(remedy(&error).is_some(), has_remedy, "{code}");
        assert_eq!(stage.sent().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_denial_names_the_missing_right() {
    let body = r#"{"RequestId":"R-1","Code":"NoPermission","Message":"no","AccessDeniedDetail":{
        "AuthAction":"ram:DeleteUser","AuthPrincipalType":"SubUser","NoPermissionType":"ImplicitDeny",
        "PolicyType":"AccountLevelIdentityBasedPolicy"}}"#;
    let stage = Stage::playing([Scene::Respond(403, body.to_owned())]);
    let error = stage.client().delete_user("u").send().await.unwrap_err();
    let denied = error.access_denied().unwrap();
    assert_eq!(denied.auth_action.as_deref(), Some("ram:DeleteUser"));
    assert_eq!(denied.no_permission_type.as_deref(), Some("ImplicitDeny"));
}

#[tokio::test]
async fn after_a_broken_connection_only_what_is_harmless_is_repeated() {
    let not_repeated = [
        "CreateUser",
        "UpdateUser",
        "CreatePolicy",
        "CreatePolicyVersion",
        "CreateAccessKey",
        "CreateRole",
    ];
    for (action, count) in (0..every_call(&Stage::responding("{}").client()).len()).map(|index| {
        let stage = Stage::playing([Scene::BreakOff, refusal(404, "EntityNotExist")]);
        let ram: Client = stage.client();
        let (action, call): (_, Sending<'_>) = every_call(&ram).swap_remove(index);
        (
            action,
            futures::executor::block_on(async {
                call.await.unwrap_err();
                stage.sent().len()
            }),
        )
    }) {
        let expected = if not_repeated.contains(&action) { 1 } else { 2 };
        assert_eq!(count, expected, "{action}");
    }
}

#[tokio::test]
async fn what_breaks_a_published_rule_is_not_sent() {
    let stage = Stage::responding("{}");
    let ram = stage.client();
    let long = |length: usize| "x".repeat(length);
    macro_rules! refused {
        ($($call:expr => $parameter:literal, $reason:literal;)*) => {$(
            let error = $call.send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.to_string(), concat!("write the parameter `", $parameter, "`"));
            assert_eq!(error.source().unwrap().to_string(), $reason);
        )*};
    }
    refused! {
        ram.get_user("a b") => "UserName",
            "expected 1 to 64 letters, digits, `.`, `-` and `_`, got `a b`";
        ram.get_policy("a.b", PolicyType::Custom) => "PolicyName",
            "expected 1 to 128 letters, digits and `-`, got `a.b`";
        ram.get_role("a_b") => "RoleName", "expected 1 to 64 letters, digits, `.` and `-`, got `a_b`";
        ram.delete_policy_version("p", "1") => "VersionId", "expected `v` and a number, got `1`";
        ram.create_user("u").display_name("") => "DisplayName", "expected 1 to 128 characters, got 0";
        ram.create_user("u").comments(long(129)) => "Comments", "expected 1 to 128 characters, got 129";
        ram.create_policy("p", long(6145)) => "PolicyDocument", "expected 1 to 6144 characters, got 6145";
        ram.create_policy("p", "{}").description(long(1025)) => "Description",
            "expected 1 to 1024 characters, got 1025";
        ram.list_users().max_items(0_u32) => "MaxItems", "expected 1 to 1000, got 0";
        ram.create_role("r", "{}").max_session_duration(Duration::from_secs(60)) => "MaxSessionDuration",
            "expected 3600 to 43200, got 60";
    }
    assert!(stage.sent().is_empty());
}
