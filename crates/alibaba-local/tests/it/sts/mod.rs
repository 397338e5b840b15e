//! Roles assumed, by users and by the bearers of tokens.

mod responses;

use std::time::Duration;

use alibaba_local::{
    Builder, Condition, LocalCloud, OidcIssuer, Operator, PolicyDocument, Role, Statement,
    TrustedPrincipals, User,
};
use alibaba_sign::Credentials;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::raw::openapi::{ApiCall, Generation};
use crate::raw::{Raw, SECRET, start_with};

const STS: &str = "2015-04-01";
const ACCOUNT: &str = "acs:ram::1000000000000000:root";
const ROLE: &str = "acs:ram::1000000000000000:role/backup";
const PROVIDER: &str = "acs:ram::1000000000000000:oidc-provider/ack-rrsa-c1";
const ISSUER: &str = "https://oidc-ack-cn-hangzhou.example/c1";
const SUBJECT: &str = "system:serviceaccount:csdr:migrate-controller";

fn only(statement: Statement) -> PolicyDocument {
    PolicyDocument::new().statement(statement)
}

fn trust(principals: TrustedPrincipals) -> Statement {
    Statement::allow()
        .action("sts:AssumeRole")
        .principal(principals)
}

/// A role that reads and writes the bucket.
fn role(trust: Statement) -> Role {
    let objects = Statement::allow()
        .action(["oss:GetObject", "oss:PutObject"])
        .resource("acs:oss:*:*:backups/*");
    Role::new("backup", only(trust)).policy("Objects", only(objects))
}

/// A cloud with this role, and a user who may assume any.
fn cloud(role: Role) -> Builder {
    let assumes = Statement::allow().action("sts:AssumeRole").resource("*");
    let user = User::new("LTAI-caller", SECRET)
        .named("caller")
        .policy("Assume", only(assumes));
    LocalCloud::builder().role(role).user(user)
}

/// As the user who may assume roles.
fn assume(raw: &Raw) -> ApiCall<'_> {
    raw.api(STS, "AssumeRole")
        .by(&Credentials::new("LTAI-caller", SECRET))
        .query("RoleArn", ROLE)
        .query("RoleSessionName", "nightly")
}

fn credentials(result: &Value) -> (Credentials, DateTime<Utc>) {
    let text = |name: &str| result["Credentials"][name].as_str().unwrap().to_owned();
    let keys = Credentials::new(text("AccessKeyId"), text("AccessKeySecret"));
    (
        keys.with_security_token(text("SecurityToken")),
        text("Expiration").parse().unwrap(),
    )
}

#[tokio::test]
async fn a_session_may_do_what_its_role_may_until_it_ends() {
    let mut raw = start_with(cloud(role(trust(TrustedPrincipals::ram(ACCOUNT))))).await;
    let result = assume(&raw).form("DurationSeconds", "900").ok().await;
    let user = &result["AssumedRoleUser"];
    assert_eq!(user["Arn"], format!("{ROLE}/nightly"));
    let (keys, end) = credentials(&result);
    assert!(keys.access_key_id.starts_with("STS."));
    let left = end - raw.now();
    assert!(
        left > TimeDelta::seconds(880) && left <= TimeDelta::seconds(900),
        "{left}"
    );

    let me = raw.api(STS, "GetCallerIdentity").by(&keys).ok().await;
    assert_eq!(me["IdentityType"], "AssumedRoleUser");
    assert_eq!(me["PrincipalId"], user["AssumedRoleId"]);
    assert_eq!(me["Arn"], user["Arn"]);

    raw.credentials = keys.clone();
    raw.put("k", "by the role").await;
    let denied = raw.object("DELETE", "k").fails(403, "AccessDenied").await;
    assert_eq!(denied.xml("AuthPrincipalType"), "AssumedRoleUser");

    raw.pass(TimeDelta::seconds(900));
    raw.object("GET", "k")
        .fails(403, "SecurityTokenExpired")
        .await;
    let late = raw.api(STS, "GetCallerIdentity").by(&keys);
    late.fails(400, "InvalidSecurityToken.Expired").await;
}

#[tokio::test]
async fn a_session_policy_narrows_and_never_widens() {
    let mut raw = start_with(cloud(role(trust(TrustedPrincipals::ram(ACCOUNT))))).await;
    raw.put("k", "x").await;
    let narrow = Statement::allow()
        .action(["oss:GetObject", "oss:DeleteObject"])
        .resource("*");
    let result = assume(&raw)
        .form("Policy", &only(narrow).to_string())
        .ok()
        .await;
    (raw.credentials, _) = credentials(&result);
    assert_eq!(raw.get("k").await, "x");
    let denied = raw
        .object("PUT", "k")
        .body("y")
        .fails(403, "AccessDenied")
        .await;
    assert_eq!(denied.xml("PolicyType"), "SessionPolicy");
    let denied = raw.object("DELETE", "k").fails(403, "AccessDenied").await;
    assert_eq!(denied.xml("PolicyType"), "AccountLevelIdentityBasedPolicy");
}

