//! Credentials as they are found in the cloud, from the metadata of an instance or from STS, to the
//! call of OSS that they sign.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use std::sync::Arc;

use ack_backup_center::core::credentials::{
    AssumeRoleProvider, EcsMetadataProvider, OidcProvider, SharedCredentials, StaticProvider,
};
use ack_backup_center::core::sts::{self, AssumeRole, AssumeRoleWithOidc};
use ack_backup_center::core::{Context, Credentials, ErrorKind, Region};
use ack_backup_center::oss;
use alibaba_local::{
    Builder, Condition, LocalCloud, OidcIssuer, Operator, PolicyDocument, Role, Statement,
    TrustedPrincipals, User,
};
use serde_json::json;

const BUCKET: &str = "backups";
const ID: &str = "LTAI-caller";
const SECRET: &str = "example-secret";
const ROLE: &str = "acs:ram::1000000000000000:role/backup";
const PROVIDER: &str = "acs:ram::1000000000000000:oidc-provider/ack-rrsa-c1";
const ISSUER: &str = "https://oidc.example/c1";
const SUBJECT: &str = "system:serviceaccount:csdr:migrate-controller";

/// A role that may put objects, for these principals.
fn cloud(trusted: Statement) -> Builder {
    let only = |statement| PolicyDocument::new().statement(statement);
    let puts = Statement::allow()
        .action("oss:PutObject")
        .resource("acs:oss:*:*:backups/*");
    let assumes = Statement::allow().action("sts:AssumeRole").resource(ROLE);
    LocalCloud::builder()
        .bucket(BUCKET)
        .role(Role::new("backup", only(trusted.action("sts:AssumeRole"))).policy("Put", only(puts)))
        .user(
            User::new(ID, SECRET)
                .named("caller")
                .policy("Assume", only(assumes)),
        )
}

fn own_keys() -> SharedCredentials {
    Arc::new(StaticProvider::new(Credentials::new(ID, SECRET)).unwrap())
}

/// Puts an object with what a provider provides, and fails to delete it: the role may not.
async fn may_put_and_no_more(cloud: &LocalCloud, credentials: SharedCredentials) {
    let context = Context::system().unwrap();
    let client = oss::Client::builder(&context, Region::CN_HANGZHOU, credentials.clone())
        .with_endpoint(cloud.endpoint().parse().unwrap())
        .build()
        .unwrap();
    client.put_object(BUCKET, "k", "x").send().await.unwrap();
    let error = client.delete_object(BUCKET, "k").send().await.unwrap_err();
    assert_eq!(error.kind(), oss::ErrorKind::Denied, "{error}");

    let who = sts::Client::builder(&context, None, credentials)
        .with_endpoint(cloud.endpoint().parse().unwrap())
        .build()
        .unwrap()
        .caller_identity()
        .await
        .unwrap();
    assert!(who.arn.starts_with(&format!("{ROLE}/")), "{}", who.arn);
}

#[tokio::test]
async fn the_role_of_an_instance_hardened_or_not() {
    let trusted = || Statement::allow().principal(TrustedPrincipals::service("ecs.aliyuncs.com"));
    for builder in [cloud(trusted()), cloud(trusted()).hardened_metadata()] {
        let cloud = builder.instance_role("backup").start().await.unwrap();
        let provider = EcsMetadataProvider::new(&Context::system().unwrap())
            .with_endpoint(cloud.endpoint().parse().unwrap());
        may_put_and_no_more(&cloud, Arc::new(provider)).await;
    }
}

#[tokio::test]
async fn a_role_assumed_by_a_user() {
    let account = TrustedPrincipals::ram("acs:ram::1000000000000000:root");
    let cloud = cloud(Statement::allow().principal(account))
        .start()
        .await
        .unwrap();
    let context = Context::system().unwrap();
    let provider = AssumeRoleProvider::new(&context, own_keys(), AssumeRole::new(ROLE, "nightly"))
        .with_endpoint(cloud.endpoint().parse().unwrap());
    may_put_and_no_more(&cloud, Arc::new(provider)).await;

    let sts = sts::Client::builder(&context, None, own_keys())
        .with_endpoint(cloud.endpoint().parse().unwrap())
        .build()
        .unwrap();
    let elsewhere = AssumeRole::new("acs:ram::1000000000000000:role/other", "nightly");
    let error = sts.assume_role(&elsewhere).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert_eq!(error.service_code(), Some("NoPermission"));
}

#[tokio::test]
async fn a_role_for_a_service_account_of_a_cluster() {
    let issuer = OidcIssuer::new(ISSUER);
    let theirs = Condition::new().and(Operator::StringEquals, "oidc:sub", SUBJECT);
    let trusted = Statement::allow()
        .principal(TrustedPrincipals::federated(PROVIDER))
        .condition(theirs);
    let cloud = cloud(trusted)
        .oidc_provider(issuer.provider("ack-rrsa-c1", "sts.aliyuncs.com"))
        .start()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let token = |subject: &str| {
        let now = chrono::Utc::now().timestamp();
        let claims = json!({
            "iss": ISSUER, "aud": ["sts.aliyuncs.com"], "sub": subject,
            "iat": now, "exp": now + 3600,
        });
        std::fs::write(&file, issuer.token(&claims)).unwrap();
    };
    let request = AssumeRoleWithOidc::new(ROLE, "controller", PROVIDER);
    let provider = OidcProvider::new(&Context::system().unwrap(), request, &file)
        .with_endpoint(cloud.endpoint().parse().unwrap());
    let provider: SharedCredentials = Arc::new(provider);
    token(SUBJECT);
    may_put_and_no_more(&cloud, provider.clone()).await;
    // The file is read anew, and another service account gets nothing.
    token("system:serviceaccount:default:default");
    provider.provide().await.unwrap_err();
    let all = cloud.requests().all();
    let refused = all.last().unwrap();
    assert_eq!(refused.operation, "AssumeRoleWithOIDC");
    assert_eq!(refused.status, Some(403));
}
