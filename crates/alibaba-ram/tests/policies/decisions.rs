//! Decisions: what decides, in which order, and in which words.

use alibaba_ram::{
    AttachedPolicy, Condition, Context, Effect, Operator, Policies, PolicyDocument, PolicyLayer,
    Principal, Request, Statement, TrustedKind, TrustedPrincipals, Verdict, evaluate,
    evaluate_trust,
};

use crate::page;

const ACCOUNT: &str = "1234567890123456";

fn object(bucket: &str, key: &str) -> String {
    format!("acs:oss:oss-cn-hangzhou:{ACCOUNT}:{bucket}/{key}")
}

fn policy(statement: Statement) -> PolicyDocument {
    PolicyDocument::new().statement(statement)
}

fn allow(action: &str, resource: &str) -> PolicyDocument {
    policy(Statement::allow().action(action).resource(resource))
}

fn deny(action: &str, resource: &str) -> PolicyDocument {
    policy(Statement::deny().action(action).resource(resource))
}

#[test]
fn the_page_for_one_bucket_allows_that_bucket() {
    let page = page::one_bucket();
    let bucket = format!("acs:oss:oss-cn-hangzhou:{ACCOUNT}:mybackups");
    for (action, resource, expected) in [
        ("oss:PutObject", object("mybackups", "a/b"), Verdict::Allow),
        ("oss:GetBucket", bucket.clone(), Verdict::Allow),
        (
            "oss:PutObject",
            object("otherbucket", "a/b"),
            Verdict::ImplicitDeny,
        ),
        (
            "oss:PutObject",
            object("mybackups2", "a/b"),
            Verdict::ImplicitDeny,
        ),
        ("oss:ListBuckets", "*".to_owned(), Verdict::ImplicitDeny),
        (
            "oss:AbortMultipartUpload",
            object("mybackups", "a"),
            Verdict::ImplicitDeny,
        ),
        (
            "ecs:DescribeAutoSnapshotPolicyEx",
            "*".to_owned(),
            Verdict::Allow,
        ),
        ("ecs:CreateDisk", "*".to_owned(), Verdict::ImplicitDeny),
        ("hbr:CreateVault", "*".to_owned(), Verdict::Allow),
        ("hbr:CancelBackupJob", "*".to_owned(), Verdict::ImplicitDeny),
    ] {
        let decision = evaluate([&page], &Request::new(action, resource.as_str()));
        assert_eq!(decision.verdict(), expected, "{decision}");
    }
}

#[test]
fn the_page_for_all_buckets_allows_every_bucket() {
    let page = page::all_buckets();
    for (action, resource) in [
        ("oss:PutObject", object("otherbucket", "a")),
        ("oss:ListBuckets", "*".to_owned()),
        (
            "ecs:CreateSnapshot",
            format!("acs:ecs:cn-hangzhou:{ACCOUNT}:disk/d-1"),
        ),
    ] {
        assert!(evaluate([&page], &Request::new(action, resource)).is_allowed());
    }
}

#[test]
fn a_denial_beats_every_allowance_wherever_it_stands() {
    let (allow, deny) = (allow("oss:*", "*"), deny("oss:Delete*", "*"));
    let request = Request::new("oss:DeleteObject", object("b", "k"));
    for policies in [[&allow, &deny], [&deny, &allow]] {
        let decision = evaluate(policies, &request);
        assert_eq!(decision.verdict(), Verdict::ExplicitDeny);
        assert_eq!(decision.statement().unwrap().effect(), Effect::Deny);
    }
    assert!(
        evaluate(
            [&allow, &deny],
            &Request::new("oss:GetObject", object("b", "k"))
        )
        .is_allowed()
    );
}

