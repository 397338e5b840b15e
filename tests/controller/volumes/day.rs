//! A day of somebody who uses ACK's backup center: by manifests, with the rights of the page's policy for one bucket, and those that
//! making disks needs beyond it where a cluster serves no CSI snapshots.

use ack_backup_center::grants::Feature;
use serde_json::json;

use super::stage::{DISK, Files, NAS, Stage, cloud, soon};

#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_planned_lost_restored_and_converted_with_its_bytes() {
    let cloud = cloud(&[Feature::RestoreDisks]).await;
    let Some((stage, controller)) = Stage::ready(&cloud, "team1").await else {
        return;
    };
    let world = &stage.world;
    let claims = [("data", &*stage.disk_class), ("files", &*stage.nas_class)];
    let shop = stage.application(&claims).await;
    let (moved, third) = (format!("{shop}-dr"), format!("{shop}-new"));
    stage.plays(&moved);
    stage.plays(&third);

    // A plan makes the backup, with a disk and a NAS volume.
    let spec = json!({
        "schedule": "1 4 * * *",
        "runAt": soon(),
        "retention": {"keepLast": 1},
        "template": {
            "storageLocation": "vault-a", "includedNamespaces": [shop, moved], "ttl": "720h",
            "excludedResources": ["events"], "pvBackup": {"defaultPvBackup": true},
        },
    });
    world.create("BackupSchedule", "daily", spec).await;
    let first = stage.next_backup("").await;
    let backup = world.phase("ApplicationBackup", &first, "Completed").await;
    let status = &backup["status"];
    assert_eq!(status["backupType"], "AppAndPvBackup", "{status:#}");
    let volumes = status["volumes"].as_array().unwrap();
    let told: Vec<_> = volumes
        .iter()
        .map(|it| [&it["persistentVolumeClaim"], &it["method"], &it["phase"]])
        .collect();
    assert_eq!(
        json!(told),
        json!([["data", "ecs", "Completed"], ["files", "hbr", "Completed"]])
    );
    assert!(volumes[0]["snapshotId"].is_string());

    // It is written to, and lost.
    let later: Files = [("deep/later".to_owned(), "too late".to_owned())].into();
    stage.write(&shop, "data", &later).await;
    stage.write(&shop, "files", &later).await;
    stage.lose(&shop).await;

    // The newest backup of the plan comes back elsewhere, with the bytes of then.
    let spec = json!({"scheduleName": "daily", "includedNamespaces": [shop], "namespaceMapping": {&shop: &moved}});
    world.create("ApplicationRestore", "back", spec).await;
    world.phase("ApplicationRestore", "back", "Completed").await;
    stage.running(&moved).await;
    for (claim, driver) in [("data", DISK), ("files", NAS)] {
        assert_eq!(stage.read(&moved, claim).await, of(claim), "{claim}");
        assert_eq!(stage.driver(&moved, claim).await, driver);
    }

    // The files are put on a disk, and restored from it.
    let arg = json!({
        "namespace": shop, "persistentVolumeClaim": "files", "storageClass": stage.nas_class,
        "convertToStorageClassType": stage.disk_class, "convertToAccessModes": ["ReadWriteOnce"], "capacity": "30Gi",
    });
    let spec = json!({"backupName": first, "convertedarg": [arg]});
    world.create("ConvertToSnapshot", &first, spec).await;
    let converted = world.phase("ConvertToSnapshot", &first, "Completed").await;
    let volume = &converted["status"]["volumes"][0];
    let on_disk = volume["snapshotId"].as_str().unwrap().to_owned();
    assert!(cloud.ecs().snapshot(&on_disk).read(0, 1).is_ok());
    // Nothing is left of what was only needed on the way.
    for kind in ["persistentvolumeclaims", "pods"] {
        let path = format!("/api/v1/namespaces/{}/{kind}", world.namespace);
        let left = world.read(&path).await.unwrap();
        assert_eq!(left["items"], json!([]), "{left:#}");
    }
    let spec = json!({"backupName": first, "includedNamespaces": [shop], "namespaceMapping": {&shop: &third}});
    world.create("ApplicationRestore", "converted", spec).await;
    world
        .phase("ApplicationRestore", "converted", "Completed")
        .await;
    stage.running(&third).await;
    for claim in ["data", "files"] {
        assert_eq!(stage.read(&third, claim).await, of(claim), "{claim}");
        assert_eq!(stage.driver(&third, claim).await, DISK, "{claim}");
    }

    // With the backup goes what was converted of it.
    let spec = json!({"deleteObjectName": first, "deleteObjectType": "Backup"});
    world.create("DeleteRequest", "no-more", spec).await;
    world.gone("ApplicationBackup", &first).await;
    assert!(cloud.ecs().snapshot(&on_disk).read(0, 1).is_err());
    world.gone("ConvertToSnapshot", &first).await;
    controller.stop().await;
    stage.clean_up(&[&moved, &third]).await;
}

/// What a claim of the application held when it was backed up.
fn of(claim: &str) -> Files {
    [(format!("deep/{claim}"), format!("what {claim} holds"))].into()
}
