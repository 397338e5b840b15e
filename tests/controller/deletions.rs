//! Deletions that wait, and deletions that could not be.

use std::sync::Arc;

use alibaba_local::LocalCloud;
use kube_local::KubeLocal;
use serde_json::json;

use crate::world::{World, cloud};

async fn world(cloud: &Arc<LocalCloud>) -> (KubeLocal, World) {
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), cloud).await;
    (cluster, world)
}

async fn backed_up(world: &World, vault: &str, name: &str) {
    let shop = world.application().await;
    let spec = json!({"storageLocation": vault, "includedNamespaces": [shop]});
    world.create("ApplicationBackup", name, spec).await;
    world.phase("ApplicationBackup", name, "Completed").await;
}

async fn ask(world: &World, backup: &str) {
    let spec = json!({"deleteObjectName": backup, "deleteObjectType": "Backup"});
    world.create("DeleteRequest", backup, spec).await;
}

/// As if the last attempt were a day ago.
async fn a_day_later(world: &World, request: &str) {
    let path = format!("{}/status", world.path("DeleteRequest", request));
    let long_ago = json!({"status": {"completionTimestamp": "2026-01-01T00:00:00Z"}});
    test_support::patch(&world.client, &path, &long_ago).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_for_their_vault_keep_no_other_from_its_turn() {
    let cloud = cloud().await;
    let (_cluster, world) = world(&cloud).await;
    // One place.
    let config = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "csdr-config"},
        "data": {"applicationBackup": "delete_max_worker_num: 1\n"},
    });
    let maps = format!("/api/v1/namespaces/{}/configmaps", world.namespace);
    test_support::create(&world.client, &maps, config).await;
    let controller = world.controller();
    for vault in ["lost", "there"] {
        world.vault(vault, vault).await;
        backed_up(&world, vault, &format!("in-{vault}")).await;
    }
    world.delete("BackupLocation", "lost").await;
    ask(&world, "in-lost").await;
    let waits = world
        .until("DeleteRequest", "in-lost", "waiting", |it| {
            let message = it["status"]["message"].as_str();
            message.is_some_and(|it| it.contains("`lost`"))
        })
        .await;
    assert_eq!(waits["status"]["phase"], "New", "{waits:#}");
    ask(&world, "in-there").await;
    world.gone("DeleteRequest", "in-there").await;
    // Once the vault is there again, it is met.
    world.vault("lost", "lost").await;
    world.gone("DeleteRequest", "in-lost").await;
    assert_eq!(world.keys().await, [] as [String; 0]);
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vault_that_was_only_read_kept_is_deleted_once_it_may_be_written_to() {
    let cloud = cloud().await;
    let (_cluster, world) = world(&cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    backed_up(&world, "vault-a", "day").await;
    let vault = world.path("BackupLocation", "vault-a");
    let mode = |mode: &str| json!({"spec": {"accessMode": mode}});
    test_support::patch(&world.client, &vault, &mode("ReadOnly")).await;
    let writable = |it: &serde_json::Value, status: &str| {
        let all = it["status"]["conditions"].as_array().cloned();
        let mut all = all.unwrap_or_default().into_iter();
        all.any(|it| it["type"] == "Writable" && it["status"] == status)
    };
    world
        .until("BackupLocation", "vault-a", "read only", |it| {
            writable(it, "False")
        })
        .await;
    ask(&world, "day").await;
    world.phase("DeleteRequest", "day", "Failed").await;
    test_support::patch(&world.client, &vault, &mode("ReadWrite")).await;
    world
        .until("BackupLocation", "vault-a", "written to", |it| {
            writable(it, "True")
        })
        .await;
    a_day_later(&world, "day").await;
    world.gone("DeleteRequest", "day").await;
    assert!(world.repository("").record("day").await.unwrap().is_none());
    controller.stop().await;
}
