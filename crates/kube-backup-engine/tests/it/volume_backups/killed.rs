//! A backup that is stopped at any call, by any fault, and run again: one snapshot of each volume, and no more.

use std::time::Duration;

use futures::TryStreamExt as _;
use kube_backup_engine::volumes::testkit::FakeKind;
use kube_backup_engine::{ErrorKind, Phase};
use object_store::ObjectStore as _;
use tokio::runtime::{Builder, Runtime};

use super::{App, Counted, Fault, Stage, given, of, volumes_of};

const FAULTS: [Fault; 4] = [
    Fault::KilledBefore,
    Fault::KilledAfter,
    Fault::Fails,
    Fault::LosesReply,
];

/// A process of its own: what it leaves undone when it is killed stays undone.
fn process() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

fn app() -> App {
    let app = App::new();
    app.claim("data").claim("logs").claim("files");
    app.pod(
        "web",
        &[("v", "files")],
        &serde_json::json!({"backup.velero.io/backup-volumes": "v"}),
    );
    app
}

fn snapshotters(app: &App, stage: &Stage) -> [Counted; 2] {
    [FakeKind::Disks, FakeKind::Files].map(|kind| app.snapshotter(kind, stage.calls()))
}

/// Runs a backup in a process of its own. `None` when it was killed.
fn run(app: &App, stage: &Stage, uid: Option<&str>) -> Option<kube_backup_engine::Result<Phase>> {
    let process = process();
    let _inside = process.enter();
    let backup = stage.backup(app, &snapshotters(app, stage));
    let backup = match uid {
        Some(uid) => backup.with_uid(uid),
        None => backup,
    };
    process.block_on(async {
        tokio::select! {
            biased;
            () = stage.calls().killed() => None,
            report = backup.run() => Some(report.map(|report| report.record.status.phase)),
        }
    })
}

fn keys(stage: &Stage) -> Vec<String> {
    let listed = stage
        .store
        .inner
        .list(None)
        .map_ok(|it| it.location.to_string());
    process().block_on(listed.try_collect()).unwrap()
}

/// The calls of a run that nothing goes wrong in.
fn calls_of_a_run() -> usize {
    let (app, stage) = (app(), Stage::default());
    let phase = run(&app, &stage, Some("u")).unwrap().unwrap();
    assert_eq!(phase, Phase::Completed);
    let log = stage.calls().log();
    assert!(log.iter().any(|call| call == "snapshot 2"), "{log:?}");
    // A note that could not be taken away means nothing beside the record; nothing went wrong here.
    let keys = keys(&stage);
    assert!(!keys.iter().any(|key| key.contains("-begun-")), "{keys:?}");
    log.len()
}

fn check_whole(app: &App, stage: &Stage, what: &str) {
    assert_eq!(
        app.storage.count(),
        3,
        "{what}: one snapshot of each volume"
    );
    process().block_on(async {
        let volumes = volumes_of(stage).await;
        for claim in ["data", "logs", "files"] {
            assert!(
                of(&volumes, claim).restorable().is_some(),
                "{what}: {volumes:?}"
            );
        }
    });
}

/// Runs it until it is done, and then deletes it.
fn finish(app: &App, stage: &Stage, uid: Option<&str>, what: &str) {
    stage.calls().fail_at(usize::MAX, Fault::Fails);
    let again = run(app, stage, uid).unwrap();
    match again {
        Ok(phase) => assert_eq!(phase, Phase::Completed, "{what}"),
        // With another uid: the first one was committed after all.
        Err(error) if uid.is_none() => {
            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{what}: {error}");
        }
        Err(error) => panic!("{what}: {}", error.chain()),
    }
    check_whole(app, stage, what);
    let snapshotters = given(&snapshotters(app, stage));
    let repository = stage.repository();
    let deleted = repository.delete_with_volumes("a", &snapshotters);
    process().block_on(deleted).unwrap();
    assert_eq!(app.storage.count(), 0, "{what}: no orphan");
    assert_eq!(keys(stage), Vec::<String>::new(), "{what}");
}

#[test]
fn stopped_at_any_call_and_run_again_it_makes_one_snapshot_each() {
    let calls = calls_of_a_run();
    assert!(calls > 15, "{calls}");
    let mut killed = 0;
    for fault in FAULTS {
        for number in 0..calls {
            for uid in [Some("u"), None] {
                let what = format!("{fault:?} at call {number} with uid {uid:?}");
                let (app, stage) = (app(), Stage::default());
                stage.calls().fail_at(number, fault);
                match run(&app, &stage, uid) {
                    None => killed += 1,
                    Some(Ok(phase)) => {
                        assert_eq!(phase, Phase::Completed, "{what}");
                        check_whole(&app, &stage, &what);
                    }
                    // What failed by itself has cleared away what it made, as far as it knew.
                    Some(Err(error)) => {
                        let is_committed = keys(&stage)
                            .iter()
                            .any(|it| it.ends_with("velero-backup.json"));
                        let is_said = error
                            .left_behind()
                            .iter()
                            .any(|it| it.contains("snapshots"));
                        assert!(
                            app.storage.count() == 0 || is_committed || is_said,
                            "{what}: {}",
                            error.chain()
                        );
                    }
                }
                finish(&app, &stage, uid, &what);
            }
        }
    }
    assert!(killed > calls * 2, "{killed}");
}

