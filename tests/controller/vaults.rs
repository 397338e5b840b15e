//! Vaults that go, and what is told of vaults.

use std::time::Duration;

use kube_local::{Fault, KubeLocal, Rule};
use serde_json::{Value, json};

use crate::world::{BUCKET, World, cloud};

async fn waits_for_its_vault(world: &World, backup: &str, vault: &str) {
    world
        .create(
            "ApplicationBackup",
            backup,
            json!({"storageLocation": vault}),
        )
        .await;
    world
        .until("ApplicationBackup", backup, "waiting", |it| {
            let message = it["status"]["message"].as_str().unwrap_or_default();
            message.contains("there is no BackupLocation")
        })
        .await;
}

/// The look at it ends after it is gone, and must not bring it back.
#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_was_deleted_while_it_was_looked_at_is_not_used() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let controller = world.controller();
    cloud.faults().add(
        alibaba_local::Rule::new(alibaba_local::Fault::Delay(Duration::from_secs(3)))
            .service("oss")
            .operation("ListObjectsV2")
            .times(1),
    );
    let spec = json!({"objectStorage": {"bucket": BUCKET}});
    world.create("BackupLocation", "short", spec).await;
    while !cloud
        .requests()
        .by_operation()
        .contains_key("ListObjectsV2")
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.delete("BackupLocation", "short").await;
    // Its probe is written after the delay; the look is over then.
    let looked = || async { cloud.requests().by_operation().contains_key("PutObject") };
    while !looked().await || !world.keys().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    waits_for_its_vault(&world, "day", "short").await;
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_told_of_a_vault_is_told_soon() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let controller = world.controller();
    // The first word is that it is being looked at; the second, what came of it, does not get there.
    let lost = Rule::new(Fault::Status(500, "InternalError")).method("PATCH");
    cluster.faults().add(
        lost.path_contains("backuplocations/told/status")
            .skip(1)
            .times(4),
    );
    world.vault("told", "").await;
    let told = world.get("BackupLocation", "told").await.unwrap();
    assert_eq!(told["status"]["phase"], "Available", "{told:#}");
    assert_ne!(told["status"]["lastValidationTime"], Value::Null);
    assert!(cluster.faults().injected() > 0);
    controller.stop().await;
}

/// A big bucket is read for long.
#[tokio::test(flavor = "multi_thread")]
async fn a_vault_can_be_used_while_its_backups_are_being_read() {
    use alibaba_local::{Fault as CloudFault, Rule as CloudRule};

    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let first = world.controller();
    world.vault("vault-a", "").await;
    world.backed_up("day").await;
    first.stop().await;

    let cluster = KubeLocal::start().await.unwrap();
    let other = World::local(&cluster.url(), &cloud).await;
    let never = CloudRule::new(CloudFault::NeverReply).service("oss");
    let never = never
        .operation("GetObject")
        .key_contains("day/velero-backup.json");
    cloud.faults().add(never);
    let controller = other.controller();
    let spec = json!({"objectStorage": {"bucket": BUCKET}});
    other.create("BackupLocation", "vault-a", spec).await;
    let vault = other.phase("BackupLocation", "vault-a", "Available").await;
    assert!(vault["status"]["lastSyncedTime"].is_null(), "{vault:#}");
    let shop = other.application().await;
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
    other.create("ApplicationBackup", "own", spec).await;
    other.phase("ApplicationBackup", "own", "Completed").await;
    let told = other.events("vault-a").await;
    let told = told.iter().filter(|it| it.0 == "Available").count();
    assert_eq!(told, 1);

    // And is another one at once when it is changed meanwhile.
    let path = other.path("BackupLocation", "vault-a");
    let changed = json!({"spec": {"accessMode": "ReadOnly"}});
    test_support::patch(&other.client, &path, &changed).await;
    let read_only = |it: &Value| {
        let conditions = it["status"]["conditions"].as_array();
        let is = |it: &Value| it["type"] == "Writable" && it["reason"] == "ReadOnly";
        conditions.is_some_and(|all| all.iter().any(is))
    };
    let changed = other.until("BackupLocation", "vault-a", "read-only", read_only);
    let status = &changed.await["status"];
    assert_eq!(status["observedGeneration"], 2, "{status:#}");
    assert!(status["lastSyncedTime"].is_null(), "{status:#}");
    controller.stop().await;
}
