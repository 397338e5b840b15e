//! Killed at each request, and run again.

use kube_backup_engine::RunOptions;
use kube_backup_engine::volumes::{
    CsiSnapshotter, SnapshotGroup, SnapshotState, VolumeRecord, VolumeSnapshotter, plan_groups,
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
    let connecting = 2;
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
    let whole = connected(&driver).await;
    let volume = driver.volume("data").await;
    let mut cuts = 0;
    for last in [Fault::KilledAfter, Fault::KilledBefore] {
        let mut is_done = false;
        for at in 0.. {
            if is_done {
                break;
            }
            let uid = format!("u-{last:?}-{at}").to_lowercase();
            let group = &plan_groups(&whole, "nightly", &uid, [volume.clone()])[0];
            let was_killed = killed(&driver, at, last, async |snapshotter| {
                taken(&snapshotter, group).await;
            })
            .await;
            cuts += usize::from(was_killed);
            // Whatever there is by now is found by the backup's uid alone.
            let begun = whole.find(&uid).await.unwrap();
            assert!(begun.len() <= 1, "{at} {last:?}: {begun:?}");
            let records = taken(&whole, group).await;
            assert_eq!(records[0].state, SnapshotState::Complete, "{at} {last:?}");
            let handle = records[0].handle.clone().unwrap();
            assert_eq!(
                driver.storage.handles(),
                [handle],
                "{at} {last:?}: one of them"
            );
            // The deletion is killed, too, with and without what release does before.
            let deleted_in_part = killed(&driver, at, last, async |snapshotter| {
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
            if at > 24 {
                break;
            }
        }
    }
    assert!(cuts > 20, "it was killed {cuts} times");
}
