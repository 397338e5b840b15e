//! Deleting a backup deletes the data of its volumes first, and never leaves it behind.

use futures::TryStreamExt as _;
use kube_backup_engine::volumes::testkit::FakeKind;
use kube_backup_engine::{ErrorKind, Result};
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use super::{App, Fault, Stage, given};

struct BackedUp {
    app: App,
    stage: Stage,
}

impl BackedUp {
    async fn new() -> Self {
        let (app, stage) = (App::new(), Stage::default());
        app.claim("data").claim("logs");
        app.pod(
            "web",
            &[("v", "logs")],
            &serde_json::json!({"backup.velero.io/backup-volumes": "v"}),
        );
        let kinds = [FakeKind::Disks, FakeKind::Files];
        let snapshotters = kinds.map(|kind| app.snapshotter(kind, stage.calls()));
        stage.backup(&app, &snapshotters).run().await.unwrap();
        assert_eq!(app.storage.count(), 2);
        Self { app, stage }
    }

    async fn delete(&self, kinds: &[FakeKind]) -> Result<()> {
        let of = |kind: &FakeKind| self.app.snapshotter(*kind, self.stage.calls());
        let snapshotters: Vec<_> = kinds.iter().map(of).collect();
        let repository = self.stage.repository();
        repository
            .delete_with_volumes("a", &given(&snapshotters))
            .await
    }

    async fn keys(&self) -> usize {
        let listed = self.stage.store.inner.list(None);
        listed.try_collect::<Vec<_>>().await.unwrap().len()
    }
}

const BOTH: [FakeKind; 2] = [FakeKind::Disks, FakeKind::Files];

