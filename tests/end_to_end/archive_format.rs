//! The archive is what other people's tools expect, down to the bytes of the server.

use std::process::Command;

use ack_backup_center::engine::Selection;
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use http::Request;
use object_store::ObjectStoreExt as _;
use serde_json::json;

use crate::bucket::Bucket;
use crate::cluster::create;
use crate::roles;

#[tokio::test(flavor = "multi_thread")]
async fn tar_unpacks_it_to_what_the_server_prints() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    let bucket = Bucket::start().await;
    let namespace = control_plane::unique_name("format");
    create(
        &client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": namespace}}),
    )
    .await;
    for n in 0..3 {
        let map = json!({"metadata": {"name": format!("m{n}")}, "data": {"text": "a \"quoted\" <b> & ü\n"}});
        create(
            &client,
            &format!("/api/v1/namespaces/{namespace}/configmaps"),
            &map,
        )
        .await;
    }
    let spec = BackupSpec {
        selection: Selection::of_namespaces([namespace.clone()]),
        ..BackupSpec::named("format")
    };
    Backup::new(roles::backs_up().await, bucket.repository(), spec)
        .run()
        .await
        .unwrap();

    let into = tempfile::tempdir().unwrap();
    let repository = bucket.repository();
    let stored = repository
        .store()
        .get(&"backups/format/format.tar.gz".into())
        .await
        .unwrap();
    let archive = into.path().join("format.tar.gz");
    std::fs::write(&archive, stored.bytes().await.unwrap()).unwrap();
    let tar = Command::new("tar")
        .arg("xzpf")
        .arg(&archive)
        .arg("-C")
        .arg(into.path())
        .output()
        .unwrap();
    assert!(
        tar.status.success(),
        "{}",
        String::from_utf8_lossy(&tar.stderr)
    );
    assert_eq!(tar.stderr, b"", "tar has nothing to complain of");
    assert_eq!(
        std::fs::read(into.path().join("metadata/version")).unwrap(),
        b"1.0.0\n"
    );
    let listed = Command::new("tar")
        .arg("tvzf")
        .arg(&archive)
        .output()
        .unwrap();
    for line in String::from_utf8(listed.stdout).unwrap().lines() {
        assert!(line.starts_with("-rwxr-xr-x"), "{line}");
    }
    let resources = into.path().join("resources");
    assert!(
        resources
            .join(format!("namespaces/cluster/{namespace}.json"))
            .is_file()
    );
    for (folder, path) in [
        (
            "configmaps",
            format!("/api/v1/namespaces/{namespace}/configmaps/m1"),
        ),
        (
            "serviceaccounts",
            format!("/api/v1/namespaces/{namespace}/serviceaccounts/default"),
        ),
    ] {
        let name = path.rsplit('/').next().unwrap();
        let file = resources
            .join(folder)
            .join("namespaces")
            .join(&namespace)
            .join(format!("{name}.json"));
        let request = Request::get(&path).body(Vec::new()).unwrap();
        let printed = client.request_text(request).await.unwrap();
        assert_eq!(
            std::fs::read_to_string(file).unwrap(),
            printed.trim_end(),
            "{path}"
        );
    }
}
