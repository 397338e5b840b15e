//! Who may do what with Cloud Backup: by action, on everything.

use alibaba_local::{PolicyDocument, Statement, User};
use alibaba_ram::KNOWN_ACTIONS;
use alibaba_sign::Credentials;

use super::calls::{HBR, Stage, call};
use crate::raw::{SECRET, start};

const CALLER: &str = "LTAI-caller";

#[tokio::test]
async fn every_action_needs_its_right_and_no_other() {
    let raw = start().await;
    let keys = Credentials::new(CALLER, SECRET);
    let may = async |action: &str| {
        let reply = raw.api(HBR, action).by(&keys).send().await;
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_ne!(body["Code"], "InvalidAction.NotFound", "{action}");
        assert_eq!(
            reply.status == 403,
            body["Code"] == "Forbidden.RAM",
            "{action}: {body}"
        );
        reply.status != 403
    };
    let grant = |action: &str, resource: &str| {
        let statement = Statement::allow().action(action).resource(resource);
        let user =
            User::new(CALLER, SECRET).policy("Granted", PolicyDocument::new().statement(statement));
        raw.cloud.directory().add_user(user);
    };
    let known = KNOWN_ACTIONS.iter().filter(|it| it.service() == "hbr");
    let mut checked = 0;
    for known in known {
        let (right, action) = (known.name(), known.name().split_once(':').unwrap().1);
        // A right only, without an action.
        if action == "DescribeRestoreJobs" {
            continue;
        }
        grant(right, "*");
        assert!(may(action).await, "{right}");
        // Not on the vaults of a table of 2023.
        grant(right, "acs:hbr:*:*:vault/*");
        assert!(!may(action).await, "{right} on vaults");
        grant("hbr:Nothing", "*");
        assert!(!may(action).await, "{right}");
        checked += 1;
    }
    assert_eq!(checked, 30);
}

#[tokio::test]
async fn a_denial_says_what_is_missing_and_nothing_is_done() {
    let stage = Stage::new().await;
    let raw = &stage.raw;
    raw.cloud.directory().add_user(
        User::new(CALLER, SECRET)
            .named("caller")
            .allow_only(["hbr:Describe*"]),
    );
    let keys = Credentials::new(CALLER, SECRET);
    let denied = stage
        .back_up(&["data"])
        .by(&keys)
        .fails(403, "Forbidden.RAM")
        .await;
    let detail = &denied["AccessDeniedDetail"];
    assert_eq!(
        (&detail["AuthAction"], &detail["NoPermissionType"]),
        (&"hbr:CreateBackupJob".into(), &"ImplicitDeny".into())
    );
    assert_eq!(
        (&detail["AuthPrincipalType"], &detail["PolicyType"]),
        (&"SubUser".into(), &"AccountLevelIdentityBasedPolicy".into())
    );
    let jobs = call(raw, "DescribeBackupJobs2", &[]).by(&keys).ok().await;
    assert_eq!(jobs["TotalCount"], 0);
    // Rights come before parameters.
    call(raw, "CreateVault", &[])
        .by(&keys)
        .fails(403, "Forbidden.RAM")
        .await;
    let record = raw.cloud.requests().all().pop().unwrap();
    assert_eq!(
        (record.service, record.operation, record.status),
        ("hbr", "CreateVault", Some(403))
    );
    assert!(record.decisions[0].to_string().contains("hbr:CreateVault"));
}