#[test]
fn everything_but_some_is_allowed_and_the_rest_is_not_denied() {
    let but_ram = policy(Statement::allow().not_action("ram:*").resource("*"));
    let request = Request::new("ram:GetUser", format!("acs:ram:*:{ACCOUNT}:user/alice"));
    assert_eq!(
        evaluate([&but_ram], &request).verdict(),
        Verdict::ImplicitDeny
    );
    assert!(evaluate([&but_ram, &allow("ram:GetUser", "*")], &request).is_allowed());
    assert!(evaluate([&but_ram], &Request::new("ecs:CreateDisk", "*")).is_allowed());

    let elsewhere = policy(
        Statement::deny()
            .action("*")
            .not_resource("acs:oss:*:*:b/*"),
    );
    let all = allow("*", "*");
    assert!(
        evaluate(
            [&all, &elsewhere],
            &Request::new("oss:GetObject", object("b", "k"))
        )
        .is_allowed()
    );
    let other = Request::new("oss:GetObject", object("c", "k"));
    assert_eq!(
        evaluate([&all, &elsewhere], &other).verdict(),
        Verdict::ExplicitDeny
    );
}

#[test]
fn every_resource_of_a_call_must_be_allowed() {
    let ecs = |id: &str| format!("acs:ecs:cn-hangzhou:{ACCOUNT}:{id}");
    let disks = allow("ecs:CreateSnapshot", "acs:ecs:*:*:disk/*");
    let snapshots = allow("ecs:CreateSnapshot", "acs:ecs:*:*:snapshot/*");
    let request =
        Request::new("ecs:CreateSnapshot", ecs("disk/d-1")).and_resource(ecs("snapshot/*"));
    assert!(evaluate([&disks, &snapshots], &request).is_allowed());
    assert_eq!(evaluate([&disks], &request).resource(), ecs("snapshot/*"));
    let decision = evaluate([&disks, &deny("*", "acs:ecs:*:*:snapshot/*")], &request);
    assert_eq!(decision.verdict(), Verdict::ExplicitDeny);
    let denied_second =
        Request::new("ecs:CreateSnapshot", ecs("x/1")).and_resource(ecs("snapshot/1"));
    let decision = evaluate([&deny("*", "acs:ecs:*:*:snapshot/*")], &denied_second);
    assert_eq!(
        decision.verdict(),
        Verdict::ExplicitDeny,
        "a denial is told before a lack"
    );
}

#[test]
fn a_statement_that_says_nothing_of_actions_or_resources_allows_nothing() {
    let request = Request::new("a:B", "*");
    for statement in [
        Statement::allow().action("*"),
        Statement::allow().resource("*"),
        Statement::allow().action([] as [&str; 0]).resource("*"),
    ] {
        assert!(!evaluate([&policy(statement)], &request).is_allowed());
    }
    for statement in [
        Statement::deny().action("*"),
        Statement::deny().resource("*"),
    ] {
        let decision = evaluate([&allow("*", "*"), &policy(statement)], &request);
        assert_eq!(decision.verdict(), Verdict::ExplicitDeny);
    }
}

#[test]
fn layers_decide_in_their_order() {
    let (all, get) = (allow("*", "*"), allow("oss:Get*", "*"));
    let (put, none) = (allow("oss:Put*", "*"), PolicyDocument::new());
    let no_put = deny("oss:Put*", "*");
    let request = Request::new("oss:PutObject", object("b", "k"));
    for (policies, verdict, layer) in [
        (
            Policies::new(),
            Verdict::ImplicitDeny,
            PolicyLayer::Identity,
        ),
        (
            Policies::new().identity([&all]),
            Verdict::Allow,
            PolicyLayer::Identity,
        ),
        (
            Policies::new()
                .identity([&all])
                .control([&get])
                .session([&none]),
            Verdict::ImplicitDeny,
            PolicyLayer::Control,
        ),
        (
            Policies::new()
                .identity([&all])
                .control([&all])
                .session([&get]),
            Verdict::ImplicitDeny,
            PolicyLayer::Session,
        ),
        (
            Policies::new().identity([&all]).session([&no_put, &all]),
            Verdict::ExplicitDeny,
            PolicyLayer::Session,
        ),
        (
            Policies::new().identity([&get]).session([&put]),
            Verdict::ImplicitDeny,
            PolicyLayer::Identity,
        ),
        (
            Policies::new().identity([&get]).resource_group([&put]),
            Verdict::Allow,
            PolicyLayer::ResourceGroup,
        ),
        (
            Policies::new().identity([&no_put]).resource_group([&put]),
            Verdict::ExplicitDeny,
            PolicyLayer::Identity,
        ),
        (
            Policies::new().identity([&get]).resource_group([&no_put]),
            Verdict::ExplicitDeny,
            PolicyLayer::ResourceGroup,
        ),
        (
            Policies::new().identity([&get]).resource([&put]),
            Verdict::Allow,
            PolicyLayer::Resource,
        ),
        (
            Policies::new().identity([&put]).resource([&no_put]),
            Verdict::ExplicitDeny,
            PolicyLayer::Resource,
        ),
        (
            Policies::new().identity([&no_put]).resource([&put]),
            Verdict::ExplicitDeny,
            PolicyLayer::Identity,
        ),
        (
            Policies::new().identity([&put]).resource([&get]),
            Verdict::Allow,
            PolicyLayer::Identity,
        ),
        (
            Policies::new().identity([&get]).resource([&get]),
            Verdict::ImplicitDeny,
            PolicyLayer::Identity,
        ),
    ] {
        let decision = policies.evaluate(&request);
        assert_eq!(
            (decision.verdict(), decision.layer()),
            (verdict, layer),
            "{decision}"
        );
    }
}