#[tokio::test]
async fn the_data_goes_first_then_the_record_then_the_rest() {
    let backed_up = BackedUp::new().await;
    let calls = backed_up.stage.calls();
    calls.fail_at(usize::MAX, Fault::Fails);
    backed_up.delete(&BOTH).await.unwrap();
    let log = calls.log();
    let last = |of: &str| log.iter().rposition(|call| call.starts_with(of)).unwrap();
    let record = last("delete backups/a/velero-backup.json");
    assert!(last("delete 1") < record, "{log:?}");
    assert!(record < last("delete backups/a/a.tar.gz"), "{log:?}");
    assert_eq!(
        (backed_up.app.storage.count(), backed_up.keys().await),
        (0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn stopped_at_any_call_and_run_again_it_leaves_nothing() {
    let first = BackedUp::new().await;
    first.stage.calls().fail_at(usize::MAX, Fault::Fails);
    first.delete(&BOTH).await.unwrap();
    let calls = first.stage.calls().log().len();
    assert!(calls > 10, "{calls}");
    for fault in [
        Fault::KilledBefore,
        Fault::KilledAfter,
        Fault::Fails,
        Fault::LosesReply,
    ] {
        for number in 0..calls {
            let what = format!("{fault:?} at call {number}");
            let backed_up = BackedUp::new().await;
            let calls = backed_up.stage.calls().clone();
            calls.fail_at(number, fault);
            let stopped = tokio::select! {
                biased;
                () = calls.killed() => None,
                deleted = backed_up.delete(&BOTH) => Some(deleted),
            };
            calls.fail_at(usize::MAX, Fault::Fails);
            // What is left of a backup that can be opened can be restored, or its data is said to be gone.
            let is_there = backed_up
                .stage
                .repository()
                .record("a")
                .await
                .unwrap()
                .is_some();
            assert!(
                is_there || backed_up.app.storage.count() == 0,
                "{what}: orphans"
            );
            match backed_up.delete(&BOTH).await {
                Ok(()) => {}
                Err(error) => {
                    let was_done = matches!(stopped, Some(Ok(()))) || backed_up.keys().await == 0;
                    assert!(
                        was_done && error.kind() == ErrorKind::NotFound,
                        "{what}: {error}"
                    );
                }
            }
            assert_eq!(
                (backed_up.app.storage.count(), backed_up.keys().await),
                (0, 0),
                "{what}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_snapshotter_that_is_needed_it_refuses_by_name_and_deletes_nothing() {
    let backed_up = BackedUp::new().await;
    let keys = backed_up.keys().await;
    for (kinds, missing) in [
        (vec![], vec!["`fake-disks`", "`fake-files`"]),
        (vec![FakeKind::Disks], vec!["`fake-files`"]),
        (vec![FakeKind::Csi, FakeKind::Files], vec!["`fake-disks`"]),
    ] {
        let error = backed_up.delete(&kinds).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(
            missing.iter().all(|name| error.to_string().contains(name)),
            "{error}"
        );
        assert_eq!(
            (backed_up.app.storage.count(), backed_up.keys().await),
            (2, keys)
        );
    }
    let error = backed_up.stage.repository().delete("a").await.unwrap_err();
    assert!(
        error.to_string().contains("`fake-disks`, `fake-files`"),
        "{error}"
    );
    assert_eq!(
        (backed_up.app.storage.count(), backed_up.keys().await),
        (2, keys)
    );
    let repository = backed_up.stage.repository();
    repository.delete_keeping_volumes("a").await.unwrap();
    assert_eq!(
        (backed_up.app.storage.count(), backed_up.keys().await),
        (2, 0)
    );
}

#[tokio::test]
async fn what_nobody_can_read_is_no_reason_to_leave_snapshots_behind() {
    for damaged in ["a-volumes.json.gz", "velero-backup.json"] {
        let backed_up = BackedUp::new().await;
        let path = format!("backups/a/{damaged}").into();
        backed_up
            .stage
            .store
            .inner
            .put(&path, "damaged".into())
            .await
            .unwrap();
        let error = backed_up.delete(&BOTH).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{damaged}: {error}");
        assert!(
            error.to_string().contains("`delete_keeping_volumes`"),
            "{error}"
        );
        assert_eq!(backed_up.app.storage.count(), 2);
        let repository = backed_up.stage.repository();
        repository.delete_keeping_volumes("a").await.unwrap();
        assert_eq!(backed_up.keys().await, 0);
    }
}

/// A copy in another region is nowhere in the backup, and goes with it.
#[tokio::test]
async fn copies_that_were_made_since_go_too() {
    use kube_backup_engine::volumes::VolumeSnapshotter as _;
    let backed_up = BackedUp::new().await;
    let volumes = backed_up.stage.repository().volumes("a").await.unwrap();
    let disks = backed_up.app.storage.snapshotter(FakeKind::Disks);
    let record = super::of(&volumes, "data").record.clone().unwrap();
    disks.copy_to_region(&record, "abroad").await.unwrap();
    assert_eq!(backed_up.app.storage.count(), 3);
    backed_up.delete(&BOTH).await.unwrap();
    assert_eq!(backed_up.app.storage.count(), 0);
}

/// Which applications are to be thawed is nowhere else. Beside a record the note means nothing: they were.
#[tokio::test]
async fn what_may_be_frozen_is_not_forgotten() {
    let backed_up = BackedUp::new().await;
    let store = &backed_up.stage.store.inner;
    let note = |name: &str| format!("backups/{name}/{name}-frozen.json").into();
    let pods = r#"{"pods":[{"namespace":"shop","name":"web","uid":"uid-of-web"}]}"#;
    for name in ["a", "b"] {
        store.put(&note(name), pods.into()).await.unwrap();
    }
    let repository = backed_up.stage.repository();
    for deleted in [
        repository.delete("b").await,
        repository.delete_with_volumes("b", &[]).await,
        repository.delete_keeping_volumes("b").await,
    ] {
        let error = deleted.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(
            error.to_string().contains("`discard_unfinished`"),
            "{error}"
        );
    }
    assert!(store.head(&note("b")).await.is_ok());
    backed_up.delete(&BOTH).await.unwrap();
    assert_eq!(backed_up.keys().await, 1, "and none of the backup");
}
