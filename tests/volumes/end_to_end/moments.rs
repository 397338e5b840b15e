//! Three disks of one application that is written to: whole backups show all of them at one moment, and would not if their disks were
//! snapshotted one by one.

use std::sync::Arc;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::volumes::{
    Capabilities, Eligibility, RestoreSource, RestoreTarget, SnapshotGroup, Volume, VolumeRecord,
    VolumeSnapshotter,
};
use ack_backup_center::engine::{Repository, Result, Selection};
use ack_backup_center::volumes::disks::DiskSnapshots;
use async_trait::async_trait;
use tokio::sync::Mutex;

use super::application::{Application, repository};
use super::cluster::{Cluster, Kind};
use crate::world::World;
use crate::writer::{Writer, of_one_moment, on_disk};

/// What keeps disks without knowing of groups. However slow the writer is on this machine, it gets its turn after each snapshot.
struct OneByOne {
    disks: DiskSnapshots,
    writer: Arc<Writer>,
    turn: Mutex<()>,
}

impl std::fmt::Debug for OneByOne {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.disks.fmt(f)
    }
}

#[async_trait]
impl VolumeSnapshotter for OneByOne {
    fn name(&self) -> &str {
        self.disks.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.disks.capabilities()
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        match self.disks.eligibility(volume) {
            Eligibility::Eligible { .. } => Eligibility::Eligible { group: None },
            refused => refused,
        }
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        let _turn = self.turn.lock().await;
        let records = self.disks.snapshot(group).await;
        self.writer.goes_on();
        records
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        self.disks.poll(records).await
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        self.disks.find(backup_uid).await
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        self.disks.restore_source(record, target).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        self.disks.delete(records).await
    }
}

/// The numbers that the disks of an application show in a backup that is made now.
async fn shown(
    application: &Application<'_>,
    cluster: &Cluster,
    repository: &Repository,
    snapshotter: Arc<dyn VolumeSnapshotter>,
    name: &str,
) -> Vec<u64> {
    // No more than they are of, since there are many backups.
    let kinds = ["pods", "persistentvolumeclaims", "persistentvolumes"];
    let spec = BackupSpec {
        selection: Selection {
            included_resources: kinds.map(str::to_owned).to_vec(),
            ..Selection::of_namespaces([application.namespace.clone()])
        },
        ..BackupSpec::named(name)
    };
    let backup = Backup::new(cluster.client.clone(), repository.clone(), spec);
    let before = application.writer.written();
    let report = backup.with_snapshotters(vec![snapshotter]).run().await;
    let moment = application.writer.since(before);
    assert!(report.is_ok_and(|it| it.results.errors.namespaces.is_empty()));
    let kept = repository.volumes(name).await.unwrap();
    let handles = kept
        .into_iter()
        .map(|it| it.record.unwrap().handle.unwrap());
    let shown: Vec<u64> = handles
        .map(|handle| {
            let snapshot = cluster.world.cloud.ecs().snapshot(handle);
            on_disk(|at, length| snapshot.read(at, length))
        })
        .collect();
    assert_eq!(shown.len(), 3);
    assert!(
        shown.iter().all(|it| moment.contains(it)),
        "{shown:?}, not of {moment:?}"
    );
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_backups_of_fifty_show_three_disks_at_one_moment_and_none_does_without_groups() {
    let world = Arc::new(World::with_snapshots_of(std::time::Duration::ZERO).await);
    let Some(cluster) = Cluster::first(&world).await else {
        return;
    };
    let claims = [
        ("data", Kind::Disk),
        ("index", Kind::Disk),
        ("log", Kind::Disk),
    ];
    let repository = repository(&world);
    let application = Application::start(&cluster, &claims).await;
    for turn in 0..50 {
        let together = Arc::new(cluster.disks());
        let name = format!("together-{turn}");
        let shown = shown(&application, &cluster, &repository, together, &name).await;
        of_one_moment(&shown).unwrap();
    }
    for turn in 0..5 {
        let alone = Arc::new(OneByOne {
            disks: cluster.disks(),
            writer: application.writer.clone(),
            turn: Mutex::default(),
        });
        let name = format!("alone-{turn}");
        let shown = shown(&application, &cluster, &repository, alone, &name).await;
        of_one_moment(&shown).unwrap_err();
    }
    let namespace = application.lose().await;
    cluster.clean_up(&[&namespace]).await;
}
