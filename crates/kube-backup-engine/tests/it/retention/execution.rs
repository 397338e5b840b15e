//! Deletions, cut off at every request and started again.

use std::sync::Arc;

use kube_backup_engine::retention::{Prune, PrunedState};
use kube_backup_engine::volumes::testkit::FakeKind;
use object_store::ObjectStoreExt as _;

use super::world::{NAMES, World};
use crate::calls::{Calls, Fault};

#[tokio::test(start_paused = true)]
async fn a_pass_deletes_snapshots_records_and_archives() {
    let world = World::new().await;
    let report = world.pass().await;
    assert!(
        report
            .backups
            .iter()
            .all(|it| it.state == PrunedState::Deleted && it.snapshots == 2),
        "{report}"
    );
    assert_eq!(
        report.to_string(),
        "2 of 2 backups deleted\n  deleted  old, 2 snapshots\n  deleted  oldest, 2 snapshots"
    );
    world.check("a pass").await;
    let again = world.pass().await;
    assert_eq!((again.backups.len(), again.finished.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_is_cut_off_anywhere_and_started_again_leaves_nothing_over() {
    for fault in [Fault::KilledBefore, Fault::KilledAfter, Fault::FailsForGood] {
        let mut cuts = 0;
        loop {
            let (world, calls) = (World::new().await, Calls::default());
            calls.fail_at(cuts, fault);
            world.pass_until(&calls, |prune| prune, None).await;
            // What is a backup has all that its record names.
            let keys = world.keys().await;
            for name in NAMES
                .iter()
                .filter(|name| keys.contains(&format!("backups/{name}/velero-backup.json")))
            {
                assert!(
                    keys.contains(&format!("backups/{name}/{name}.tar.gz")),
                    "{fault:?} {cuts}: {keys:?}"
                );
            }
            assert!(keys.contains(&"backups/new/velero-backup.json".to_owned()));
            world.pass().await;
            world.check(&format!("{fault:?} at request {cuts}")).await;
            if !calls.has_gone_wrong() {
                break;
            }
            cuts += 1;
        }
        assert!(cuts > 20, "{fault:?}: {cuts} requests");
    }
}

#[tokio::test(start_paused = true)]
async fn two_passes_at_once_do_no_harm() {
    let world = World::new().await;
    tokio::join!(world.pass(), world.pass());
    world.pass().await;
    world.check("two passes").await;
}

#[tokio::test(start_paused = true)]
async fn what_the_bucket_keeps_is_named_and_the_others_go() {
    let world = World::new().await;
    let report = world
        .pass_with(|prune| prune, Some("backups/old/velero-backup.json"))
        .await;
    let states: Vec<_> = report
        .backups
        .iter()
        .map(|it| (it.name.as_str(), it.state))
        .collect();
    assert_eq!(
        states,
        [
            ("old", PrunedState::Locked),
            ("oldest", PrunedState::Deleted)
        ]
    );
    assert!(
        report.backups[0]
            .error
            .as_ref()
            .unwrap()
            .contains("retention policy"),
        "{report}"
    );
    // Once it is let go, it goes.
    world.pass().await;
    world.check("unlocked").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_being_written_or_is_anothers_is_not_taken_for_leftovers() {
    let world = World::new().await;
    for (key, bytes) in [
        // A backup that is being written, one that a killed process left, and one that Velero uploads.
        ("backups/next/next-lease.json", r#"{"uid":"u"}"#),
        ("backups/next/next.tar.gz", "half"),
        ("backups/velero/velero-logs.gz", "log"),
        ("backups/NoName/NoName-lease.json", r#"{"uid":"prune"}"#),
    ] {
        world.store.put(&key.into(), bytes.into()).await.unwrap();
    }
    let report = world.pass().await;
    assert_eq!(report.finished.len(), 0, "{report}");
    let keys = world.keys().await;
    assert_eq!(keys.len(), 8, "{keys:?}");
}

#[tokio::test(start_paused = true)]
async fn another_backup_of_the_name_is_not_the_one_that_was_meant() {
    let world = World::new().await;
    let repository = world.repository();
    let plan = World::plan(&repository).await.unwrap();
    let key = "backups/old/velero-backup.json".into();
    let bytes = world.store.get(&key).await.unwrap().bytes().await.unwrap();
    let other = String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace("uid-of-old", "another");
    world.store.put(&key, other.into()).await.unwrap();
    let disks = Arc::new(world.storage.snapshotter(FakeKind::Disks));
    let report = Prune::new(repository)
        .with_snapshotter(disks)
        .run(&plan)
        .await
        .unwrap();
    let states: Vec<_> = report
        .backups
        .iter()
        .map(|it| (it.name.as_str(), it.state))
        .collect();
    assert_eq!(
        states,
        [("old", PrunedState::Gone), ("oldest", PrunedState::Deleted)]
    );
    assert_eq!(world.keys().await.len(), 8);
}
