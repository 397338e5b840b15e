//! Killed at each request, and run again.

use kube_backup_engine::RunOptions;
use kube_backup_engine::volumes::{
    CsiSnapshotter, SnapshotGroup, SnapshotState, Volume, VolumeRecord, VolumeSnapshotter,
    plan_groups,
};

use super::conforming::{connected, polled};
use super::driver::Driver;
use crate::calls::{Calls, Fault};

/// Runs `work` with a client that is cut off at its request number `at`. Returns whether it was.
async fn killed<F: Future<Output = ()>>(
    driver: &Driver,
    at: usize,
    last: Fault,
    work: impl FnOnce(CsiSnapshotter) -> F,
) -> bool {
    // What it reads to begin with changes nothing.
    let connecting = 4;
    let calls = Calls::default();
    calls.fail_at(at + connecting, last);
    let client = calls.client(&driver.client);
    let snapshotter = CsiSnapshotter::connect(client, &RunOptions::default())
        .await
        .unwrap();
    tokio::select! {
        () = work(snapshotter) => false,
        () = calls.killed() => true,
    }
}

async fn taken(snapshotter: &CsiSnapshotter, group: &SnapshotGroup) -> Vec<VolumeRecord> {
    let records = snapshotter.snapshot(group).await.unwrap();
    polled(snapshotter, records, |record| record.state.is_final()).await
}

#[tokio::test]
async fn a_snapshot_is_taken_once_and_deleted_for_good_wherever_it_is_killed() {
    let Some(driver) = Driver::new().await else {
        return;
    };
    let volume = driver.volume("data").await;
    taken_once_and_deleted_for_good(&driver, &[volume], 24).await;
}

#[tokio::test]
async fn a_group_is_taken_once_and_deleted_for_good_wherever_it_is_killed() {
    let Some(driver) = Driver::of_groups().await else {
        return;
    };
    let volumes = [driver.volume("data-a").await, driver.volume("data-b").await];
    taken_once_and_deleted_for_good(&driver, &volumes, 36).await;
    assert_eq!(driver.storage.groups(), 0);
}

async fn taken_once_and_deleted_for_good(driver: &Driver, volumes: &[Volume], most: usize) {
    let whole = connected(driver).await;
    let mut cuts = 0;
    for last in [Fault::KilledAfter, Fault::KilledBefore] {
        let mut is_done = false;
        for at in 0.. {
            if is_done {
                break;
            }
            let uid = format!("u-{}-{last:?}-{at}", driver.namespace).to_lowercase();
            let group = &plan_groups(&whole, "nightly", &uid, volumes.to_vec())[0];
            let was_killed = killed(driver, at, last, async |snapshotter| {
                taken(&snapshotter, group).await;
            })
            .await;
            cuts += usize::from(was_killed);
            // Whatever there is by now is found by the backup's uid alone.
            let begun = whole.find(&uid).await.unwrap();
            assert!(begun.len() <= volumes.len(), "{at} {last:?}: {begun:?}");
            let records = taken(&whole, group).await;
            let mut handles = Vec::new();
            for record in &records {
                assert_eq!(record.state, SnapshotState::Complete, "{at} {last:?}");
                assert_eq!(record.group.is_some(), volumes.len() > 1, "{at} {last:?}");
                handles.extend(record.handle.clone());
            }
            handles.sort();
            assert_eq!(
                driver.storage.handles(),
                handles,
                "{at} {last:?}: one of each"
            );
            // The deletion is killed, too, with and without what release does before.
            let deleted_in_part = killed(driver, at, last, async |snapshotter| {
                if at % 2 == 0 {
                    snapshotter.release(&uid).await.unwrap();
                }
                snapshotter.delete(&records).await.unwrap();
            })
            .await;
            cuts += usize::from(deleted_in_part);
            is_done = !was_killed && !deleted_in_part;
            assert!(whole.delete(&records).await.unwrap(), "{at} {last:?}");
            assert_eq!(driver.storage.count(), 0, "{at} {last:?}");
            let left = driver.left().await;
            assert!(left.is_empty(), "{at} {last:?}: {left:?}");
            assert_eq!(whole.find(&uid).await.unwrap(), []);
            // A request more or less: looks at what is under way are counted, too.
            if at > most {
                break;
            }
        }
    }
    assert!(cuts > 20, "it was killed {cuts} times");
}