#[tokio::test]
async fn a_role_is_assumed_by_those_it_trusts_who_may_and_by_nobody_else() {
    let other = "acs:ram::1000000000000000:user/other";
    let raw = start_with(cloud(role(trust(TrustedPrincipals::ram(other))))).await;
    let denied = assume(&raw).fails(403, "NoPermission").await;
    assert_eq!(
        denied["AccessDeniedDetail"]["PolicyType"],
        "AssumeRolePolicy"
    );

    // Trusted, and without the right of its own.
    let directory = raw.cloud.directory();
    directory.add_role(role(trust(TrustedPrincipals::ram(ACCOUNT))));
    let reader = User::new("LTAI-reader", SECRET).allow_only(["oss:GetObject"]);
    directory.add_user(reader);
    let reader = Credentials::new("LTAI-reader", SECRET);
    let denied = assume(&raw).by(&reader).fails(403, "NoPermission").await;
    let layer = &denied["AccessDeniedDetail"]["PolicyType"];
    assert_eq!(layer, "AccountLevelIdentityBasedPolicy");
    assume(&raw).ok().await;

    directory.add_user(User::account("LTAI-account", SECRET));
    let account = Credentials::new("LTAI-account", SECRET);
    let denied = assume(&raw).by(&account).fails(403, "NoPermission").await;
    assert!(denied.get("AccessDeniedDetail").is_none(), "{denied}");
}

#[tokio::test]
async fn an_external_id_is_the_one_that_the_trust_policy_names() {
    let by_id = Condition::new().and(Operator::StringEquals, "sts:ExternalId", "tenant-7");
    let trusting = trust(TrustedPrincipals::ram(ACCOUNT)).condition(by_id);
    let raw = start_with(cloud(role(trusting))).await;
    assume(&raw).query("ExternalId", "tenant-7").ok().await;
    assume(&raw)
        .query("ExternalId", "tenant-8")
        .fails(403, "NoPermission")
        .await;
    assume(&raw).fails(403, "NoPermission").await;
}

#[tokio::test]
async fn parameters_are_held_to_their_limits() {
    let raw = start_with(cloud(
        role(trust(TrustedPrincipals::ram(ACCOUNT))).max_session(Duration::from_secs(7200)),
    ))
    .await;
    assume(&raw).query("DurationSeconds", "7200").ok().await;
    let long = "x".repeat(2049);
    for (name, value, code) in [
        ("DurationSeconds", "899", "InvalidParameter.DurationSeconds"),
        (
            "DurationSeconds",
            "7201",
            "InvalidParameter.DurationSeconds",
        ),
        (
            "DurationSeconds",
            "soon",
            "InvalidParameter.DurationSeconds",
        ),
        ("Policy", "{}}", "InvalidParameter.PolicyGrammar"),
        ("Policy", &long, "InvalidParameter.PolicySize"),
        ("ExternalId", "x", "InvalidParameter.ExternalId"),
    ] {
        assume(&raw).query(name, value).fails(400, code).await;
    }
    let with = |arn: &str, session: &str| {
        raw.api(STS, "AssumeRole")
            .by(&Credentials::new("LTAI-caller", SECRET))
            .query("RoleArn", arn)
            .query("RoleSessionName", session)
    };
    for session in ["x", "two words", &"x".repeat(65)] {
        with(ROLE, session)
            .fails(400, "InvalidParameter.RoleSessionName")
            .await;
    }
    for arn in ["backup", "acs:ram::1000000000000000:user/backup"] {
        with(arn, "nightly")
            .fails(400, "InvalidParameter.RoleArn")
            .await;
    }
    let absent = "acs:ram::1000000000000000:role/absent";
    with(absent, "nightly")
        .fails(404, "EntityNotExist.Role")
        .await;
    with(ROLE, "")
        .fails(400, "InvalidParameter.RoleSessionName")
        .await;
    let nameless = raw.api(STS, "AssumeRole").query("RoleArn", ROLE);
    nameless
        .fails(400, "MissingParameter.RoleSessionName")
        .await;
    // A JSON body will do as well.
    let body = json!({"RoleArn": ROLE, "RoleSessionName": "nightly", "DurationSeconds": 900});
    raw.api(STS, "AssumeRole").json(&body).ok().await;
}

fn claims(now: DateTime<Utc>) -> Value {
    json!({
        "iss": ISSUER, "sub": SUBJECT, "aud": ["sts.aliyuncs.com"],
        "iat": now.timestamp(), "nbf": now.timestamp(), "exp": now.timestamp() + 3600,
    })
}

