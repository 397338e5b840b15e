//! Who waits keeps nobody else from anything: no place, and no stop.

use std::time::Duration;

use alibaba_local::{Fault, Rule};
use kube_local::KubeLocal;
use serde_json::{Value, json};

use crate::world::{BUCKET, Running, World, cloud, was_asked_for};

/// A cluster of its own, whose controllers do one thing of a kind at a time.
async fn world(cloud: &std::sync::Arc<alibaba_local::LocalCloud>) -> (KubeLocal, World) {
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), cloud).await;
    let one = "backup_max_worker_num: 1\nrestore_max_worker_num: 1\ndelete_max_worker_num: 1\n";
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "csdr-config"},
        "data": {"applicationBackup": one}});
    let maps = format!("/api/v1/namespaces/{}/configmaps", world.namespace);
    test_support::create(&world.client, &maps, config).await;
    (cluster, world)
}

fn says(words: &str) -> impl Fn(&Value) -> bool {
    move |it: &Value| {
        let message = it["status"]["message"].as_str();
        message.is_some_and(|message| message.contains(words))
    }
}

/// A controller that gives its work an hour when it stops.
fn patient(world: &World) -> Running {
    let options = world.options().alone();
    Running::start(options.with_grace(Duration::from_secs(3600)))
}

/// Stops a [`patient`] one.
async fn stops(controller: Running) {
    let stopped = tokio::time::timeout(Duration::from_secs(60), controller.stop());
    stopped.await.expect("it waits for those that only wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_waits_is_not_waited_for_when_a_controller_stops() {
    let cloud = cloud().await;
    let (_cluster, world) = world(&cloud).await;
    let controller = patient(&world);
    world.vault("vault-a", "").await;
    world.backed_up("kept").await;
    world.delete("BackupLocation", "vault-a").await;
    // For a vault, by a backup, a restore and a deletion; and for the next attempt.
    let spec = json!({"storageLocation": "none"});
    world.create("ApplicationBackup", "waiting", spec).await;
    let spec = json!({"backupName": "kept"});
    world.create("ApplicationRestore", "waiting", spec).await;
    let spec = json!({"deleteObjectName": "kept", "deleteObjectType": "Backup"});
    world.create("DeleteRequest", "waiting", spec).await;
    for kind in ["ApplicationBackup", "ApplicationRestore", "DeleteRequest"] {
        let there_is_none = says("there is no BackupLocation");
        world.until(kind, "waiting", "waiting", there_is_none).await;
    }
    let failing = Rule::new(Fault::Status(503, "ServiceUnavailable")).service("oss");
    cloud.faults().add(failing.key_contains("failing.tar.gz"));
    world.vault("vault-b", "").await;
    let shop = world.application().await;
    let spec = json!({"storageLocation": "vault-b", "includedNamespaces": [shop]});
    world.create("ApplicationBackup", "failing", spec).await;
    let again = says("it is tried again");
    world
        .until("ApplicationBackup", "failing", "tried again", again)
        .await;
    stops(controller).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_work_comes_to_its_end_when_a_controller_stops() {
    let cloud = cloud().await;
    let (_cluster, world) = world(&cloud).await;
    let controller = patient(&world);
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let slow = Rule::new(Fault::Delay(Duration::from_secs(2))).service("oss");
    cloud.faults().add(slow.key_contains("day.tar.gz").times(1));
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
    world.create("ApplicationBackup", "day", spec.clone()).await;
    while !was_asked_for(&cloud, "day.tar.gz") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Its turn would come next, and does not come any more.
    world.create("ApplicationBackup", "night", spec).await;
    stops(controller).await;
    let day = world.get("ApplicationBackup", "day").await.unwrap();
    assert_eq!(day["status"]["phase"], "Completed", "{day:#}");
    let night = world.get("ApplicationBackup", "night").await.unwrap();
    assert_ne!(night["status"]["phase"], "Completed", "{night:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tried_again_gives_its_place_to_others_meanwhile() {
    let cloud = cloud().await;
    let (_cluster, world) = world(&cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let failing = Rule::new(Fault::Status(503, "ServiceUnavailable")).service("oss");
    cloud.faults().add(failing.key_contains("failing.tar.gz"));
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
    world
        .create("ApplicationBackup", "failing", spec.clone())
        .await;
    let again = says("it is tried again");
    world
        .until("ApplicationBackup", "failing", "tried again", again)
        .await;
    world.create("ApplicationBackup", "sound", spec).await;
    world.phase("ApplicationBackup", "sound", "Completed").await;
    // And it is done itself, once that can be.
    cloud.faults().clear();
    world
        .phase("ApplicationBackup", "failing", "Completed")
        .await;
    controller.stop().await;
}

/// Backups are proved one at a time.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_whose_vault_is_gone_keeps_no_other_from_being_proved() {
    let cloud = cloud().await;
    let (_cluster, world) = world(&cloud).await;
    let first = world.controller();
    for vault in ["lost", "there"] {
        let spec = json!({"objectStorage": {"bucket": BUCKET, "prefix": vault}});
        world.create("BackupLocation", vault, spec).await;
        world.phase("BackupLocation", vault, "Available").await;
    }
    let shop = world.application().await;
    let spec = |vault: &str| json!({"storageLocation": vault, "includedNamespaces": [shop], "verification": "Verify"});
    // It is to be proved again, and its vault is gone by then.
    world
        .create("ApplicationBackup", "a-lost", spec("lost"))
        .await;
    let is_proved = |it: &Value| it["status"]["verification"]["phase"] == "Passed";
    world
        .until("ApplicationBackup", "a-lost", "proved", is_proved)
        .await;
    first.stop().await;
    world.delete("BackupLocation", "lost").await;
    let unproved = json!({"status": {"verification": null}});
    let path = format!("{}/status", world.path("ApplicationBackup", "a-lost"));
    test_support::patch(&world.client, &path, &unproved).await;
    let next = world.controller();
    world.phase("BackupLocation", "there", "Available").await;
    world
        .create("ApplicationBackup", "b-there", spec("there"))
        .await;
    world
        .until("ApplicationBackup", "b-there", "proved", is_proved)
        .await;
    next.stop().await;
}
