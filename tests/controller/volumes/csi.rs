//! Volumes of other drivers, by the snapshots of those: the class is chosen, and where there is none, that is said. The driver is
//! played.

use kube_local::KubeLocal;
use serde_json::{Value, json};

use crate::cluster::object;
use crate::world::{World, cloud};

const API: &str = "/apis/snapshot.storage.k8s.io/v1";
const DRIVER: &str = "rbd.csi.ceph.com";

/// What snapshot-controller and csi-snapshotter do for the snapshots of a namespace.
async fn play(world: &World, namespace: &str) {
    let client = &world.client;
    let snapshots = format!("{API}/namespaces/{namespace}/volumesnapshots");
    let contents = format!("{API}/volumesnapshotcontents");
    loop {
        let all = world.read(&snapshots).await.unwrap_or_default();
        for snapshot in all["items"].as_array().into_iter().flatten() {
            let metadata = &snapshot["metadata"];
            let (name, uid) = (&metadata["name"], metadata["uid"].as_str().unwrap());
            let content = format!("snapcontent-{uid}");
            if snapshot["status"]["readyToUse"] == true {
                continue;
            }
            let object = json!({"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotContent",
                "metadata": {"name": content}, "spec": {
                    "driver": DRIVER, "deletionPolicy": "Delete", "source": {"volumeHandle": "image-1"},
                    "volumeSnapshotClassName": snapshot["spec"]["volumeSnapshotClassName"],
                    "volumeSnapshotRef": {"kind": "VolumeSnapshot", "namespace": namespace, "name": name, "uid": uid}}});
            drop(test_support::send(client, http::Method::POST, &contents, &object).await);
            let status = json!({"status": {"snapshotHandle": format!("snap-{uid}"), "readyToUse": true,
                "restoreSize": 1 << 30, "creationTime": 1_800_000_000_000_000_000_i64}});
            let path = format!("{contents}/{content}/status");
            drop(test_support::send(client, http::Method::PATCH, &path, &status).await);
            let status =
                json!({"status": {"boundVolumeSnapshotContentName": content, "readyToUse": true}});
            let path = format!("{snapshots}/{}/status", name.as_str().unwrap());
            drop(test_support::send(client, http::Method::PATCH, &path, &status).await);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn volumes_of_other_drivers_are_snapshotted_with_the_class_that_fits() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    control_plane::serve_snapshots(&world.client).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "image"}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
        "csi": {"driver": DRIVER, "volumeHandle": "image-1"},
        "claimRef": {"namespace": shop, "name": "data"}}});
    test_support::create(&world.client, "/api/v1/persistentvolumes", volume).await;
    let claims = format!("/api/v1/namespaces/{shop}/persistentvolumeclaims");
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "volumeName": "image", "resources": {"requests": {"storage": "1Gi"}}}});
    test_support::create(&world.client, &claims, claim).await;
    let bound = json!({"status": {"phase": "Bound"}});
    test_support::patch(&world.client, &format!("{claims}/data/status"), &bound).await;
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop], "pvBackup": {"defaultPvBackup": true}});

    world
        .create("ApplicationBackup", "without", spec.clone())
        .await;
    let without = world
        .phase("ApplicationBackup", "without", "PartiallyFailed")
        .await;
    let why = without["status"]["volumes"][0]["message"].as_str().unwrap();
    assert!(
        why.contains("there is no VolumeSnapshotClass of its driver `rbd.csi.ceph.com`"),
        "{why}"
    );

    for (name, labels) in [
        ("plain", json!({})),
        (
            "wanted",
            json!({"velero.io/csi-volumesnapshot-class": "true"}),
        ),
    ] {
        let class = json!({"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotClass",
            "metadata": {"name": name, "labels": labels}, "driver": DRIVER, "deletionPolicy": "Delete"});
        test_support::create(
            &world.client,
            &format!("{API}/volumesnapshotclasses"),
            class,
        )
        .await;
    }
    let backed_up = async {
        // The backup's own word counts more than that of a class.
        let mut chosen = object("ApplicationBackup", "chosen", &spec);
        chosen["metadata"]["annotations"] =
            json!({format!("velero.io/csi-volumesnapshot-class_{DRIVER}"): "plain"});
        world.create_object(chosen).await;
        world
            .phase("ApplicationBackup", "chosen", "Completed")
            .await;
        world.create("ApplicationBackup", "with", spec).await;
        world.phase("ApplicationBackup", "with", "Completed").await
    };
    let with: Value = tokio::select! {
        backup = backed_up => backup,
        () = play(&world, &shop) => unreachable!("it goes on for ever"),
    };
    let volume = &with["status"]["volumes"][0];
    assert_eq!(volume["method"], "csi", "{volume}");
    assert!(
        volume["snapshotId"].as_str().unwrap().starts_with("snap-"),
        "{volume}"
    );
    for (backup, class) in [("chosen", "plain"), ("with", "wanted")] {
        let volumes = world.repository("").volumes(backup).await.unwrap();
        let record = volumes[0].record.as_ref().unwrap();
        assert_eq!(record.attributes["class"], class, "{backup}");
    }
    // Nothing is left in the application's namespace.
    let left = world
        .read(&format!("{API}/namespaces/{shop}/volumesnapshots"))
        .await
        .unwrap();
    assert_eq!(left["items"], json!([]), "{left:#}");
    controller.stop().await;
}
