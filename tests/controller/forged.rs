//! What somebody who can write to the bucket, and to nothing else, has the controller do.

use std::time::Duration;

use alibaba_local::{EcsDisk, EcsInstance, LocalCloud};
use futures::TryStreamExt as _;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use serde_json::{Value, json};

use crate::drill::bind;
use crate::shared_vault::look_again;
use crate::world::{BUCKET, World, start};

/// Copies a backup under another name: the same uid, the same volumes.
async fn copy_as(world: &World, name: &str, other: &str) {
    let repository = world.repository("");
    let store = repository.store();
    let folder = format!("backups/{name}").into();
    let files: Vec<_> = store.list(Some(&folder)).try_collect().await.unwrap();
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        let bytes = store.get(&file.location).await.unwrap();
        let mut bytes = bytes.bytes().await.unwrap();
        if file.location.as_ref().ends_with("velero-backup.json") {
            let mut record: Value = serde_json::from_slice(&bytes).unwrap();
            record["metadata"]["name"] = other.into();
            bytes = record.to_string().into();
        }
        let key = file.location.as_ref().replace(name, other);
        store.put(&key.into(), bytes.into()).await.unwrap();
    }
}

/// Snapshots are found by the uid of their backup, which whoever writes to the bucket can read there.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_backup_with_the_uid_of_another_takes_none_of_its_snapshots() {
    const DISK: &str = "d-bp1fakeforged";
    let instance = EcsInstance::new("i-bp1fakeforged").in_zone("cn-hangzhou-k");
    let builder = LocalCloud::builder()
        .bucket(BUCKET)
        .snapshot_time(Duration::from_secs(1))
        .ecs_instance(instance)
        .ecs_disk(EcsDisk::new(DISK).attached_to("i-bp1fakeforged"));
    let cloud = start(builder).await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    bind(&world, &shop, "disk", json!({"csi": {"driver": "diskplugin.csi.alibabacloud.com", "volumeHandle": DISK, "fsType": "ext4"}})).await;
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop], "pvBackup": {"defaultPvBackup": true}});
    world.create("ApplicationBackup", "genuine", spec).await;
    let genuine = world
        .phase("ApplicationBackup", "genuine", "Completed")
        .await;
    let id = genuine["status"]["volumes"][0]["snapshotId"]
        .as_str()
        .unwrap();

    copy_as(&world, "genuine", "forged").await;
    look_again(&world, "7m").await;
    let forged = world
        .phase("ApplicationBackup", "forged", "Completed")
        .await;
    assert_eq!(forged["status"]["backupUid"], genuine["metadata"]["uid"]);
    let spec = json!({"deleteObjectName": "forged", "deleteObjectType": "Backup"});
    world.create("DeleteRequest", "forged-dbr", spec).await;
    let refused = world.phase("DeleteRequest", "forged-dbr", "Failed").await;
    let why = refused["status"]["message"].as_str().unwrap();
    assert!(why.contains("`genuine`"), "{why}");
    assert!(cloud.ecs().snapshot(id).read(0, 1).is_ok(), "{id}");

    // And it stands in nobody's way.
    let spec = json!({"deleteObjectName": "genuine", "deleteObjectType": "Backup"});
    world.create("DeleteRequest", "genuine-dbr", spec).await;
    world.gone("DeleteRequest", "genuine-dbr").await;
    assert!(cloud.ecs().snapshot(id).read(0, 1).is_err(), "{id}");
    controller.stop().await;
}
