//! Snapshots go before the records that name them: all of a backup, and no other's.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::retention::{Prune, PrunedState};
use kube_backup_engine::volumes::{
    Capabilities, Eligibility, RestoreSource, RestoreTarget, SnapshotGroup, Volume, VolumeRecord,
    VolumeSnapshotter,
};
use kube_backup_engine::{ErrorKind, Result};

use super::world::World;
use crate::calls::{Calls, Counted};
use crate::volume_backups::App;

/// Disks whose snapshots are still going when they are asked about so many times.
fn slow_disks(world: &World, times: usize) -> Counted {
    Counted {
        going: Arc::new(AtomicUsize::new(times)),
        ..world.disks(&Calls::default())
    }
}

#[tokio::test(start_paused = true)]
async fn a_backup_whose_snapshots_nobody_knows_stays_whole() {
    let world = World::new().await;
    let repository = world.repository();
    let plan = World::plan(&repository).await.unwrap();
    let report = Prune::new(repository).run(&plan).await.unwrap();
    assert!(
        report
            .backups
            .iter()
            .all(|it| it.state == PrunedState::Failed),
        "{report}"
    );
    assert!(
        report
            .to_string()
            .contains("`fake-disks`, which is not set up here"),
        "{report}"
    );
    assert_eq!(world.keys().await.len(), 12);
    assert_eq!(world.storage.count(), 6);
}

/// A writer that was suspended, and woke up under a name that others had taken by then.
#[tokio::test(start_paused = true)]
async fn what_another_writer_began_under_the_name_goes_with_the_backup() {
    let world = World::new().await;
    world.begin("old", "x").await;
    assert_eq!(world.storage.count(), 7);
    let report = world.pass().await;
    let counts: Vec<usize> = report.backups.iter().map(|it| it.snapshots).collect();
    assert_eq!(counts, [3, 2], "{report}");
    world.check("begun by another").await;
}

#[tokio::test(start_paused = true)]
async fn what_another_writer_began_by_a_snapshotter_that_is_missing_keeps_the_backup() {
    let world = World::new().await;
    world.note("old", "x", "elsewhere").await;
    let report = world.pass().await;
    assert_eq!(report.backups[0].state, PrunedState::Failed, "{report}");
    assert!(
        report
            .to_string()
            .contains("`elsewhere`, which is not set up here"),
        "{report}"
    );
    assert_eq!(report.backups[1].state, PrunedState::Deleted, "{report}");
    assert_eq!((world.keys().await.len(), world.storage.count()), (9, 4));
}

/// What a snapshotter finds of other backups, or calls another's, is not deleted.
#[tokio::test(start_paused = true)]
async fn what_is_found_of_other_backups_stays() {
    #[derive(Debug)]
    struct Generous(Counted);

    #[async_trait::async_trait]
    impl VolumeSnapshotter for Generous {
        fn name(&self) -> &str {
            self.0.name()
        }

        fn capabilities(&self) -> Capabilities {
            self.0.capabilities()
        }

        fn eligibility(&self, volume: &Volume) -> Eligibility {
            self.0.eligibility(volume)
        }

        async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
            self.0.snapshot(group).await
        }

        async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
            self.0.poll(records).await
        }

        async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
            let mut found = self.0.find(backup_uid).await?;
            found.extend(self.0.find("uid-of-new").await?);
            Ok(found)
        }

        async fn restore_source(
            &self,
            record: &VolumeRecord,
            target: &RestoreTarget,
        ) -> Result<RestoreSource> {
            self.0.restore_source(record, target).await
        }

        async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
            self.0.delete(records).await
        }
    }

    let world = World::new().await;
    let generous = Generous(world.disks(&Calls::default()));
    let with = |prune: Prune| prune.with_snapshotter(Arc::new(generous));
    world.pass_with(with, None).await;
    world.check("others were found").await;
}

#[tokio::test(start_paused = true)]
async fn snapshots_that_take_their_time_are_waited_for_before_the_record_goes() {
    let world = World::new().await;
    let slow =
        |prune: Prune, times: usize| prune.with_snapshotter(Arc::new(slow_disks(&world, times)));
    let report = world.pass_with(|prune| slow(prune, 1000), None).await;
    assert!(
        report
            .backups
            .iter()
            .all(|it| it.state == PrunedState::Going),
        "{report}"
    );
    assert_eq!(
        world.keys().await.len(),
        12,
        "the records still name them, and no lease is left"
    );
    let report = world.pass_with(|prune| slow(prune, 10), None).await;
    assert!(
        report
            .backups
            .iter()
            .all(|it| it.state == PrunedState::Deleted),
        "{report}"
    );
    world.check("slow").await;
}

/// A pass that waits for snapshots is alive for all that time.
#[tokio::test(start_paused = true)]
async fn nobody_takes_the_name_while_snapshots_are_going() {
    let world = World::new().await;
    let repository = world.repository();
    let rival = Backup::new(App::new().client(), repository, BackupSpec::named("old"));
    let slow = |prune: Prune| prune.with_snapshotter(Arc::new(slow_disks(&world, 15)));
    let rival = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        rival.discard_unfinished().await
    };
    let (report, rival) = tokio::join!(world.pass_with(slow, None), rival);
    assert_eq!(report.backups[0].state, PrunedState::Deleted, "{report}");
    assert_eq!(rival.unwrap_err().kind(), ErrorKind::Busy);
    world.check("a rival").await;
}
