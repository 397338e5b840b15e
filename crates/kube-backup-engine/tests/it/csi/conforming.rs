//! The snapshotter does what every snapshotter must, and what is left of it is nothing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use kube_backup_engine::volumes::testkit::conformance::{self, Subject};
use kube_backup_engine::volumes::{
    CsiSnapshotter, Mount, ObjectRef, RestoreSource, RestoreTarget, SnapshotState, Volume,
    VolumeRecord, VolumeSnapshotter, plan_groups,
};
use kube_backup_engine::{RunOptions, client_for, rbac};
use serde_json::{Value, json};
use test_support::{send, until};

use super::driver::{CONTENTS, Driver};
use super::group_sidecar::GROUP_CONTENTS;
use crate::roles::bind;

pub(crate) async fn connected(driver: &Driver) -> CsiSnapshotter {
    let client = driver.client.clone();
    CsiSnapshotter::connect(client, &RunOptions::default())
        .await
        .unwrap()
}

struct Csi {
    driver: Driver,
    snapshotter: CsiSnapshotter,
}

#[async_trait]
impl Subject for Csi {
    fn snapshotter(&self) -> Arc<dyn VolumeSnapshotter> {
        Arc::new(self.snapshotter.clone())
    }

    async fn volume(&self, name: &str) -> Volume {
        self.driver.volume(name).await
    }

    fn foreign_volume(&self) -> Volume {
        let volume = json!({"metadata": {"name": "a"}, "spec": {"csi": {"driver": "none", "volumeHandle": "a"}}});
        Volume::new(
            serde_json::from_value(volume).unwrap(),
            PersistentVolumeClaim::default(),
        )
    }

    async fn write(&self, volume: &Volume, contents: &[u8]) {
        self.driver.storage.write(volume.csi().unwrap().1, contents);
    }

    async fn contents(&self, volume: &PersistentVolume) -> Vec<u8> {
        let handle = &volume
            .spec
            .as_ref()
            .unwrap()
            .csi
            .as_ref()
            .unwrap()
            .volume_handle;
        self.driver.storage.contents(handle)
    }

    async fn provision(
        &self,
        claim: &PersistentVolumeClaim,
        objects: &[Value],
    ) -> PersistentVolume {
        provisioned(&self.driver, claim, objects).await
    }

    async fn mount(&self, _: &PersistentVolumeClaim, _: &PersistentVolume) -> Mount {
        Mount::new(ObjectRef::default(), "node", "data")
    }

    async fn snapshots(&self) -> usize {
        self.driver.all_are_cut().await;
        self.driver.storage.count()
    }

