//! Applications on a real control plane: backed up while they are written to, lost with their volumes, and restored with the bytes of
//! the moment that they were cut. The machines and the provisioners of files are played.

mod application;
mod cluster;
mod elsewhere;
mod moments;

use std::sync::Arc;

use ack_backup_center::engine::restore::RestoreSpec;
use ack_backup_center::engine::retention::{Prune, PrunedState};

use self::application::{Application, comes_from, repository};
use self::cluster::{Cluster, Kind};
use crate::world::World;

/// Backs an application up, loses it, restores it, and deletes the backup.
async fn comes_back(claims: &'static [(&'static str, Kind)]) {
    let world = Arc::new(World::new().await);
    let Some(cluster) = Cluster::first(&world).await else {
        return;
    };
    let repository = repository(&world);
    let application = Application::start(&cluster, claims).await;
    let moment = application.back_up(&repository, "nightly").await;
    // What is written after the cut is not in it.
    let namespace = application.lose().await;

    let spec = RestoreSpec::named("back");
    cluster.plays(&namespace);
    let report = cluster.restore(&repository, "nightly", spec).await;
    assert!(report.is_complete(), "{report}");
    cluster.running(&namespace).await;
    comes_from(&cluster, &namespace, claims, &moment).await;

    let record = repository.record("nightly").await.unwrap().unwrap();
    let mut prune = Prune::new(repository.clone());
    for snapshotter in cluster.snapshotters() {
        prune = prune.with_snapshotter(snapshotter);
    }
    let pruned = prune.delete_one("nightly", record.uid()).await;
    assert_eq!(pruned.state, PrunedState::Deleted, "{pruned:?}");
    assert_eq!(pruned.snapshots, claims.len());
    assert_eq!(world.snapshots().await.len(), 0);
    assert_eq!(world.groups().await.len(), 0);
    assert_eq!(world.file_backups().await, 0);
    // What was restored is none of its business.
    comes_from(&cluster, &namespace, claims, &moment).await;
    cluster.clean_up(&[&namespace]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_disk_comes_back_with_the_bytes_of_its_moment() {
    comes_back(&[("data", Kind::Disk)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_disks_come_back_with_the_bytes_of_one_moment() {
    comes_back(&[
        ("data", Kind::Disk),
        ("index", Kind::Disk),
        ("log", Kind::Disk),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_on_nas_come_back_whole() {
    comes_back(&[("files", Kind::Nas)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_on_a_machines_own_volume_come_back_whole() {
    comes_back(&[("files", Kind::Local)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disks_and_files_of_all_kinds_come_back_together() {
    comes_back(&[
        ("data", Kind::Disk),
        ("files", Kind::Nas),
        ("log", Kind::Disk),
        ("scratch", Kind::Local),
    ])
    .await;
}