/// Who takes a name over deletes what was begun under it, and says what is missing for that.
#[test]
fn snapshots_of_a_killed_backup_are_not_left_by_whoever_takes_its_name() {
    let (app, stage) = (app(), Stage::default());
    let calls = calls_of_a_run();
    // Somewhere after the snapshots and before the record.
    let number = (0..calls).find(|number| {
        let (app, stage) = (self::app(), Stage::default());
        stage.calls().fail_at(*number, Fault::KilledBefore);
        run(&app, &stage, None);
        app.storage.count() == 3
    });
    stage.calls().fail_at(number.unwrap(), Fault::KilledBefore);
    assert!(run(&app, &stage, None).is_none());
    assert_eq!(app.storage.count(), 3);
    stage.calls().fail_at(usize::MAX, Fault::Fails);

    let objects_alone = async { stage.backup(&app, &[]).run().await };
    let error = process().block_on(objects_alone).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    for name in ["`fake-disks`", "`fake-files`"] {
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = process()
        .block_on(stage.repository().delete("a"))
        .unwrap_err();
    assert!(error.to_string().contains("`fake-disks`"), "{error}");
    assert_eq!(app.storage.count(), 3, "and nothing was deleted");

    let snapshotters = given(&snapshotters(&app, &stage));
    let repository = stage.repository();
    let deleted = repository.delete_with_volumes("a", &snapshotters);
    process().block_on(deleted).unwrap();
    assert_eq!(app.storage.count(), 0);
}

/// Gives up what an unfinished backup `u` has left, with these snapshotters.
fn discard(app: &App, stage: &Stage, snapshotters: &[Counted]) -> kube_backup_engine::Result<bool> {
    let process = process();
    let _inside = process.enter();
    let backup = stage.backup(app, snapshotters).with_uid("u");
    let discarded = process.block_on(backup.discard_unfinished())?;
    Ok(discarded.was_there)
}

/// Nobody runs a cancelled backup again: what discards its leftovers knows as much of its snapshots as the next run.
#[test]
fn snapshots_of_a_cancelled_backup_go_with_what_else_it_left() {
    let mut discarded = 0;
    for number in 0..calls_of_a_run() {
        let what = format!("killed at call {number}");
        let (app, stage) = (app(), Stage::default());
        stage.calls().fail_at(number, Fault::KilledAfter);
        run(&app, &stage, Some("u"));
        stage.calls().fail_at(usize::MAX, Fault::Fails);
        let is_committed = keys(&stage)
            .iter()
            .any(|it| it.ends_with("velero-backup.json"));
        let begun = app.storage.count();
        if begun > 0 && !is_committed {
            let error = discard(&app, &stage, &[]).unwrap_err();
            assert!(
                error.to_string().contains("`fake-disks`"),
                "{what}: {error}"
            );
            assert_eq!(
                app.storage.count(),
                begun,
                "{what}: and nothing was deleted"
            );
            discarded += 1;
        }
        match discard(&app, &stage, &snapshotters(&app, &stage)) {
            Ok(_) => {
                assert!(!is_committed, "{what}");
                assert_eq!(app.storage.count(), 0, "{what}");
                assert_eq!(keys(&stage), Vec::<String>::new(), "{what}");
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{what}: {error}");
                assert_eq!(app.storage.count(), 3, "{what}");
            }
        }
    }
    assert!(discarded > 3, "{discarded}");
}

/// The claims of the second run are others than those of the first.
#[test]
fn what_the_run_after_needs_no_more_is_deleted() {
    let calls = calls_of_a_run();
    for number in 0..calls {
        let (app, stage) = (app(), Stage::default());
        stage.calls().fail_at(number, Fault::KilledAfter);
        if run(&app, &stage, Some("u")).is_some() {
            continue;
        }
        let is_committed = keys(&stage)
            .iter()
            .any(|it| it.ends_with("velero-backup.json"));
        stage.calls().fail_at(usize::MAX, Fault::Fails);
        app.remove("persistentvolumeclaims", "logs");
        let phase = run(&app, &stage, Some("u")).unwrap().unwrap();
        assert_eq!(phase, Phase::Completed, "{number}");
        let expected = if is_committed { 3 } else { 2 };
        assert_eq!(app.storage.count(), expected, "killed after call {number}");
    }
}

/// A deadline is a failure like any other.
#[test]
fn a_backup_whose_time_is_up_leaves_no_snapshot() {
    let (app, stage) = (app(), Stage::default());
    let stuck = snapshotters(&app, &stage).map(|it| Counted {
        time: super::Time::ByLooks(Duration::ZERO),
        ..it
    });
    let options = kube_backup_engine::RunOptions::default().with_deadline(Duration::from_secs(60));
    let backup = async { stage.backup(&app, &stuck).with_options(options).run().await };
    let error = process().block_on(backup).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(app.storage.count(), 0);
    assert_eq!(
        keys(&stage)
            .iter()
            .filter(|it| it.contains("-begun-"))
            .count(),
        0
    );
}