    async fn pass(&self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What csi-provisioner does with a claim whose `dataSource` is the VolumeSnapshot among these objects, once the
/// controllers say that it is bound and ready (external-provisioner, `getSnapshotSource`).
async fn provisioned(
    driver: &Driver,
    claim: &PersistentVolumeClaim,
    objects: &[Value],
) -> PersistentVolume {
    let (group, content, snapshot) = match objects {
        [content, snapshot] => (None, content, snapshot),
        [group, content, snapshot] => (Some(group), content, snapshot),
        _ => panic!("a content and its snapshot: {objects:?}"),
    };
    let group = group.map(|group| (GROUP_CONTENTS.to_owned(), group));
    let own = [
        (CONTENTS.to_owned(), content),
        (driver.snapshots(), snapshot),
    ];
    for (list, object) in group.into_iter().chain(own) {
        let made = send(&driver.client, Method::POST, &list, object).await;
        made.unwrap_or_else(|error| panic!("create {object}: {error}"));
    }
    let name = snapshot["metadata"]["name"].as_str().unwrap();
    let path = format!("{}/{name}", driver.snapshots());
    let ready = |snapshot: &Value| snapshot["status"]["readyToUse"] == true;
    let snapshot = until(&driver.client, &path, "ready", ready).await;
    assert_eq!(snapshot["status"]["boundVolumeSnapshotContentName"], name);
    let content = until(
        &driver.client,
        &format!("{CONTENTS}/{name}"),
        "bound",
        |content| content["spec"]["volumeSnapshotRef"]["uid"] == snapshot["metadata"]["uid"],
    )
    .await;
    assert_eq!(content["spec"]["driver"], driver.name.as_str());
    assert_eq!(content["spec"]["deletionPolicy"], "Retain");
    let handle = content["status"]["snapshotHandle"].as_str().unwrap();
    let volume = format!("d-{}", claim.metadata.name.as_deref().unwrap());
    driver.storage.restore(&volume, handle);
    let volume = json!({"metadata": {"name": volume}, "spec": {"csi": {"driver": driver.name, "volumeHandle": volume}}});
    serde_json::from_value(volume).unwrap()
}

#[tokio::test]
async fn csi_snapshots_of_a_real_controller_conform_alone_and_in_groups() {
    // One after the other: the backups of both have the same uids.
    for is_grouped in [false, true] {
        let driver = match is_grouped {
            false => Driver::new().await,
            true => Driver::of_groups().await,
        };
        let Some(driver) = driver else {
            return;
        };
        let snapshotter = connected(&driver).await;
        assert!(!is_grouped || snapshotter.capabilities().groups.is_some());
        let subject = Csi {
            driver,
            snapshotter,
        };
        conformance::run(&subject).await;
        assert_eq!(subject.driver.storage.groups(), 0);
    }
}

/// Looks until `done` is content with all records.
pub(crate) async fn polled(
    snapshotter: &CsiSnapshotter,
    mut records: Vec<VolumeRecord>,
    done: impl Fn(&VolumeRecord) -> bool,
) -> Vec<VolumeRecord> {
    for _ in 0..600 {
        if records.iter().all(&done) {
            return records;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        records = snapshotter.poll(&records).await.unwrap();
    }
    panic!("it does not come to this: {records:?}");
}

#[tokio::test]
async fn nothing_is_left_in_the_namespace_and_then_nothing_in_the_cluster() {
    let Some(driver) = Driver::new().await else {
        return;
    };
    // With no more than the shipped role.
    let user = format!("snapshots-of-{}", driver.namespace);
    bind(&driver.client, rbac::SNAPSHOTS, &user, None).await;
    let mut config = control_plane::shared().unwrap().config();
    config.auth_info.impersonate = Some(user);
    let client = client_for(config).unwrap();
    let options = RunOptions::default();
    let snapshotter = CsiSnapshotter::connect(client, &options).await.unwrap();
    let volume = driver.volume("data").await;
    let groups = plan_groups(&snapshotter, "nightly", "u-1", [volume.clone()]);
    let records = snapshotter.snapshot(&groups[0]).await.unwrap();
    let records = polled(&snapshotter, records, |record| record.state.is_final()).await;
    assert_eq!(records[0].state, SnapshotState::Complete, "{records:?}");
    assert_eq!(records[0].restore_size, Some(1 << 30));
    // The cluster's own object stands for it until the record is kept.
    let left = driver.left().await;
    assert!(
        matches!(&left[..], [one] if one.starts_with("VolumeSnapshotContent ")),
        "{left:?}"
    );
    let found = snapshotter.find("u-1").await.unwrap();
    assert_eq!(found[0].handle, records[0].handle);
    // The application goes, and its data stays.
    let namespace = format!("/api/v1/namespaces/{}", driver.namespace);
    test_support::delete(&driver.client, &namespace).await;
    assert_eq!(driver.storage.count(), 1);
    snapshotter.release("u-1").await.unwrap();
    for _ in 0..100 {
        if driver.left().await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(driver.left().await, Vec::<String>::new());
    assert_eq!(driver.storage.count(), 1, "it was released, not deleted");
    assert_eq!(snapshotter.find("u-1").await.unwrap(), []);
    let polled = snapshotter.poll(&records).await.unwrap();
    assert_eq!(polled, records);
    // Deleted by its handle alone, through the driver.
    assert!(snapshotter.delete(&records).await.unwrap());
    assert_eq!(driver.storage.count(), 0);
    assert_eq!(driver.left().await, Vec::<String>::new());
    // What is gone counts as deleted.
    assert!(snapshotter.delete(&records).await.unwrap());
}

#[tokio::test]
async fn a_name_that_somebody_else_has_taken_is_not_believed() {
    let Some(driver) = Driver::new().await else {
        return;
    };
    let snapshotter = connected(&driver).await;
    let (mine, other) = (driver.volume("mine").await, driver.volume("other").await);
    driver.storage.write(other.csi().unwrap().1, b"not mine");
    let groups = plan_groups(&snapshotter, "nightly", "u-3", [mine]);
    let name = &groups[0].members[0].name;
    let theirs = json!({"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
        "metadata": {"name": name, "labels": {"kube-backup-engine.io/backup-uid": "u-3"}},
        "spec": {"source": {"persistentVolumeClaimName": "other"}}});
    send(&driver.client, Method::POST, &driver.snapshots(), &theirs)
        .await
        .unwrap();
    let records = snapshotter.snapshot(&groups[0]).await.unwrap();
    let SnapshotState::Failed { reason } = &records[0].state else {
        panic!("{records:?}");
    };
    assert!(reason.contains("was not made by this backup"), "{reason}");
    // It is not deleted either.
    assert!(snapshotter.delete(&records).await.unwrap());
    assert_eq!(snapshotter.find("u-3").await.unwrap(), []);
    let path = format!("{}/{name}", driver.snapshots());
    assert!(test_support::get(&driver.client, &path).await.is_some());
}

#[tokio::test]
async fn a_claim_is_given_the_room_that_its_snapshot_needs() {
    let Some(driver) = Driver::new().await else {
        return;
    };
    let snapshotter = connected(&driver).await;
    let volume = driver.volume("data").await;
    let groups = plan_groups(&snapshotter, "nightly", "u-4", [volume.clone()]);
    let records = snapshotter.snapshot(&groups[0]).await.unwrap();
    let records = polled(&snapshotter, records, |record| record.state.is_final()).await;
    let mut claim = volume.claim.clone();
    for (asked, gets) in [("1Gi", "1Gi"), ("2Gi", "2Gi"), ("1G", "1073741824")] {
        let requests = claim.spec.as_mut().unwrap().resources.as_mut().unwrap();
        let quantity = serde_json::from_value(json!(asked)).unwrap();
        let requests = requests.requests.as_mut().unwrap();
        requests.insert("storage".to_owned(), quantity);
        let adjusted = snapshotter.adjust_claim(&records[0], claim.clone());
        let spec = serde_json::to_value(&adjusted.claim.spec).unwrap();
        assert_eq!(spec["resources"]["requests"]["storage"], gets);
        assert_eq!(adjusted.warnings.len(), usize::from(asked != gets));
    }
    let mut target = RestoreTarget::new("r-1", claim);
    let source = snapshotter.restore_source(&records[0], &target).await;
    assert!(
        source.is_err(),
        "without the API there is nothing to restore through"
    );
    target.serves_snapshots = true;
    let source = snapshotter
        .restore_source(&records[0], &target)
        .await
        .unwrap();
    let RestoreSource::DataSource { objects, .. } = source else {
        panic!("{source:?}");
    };
    assert_eq!(objects[0]["spec"]["sourceVolumeMode"], "Filesystem");
    assert_eq!(objects[0]["spec"]["volumeSnapshotRef"]["uid"], Value::Null);
    assert!(snapshotter.delete(&records).await.unwrap());
}
