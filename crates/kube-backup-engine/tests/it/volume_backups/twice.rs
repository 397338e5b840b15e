//! Two runs of one backup: one of them writes, and what one has left the next goes on with.

use std::time::Duration;

use kube_backup_engine::volumes::testkit::FakeKind;
use kube_backup_engine::{ErrorKind, Phase, RunOptions};
use object_store::ObjectStoreExt as _;
use tokio::time::{Instant, sleep};

use super::{App, Counted, Stage, Time};

/// A run whose snapshots are never complete.
fn stuck(app: &App, stage: &Stage) -> Counted {
    Counted {
        time: Time::ByLooks(Duration::ZERO),
        ..app.snapshotter(FakeKind::Disks, stage.calls())
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_living_runs_of_one_backup_one_has_its_name() {
    let (app, stage) = (App::new(), Stage::default());
    app.claim("data");
    let lease = RunOptions::default().lease_duration;
    let first = stage.backup(&app, &[stuck(&app, &stage)]).with_uid("u");
    let disks = || app.snapshotter(FakeKind::Disks, stage.calls());
    let second = async {
        sleep(2 * lease).await;
        stage.backup(&app, &[disks()]).with_uid("u").run().await
    };
    let refused = tokio::select! {
        first = first.run() => panic!("it waits for its snapshot: {first:?}"),
        second = second => second.unwrap_err(),
    };
    assert_eq!(refused.kind(), ErrorKind::Busy, "{refused}");
    assert_eq!(app.storage.count(), 1, "the first one's snapshot stays");
    // The first is dropped, which this process knows.
    let began = Instant::now();
    let report = stage.backup(&app, &[disks()]).with_uid("u").run().await;
    assert_eq!(report.unwrap().record.status.phase, Phase::Completed);
    assert!(began.elapsed() < lease, "{:?}", began.elapsed());
    assert_eq!(app.storage.count(), 1);
}

/// Nobody here knows whether a run in another process is alive, whatever its uid.
#[tokio::test(start_paused = true)]
async fn a_run_of_another_process_has_the_name_for_as_long_as_it_may_live() {
    for uid in ["u", "another"] {
        for is_alive in [true, false] {
            let (app, stage) = (App::new(), Stage::default());
            let store = &stage.store.inner;
            for content in [
                r#"{"uid":"u","run":"0b5ce1f0-1"}"#,
                // As it was before runs had names.
                r#"{"uid":"u"}"#,
            ] {
                let what = format!("{uid}, {is_alive}, {content}");
                let key = "backups/a/a-lease.json".into();
                store.put(&key, content.into()).await.unwrap();
                let lease = RunOptions::default().lease_duration;
                let beating = async {
                    for beat in 0_u32.. {
                        if is_alive {
                            let key = "backups/a/a-lease-u.json".into();
                            store.put(&key, beat.to_string().into()).await.unwrap();
                        }
                        sleep(lease / 4).await;
                    }
                };
                let began = Instant::now();
                let run = stage.backup(&app, &[]).with_uid(uid).run();
                let outcome = tokio::select! {
                    outcome = run => outcome,
                    () = beating => unreachable!(),
                };
                match outcome {
                    Ok(_) => {
                        assert!(!is_alive && began.elapsed() >= lease, "{what}");
                        stage.repository().delete("a").await.unwrap();
                    }
                    Err(error) => {
                        assert!(is_alive, "{what}: {error}");
                        assert_eq!(error.kind(), ErrorKind::Busy, "{what}");
                    }
                }
            }
        }
    }
}
