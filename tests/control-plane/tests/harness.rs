//! The control plane starts, works, is shared, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use control_plane::{Binaries, ControlPlane, StartError, shared, unique_name};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use test_support::Running;

fn runs(id: u32) -> bool {
    // A zombie that nobody has collected yet runs no more.
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

/// Waits for what happens soon, without a claim on how soon.
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

async fn namespace_with_service_account(plane: &ControlPlane) {
    let client = plane.client();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let name = unique_name("harness");
    let new: Namespace =
        serde_json::from_value(serde_json::json!({"metadata": {"name": name}})).unwrap();
    namespaces
        .create(&PostParams::default(), &new)
        .await
        .unwrap();
    let accounts: Api<ServiceAccount> = Api::namespaced(client, &name);
    let deadline = Instant::now() + Duration::from_secs(60);
    while accounts.get_opt("default").await.unwrap().is_none() {
        assert!(Instant::now() < deadline, "{}", plane.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    namespaces
        .delete(&name, &DeleteParams::default())
        .await
        .unwrap();
    while namespaces.get_opt(&name).await.unwrap().is_some() {
        assert!(Instant::now() < deadline, "{}", plane.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_server_answers_with_its_version_and_is_the_same_for_all_tests() {
    let Some(plane) = shared() else { return };
    let version = plane.client().apiserver_version().await.unwrap();
    assert!(version.git_version.starts_with("v1."), "{version:?}");
    assert_eq!(plane.url(), shared().unwrap().url());
    assert!(!format!("{plane:?}").contains(plane.token()));
}

#[tokio::test]
async fn controllers_work() {
    let Some(plane) = shared() else { return };
    namespace_with_service_account(plane).await;
}

#[test]
fn any_runtime_may_use_the_shared_server() {
    let Some(plane) = shared() else { return };
    for _ in 0..2 {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(namespace_with_service_account(plane));
    }
}

#[tokio::test]
async fn rights_are_checked_for_an_impersonated_user() {
    let Some(plane) = shared() else { return };
    let mut config = plane.config();
    config.auth_info.impersonate = Some("nobody".to_owned());
    let client = kube::Client::try_from(config).unwrap();
    let namespaces: Api<Namespace> = Api::all(client);
    let refused = namespaces.list(&kube::api::ListParams::default()).await;
    assert!(
        matches!(&refused, Err(kube::Error::Api(status)) if status.code == 403),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_kubeconfig_on_disk_works() {
    let Some(plane) = shared() else { return };
    let file = kube::config::Kubeconfig::read_from(plane.kubeconfig_path()).unwrap();
    let config = kube::Config::from_custom_kubeconfig(file, &Default::default())
        .await
        .unwrap();
    let client = kube::Client::try_from(config).unwrap();
    client.apiserver_version().await.unwrap();
}

#[tokio::test]
async fn dropping_it_ends_the_processes_and_removes_the_folder() {
    if shared().is_none() {
        return;
    }
    let plane = ControlPlane::start().unwrap();
    let (ids, kubeconfig) = (plane.process_ids(), plane.kubeconfig_path());
    assert!(ids.into_iter().all(runs));
    drop(plane);
    assert!(!ids.into_iter().any(runs));
    assert!(!kubeconfig.parent().unwrap().exists());
}

/// Not a test by itself: [`a_killed_program_leaves_nothing_behind`] runs this test program again
/// with this test alone, and kills it.
#[test]
fn started_to_be_killed() {
    let Ok(file) = std::env::var("CONTROL_PLANE_TEST_REPORT") else {
        return;
    };
    let plane = ControlPlane::start().unwrap();
    let [etcd, server, controllers] = plane.process_ids();
    let folder = plane.kubeconfig_path();
    let report = format!(
        "{etcd} {server} {controllers} {}",
        folder.parent().unwrap().display()
    );
    std::fs::write(format!("{file}.new"), report).unwrap();
    std::fs::rename(format!("{file}.new"), file).unwrap();
    std::thread::park();
}

#[test]
fn a_killed_program_leaves_nothing_behind() {
    if shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report");
    let program = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "started_to_be_killed"])
        .env("CONTROL_PLANE_TEST_REPORT", &file)
        .stdout(Stdio::null())
        .spawn();
    let mut program = Running::from(program.unwrap());
    eventually("the start of the other program", || {
        assert_eq!(program.try_wait().unwrap(), None, "it ended too early");
        file.exists()
    });
    let report = std::fs::read_to_string(&file).unwrap();
    let mut words = report.splitn(4, ' ');
    let ids: Vec<u32> = words
        .by_ref()
        .take(3)
        .map(|id| id.parse().unwrap())
        .collect();
    let left = Path::new(words.next().unwrap());
    assert!(ids.iter().all(|id| runs(*id)) && left.exists());
    // SIGKILL: no destructor and no handler runs.
    program.kill().unwrap();
    program.wait().unwrap();
    eventually("the end of the processes", || {
        !ids.iter().any(|id| runs(*id))
    });
    eventually("the removal of the folder", || !left.exists());
}

#[test]
fn a_program_that_ends_is_reported_with_its_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    for name in ["etcd", "kube-apiserver", "kube-controller-manager"] {
        let path = folder.path().join(name);
        std::fs::write(
            &path,
            "#!/bin/sh\necho unknown flag: --data-dir >&2\nexit 3\n",
        )
        .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let binaries = Binaries::within(folder.path()).unwrap();
    let error = ControlPlane::start_with(&binaries).unwrap_err();
    assert!(
        matches!(
            error,
            StartError::Ended {
                program: "etcd",
                ..
            }
        ),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains("exit status: 3") && text.contains("unknown flag"),
        "{text}"
    );
}
