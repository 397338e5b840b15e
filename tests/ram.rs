//! A user made by the client of RAM, from its first right to its last.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use std::sync::Arc;

use ack_backup_center::core::credentials::{SharedCredentials, StaticProvider};
use ack_backup_center::core::{Context, Credentials, ErrorKind, Region};
use ack_backup_center::oss;
use ack_backup_center::ram::client::{AccessKeyStatus, Client, PolicyType};
use ack_backup_center::ram::{PolicyDocument, Statement};
use alibaba_local::{LocalCloud, User};
use futures::TryStreamExt;

const BUCKET: &str = "backups";
const ID: &str = "LTAI-administrator";
const SECRET: &str = "example-secret";

fn keys(id: &str, secret: &str) -> SharedCredentials {
    Arc::new(StaticProvider::new(Credentials::new(id, secret)).unwrap())
}

fn ram(cloud: &LocalCloud) -> Client {
    Client::builder(&Context::system().unwrap(), keys(ID, SECRET))
        .with_endpoint(cloud.endpoint().parse().unwrap())
        .build()
        .unwrap()
}

fn objects(cloud: &LocalCloud, credentials: SharedCredentials) -> oss::Client {
    oss::Client::builder(
        &Context::system().unwrap(),
        Region::CN_HANGZHOU,
        credentials,
    )
    .with_endpoint(cloud.endpoint().parse().unwrap())
    .build()
    .unwrap()
}

async fn cloud() -> LocalCloud {
    LocalCloud::builder()
        .bucket(BUCKET)
        .user(User::new(ID, SECRET).named("administrator"))
        .start()
        .await
        .unwrap()
}

/// What a policy document allows on the objects of the bucket.
fn allows(action: &str) -> PolicyDocument {
    let objects = format!("acs:oss:*:*:{BUCKET}/*");
    PolicyDocument::new().statement(Statement::allow().action(action).resource(objects))
}

#[tokio::test]
async fn a_user_is_made_allowed_and_denied_again() {
    let cloud = cloud().await;
    let ram = ram(&cloud);
    let user = ram
        .create_user("backup")
        .comments("of the tour")
        .send()
        .await
        .unwrap()
        .user;
    assert_eq!(user.comments, "of the tour");
    let document = allows("oss:PutObject");
    let policy = ram
        .create_policy("backup", &document)
        .send()
        .await
        .unwrap()
        .policy;
    assert_eq!(policy.policy_type, PolicyType::Custom);
    let key = ram
        .create_access_key()
        .user_name("backup")
        .send()
        .await
        .unwrap()
        .access_key;
    let client = objects(&cloud, keys(key.id.as_str(), key.secret.expose()));
    let put = async || client.put_object(BUCKET, "k", "x").send().await;
    assert_eq!(put().await.unwrap_err().kind(), oss::ErrorKind::Denied);

    let attach = || ram.attach_policy_to_user("backup", PolicyType::Custom, "backup");
    attach().send().await.unwrap();
    put().await.unwrap();
    let error = client.get_object(BUCKET, "k").send().await.unwrap_err();
    assert_eq!(error.kind(), oss::ErrorKind::Denied, "{error}");
    let again = attach().send().await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict, "{again}");
    assert_eq!(
        again.service_code(),
        Some("EntityAlreadyExists.User.Policy")
    );
    let kept = ram
        .get_policy("backup", PolicyType::Custom)
        .send()
        .await
        .unwrap();
    let text = kept.default_policy_version.policy_document;
    assert_eq!(text.parse().unwrap(), document);

    // Another version, in force at once.
    let next = ram.create_policy_version("backup", allows("oss:GetObject"));
    next.set_as_default(true).send().await.unwrap();
    assert_eq!(put().await.unwrap_err().kind(), oss::ErrorKind::Denied);
    client.get_object(BUCKET, "k").send().await.unwrap();
    ram.set_default_policy_version("backup", "v1")
        .send()
        .await
        .unwrap();
    put().await.unwrap();

    let status = |status| {
        ram.update_access_key(key.id.clone(), status)
            .user_name("backup")
    };
    status(AccessKeyStatus::Inactive).send().await.unwrap();
    put().await.unwrap_err();
    status(AccessKeyStatus::Active).send().await.unwrap();
    put().await.unwrap();
    ram.detach_policy_from_user("backup", PolicyType::Custom, "backup")
        .send()
        .await
        .unwrap();
    assert_eq!(put().await.unwrap_err().kind(), oss::ErrorKind::Denied);

    let error = ram.delete_user("backup").send().await.unwrap_err();
    assert_eq!(error.service_code(), Some("DeleteConflict.User.AccessKey"));
    ram.delete_access_key(key.id.clone())
        .user_name("backup")
        .send()
        .await
        .unwrap();
    ram.delete_user("backup").send().await.unwrap();
    ram.delete_policy("backup")
        .cascading_delete(true)
        .send()
        .await
        .unwrap();
    put().await.unwrap_err();
    let gone = ram.get_user("backup").send().await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
}

#[tokio::test]
async fn a_listing_is_read_to_its_end() {
    let cloud = cloud().await;
    let ram = ram(&cloud);
    for number in 0..5 {
        ram.create_user(format!("user-{number}"))
            .send()
            .await
            .unwrap();
    }
    let users = ram.list_users().max_items(2_u32).items();
    let users: Vec<_> = users.try_collect().await.unwrap();
    let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "administrator",
            "user-0",
            "user-1",
            "user-2",
            "user-3",
            "user-4"
        ]
    );
    let pages = cloud.requests().all().into_iter();
    assert_eq!(pages.filter(|it| it.operation == "ListUsers").count(), 3);
}
