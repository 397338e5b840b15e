//! What `quickstart --keep` prints works as it is printed, while it runs and after it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use test_support::Running;

use crate::program::{Ran, beside, ended};

const PROGRAM: &str = "cargo run --features cli --bin backup-center -- ";
const SERVER: &str = "cargo run -p alibaba-local -- ";

fn interrupt(mut child: Running) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    child.wait().unwrap();
}

/// Starts a program and reads what it says up to a line with this in it.
fn started(mut command: Command, until: &str) -> (Running, Vec<String>) {
    let child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn();
    let mut child = Running::from(child.unwrap());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    for line in &mut lines {
        let line = line.unwrap();
        said.push(line.clone());
        if line.contains(until) {
            // What comes later is not to stop it.
            std::thread::spawn(move || lines.for_each(drop));
            return (child, said);
        }
    }
    let ended = child.wait().unwrap();
    panic!("it ended, {ended}: {said:#?}");
}

async fn run(line: &str, keys: &[(String, String)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backup-center"));
    command
        .args(line.split_whitespace())
        .env_clear()
        .stdin(Stdio::null());
    command.envs(keys.iter().cloned());
    ended(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kept_quickstart_prints_works_as_printed() {
    let (Some(quickstart), Some(cloud)) = (beside("examples/quickstart"), beside("alibaba-local"))
    else {
        return;
    };
    let mut quickstart = Command::new(quickstart);
    quickstart.arg("--keep").env_remove("KUBEBUILDER_ASSETS");
    let (quickstart, said) = started(quickstart, "Press Ctrl-C");
    let all = said.join("\n");
    for namespace in ["shop", "shop-copy"] {
        let claim = format!("Claim `{namespace}/uploads` has the new disk");
        assert!(all.contains(&claim), "{all}");
    }
    let printed = |prefix: &str| -> Vec<&str> {
        said.iter()
            .filter_map(|line| line.trim_start().strip_prefix(prefix))
            .collect()
    };
    let keys: Vec<(String, String)> = printed("export ")
        .iter()
        .flat_map(|line| line.split(' '))
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(keys.len(), 2, "{all}");
    let [restore, list] = printed(PROGRAM)[..] else {
        panic!("{all}");
    };
    let restored = run(restore, &keys).await;
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(restored.said.contains("uploads"), "{restored:?}");
    let [tar] = printed("tar ")[..] else {
        panic!("{all}");
    };
    let listed = Command::new("tar").args(tar.split(' ')).output().unwrap();
    assert!(
        String::from_utf8_lossy(&listed.stdout).contains("resources/"),
        "{listed:?}"
    );
    if Command::new("kubectl").arg("help").output().is_ok() {
        let [kubectl] = printed("kubectl ")[..] else {
            panic!("{all}");
        };
        let kubectl = Command::new("kubectl").args(kubectl.split(' ')).output();
        let kubectl = kubectl.unwrap();
        assert!(kubectl.status.success(), "{kubectl:?}");
    }
    interrupt(quickstart);

    // Later, at any port.
    let [server] = printed(SERVER)[..] else {
        panic!("{all}");
    };
    let mut cloud = Command::new(cloud);
    cloud
        .args(server.split(' '))
        .args(["--listen", "127.0.0.1:0", "--quiet"]);
    let (cloud, said) = started(cloud, "Stop with Ctrl-C");
    let (_, rest) = said[0].split_once(" at ").unwrap();
    let endpoint = rest.split(',').next().unwrap();
    let listed = run(&list.replace("http://127.0.0.1:9090", endpoint), &keys).await;
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(listed.said.contains("Completed"), "{listed:?}");
    interrupt(cloud);
    let folder = server.strip_prefix("--data ").unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_credentials_are_found_before_anything_is_deployed() {
    let Some(quickstart) = beside("examples/quickstart") else {
        return;
    };
    let cluster = kube_local::KubeLocal::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, cluster.kubeconfig()).unwrap();
    let mut quickstart = Command::new(quickstart);
    quickstart
        .args([
            "--bucket",
            "my-backups",
            "--region",
            "cn-hangzhou",
            "--kubeconfig",
        ])
        .arg(&kubeconfig)
        .env_clear()
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-only-half-a-key");
    let ran = ended(quickstart).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(cluster.requests().writes(), 0);
}
