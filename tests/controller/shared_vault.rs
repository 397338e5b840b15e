//! One vault, several clusters.

use std::sync::Arc;

use alibaba_local::LocalCloud;
use kube_local::KubeLocal;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use serde_json::json;

use crate::world::{BUCKET, World, cloud, namespace_named, start};

async fn another(cloud: &Arc<LocalCloud>) -> (KubeLocal, World) {
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), cloud).await;
    (cluster, world)
}

/// Has a vault looked at again, now.
pub(crate) async fn look_again(world: &World, frequency: &str) {
    let patch = json!({"spec": {"validationFrequency": frequency}});
    test_support::patch(
        &world.client,
        &world.path("BackupLocation", "vault-a"),
        &patch,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_one_cluster_is_shown_restored_and_only_marked_in_another() {
    let cloud = cloud().await;
    let (_one, source) = another(&cloud).await;
    let (_two, target) = another(&cloud).await;
    let (first, second) = (source.controller(), target.controller());
    source.vault("vault-a", "team1").await;
    let shop = source.application().await;
    for name in ["day", "night"] {
        source
            .create(
                "ApplicationBackup",
                name,
                json!({"storageLocation": "vault-a", "includedNamespaces": [shop]}),
            )
            .await;
        source.phase("ApplicationBackup", name, "Completed").await;
    }
    target.vault("vault-a", "team1").await;
    let shown = target.phase("ApplicationBackup", "day", "Completed").await;
    let made = source.get("ApplicationBackup", "day").await.unwrap();
    for field in [
        "backupUid",
        "objects",
        "sourceCluster",
        "archiveBytes",
        "completionTimestamp",
    ] {
        assert_eq!(shown["status"][field], made["status"][field], "{field}");
    }
    assert_eq!(shown["spec"]["includedNamespaces"], json!([shop]));
    target
        .create(
            "ApplicationRestore",
            "day-r1",
            json!({"backupName": "day", "namespaceMapping": {&shop: "copy"}}),
        )
        .await;
    target
        .phase("ApplicationRestore", "day-r1", "Completed")
        .await;
    assert!(
        target
            .read("/apis/apps/v1/namespaces/copy/deployments/web")
            .await
            .is_some()
    );

    // Deleted where it is not of: it stays, and is not shown to those who come later.
    target
        .create(
            "DeleteRequest",
            "day-dbr",
            json!({"deleteObjectName": "day", "deleteObjectType": "Backup"}),
        )
        .await;
    target.gone("DeleteRequest", "day-dbr").await;
    target.gone("ApplicationBackup", "day").await;
    assert!(
        source
            .repository("team1")
            .record("day")
            .await
            .unwrap()
            .is_some()
    );
    let (_three, late) = another(&cloud).await;
    let third = late.controller();
    late.vault("vault-a", "team1").await;
    late.phase("ApplicationBackup", "night", "Completed").await;
    assert_eq!(late.get("ApplicationBackup", "day").await, None);
    assert!(source.get("ApplicationBackup", "day").await.is_some());

    // Deleted where it is of: it is gone, and others see that.
    source
        .create(
            "DeleteRequest",
            "night-dbr",
            json!({"deleteObjectName": "night", "deleteObjectType": "Backup"}),
        )
        .await;
    source.gone("ApplicationBackup", "night").await;
    assert!(
        source
            .repository("team1")
            .record("night")
            .await
            .unwrap()
            .is_none()
    );
    look_again(&target, "7m").await;
    target.gone("ApplicationBackup", "night").await;
    // What is still there stays shown, whatever an object of the same name in another vault is.
    assert!(source.get("ApplicationBackup", "day").await.is_some());
    for controller in [first, second, third] {
        controller.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_or_lies_removes_nothing() {
    use alibaba_local::{Fault, Rule};

    let cloud = cloud().await;
    let (_one, world) = another(&cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    world.backed_up("day").await;
    cloud.faults().add(
        Rule::new(Fault::Status(403, "AccessDenied"))
            .service("oss")
            .operation("ListObjectsV2"),
    );
    look_again(&world, "7m").await;
    world
        .phase("BackupLocation", "vault-a", "Unavailable")
        .await;
    assert!(world.get("ApplicationBackup", "day").await.is_some());
    cloud.faults().clear();
    look_again(&world, "8m").await;
    world.phase("BackupLocation", "vault-a", "Available").await;
    // Another vault without backups takes nothing from this one.
    let spec = json!({"objectStorage": {"bucket": BUCKET, "prefix": "elsewhere"}});
    world.create("BackupLocation", "vault-b", spec).await;
    world
        .until("BackupLocation", "vault-b", "synced", |it| {
            it["status"]["backups"] == 0
        })
        .await;
    assert!(world.get("ApplicationBackup", "day").await.is_some());
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_only_read_is_not_written_to() {
    let cloud = cloud().await;
    let (_one, source) = another(&cloud).await;
    let first = source.controller();
    source.vault("vault-a", "").await;
    let shop = source.application().await;
    source
        .create(
            "ApplicationBackup",
            "day",
            json!({"storageLocation": "vault-a", "includedNamespaces": [shop]}),
        )
        .await;
    source.phase("ApplicationBackup", "day", "Completed").await;
    first.stop().await;
    let (_two, target) = another(&cloud).await;
    let second = target.controller();
    let before = target.keys().await;
    cloud.requests().clear();
    let spec = json!({"objectStorage": {"bucket": BUCKET}, "accessMode": "ReadOnly"});
    target.create("BackupLocation", "vault-a", spec).await;
    target.phase("ApplicationBackup", "day", "Completed").await;
    namespace_named(&target.client, &shop).await;
    target
        .create(
            "ApplicationBackup",
            "mine",
            json!({"storageLocation": "vault-a", "includedNamespaces": [shop]}),
        )
        .await;
    let refused = target.phase("ApplicationBackup", "mine", "Failed").await;
    assert!(
        refused["status"]["message"]
            .as_str()
            .unwrap()
            .contains("ReadOnly"),
        "{refused:#}"
    );
    target
        .create(
            "DeleteRequest",
            "day-dbr",
            json!({"deleteObjectName": "day", "deleteObjectType": "Backup"}),
        )
        .await;
    target.phase("DeleteRequest", "day-dbr", "Failed").await;
    target
        .create("ApplicationRestore", "day-r1", json!({"backupName": "day"}))
        .await;
    target
        .phase("ApplicationRestore", "day-r1", "Completed")
        .await;
    assert_eq!(target.keys().await, before);
    let asked = cloud.requests().by_operation();
    assert!(
        !asked
            .keys()
            .any(|it| it.starts_with("Put") || it.starts_with("Delete")),
        "{asked:?}"
    );
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_keeps_everything_is_written_to_once_and_used() {
    let cloud = start(LocalCloud::builder().locked_bucket(BUCKET, 30)).await;
    let (_one, world) = another(&cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let vault = world.get("BackupLocation", "vault-a").await.unwrap();
    let writable = vault["status"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["type"] == "Writable")
        .unwrap()
        .clone();
    assert_eq!(writable["reason"], "KeepsEverything", "{writable}");
    let before = world.keys().await;
    assert_eq!(before.len(), 1, "{before:?}");
    look_again(&world, "7m").await;
    world
        .until("BackupLocation", "vault-a", "looked at again", |it| {
            it["status"]["observedGeneration"] == 2
        })
        .await;
    assert_eq!(world.keys().await, before);
    world.backed_up("day").await;
    controller.stop().await;
}

/// A backup that Velero wrote, of which this controller knows nothing but what is in the bucket.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_velero_wrote_is_shown_and_restored() {
    let Some(folder) = std::env::var_os("ACK_BACKUP_TESTDATA") else {
        control_plane::say(
            "a test is SKIPPED: ACK_BACKUP_TESTDATA names no folder with a backup of Velero's",
        );
        return;
    };
    let folder = std::path::Path::new(&folder).join("fixtures/velero-1.18.3/boutique");
    let cloud = cloud().await;
    let (_one, world) = another(&cloud).await;
    let store = world.repository("");
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        store
            .store()
            .put(
                &Path::from(format!("backups/boutique/{name}")),
                bytes.into(),
            )
            .await
            .unwrap();
    }
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shown = world
        .until("ApplicationBackup", "boutique", "shown", |it| {
            it["status"]["phase"].is_string() && it["status"]["phase"] != "New"
        })
        .await;
    assert!(
        ["Completed", "PartiallyFailed"].contains(&shown["status"]["phase"].as_str().unwrap()),
        "{shown:#}"
    );
    world
        .create(
            "ApplicationRestore",
            "r1",
            json!({"backupName": "boutique"}),
        )
        .await;
    let restored = world
        .until("ApplicationRestore", "r1", "over", |it| {
            it["status"]["completionTimestamp"].is_string()
        })
        .await;
    assert!(
        restored["status"]["outcomes"]["created"].as_i64().unwrap() > 10,
        "{restored:#}"
    );
    // Velero's is not this cluster's: it is marked, and stays.
    world
        .create(
            "DeleteRequest",
            "dbr",
            json!({"deleteObjectName": "boutique", "deleteObjectType": "Backup"}),
        )
        .await;
    world.gone("ApplicationBackup", "boutique").await;
    assert!(
        world
            .repository("")
            .record("boutique")
            .await
            .unwrap()
            .is_some()
    );
    controller.stop().await;
}

/// It is deleted after its record was listed, and before the list is whole: it must not come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_deleted_during_a_sync_does_not_come_back() {
    use alibaba_local::{Fault, Rule};

    let cloud = cloud().await;
    let (_cluster, world) = another(&cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
    for name in ["day", "night"] {
        world.create("ApplicationBackup", name, spec.clone()).await;
        world.phase("ApplicationBackup", name, "Completed").await;
    }
    let other = "night/velero-backup.json";
    let pause = Rule::new(Fault::Delay(std::time::Duration::from_secs(4)));
    let pause = pause.service("oss").operation("GetObject");
    cloud.faults().add(pause.key_contains(other).times(1));
    cloud.requests().clear();
    look_again(&world, "7m").await;
    while !crate::world::was_asked_for(&cloud, other) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // What a deletion does, while the records are being read.
    world.repository("").delete("day").await.unwrap();
    world.delete("ApplicationBackup", "day").await;
    world
        .until("BackupLocation", "vault-a", "synced again", |it| {
            it["status"]["observedGeneration"] == 2
        })
        .await;
    assert_eq!(world.get("ApplicationBackup", "day").await, None);
    controller.stop().await;
}

/// An object that was made for a backup which is gone by now, by whatever race.
#[tokio::test(flavor = "multi_thread")]
async fn what_stands_for_a_backup_that_is_gone_goes_with_the_next_sync() {
    let cloud = cloud().await;
    let (_one, world) = another(&cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let mut ghost = crate::cluster::object(
        "ApplicationBackup",
        "ghost",
        &json!({"storageLocation": "vault-a"}),
    );
    ghost["metadata"]["annotations"] = json!({"csdr.alibabacloud.com/synced-from-uid": "gone"});
    world.create_object(ghost).await;
    world.phase("ApplicationBackup", "ghost", "Failed").await;
    // Somebody's own that failed stays, for them to see why.
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": ["there-is-none"]});
    world.create("ApplicationBackup", "own", spec).await;
    world.phase("ApplicationBackup", "own", "Failed").await;
    look_again(&world, "7m").await;
    world.gone("ApplicationBackup", "ghost").await;
    assert!(world.get("ApplicationBackup", "own").await.is_some());
    controller.stop().await;
}

/// Where a vault is only read, nothing is written to it to find out whether its list is whole. What it lists shows that.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_from_a_vault_that_is_only_read_is_not_shown_any_more() {
    let cloud = cloud().await;
    let (_one, source) = another(&cloud).await;
    let first = source.controller();
    source.vault("vault-a", "").await;
    let shop = source.application().await;
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
    for name in ["day", "night"] {
        source.create("ApplicationBackup", name, spec.clone()).await;
        source.phase("ApplicationBackup", name, "Completed").await;
    }
    first.stop().await;
    let (_two, target) = another(&cloud).await;
    let second = target.controller();
    let only_read = json!({"objectStorage": {"bucket": BUCKET}, "accessMode": "ReadOnly"});
    target.create("BackupLocation", "vault-a", only_read).await;
    for name in ["day", "night"] {
        target.phase("ApplicationBackup", name, "Completed").await;
    }
    source.repository("").delete("day").await.unwrap();
    look_again(&target, "7m").await;
    target.gone("ApplicationBackup", "day").await;
    // A list of nothing is no reason to take everything away.
    source.repository("").delete("night").await.unwrap();
    look_again(&target, "8m").await;
    target
        .until("BackupLocation", "vault-a", "synced", |it| {
            it["status"]["backups"] == 0
        })
        .await;
    assert!(target.get("ApplicationBackup", "night").await.is_some());
    second.stop().await;
}

/// Whoever can write to the bucket does not fill the cluster with objects.
#[tokio::test(flavor = "multi_thread")]
async fn of_too_many_backups_in_a_vault_the_newest_are_shown_and_the_rest_is_said() {
    let cloud = cloud().await;
    let (_one, source) = another(&cloud).await;
    let first = source.controller();
    source.vault("vault-a", "").await;
    for name in ["first", "second", "third"] {
        source.backed_up(name).await;
        // Times are in whole seconds.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    }
    first.stop().await;
    let (_two, target) = another(&cloud).await;
    let maps = format!("/api/v1/namespaces/{}/configmaps", target.namespace);
    let most = |most: u32| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "csdr-config"},
            "data": {"applicationBackup": format!("sync_max_backup_num: {most}\n")}})
    };
    test_support::create(&target.client, &maps, most(2)).await;
    let second = target.controller();
    target.vault("vault-a", "").await;
    for name in ["second", "third"] {
        target.phase("ApplicationBackup", name, "Completed").await;
    }
    let synced = |it: &serde_json::Value| it["status"]["lastSyncedTime"].is_string();
    let vault = target
        .until("BackupLocation", "vault-a", "synced", synced)
        .await;
    assert_eq!(vault["status"]["backups"], 3);
    let said = vault["status"]["notShown"][0].as_str().unwrap_or_default();
    for words in ["1 of its backups", "sync_max_backup_num"] {
        assert!(said.contains(words), "{vault:#}");
    }
    assert_eq!(target.get("ApplicationBackup", "first").await, None);
    // Nothing that is shown goes for it, and a cluster's own backups are not counted.
    target.backed_up("own").await;
    // With more room, the rest is shown.
    let map = format!("{maps}/csdr-config");
    test_support::patch(&target.client, &map, &most(3)).await;
    look_again(&target, "7m").await;
    target
        .phase("ApplicationBackup", "first", "Completed")
        .await;
    second.stop().await;
}
