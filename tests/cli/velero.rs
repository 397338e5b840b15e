//! Velero's own client on our backups: `velero backup get`, `describe` and `logs`. Its server is played: it copies records
//! into the cluster and says where files can be downloaded, as `backup_sync_controller.go` and
//! `download_request_controller.go` do (Velero 1.18.3).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use http::Method;
use kube::Client;
use serde_json::json;
use test_support::{create, get, send};

use crate::program::{BUCKET, Ran, World, ended};

const KINDS: [(&str, &str); 5] = [
    ("BackupStorageLocation", "backupstoragelocations"),
    ("Backup", "backups"),
    ("DownloadRequest", "downloadrequests"),
    ("DeleteBackupRequest", "deletebackuprequests"),
    ("PodVolumeBackup", "podvolumebackups"),
];
const AT: &str = "/apis/velero.io/v1/namespaces/velero";

/// The client, built once; `None`, with the reason printed, where it cannot be.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests is to know what was skipped"
)]
fn velero() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("velero-1.18.3");
    let built = Command::new("go")
        .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/cli/velero-client"
        ))
        .stdin(Stdio::null())
        .output();
    match built {
        Ok(output) if output.status.success() => Some(program),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            eprintln!("skipped: Velero's client cannot be built here: {said}");
            None
        }
        Err(error) => {
            eprintln!("skipped: there is no Go to build Velero's client with: {error}");
            None
        }
    }
}

async fn define(client: &Client) {
    for (kind, plural) in KINDS {
        let schema = json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.velero.io")},
            "spec": {"group": "velero.io", "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}});
        create(
            client,
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            definition,
        )
        .await;
    }
    create(
        client,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "velero"}}),
    )
    .await;
}

/// Says of each request where its file is.
async fn serve_downloads(world: &World, client: &Client) {
    let oss = world.oss();
    loop {
        let list = get(client, &format!("{AT}/downloadrequests"))
            .await
            .unwrap_or_default();
        for request in list["items"].as_array().cloned().unwrap_or_default() {
            if request.pointer("/status/downloadURL").is_some() {
                continue;
            }
            let target = &request["spec"]["target"];
            let name = target["name"].as_str().unwrap();
            let suffix = match target["kind"].as_str().unwrap() {
                "BackupLog" => "-logs.gz",
                "BackupResourceList" => "-resource-list.json.gz",
                "BackupResults" => "-results.gz",
                "BackupVolumeInfos" => "-volumeinfo.json.gz",
                "BackupItemOperations" => "-itemoperations.json.gz",
                "BackupVolumeSnapshots" => "-volumesnapshots.json.gz",
                "CSIBackupVolumeSnapshots" => "-csi-volumesnapshots.json.gz",
                "CSIBackupVolumeSnapshotContents" => "-csi-volumesnapshotcontents.json.gz",
                other => panic!("{other}"),
            };
            let key = format!("clusters/berlin/backups/{name}/{name}{suffix}");
            let url = oss
                .get_object(BUCKET, &key)
                .presign(Duration::from_secs(60))
                .await
                .unwrap();
            let own = format!(
                "{AT}/downloadrequests/{}",
                request["metadata"]["name"].as_str().unwrap()
            );
            let status = json!({"status": {"phase": "Processed", "downloadURL": url.url()}});
            // The client deletes it as soon as it has the file.
            let _ = send(client, Method::PATCH, &own, &status).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn veleros_client_describes_our_backups_and_prints_their_logs() {
    let Some(velero) = tokio::task::spawn_blocking(velero).await.unwrap() else {
        return;
    };
    let world = World::new().await;
    let client = test_support::client(&world.cluster.url());
    // One of the namespaces is not there.
    let create_it = [
        "backup",
        "create",
        "ours",
        "--include-namespaces",
        "shop,gone",
    ];
    assert_eq!(world.run(&create_it).await.code, 3);
    define(&client).await;
    let location = json!({"apiVersion": "velero.io/v1", "kind": "BackupStorageLocation",
        "metadata": {"name": "default"}, "spec": {"provider": "aws"}});
    create(&client, &format!("{AT}/backupstoragelocations"), location).await;
    let mut record = world.json(&["backup", "get", "ours"]).await;
    // What belongs to one cluster alone, as the sync leaves it out.
    for field in ["uid", "creationTimestamp", "resourceVersion"] {
        record["metadata"].as_object_mut().unwrap().remove(field);
    }
    create(&client, &format!("{AT}/backups"), record).await;
    let run = async |arguments: &[&str]| -> Ran {
        let mut command = Command::new(&velero);
        command
            .args(arguments)
            .args(["--namespace", "velero", "--kubeconfig"])
            .arg(world.path("kubeconfig"))
            .env("HOME", world.files.path())
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null());
        let ran = tokio::select! {
            ran = ended(command) => ran,
            () = serve_downloads(&world, &client) => unreachable!("it goes on for ever"),
        };
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    };
    let listed = run(&["backup", "get"]).await.said;
    assert!(listed.contains("ours   PartiallyFailed   1"), "{listed}");
    let described = run(&["backup", "describe", "ours", "--details"]).await;
    for found in ["Phase:  PartiallyFailed", "shop/settings", "`gone`"] {
        assert!(described.said.contains(found), "{found}: {described:?}");
    }
    assert!(
        !described.said.to_lowercase().contains("error getting"),
        "{described:?}"
    );
    let logs = run(&["backup", "logs", "ours"]).await.said;
    assert_eq!(logs, world.done(&["backup", "logs", "ours"]).await);
    assert!(
        logs.contains("level=error") && logs.contains("`gone`"),
        "{logs}"
    );
}
