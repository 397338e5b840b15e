//! A user made by the client of RAM, from its first right to its last.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::credentials::{SharedCredentials, StaticProvider};
use ack_backup_center::core::{Context, Credentials, Error, ErrorKind, Region};
use ack_backup_center::oss;
use ack_backup_center::ram::client::{AccessKeyId, AccessKeyStatus, Client, PolicyType};
use ack_backup_center::ram::{PolicyDocument, Statement, TrustedPrincipals};
use alibaba_local::{Fault, LocalCloud, Rule, User};
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

/// What is wanted once each: a user with a key that is known, a policy in its second version, a role, and
/// the policy on both. RAM has no client tokens, so each creation takes what is there already for its own.
struct Wanted<'c> {
    ram: &'c Client,
    /// The one key whose secret was read.
    key: Option<AccessKeyId>,
}

impl Wanted<'_> {
    async fn ensure(&mut self) -> Result<(), Error> {
        let ram = self.ram;
        once(ram.create_user("backup").send().await)?;
        self.ensure_key().await?;
        let (first, second) = (allows("oss:PutObject"), allows("oss:GetObject"));
        once(ram.create_policy("backup", &first).send().await)?;
        let versions = ram.list_policy_versions("backup", PolicyType::Custom);
        let versions = versions.send().await?.policy_versions;
        if versions.len() < 2 {
            let next = ram.create_policy_version("backup", &second);
            next.set_as_default(true).send().await?;
        }
        let account = TrustedPrincipals::ram("acs:ram::1000000000000000:root");
        let trust = Statement::allow()
            .action("sts:AssumeRole")
            .principal(account);
        let role = ram.create_role("backup", PolicyDocument::new().statement(trust));
        once(role.send().await)?;
        let custom = || PolicyType::Custom;
        let to_user = ram.attach_policy_to_user("backup", custom(), "backup");
        once(to_user.send().await)?;
        let to_role = ram.attach_policy_to_role("backup", custom(), "backup");
        once(to_role.send().await)
    }

    /// A key whose response was lost is of no use: nobody knows its secret. It is found, and removed.
    async fn ensure_key(&mut self) -> Result<(), Error> {
        let ram = self.ram;
        let keys = ram.list_access_keys().user_name("backup").send().await?;
        for key in keys.access_keys {
            if Some(&key.id) != self.key.as_ref() {
                let lost = ram.delete_access_key(key.id).user_name("backup");
                lost.send().await?;
            }
        }
        if self.key.is_none() {
            let made = ram.create_access_key().user_name("backup").send().await?;
            self.key = Some(made.access_key.id);
        }
        Ok(())
    }

    /// How many users, keys, policies, versions, roles and attachments there are.
    async fn left(&self) -> [usize; 6] {
        let ram = self.ram;
        let users: Vec<_> = ram.list_users().items().try_collect().await.unwrap();
        let keys = ram.list_access_keys().user_name("backup").send().await;
        let policies = ram.list_policies().policy_type(PolicyType::Custom);
        let policies: Vec<_> = policies.items().try_collect().await.unwrap();
        let versions = ram.list_policy_versions("backup", PolicyType::Custom);
        let roles: Vec<_> = ram.list_roles().items().try_collect().await.unwrap();
        let holders = ram.list_entities_for_policy("backup", PolicyType::Custom);
        let holders = holders.send().await.unwrap();
        [
            // Without the administrator.
            users.len() - 1,
            keys.unwrap().access_keys.len(),
            policies.len(),
            versions.send().await.unwrap().policy_versions.len(),
            roles.len(),
            holders.users.len() + holders.roles.len(),
        ]
    }
}

/// Takes what is there already for made.
fn once<T>(made: Result<T, Error>) -> Result<(), Error> {
    match made {
        Err(error) if error.kind() != ErrorKind::Conflict => Err(error),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn a_fault_at_any_call_leaves_one_of_each_and_no_key_that_nobody_knows() {
    const WHOLE: [usize; 6] = [1, 1, 1, 2, 1, 2];
    let calls = {
        let cloud = cloud().await;
        let ram = ram(&cloud);
        let mut wanted = Wanted {
            ram: &ram,
            key: None,
        };
        wanted.ensure().await.unwrap();
        let calls = cloud.requests().len();
        wanted.ensure().await.unwrap();
        assert_eq!(wanted.left().await, WHOLE);
        calls
    };
    let throttle = Fault::Throttle {
        status: 400,
        code: "Throttling.User",
        wait: Duration::from_millis(1),
    };
    let faults = [
        Fault::LoseReply,
        Fault::Refuse,
        Fault::ResetBody(5),
        Fault::Status(500, "InternalError"),
        Fault::Status(503, "ServiceUnavailable"),
        throttle,
    ];
    let mut failed = 0;
    for fault in faults {
        for call in 0..calls {
            let cloud = cloud().await;
            let ram = ram(&cloud);
            let mut wanted = Wanted {
                ram: &ram,
                key: None,
            };
            let rule = Rule::new(fault.clone()).service("ram").skip(call).times(1);
            cloud.faults().add(rule);
            failed += usize::from(wanted.ensure().await.is_err());
            cloud.faults().clear();
            wanted.ensure().await.unwrap();
            assert_eq!(wanted.left().await, WHOLE, "{fault:?} at call {call}");
        }
    }
    assert!(failed > 0, "no fault was felt");
}
