//! The example `nightly`: what a stranger has to write for a first verified backup, and that it does what it says.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

#[allow(dead_code, unreachable_pub, reason = "its `main` is not this test's")]
#[path = "../examples/nightly.rs"]
mod nightly;

use std::process::Stdio;

use ack_backup_center::oss::OssConfig;
use alibaba_local::{LocalCloud, User};
use kube_local::KubeLocal;
use tokio::process::Command;

const ID: &str = "LTAI-local";
const SECRET: &str = "local-secret";
const BUCKET: &str = "my-backups";
const PREFIX: &str = "clusters/berlin";
const MARK: &str = "THIS_IS_NIGHTLY";

/// The program: this test binary once more, which has nothing to do unless it is asked to be it.
#[test]
fn program() {
    if std::env::var_os(MARK).is_none() {
        return;
    }
    let done = nightly::main();
    if let Err(error) = &done {
        println!("nightly: {error}");
    }
    std::process::exit(done.is_err().into());
}

struct Setup {
    cloud: LocalCloud,
    cluster: KubeLocal,
    folder: tempfile::TempDir,
}

impl Setup {
    async fn new() -> Self {
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET))
            .bucket(BUCKET)
            .start();
        let cloud = cloud.await.unwrap();
        let cluster = KubeLocal::start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = cluster.kubeconfig();
        std::fs::write(folder.path().join("config"), kubeconfig).unwrap();
        Self {
            cloud,
            cluster,
            folder,
        }
    }

    /// Runs it with nothing but what its documentation names in the environment.
    async fn run(&self, variables: &[(&str, &str)]) -> (bool, String) {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "program", "--nocapture"])
            .env_clear()
            .env(MARK, "")
            .envs(variables.iter().copied())
            .env("KUBECONFIG", self.folder.path().join("config"))
            .env("OSS_ENDPOINT", self.cloud.endpoint())
            .env("OSS_REGION", self.cloud.region())
            .env("OSS_ACCESS_KEY_ID", ID)
            .env("OSS_ACCESS_KEY_SECRET", SECRET)
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let text = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        (output.status.success(), text.concat())
    }

    async fn records(&self) -> usize {
        let endpoint = self.cloud.endpoint();
        let config = OssConfig::new().with_options([
            ("endpoint", endpoint.as_str()),
            ("region", "cn-hangzhou"),
            ("access_key_id", ID),
            ("access_key_secret", SECRET),
        ]);
        let client = config.unwrap().client().unwrap();
        let listed = client.list_objects(BUCKET).prefix(PREFIX).send().await;
        let objects = listed.unwrap().objects;
        let is_record = |key: &str| key.ends_with("/velero-backup.json");
        objects.iter().filter(|it| is_record(&it.key)).count()
    }
}

#[tokio::test]
async fn a_night_is_backed_up_verified_listed_and_pruned() {
    let setup = Setup::new().await;
    let url = format!("oss://{BUCKET}/{PREFIX}");
    let night = [("BACKUPS", url.as_str()), ("NAMESPACES", "default")];
    let (is_done, said) = setup.run(&night).await;
    assert!(is_done, "{said}");
    assert!(said.contains("Completed"), "{said}");
    assert!(said.contains("keep"), "{said}");
    assert_eq!(setup.records().await, 1, "{said}");
    // The oldest stays as long as there are days left to keep. Names are of the second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let (is_done, said) = setup.run(&night).await;
    assert!(is_done, "{said}");
    assert!(said.contains("2 backups: keep 2, delete 0"), "{said}");
    assert_eq!(setup.records().await, 2, "{said}");
    drop(setup.cluster);
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let setup = Setup::new().await;
    for (url, namespaces, expected) in [
        ("my-backups", "default", "write `oss://bucket/prefix`"),
        ("oss://no-such-bucket", "default", "bucket"),
        ("oss://my-backups", "No Name", "No Name"),
    ] {
        let night = [("BACKUPS", url), ("NAMESPACES", namespaces)];
        let (is_done, said) = setup.run(&night).await;
        assert!(!is_done && said.contains(expected), "{url}: {said}");
    }
}

/// 97 lines were needed before.
#[test]
fn the_program_is_short() {
    let text = include_str!("../examples/nightly.rs");
    let is_code = |line: &&str| !line.trim().is_empty() && !line.starts_with("//!");
    let lines = text.lines().filter(is_code).count();
    assert!(lines < 50, "{lines} lines");
}
