//! Images that all restores of a cluster take from elsewhere.

use kube_local::KubeLocal;
use serde_json::{Value, json};

use crate::world::{World, cloud};

/// The ConfigMap as ACK's "FAQ about the backup center" has it, with these rows.
async fn rows(world: &World, name: &str, rows: Value) {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": rows,
        "metadata": {"name": name, "labels": {
            "velero.io/plugin-config": "", "velero.io/change-image-name": "RestoreItemAction",
        }},
    });
    let maps = format!("/api/v1/namespaces/{}/configmaps", world.namespace);
    test_support::create(&world.client, &maps, map).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_restores_take_the_images_that_the_clusters_config_map_names() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
    world.create("ApplicationBackup", "day", spec).await;
    world.phase("ApplicationBackup", "day", "Completed").await;

    let image = async |namespace: &str| {
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
        let deployment = world.read(&path).await.unwrap();
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    };
    let to = |namespace: &str| json!({"backupName": "day", "namespaceMapping": {&shop: namespace}});
    world.create("ApplicationRestore", "plain", to("a")).await;
    world
        .phase("ApplicationRestore", "plain", "Completed")
        .await;
    assert_eq!(image("a").await, "old.example/lib/web:1");

    rows(
        &world,
        "images",
        json!({"case1": "old.example,new.example", "case2": "old.example/lib, new.example/team"}),
    )
    .await;
    world.create("ApplicationRestore", "changed", to("b")).await;
    world
        .phase("ApplicationRestore", "changed", "Completed")
        .await;
    assert_eq!(image("b").await, "new.example/team/web:1");

    // A second one, of which nobody knows which counts; and a row that says nothing.
    rows(&world, "more", json!({"case1": "v1:v2"})).await;
    let refused = async |name: &str| {
        world.create("ApplicationRestore", name, to("c")).await;
        let failed = world.phase("ApplicationRestore", name, "Failed").await;
        failed["status"]["message"].as_str().unwrap().to_owned()
    };
    let why = refused("two").await;
    assert!(why.contains("`images`, `more`"), "{why}");
    let images = format!("/api/v1/namespaces/{}/configmaps/images", world.namespace);
    test_support::delete(&world.client, &images).await;
    let why = refused("odd").await;
    assert!(why.contains("`case1` is `v1:v2`"), "{why}");
    controller.stop().await;
}
