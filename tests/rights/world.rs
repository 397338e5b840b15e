//! A cloud with what a cluster has, and a user with a policy.

use std::fs;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::core::credentials::{SharedCredentials, StaticProvider};
use ack_backup_center::core::{Context, Credentials, Error, ErrorKind, Region, chain};
use ack_backup_center::hbr::HostPath;
use ack_backup_center::oss::{self, OssEndpoint};
use ack_backup_center::ram::PolicyDocument;
use ack_backup_center::ram::client::PolicyType;
use ack_backup_center::{ecs_snapshot, hbr};
use alibaba_local::{EcsDisk, EcsInstance, LocalCloud, User};
use chrono::TimeDelta;
use tempfile::TempDir;

pub(crate) const BUCKET: &str = "mybackups";
pub(crate) const OTHER_BUCKET: &str = "otherbucket";
pub(crate) const KEY: &str = "nightly.tar.gz";
pub(crate) const INSTANCE: &str = "i-bp1fake0000000000001";
pub(crate) const DISK: &str = "d-bp1fake0000000000001";
pub(crate) const NODE: &str = "cn-hangzhou.192.168.0.10";
pub(crate) const POD: &str = "99999999-8888-4777-8666-555555555555";
pub(crate) const PLUGIN: &str = "kubernetes.io~csi";
const ID: &str = "LTAI-administrator";
const SECRET: &str = "example-secret";

thread_local! {
    /// One for each test, since reading the machine's roots of trust takes its time.
    static CONTEXT: Context = Context::system().unwrap();
}

/// A user of the account, by its clients.
pub(crate) struct World {
    pub(crate) cloud: LocalCloud,
    pub(crate) oss: oss::Client,
    pub(crate) ecs: ecs_snapshot::Client,
    pub(crate) hbr: hbr::Client,
    node: TempDir,
}

impl World {
    /// A RAM user whose one policy is this document, made as one makes it: user, policy, key.
    pub(crate) async fn with(document: &PolicyDocument) -> Self {
        let node = tempfile::tempdir().unwrap();
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET).named("administrator"))
            .bucket(BUCKET)
            .bucket(OTHER_BUCKET)
            .node(NODE, node.path())
            .ecs_instance(EcsInstance::new(INSTANCE))
            .ecs_disk(EcsDisk::new(DISK).attached_to(INSTANCE))
            .snapshot_time(Duration::ZERO)
            .start()
            .await
            .unwrap();
        let account = account(&cloud, Credentials::new(ID, SECRET));
        let put = oss_of(&account).put_object(OTHER_BUCKET, KEY, "not the user's");
        put.send().await.unwrap();

        let ram = account.ram().unwrap();
        let (user, policy) = ("backup", "backup-center");
        ram.create_user(user).send().await.unwrap();
        ram.create_policy(policy, document).send().await.unwrap();
        let attach = ram.attach_policy_to_user(policy, PolicyType::Custom, user);
        attach.send().await.unwrap();
        let key = ram.create_access_key().user_name(user).send().await;
        let key = key.unwrap().access_key;
        let account = self::account(
            &cloud,
            Credentials::new(key.id.as_str(), key.secret.expose()),
        );
        cloud.requests().clear();
        Self {
            oss: oss_of(&account),
            ecs: account.ecs().unwrap(),
            hbr: account.hbr().unwrap(),
            cloud,
            node,
        }
    }

    /// What the administrator finds in the other bucket.
    pub(crate) async fn others_object(&self) -> String {
        let account = account(&self.cloud, Credentials::new(ID, SECRET));
        let get = oss_of(&account).get_object(OTHER_BUCKET, KEY);
        let object = get.send().await.unwrap().body.collect().await.unwrap();
        String::from_utf8(object.to_vec()).unwrap()
    }

    /// Lets what is under way in Cloud Backup come to its end.
    pub(crate) fn pass(&self) {
        self.cloud.clock().advance(TimeDelta::seconds(30));
    }

    /// Writes a file into a volume that is mounted on the node.
    pub(crate) fn write(&self, volume: &str, text: &str) {
        let folder = self.folder(volume);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("file"), text).unwrap();
    }

    /// What is in that file.
    pub(crate) fn read(&self, volume: &str) -> String {
        fs::read_to_string(self.folder(volume).join("file")).unwrap()
    }

    fn folder(&self, volume: &str) -> std::path::PathBuf {
        let mount = HostPath::of_pod(POD, PLUGIN, volume).to_string();
        self.node.path().join(mount.trim_start_matches('/'))
    }
}

fn account(cloud: &LocalCloud, credentials: Credentials) -> Cloud {
    let keys: SharedCredentials = Arc::new(StaticProvider::new(credentials).unwrap());
    Cloud::new(&CONTEXT.with(Context::clone), Region::CN_HANGZHOU, keys)
        .with_endpoint(cloud.endpoint().parse().unwrap())
}

fn oss_of(account: &Cloud) -> oss::Client {
    account
        .oss(OssEndpoint::public(&Region::CN_HANGZHOU))
        .unwrap()
}

/// A step that the service refused for want of a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    /// The right that the step is there to use.
    pub(crate) step: &'static str,
    /// The right that the error says is missing.
    pub(crate) missing: String,
}

/// An error that may be a denial.
pub(crate) trait Refusal: std::error::Error {
    /// The right that is missing, if that is what is wrong.
    fn missing(&self) -> Option<String>;
    /// The service's code.
    fn code(&self) -> Option<&str>;
}

impl Refusal for Error {
    fn missing(&self) -> Option<String> {
        let is_denied = self.kind() == ErrorKind::Denied;
        let detail = self.access_denied().filter(|_| is_denied)?;
        assert_eq!(detail.no_permission_type.as_deref(), Some("ImplicitDeny"));
        detail.auth_action.clone()
    }

    fn code(&self) -> Option<&str> {
        self.service_code()
    }
}

impl Refusal for oss::Error {
    fn missing(&self) -> Option<String> {
        let text = self.to_string();
        let remedy = text.split_once("add the action `")?.1;
        let action = remedy.split_once('`')?.0;
        (self.kind() == oss::ErrorKind::Denied).then(|| action.to_owned())
    }

    fn code(&self) -> Option<&str> {
        self.service_code()
    }
}

/// One call, which uses one right. All but a denial is a failure of the test, and so is one whose text does not say which
/// step failed, where it was sent, and which action is missing.
pub(crate) async fn step<T, E: Refusal + 'static>(
    step: &'static str,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, Denied> {
    call.await.map_err(|error| {
        let Some(missing) = error.missing() else {
            panic!("{step}: {error}");
        };
        let text = error.to_string();
        let is_fragment = text.starts_with(char::is_lowercase);
        assert!(is_fragment && text.contains("127.0.0.1"), "{step}: {text}");
        let remedy = format!("add the action `{missing}`");
        assert!(text.contains(&remedy), "{step}: {text}");
        // Said once, and not by the cause again.
        let line = chain(&error);
        assert_eq!(line.matches(&remedy).count(), 1, "{step}: {line}");
        assert!(error.code().is_some_and(|code| !code.is_empty()), "{line}");
        Denied { step, missing }
    })
}