#[test]
fn the_account_itself_needs_no_identity_policy() {
    let root = Principal::ram(format!("acs:ram::{ACCOUNT}:root"));
    let request = Request::new("oss:PutObject", object("b", "k")).principal(root);
    let decision = Policies::new().evaluate(&request);
    assert!(decision.is_allowed() && decision.statement().is_none());
    assert!(
        decision
            .explain()
            .ends_with("the account itself may do everything")
    );
    let bucket = deny("oss:PutObject", "*");
    assert!(
        !Policies::new()
            .resource([&bucket])
            .evaluate(&request)
            .is_allowed()
    );
    assert!(
        !Policies::new()
            .control([&bucket])
            .evaluate(&request)
            .is_allowed()
    );
}

#[test]
fn a_decision_says_why_in_a_sentence() {
    let get = allow("oss:Get*", "acs:oss:*:*:b/*");
    let named = AttachedPolicy::named("readers", &get);
    let on_b = Request::new("oss:GetObject", "acs:oss:r:1:b/k");
    let on_c = Request::new("oss:GetObject", "acs:oss:r:1:c/k");
    let at_home = policy(
        Statement::allow()
            .action("oss:Get*")
            .resource("*")
            .condition(Condition::new().and(Operator::IpAddress, "acs:SourceIp", "10.0.0.0/8")),
    );
    let sentences = [
        evaluate([named], &on_b),
        evaluate([AttachedPolicy::from(&at_home), named], &on_c),
        evaluate([&PolicyDocument::new(), &at_home], &on_c),
        evaluate([&deny("*", "*")], &on_c),
        evaluate([&get], &Request::new("oss:PutObject", "*")),
    ]
    .map(|decision| decision.to_string());
    assert_eq!(
        sentences,
        [
            "`oss:GetObject` on `acs:oss:r:1:b/k` is allowed by statement 1 of the identity policy `readers`",
            "`oss:GetObject` on `acs:oss:r:1:c/k` is not allowed: statement 1 of the identity policy \
             allows the action where `IpAddress` of `acs:SourceIp` holds, and it does not; \
             statement 1 of the identity policy `readers` allows the action on other resources",
            "`oss:GetObject` on `acs:oss:r:1:c/k` is not allowed: statement 1 of identity policy 2 \
             allows the action where `IpAddress` of `acs:SourceIp` holds, and it does not",
            "`oss:GetObject` on `acs:oss:r:1:c/k` is denied by statement 1 of the identity policy",
            "`oss:PutObject` on `*` is not allowed: no statement of the identity policy allows the action",
        ]
    );
}

fn trust(principals: TrustedPrincipals) -> PolicyDocument {
    policy(
        Statement::allow()
            .action("sts:AssumeRole")
            .principal(principals),
    )
}

