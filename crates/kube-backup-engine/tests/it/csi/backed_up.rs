//! A whole backup with its volumes, from the freeze to the deletion.

use std::sync::Arc;
use std::time::Duration;

use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec, VolumeSpec};
use kube_backup_engine::volumes::{SnapshotState, VolumeSnapshotter};
use kube_backup_engine::{Phase, Repository, Selection};
use object_store::memory::InMemory;
use test_support::delete;

use super::conforming::connected;
use super::driver::Driver;

/// Backs up the application of a driver, as is asked of its volumes.
pub(super) async fn backed_up(
    driver: &Driver,
    asked: VolumeSpec,
) -> (Repository, Arc<dyn VolumeSnapshotter>, BackupReport) {
    let snapshotter: Arc<dyn VolumeSnapshotter> = Arc::new(connected(driver).await);
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let spec = BackupSpec {
        selection: Selection::of_namespaces([driver.namespace.clone()]),
        volumes: asked,
        ..BackupSpec::named("nightly")
    };
    let report = Backup::new(driver.client.clone(), repository.clone(), spec)
        .with_snapshotters(vec![Arc::clone(&snapshotter)])
        .run()
        .await
        .unwrap();
    (repository, snapshotter, report)
}

/// Snapshots are to be cut within so many seconds.
pub(super) fn cut_within(seconds: u64) -> VolumeSpec {
    let mut asked = VolumeSpec::default();
    asked.csi_snapshot_timeout = Some(Duration::from_secs(seconds));
    asked
}

#[tokio::test]
async fn a_backup_holds_its_volumes_and_leaves_nothing_until_it_is_deleted() {
    let Some(driver) = Driver::new().await else {
        return;
    };
    let volume = driver.volume("data").await;
    let handle = volume.csi().unwrap().1.to_owned();
    driver.storage.write(&handle, b"worth keeping");
    let (repository, snapshotter, report) = backed_up(&driver, VolumeSpec::default()).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    let volumes = repository.volumes("nightly").await.unwrap();
    let records: Vec<_> = volumes.iter().filter_map(|it| it.record.as_ref()).collect();
    assert_eq!(records.len(), 1, "{volumes:?}");
    assert_eq!(records[0].state, SnapshotState::Complete);
    let kept = driver.storage.find(records[0].handle.as_deref().unwrap());
    assert_eq!(kept.unwrap().contents, b"worth keeping");
    // The record has taken the place of all that stood for the snapshot.
    driver.nothing_is_left().await;
    // The application goes, and its snapshot stays until the backup is deleted.
    let namespace = format!("/api/v1/namespaces/{}", driver.namespace);
    delete(&driver.client, &namespace).await;
    assert_eq!(driver.storage.count(), 1);
    let snapshotters = [snapshotter];
    let deleted = repository.delete_with_volumes("nightly", &snapshotters);
    deleted.await.unwrap();
    assert_eq!(driver.storage.count(), 0);
    driver.nothing_is_left().await;
}