/// A cloud whose role is for one service account of one cluster.
async fn with_issuer(issuer: &OidcIssuer) -> Raw {
    let theirs = Condition::new()
        .and(Operator::StringEquals, "oidc:iss", ISSUER)
        .and(Operator::StringEquals, "oidc:aud", "sts.aliyuncs.com")
        .and(Operator::StringEquals, "oidc:sub", SUBJECT);
    let trusting = trust(TrustedPrincipals::federated(PROVIDER)).condition(theirs);
    start_with(
        cloud(role(trusting)).oidc_provider(issuer.provider("ack-rrsa-c1", "sts.aliyuncs.com")),
    )
    .await
}

fn exchange<'r>(raw: &'r Raw, token: &str) -> ApiCall<'r> {
    raw.api(STS, "AssumeRoleWithOIDC")
        .generation(Generation::Anonymous)
        .query("RoleArn", ROLE)
        .query("RoleSessionName", "controller")
        .query("OIDCProviderArn", PROVIDER)
        .form("OIDCToken", token)
}

#[tokio::test]
async fn a_service_accounts_token_is_exchanged_for_credentials_of_the_role() {
    let issuer = OidcIssuer::new(ISSUER);
    let mut raw = with_issuer(&issuer).await;
    let token = issuer.token(&claims(raw.now()));
    let result = exchange(&raw, &token).ok().await;
    let info = &result["OIDCTokenInfo"];
    assert_eq!(info["Subject"], SUBJECT);
    assert_eq!(info["Issuer"], ISSUER);
    assert_eq!(info["ClientIds"], "sts.aliyuncs.com");
    (raw.credentials, _) = credentials(&result);
    raw.put("k", "by a pod").await;

    // The token ends by the cloud's clock.
    raw.pass(TimeDelta::seconds(3601));
    let late = exchange(&raw, &token);
    late.fails(401, "AuthenticationFail.OIDCToken.Expired")
        .await;
}

#[tokio::test]
async fn tokens_of_others_open_nothing() {
    let issuer = OidcIssuer::new(ISSUER);
    let raw = with_issuer(&issuer).await;
    let good = claims(raw.now());
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        issuer.token(&claims)
    };
    let invalid = "AuthenticationFail.OIDCToken.Invalid";
    let forged = OidcIssuer::new(ISSUER).token(&good);
    let soon = json!(raw.now().timestamp() + 600);
    for (what, token) in [
        ("another's signature", forged),
        ("no token", "not.a.token".to_owned()),
        (
            "another issuer",
            changed("iss", json!("https://elsewhere.example")),
        ),
        ("for another service", changed("aud", json!("vault"))),
        ("not yet", changed("nbf", soon)),
        ("nobody's", changed("sub", Value::Null)),
    ] {
        let refused = exchange(&raw, &token).send().await;
        let text = refused.text();
        assert!(
            refused.status == 401 && text.contains(invalid),
            "{what}: {text}"
        );
    }
    // Good, and not of the service account that the role is for.
    let other = changed("sub", json!("system:serviceaccount:default:default"));
    let denied = exchange(&raw, &other).fails(403, "NoPermission").await;
    assert_eq!(
        denied["AccessDeniedDetail"]["PolicyType"],
        "AssumeRolePolicy"
    );
    let absent = PROVIDER.replace("c1", "c2");
    let elsewhere = raw
        .api(STS, "AssumeRoleWithOIDC")
        .generation(Generation::Anonymous)
        .query("RoleArn", ROLE)
        .query("RoleSessionName", "controller")
        .query("OIDCProviderArn", &absent)
        .form("OIDCToken", &issuer.token(&good));
    elsewhere.fails(404, "EntityNotExist.OIDCProvider").await;
    let short = exchange(&raw, "x");
    short.fails(400, "InvalidParameter.OIDCToken").await;
}

/// No provider of SAML can be described here, and this is what the service says of one that is not there.
#[tokio::test]
async fn no_assertion_opens_anything() {
    let raw = start_with(cloud(role(trust(TrustedPrincipals::ram(ACCOUNT))))).await;
    let provider = "acs:ram::1000000000000000:saml-provider/company1";
    let call = |provider: &str, assertion: &str| {
        raw.api(STS, "AssumeRoleWithSAML")
            .generation(Generation::Anonymous)
            .query("RoleArn", ROLE)
            .query("SAMLProviderArn", provider)
            .form("SAMLAssertion", assertion)
    };
    let absent = call(provider, "PHNhbWw+").fails(404, "EntityNotExist.SAMLProvider");
    assert_eq!(absent.await["Message"], "Can not find SAML provider.");
    call("company1", "PHNhbWw+")
        .fails(400, "InvalidParameter.SAMLProviderArn")
        .await;
    call(provider, "x")
        .fails(400, "InvalidParameter.SAMLAssertion")
        .await;
    raw.api(STS, "AssumeRoleWithSAML")
        .generation(Generation::Anonymous)
        .fails(400, "MissingParameter.SAMLProviderArn")
        .await;
}
