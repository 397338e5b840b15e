//! RAM policies, enforced on OSS.

use alibaba_local::{Condition, LocalCloud, Operator, PolicyDocument, Statement, User, Verdict};
use alibaba_sign::Credentials;

use crate::raw::{Raw, SECRET, start_with};

const LIMITED: &str = "LTAI-limited";

/// A server that `limited` calls, under this policy.
async fn limited(policy: PolicyDocument) -> Raw {
    let user = User::new(LIMITED, SECRET)
        .named("limited")
        .policy("Limits", policy);
    let mut raw = start_with(LocalCloud::builder().user(user).bucket("other")).await;
    raw.put("open/k", "x").await;
    raw.put("closed/k", "x").await;
    raw.cloud.requests().clear();
    raw.credentials = Credentials::new(LIMITED, SECRET);
    raw
}

#[tokio::test]
async fn resources_are_checked_as_well_as_actions_and_a_denial_wins() {
    let policy = PolicyDocument::parse(
        r#"{"Version": "1", "Statement": [
            {"Effect": "Allow", "Action": ["oss:Get*", "oss:PutObject", "oss:DeleteObject"],
             "Resource": ["acs:oss:*:*:backups", "acs:oss:*:*:backups/*"]},
            {"Effect": "Deny", "Action": "oss:*", "Resource": "acs:oss:oss-cn-hangzhou:*:backups/closed/*"}
        ]}"#,
    )
    .unwrap();
    let raw = limited(policy).await;
    assert_eq!(raw.get("open/k").await, "x");
    let denied = raw
        .object("GET", "closed/k")
        .fails(403, "AccessDenied")
        .await;
    assert_eq!(denied.xml("NoPermissionType"), "ExplicitDeny");
    assert_eq!(denied.xml("AuthPrincipalType"), "SubUser");
    let denied = raw
        .object("GET", "k")
        .bucket("other")
        .fails(403, "AccessDenied")
        .await;
    assert_eq!(denied.xml("NoPermissionType"), "ImplicitDeny");
    assert_eq!(denied.xml("AuthAction"), "oss:GetObject");
    assert_eq!(denied.xml("PolicyType"), "AccountLevelIdentityBasedPolicy");
    // A copy needs the right to read its source, and a batch that to every object.
    for source in ["/backups/closed/k", "/other/k"] {
        raw.object("PUT", "open/copy")
            .header("x-oss-copy-source", source)
            .fails(403, "AccessDenied")
            .await;
    }
    raw.object("PUT", "open/copy")
        .header("x-oss-copy-source", "/backups/open/k")
        .ok()
        .await;
    raw.service("GET").fails(403, "AccessDenied").await;

    // The log names the statement that made each decision.
    let all = raw.cloud.requests().all();
    let decided = |at: usize| {
        let decision = all[at].decisions.last().unwrap();
        let statement = decision
            .statement()
            .map(|it| (it.policy().unwrap().to_owned(), it.index()));
        (decision.verdict(), statement)
    };
    let by = |index| Some(("Limits".to_owned(), index));
    assert_eq!(decided(0), (Verdict::Allow, by(0)));
    assert_eq!(decided(1), (Verdict::ExplicitDeny, by(1)));
    assert_eq!(decided(2), (Verdict::ImplicitDeny, None));
    let copy: Vec<_> = all[3]
        .decisions
        .iter()
        .map(|it| (it.action(), it.verdict()))
        .collect();
    let read = ("oss:GetObject", Verdict::ExplicitDeny);
    assert_eq!(copy, [("oss:PutObject", Verdict::Allow), read]);
}

#[tokio::test]
async fn conditions_see_the_address_and_the_prefix_of_a_listing() {
    let lists = |operator: Operator, key: &str, value: &str| {
        Statement::allow()
            .action("oss:ListObjects")
            .resource("acs:oss:*:*:backups")
            .condition(Condition::new().and(operator, key, value))
    };
    let prefix = lists(Operator::StringLike, "oss:Prefix", "open/*");
    let raw = limited(PolicyDocument::new().statement(prefix)).await;
    raw.bucket("GET").query("prefix", "open/").ok().await;
    raw.bucket("GET").fails(403, "AccessDenied").await;
    for (range, allowed) in [("127.0.0.0/8", true), ("192.0.2.0/24", false)] {
        let from = lists(Operator::IpAddress, "acs:SourceIp", range);
        let raw = limited(PolicyDocument::new().statement(from)).await;
        let status = raw.bucket("GET").send().await.status;
        assert_eq!(status == 200, allowed, "{range}: {status}");
    }
}

#[tokio::test]
async fn the_directory_changes_while_the_cloud_runs() {
    let nothing = PolicyDocument::new();
    let raw = limited(nothing).await;
    raw.object("GET", "open/k").fails(403, "AccessDenied").await;
    let directory = raw.cloud.directory();
    directory.add_user(
        User::new(LIMITED, SECRET)
            .named("limited")
            .allow_only(["oss:GetObject"]),
    );
    assert_eq!(raw.get("open/k").await, "x");
    assert!(directory.remove_user("limited"));
    assert!(!directory.remove_user("limited"));
    raw.object("GET", "open/k")
        .fails(403, "InvalidAccessKeyId")
        .await;
}

#[tokio::test]
async fn no_policy_restricts_the_account_itself() {
    let mut raw = limited(PolicyDocument::new()).await;
    raw.cloud
        .directory()
        .add_user(User::account("LTAI-account", SECRET));
    raw.credentials = Credentials::new("LTAI-account", SECRET);
    assert_eq!(raw.get("open/k").await, "x");
    let decision = raw.cloud.requests().all()[0].decisions[0].clone();
    assert_eq!(
        (decision.verdict(), decision.statement()),
        (Verdict::Allow, None)
    );
}