#[test]
fn a_trust_policy_names_whom_it_trusts() {
    let arn = |id: &str| format!("acs:ram::{ACCOUNT}:{id}");
    let assume = |principal: Principal| {
        Request::new("sts:AssumeRole", arn("role/backup")).principal(principal)
    };
    let alice = || Principal::ram(arn("user/alice"));
    let session = || Principal::ram(arn("role/ops/nightly"));
    for (trusted, principal, expected) in [
        (TrustedPrincipals::ram(arn("root")), alice(), true),
        (TrustedPrincipals::ram(arn("root")), session(), true),
        (TrustedPrincipals::ram("acs:ram::2:root"), alice(), false),
        (TrustedPrincipals::ram(arn("user/alice")), alice(), true),
        (TrustedPrincipals::ram(arn("user/al")), alice(), false),
        (TrustedPrincipals::ram(arn("role/ops")), session(), true),
        (TrustedPrincipals::ram(arn("role/op")), session(), false),
        (TrustedPrincipals::ram("*"), alice(), false),
        (
            TrustedPrincipals::service("cs.aliyuncs.com"),
            Principal::service("cs.aliyuncs.com"),
            true,
        ),
        (
            TrustedPrincipals::service("cs.aliyuncs.com"),
            Principal::service("ecs.aliyuncs.com"),
            false,
        ),
        (
            TrustedPrincipals::federated(arn("oidc-provider/p")),
            Principal::federated(arn("oidc-provider/p")),
            true,
        ),
        (
            TrustedPrincipals::federated(arn("oidc-provider/p")),
            Principal::federated(arn("oidc-provider/q")),
            false,
        ),
        (
            TrustedPrincipals::federated(arn("oidc-provider/p")),
            alice(),
            false,
        ),
        (
            TrustedPrincipals::service("cs.aliyuncs.com")
                .and(TrustedKind::Ram, [arn("user/alice")]),
            alice(),
            true,
        ),
    ] {
        let decision = evaluate_trust(&trust(trusted), &assume(principal));
        assert_eq!(decision.is_allowed(), expected, "{decision}");
        assert_eq!(decision.layer(), PolicyLayer::Trust);
    }
    let nobody = Request::new("sts:AssumeRole", arn("role/backup"));
    assert!(!evaluate_trust(&trust(TrustedPrincipals::ram(arn("root"))), &nobody).is_allowed());
    let no_principal = policy(Statement::allow().action("sts:AssumeRole").resource("*"));
    assert!(!evaluate_trust(&no_principal, &assume(alice())).is_allowed());
    let denied = trust(TrustedPrincipals::ram(arn("root"))).statement(
        Statement::deny()
            .action("*")
            .principal(TrustedPrincipals::ram(arn("user/alice"))),
    );
    assert_eq!(
        evaluate_trust(&denied, &assume(alice())).verdict(),
        Verdict::ExplicitDeny
    );
}

#[test]
fn a_trust_policy_for_a_service_account_asks_for_all_of_its_token() {
    let provider = format!("acs:ram::{ACCOUNT}:oidc-provider/ack-rrsa-c1");
    let subject = "system:serviceaccount:csdr:migrate-controller";
    let trust = PolicyDocument::parse(&format!(
        r#"{{"Statement":[{{"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{
            "oidc:aud":"sts.aliyuncs.com","oidc:iss":"https://oidc.example/c1","oidc:sub":"{subject}"
        }}}},"Effect":"Allow","Principal":{{"Federated":["{provider}"]}}}}],"Version":"1"}}"#
    ))
    .unwrap();
    let token = |issuer: &str, audience: &str, subject: &str| {
        let context = Context::new()
            .with("oidc:iss", issuer)
            .with("oidc:aud", audience)
            .with("oidc:sub", subject);
        let request = Request::new("sts:AssumeRole", format!("acs:ram::{ACCOUNT}:role/backup"))
            .principal(Principal::federated(&provider))
            .context(context);
        evaluate_trust(&trust, &request)
    };
    let issuer = "https://oidc.example/c1";
    assert!(token(issuer, "sts.aliyuncs.com", subject).is_allowed());
    assert!(!token("https://oidc.example/c2", "sts.aliyuncs.com", subject).is_allowed());
    assert!(!token(issuer, "kubernetes", subject).is_allowed());
    assert_eq!(
        token(
            issuer,
            "sts.aliyuncs.com",
            "system:serviceaccount:default:x"
        )
        .to_string(),
        "`sts:AssumeRole` is not allowed: statement 1 of the trust policy allows the action where \
         `StringEquals` of `oidc:sub` holds, and it does not"
    );
}
