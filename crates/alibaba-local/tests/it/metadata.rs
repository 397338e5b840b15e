//! The metadata of an instance: its facts, and the credentials of its role.

use alibaba_local::TrustedPrincipals;
use alibaba_local::{Builder, Fault, LocalCloud, PolicyDocument, Role, Rule, Statement};
use alibaba_sign::Credentials;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::Full;

use crate::raw::{BUCKET, Raw, Reply, send, start_with};

const ROLES: &str = "/latest/meta-data/ram/security-credentials/";

/// An instance whose role may read the bucket.
fn instance() -> Builder {
    let trust = PolicyDocument::new().statement(
        Statement::allow()
            .action("sts:AssumeRole")
            .principal(TrustedPrincipals::service("ecs.aliyuncs.com")),
    );
    let reads = Statement::allow()
        .action(["oss:GetObject", "oss:ListObjects"])
        .resource("acs:oss:*:*:backups*");
    LocalCloud::builder()
        .role(Role::new("node", trust).policy("Read", PolicyDocument::new().statement(reads)))
        .instance_role("node")
}

async fn ask(raw: &Raw, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", "100.100.100.200");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::new())).unwrap();
    send(&raw.cloud, request).await.unwrap()
}

async fn get(raw: &Raw, path: &str) -> Reply {
    ask(raw, "GET", path, &[]).await
}

/// The role's credentials, as the service hands them out, and when they end.
async fn credentials(raw: &Raw) -> (Credentials, DateTime<Utc>) {
    let reply = get(raw, &format!("{ROLES}node")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let document: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(document["Code"], "Success");
    let text = |name: &str| document[name].as_str().unwrap().to_owned();
    let keys = Credentials::new(text("AccessKeyId"), text("AccessKeySecret"));
    (
        keys.with_security_token(text("SecurityToken")),
        text("Expiration").parse().unwrap(),
    )
}

#[tokio::test]
async fn the_role_of_the_instance_may_do_what_its_policies_say_until_its_credentials_end() {
    let mut raw = start_with(instance()).await;
    raw.put("k", "x").await;
    assert_eq!(get(&raw, ROLES).await.text(), "node");
    let (keys, end) = credentials(&raw).await;
    let (again, _) = credentials(&raw).await;
    assert_eq!(keys.access_key_id, again.access_key_id, "kept for a while");
    raw.credentials = keys.clone();
    assert_eq!(raw.get("k").await, "x");
    let denied = raw.object("PUT", "k").fails(403, "AccessDenied").await;
    assert_eq!(denied.xml("AuthPrincipalType"), "AssumedRoleUser");

    raw.cloud
        .clock()
        .advance(end - raw.now() + TimeDelta::seconds(1));
    raw.object("GET", "k")
        .fails(403, "SecurityTokenExpired")
        .await;
    let (new, _) = credentials(&raw).await;
    assert_ne!(new.access_key_id, keys.access_key_id);
    raw.credentials = new.clone();
    assert_eq!(raw.get("k").await, "x");

    // Another role is attached, and none.
    let instance = raw.cloud.instance();
    instance.attach_role("other");
    assert_eq!(get(&raw, ROLES).await.text(), "other");
    assert_eq!(get(&raw, &format!("{ROLES}node")).await.status, 404);
    instance.detach_role();
    assert_eq!(get(&raw, ROLES).await.status, 404);
    assert_eq!(raw.get("k").await, "x", "what was handed out stays good");
    instance.attach_role("node");

    // The role goes, and what came of it.
    assert!(raw.cloud.directory().remove_role("node"));
    raw.object("GET", "k")
        .fails(403, "InvalidAccessKeyId")
        .await;
    assert_eq!(get(&raw, &format!("{ROLES}node")).await.status, 404);
}

#[tokio::test]
async fn a_hardened_instance_wants_a_token_that_ends() {
    let raw = start_with(instance().hardened_metadata()).await;
    let path = "/latest/meta-data/region-id";
    assert_eq!(get(&raw, path).await.status, 403);
    let lifetime = "X-aliyun-ecs-metadata-token-ttl-seconds";
    for wrong in ["0", "21601", "soon"] {
        let refused = ask(&raw, "PUT", "/latest/api/token", &[(lifetime, wrong)]).await;
        assert_eq!(refused.status, 400, "{wrong}");
    }
    assert_eq!(ask(&raw, "PUT", "/latest/api/token", &[]).await.status, 400);
    let token = ask(&raw, "PUT", "/latest/api/token", &[(lifetime, "60")]).await;
    assert_eq!(token.status, 200);
    let with = [("X-aliyun-ecs-metadata-token", token.text())];
    let with = [(with[0].0, with[0].1.as_str())];
    assert_eq!(ask(&raw, "GET", path, &with).await.text(), "cn-hangzhou");
    raw.cloud.clock().advance(TimeDelta::seconds(61));
    assert_eq!(ask(&raw, "GET", path, &with).await.status, 403);
    let asked = raw.cloud.requests().by_operation();
    assert_eq!((asked["CreateToken"], asked["GetMetadata"]), (5, 3));
}

#[tokio::test]
async fn services_are_told_apart_by_log_and_faults() {
    let raw = start_with(instance()).await;
    let fault = Fault::Status(503, "ServiceUnavailable");
    raw.cloud.faults().add(Rule::new(fault).service("metadata"));
    raw.put("k", "x").await;
    let refused = get(&raw, ROLES).await;
    assert_eq!(
        (refused.status, refused.text().as_str()),
        (503, "ServiceUnavailable")
    );
    let all = raw.cloud.requests().all();
    let services: Vec<_> = all.iter().map(|r| (r.service, r.operation)).collect();
    assert_eq!(
        services,
        [("oss", "PutObject"), ("metadata", "GetRoleName")]
    );
}

#[tokio::test]
async fn a_bucket_may_have_the_name_that_metadata_begins_with() {
    let raw = start_with(instance().bucket("latest")).await;
    raw.object("PUT", "meta-data/region-id")
        .bucket("latest")
        .body("an object")
        .ok()
        .await;
    let signed = raw.object("GET", "meta-data/region-id").bucket("latest");
    assert_eq!(signed.ok().await.text(), "an object");
    let unsigned = get(&raw, "/latest/meta-data/region-id").await;
    assert_eq!(unsigned.text(), "cn-hangzhou");
    assert_eq!(get(&raw, &format!("/{BUCKET}/k")).await.status, 403);
}
