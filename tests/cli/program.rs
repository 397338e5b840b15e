//! A world to run the program in: no home, a root that cannot be written to, and no variables but its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::core::credentials::StaticProvider;
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::oss::{self, OssEndpoint, OssStore};
use alibaba_local::{LocalCloud, User};
use futures::TryStreamExt as _;
use kube_local::KubeLocal;
use object_store::ObjectStore as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::create;

use crate::bare;

pub(crate) const BUCKET: &str = "my-backups";
const ID: &str = "LTAI-operator";
const SECRET: &str = "example-secret";

/// A cluster with a shop in it, and a cloud with a bucket.
pub(crate) struct World {
    pub(crate) cluster: KubeLocal,
    pub(crate) cloud: LocalCloud,
    pub(crate) files: TempDir,
}

/// What the program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) said: String,
    pub(crate) complained: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let cluster = KubeLocal::start().await.unwrap();
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET))
            .bucket(BUCKET);
        let cloud = cloud.start().await.unwrap();
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("kubeconfig"), cluster.kubeconfig()).unwrap();
        let client = test_support::client(&cluster.url());
        create(
            &client,
            "/api/v1/namespaces",
            json!({"metadata": {"name": "shop"}}),
        )
        .await;
        for (list, name, rest) in [
            ("configmaps", "settings", json!({"data": {"colour": "red"}})),
            (
                "secrets",
                "password",
                json!({"stringData": {"word": "made up"}}),
            ),
            ("serviceaccounts", "till", json!({})),
        ] {
            let mut object = rest;
            object["metadata"] = json!({"name": name, "labels": {"app": "shop"}});
            create(&client, &format!("/api/v1/namespaces/shop/{list}"), object).await;
        }
        Self {
            cluster,
            cloud,
            files,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    pub(crate) fn location() -> String {
        format!("oss://{BUCKET}/clusters/berlin")
    }

    /// What the environment says of the bucket.
    pub(crate) fn bucket(&self) -> [(&'static str, String); 5] {
        [
            ("BACKUP_CENTER_LOCATION", Self::location()),
            ("ALIBABA_CLOUD_REGION_ID", "cn-hangzhou".to_owned()),
            ("OSS_ENDPOINT", self.cloud.endpoint()),
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", ID.to_owned()),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET.to_owned()),
        ]
    }

    /// The program with nothing but what is said here, and with no place to write to but the folder of files.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_backup-center");
        let mut command = bare::container(self.files.path(), program);
        command
            .args(arguments)
            .envs(self.bucket())
            .env("KUBECONFIG", self.path("kubeconfig"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let command = self.command(arguments);
        let ran = ended(command).await;
        assert!(
            !ran.complained.contains(SECRET) && !ran.said.contains(SECRET),
            "{ran:?}"
        );
        ran
    }

    /// The same, which must have ended well.
    pub(crate) async fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.said
    }

    pub(crate) async fn json(&self, arguments: &[&str]) -> Value {
        let said = self.done(&[arguments, &["-o", "json"]].concat()).await;
        serde_json::from_str(&said).unwrap()
    }

    /// A client of the bucket's.
    pub(crate) fn oss(&self) -> oss::Client {
        let keys = StaticProvider::new(Credentials::new(ID, SECRET)).unwrap();
        let context = Context::system().unwrap();
        let cloud = Cloud::new(&context, Region::CN_HANGZHOU, Arc::new(keys));
        let cloud = cloud.with_endpoint(self.cloud.endpoint().parse().unwrap());
        cloud
            .oss(OssEndpoint::public(&Region::CN_HANGZHOU))
            .unwrap()
    }

    /// The keys of all that is in the bucket.
    pub(crate) async fn stored(&self) -> Vec<String> {
        let found = OssStore::new(self.oss(), BUCKET).list(None);
        let found = found.map_ok(|found| found.location.to_string());
        found.try_collect().await.unwrap()
    }
}

/// Runs a program without keeping the servers of this process from serving it.
pub(crate) async fn ended(mut command: Command) -> Ran {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        said: String::from_utf8_lossy(&output.stdout).into_owned(),
        complained: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A program beside `backup-center`, where Cargo builds the examples of this package and the programs of others when it runs
/// all tests.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests is to know what was skipped"
)]
pub(crate) fn beside(name: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_backup-center")).with_file_name(name);
    if !program.exists() {
        eprintln!("skipped: `{name}` is not built; it is by `cargo test --workspace`");
        return None;
    }
    Some(program)
}
