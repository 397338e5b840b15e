//! What was written comes back by the real csi-provisioner, from the snapshots of the real csi-snapshotter and from ECS's.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use test_support::{delete, get};

use super::stage::{By, Stage, VOLUMES};

/// Somewhere within a disk.
const AT: u64 = 7 << 20;

fn write(disk: &Path, text: &str) {
    let mut file = OpenOptions::new().write(true).open(disk).unwrap();
    file.seek(SeekFrom::Start(AT)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn read(disk: &Path, len: usize) -> String {
    let mut file = std::fs::File::open(disk).unwrap();
    file.seek(SeekFrom::Start(AT)).unwrap();
    let mut bytes = vec![0; len];
    file.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Backs up an application with these claims, deletes it with its disks, and restores it.
async fn there_and_back(stage: &Stage, by: By, namespace: &str, claims: &[&str]) {
    let cloud = &stage.cloud;
    stage.application(namespace, claims).await;
    let before = stage.disks_of(namespace, claims).await;
    for (disk, claim) in before.iter().zip(claims) {
        write(&cloud.file(disk), &format!("of {claim}"));
    }
    let report = stage.back_up(namespace, by).await;
    assert!(
        report.results.errors.namespaces.is_empty(),
        "{report}\n{}",
        stage.logs()
    );
    // What is written after the cut is not in it.
    for (disk, claim) in before.iter().zip(claims) {
        write(&cloud.file(disk), &format!("up {claim}"));
    }
    delete(&stage.client, &format!("/api/v1/namespaces/{namespace}")).await;
    // The class says that its volumes go with their claims, and the provisioner has the driver delete the disks.
    for disk in &before {
        gone(stage, disk).await;
    }

    let report = stage.restore(namespace, by).await;
    assert!(report.is_complete(), "{report}\n{}", stage.logs());
    let after = stage.disks_of(namespace, claims).await;
    for (disk, claim) in after.iter().zip(claims) {
        assert!(!before.contains(disk), "{disk}");
        let wanted = format!("of {claim}");
        assert_eq!(read(&cloud.file(disk), wanted.len()), wanted, "{claim}");
    }
}

async fn gone(stage: &Stage, disk: &str) {
    for _ in 0..600 {
        if !stage.cloud.disks().await.iter().any(|it| it == disk) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let volumes = get(&stage.client, VOLUMES).await;
    panic!("{disk} is still there: {volumes:?}\n{}", stage.logs());
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_come_back_with_their_bytes_by_the_cluster_s_own_provisioner() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    there_and_back(&stage, By::Csi, "single", &["data"]).await;
    let records = stage.records("single").await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0].group_handle, None, "{records:?}");

    // Two disks of one moment: the snapshots are ECS's group, and come back as its members.
    there_and_back(&stage, By::Csi, "group", &["one", "two"]).await;
    let records = stage.records("group").await;
    let groups = stage.cloud.groups().await;
    assert_eq!(groups.len(), 1, "{groups:?}");
    let of_group = Some(groups[0].id.to_string());
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(
        records.iter().all(|it| it.group_handle == of_group),
        "{records:?}"
    );

    // A group that was made without the cluster: csi-snapshotter takes its members for ready all the same.
    there_and_back(&stage, By::Ecs, "ecs", &["one", "two"]).await;
    assert_eq!(stage.cloud.groups().await.len(), 2);

    // The backups' own are all that is left of the three.
    assert_eq!(stage.cloud.snapshots().await.len(), 5);
}
