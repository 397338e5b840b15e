//! The example `onectl` as a process, with the commands of the page.

use std::process::{ExitCode, Stdio};

use http::Method;
use serde_json::json;
use tokio::process::Command;

use crate::world::{BUCKET, ID, SECRET, World};

#[allow(dead_code, unreachable_pub, reason = "its `main` is not this test's")]
#[path = "../../examples/onectl/main.rs"]
mod program;

/// The arguments, a line each, of a test that is to be the program.
const ARGUMENTS: &str = "ONECTL_ARGUMENTS";

/// Not a test but the program, where another test has started it as such.
#[tokio::test]
async fn is_the_program() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else {
        return;
    };
    let arguments = std::iter::once("onectl").chain(arguments.lines());
    let code = program::start(arguments).await;
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

struct Ended {
    success: bool,
    /// What it printed, without what the test harness prints around it.
    printed: Vec<String>,
    error: String,
}

async fn onectl(world: &World, arguments: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": world.url()}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "users": [{"name": "it", "user": {}}],
    });
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    let endpoint = format!("--endpoint={}", world.cloud.endpoint());
    let common = [
        kubeconfig.as_str(),
        endpoint.as_str(),
        "--cluster-kind=registered",
    ];
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "onectl::is_the_program", "--nocapture"])
        .env(ARGUMENTS, [&common[..], arguments].concat().join("\n"))
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
        .env_remove("ALIBABA_CLOUD_SECURITY_TOKEN")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Ended {
        success: output.status.success(),
        printed: text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("running "))
            .map(str::to_owned)
            .collect(),
        error: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test]
async fn r40_to_r42_the_commands_of_the_page_print_what_it_says() {
    let mut world = World::empty().await;
    world.kind = ack_backup_center::clusters::ClusterKind::Registered;
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}});
    world.send(Method::POST, "/api/v1/nodes", &node).await;
    let user = world.names().await.user;
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let policy = "ack-one-registered-cluster-policy-migrate-controller";
    for (command, line) in [
        (
            "ram-user grant --addon migrate-controller",
            format!("Ram policy {policy} granted to ram user {user} successfully."),
        ),
        (
            "addon install migrate-controller",
            format!("Addon migrate-controller, version {version} installed."),
        ),
        (
            "ram-user revoke --addon migrate-controller",
            format!("Ram policy {policy} revoked from ram user {user} successfully."),
        ),
        (
            "addon uninstall migrate-controller",
            "Addon migrate-controller uninstalled.".to_owned(),
        ),
    ] {
        let arguments: Vec<_> = command.split(' ').collect();
        let ended = onectl(&world, &arguments).await;
        assert!(ended.success, "{command}: {}", ended.error);
        assert_eq!(ended.printed.first(), Some(&line), "{command}");
    }
}

#[tokio::test]
async fn a_dry_run_prints_the_changes_and_makes_none() {
    let world = World::empty().await;
    let bucket = format!("--bucket={BUCKET}");
    let install = [
        "addon",
        "install",
        "migrate-controller",
        &bucket,
        "--dry-run",
    ];
    let unknown =
        "tell the region of the cluster from its nodes: there is none: set it (REGION_ID)";
    for (region, why) in [
        (None, unknown),
        (Some("--region=cn-beijing"), "there is no node"),
    ] {
        let arguments: Vec<_> = install.into_iter().chain(region).collect();
        let refused = onectl(&world, &arguments).await;
        assert!(!refused.success);
        assert!(refused.error.contains(why), "{}", refused.error);
    }
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1",
        "labels": {"topology.kubernetes.io/region": "cn-beijing"}}});
    world.send(Method::POST, "/api/v1/nodes", &node).await;
    let ended = onectl(&world, &install).await;
    assert!(ended.success, "{}", ended.error);
    for line in [
        "+ Namespace `csdr`".to_owned(),
        "+ Deployment `kube-system/migrate-controller`".to_owned(),
        format!("+ BackupLocation `csdr/{BUCKET}`"),
    ] {
        assert!(ended.printed.contains(&line), "{line}: {:?}", ended.printed);
    }
    assert!(world.read("/api/v1/namespaces/csdr").await.is_null());
}

#[tokio::test]
async fn a_vault_is_in_the_region_that_the_nodes_say_unless_another_one_is_named() {
    for (named, expected) in [
        (None, "cn-beijing"),
        (Some("--region=cn-shanghai"), "cn-shanghai"),
    ] {
        let world = World::empty().await;
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1",
            "labels": {"topology.kubernetes.io/region": "cn-beijing"}}});
        world.send(Method::POST, "/api/v1/nodes", &node).await;
        let bucket = format!("--bucket={BUCKET}");
        let mut install = vec!["addon", "install", "migrate-controller", &bucket];
        install.extend(named);
        let ended = onectl(&world, &install).await;
        assert!(ended.success, "{}", ended.error);
        let vaults = "/apis/csdr.alibabacloud.com/v1beta1/namespaces/csdr/backuplocations";
        let vault = world.read(&format!("{vaults}/{BUCKET}")).await;
        assert_eq!(vault["spec"]["config"]["region"], expected, "{vault}");
    }
}
