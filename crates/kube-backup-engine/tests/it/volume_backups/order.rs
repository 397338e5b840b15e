//! In which order snapshots are made and waited for, and what becomes of those that go wrong.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube_backup_engine::Phase;
use kube_backup_engine::backup::{BackupSpec, VolumeSpec};
use kube_backup_engine::volumes::testkit::FakeKind;
use kube_backup_engine::volumes::{BackedUpVolumes, SnapshotState, VolumeRecord};
use tokio::time::Instant;

use super::{App, Counted, Stage, Time, errors, now, of, volumes_of};

const GIB: u64 = 1 << 30;

/// An application with so many claims.
fn with_claims(count: usize) -> App {
    let app = App::new();
    for n in 0..count {
        app.claim(&format!("c{n:02}"));
    }
    app
}

/// A snapshotter whose storage has tokio's time, and takes groups of 16.
fn timed(app: &App, stage: &Stage) -> Counted {
    Counted {
        time: Time::Since(Instant::now()),
        members: Some(16),
        begins_in: Duration::from_secs(5),
        ..app.snapshotter(FakeKind::Disks, stage.calls())
    }
}

fn within(complete: Duration) -> BackupSpec {
    let mut volumes = VolumeSpec::default();
    volumes.item_operation_timeout = Some(complete);
    BackupSpec {
        volumes,
        ..BackupSpec::named("a")
    }
}

#[tokio::test(start_paused = true)]
async fn forty_volumes_in_three_groups_cost_one_round_of_waiting() {
    let mut took = Vec::new();
    for (count, groups) in [(1, 1), (40, 3)] {
        let (app, stage) = (with_claims(count), Stage::default());
        let start = Instant::now();
        let disks = timed(&app, &stage);
        let report = stage.backup(&app, &[disks]).run().await.unwrap();
        took.push(start.elapsed());
        assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
        assert_eq!(stage.calls().count("snapshot"), groups);
        assert_eq!(
            report.record.status.volume_snapshots_completed,
            count as u64
        );
        assert_eq!(app.storage.count(), count);
    }
    assert_eq!(took[0], took[1], "as long as one volume");
    assert!(
        took[0] >= Duration::from_secs(60),
        "it was waited for: {took:?}"
    );
}

#[tokio::test]
async fn all_groups_are_begun_before_any_is_waited_for() {
    let (app, stage) = (with_claims(10), Stage::default());
    let disks = app.snapshotter(FakeKind::Disks, stage.calls());
    let report = stage.backup(&app, &[disks]).run().await.unwrap();
    let log = stage.calls().log();
    let at = |of: &str| log.iter().position(|call| call.starts_with(of)).unwrap();
    let last_begun = log
        .iter()
        .rposition(|call| call.starts_with("snapshot"))
        .unwrap();
    assert_eq!(
        stage.calls().count("snapshot"),
        3,
        "four in a group: {log:?}"
    );
    assert!(last_begun < at("poll"), "{log:?}");
    let note = log
        .iter()
        .position(|call| call.starts_with("put") && call.contains("-begun-"));
    assert!(
        note.unwrap() < at("snapshot"),
        "what is begun is noted first: {log:?}"
    );
    // More than a group takes, and not of one point in time: that is said.
    let volumes = volumes_of(&stage).await;
    assert!(
        volumes.iter().all(|it| it.warnings.len() == 1),
        "{volumes:?}"
    );
    let mut warnings = report.results.warnings.messages();
    assert!(warnings.any(|it| it.contains("in 3 groups")), "{report}");
    assert!(
        !log.iter()
            .any(|call| call.contains("-begun-") && call.starts_with("get"))
    );
    let files = report.record.files().unwrap();
    assert!(
        files.contains_key("a-volumes.json.gz"),
        "the record covers it: {files:?}"
    );
}

#[tokio::test]
async fn the_record_says_when_each_group_was_cut_and_how_far_from_the_objects() {
    let (app, stage) = (with_claims(2), Stage::default());
    app.storage.advance(Duration::from_secs(7));
    let disks = app.snapshotter(FakeKind::Disks, stage.calls());
    stage.backup(&app, &[disks]).run().await.unwrap();
    let backup = stage.repository().open("a").await.unwrap();
    let file: BackedUpVolumes = backup.volumes_file().await.unwrap().unwrap();
    assert_eq!(file.objects_at, now());
    assert_eq!(file.cuts.len(), 1);
    assert_eq!(file.cuts[0].seconds_after_objects, 7);
    assert_eq!(file.cuts[0].volumes, ["pv-c00", "pv-c01"]);
    let record = file.volumes[0].record.as_ref().unwrap();
    assert_eq!(file.cuts[0].name, *record.group.as_ref().unwrap());
    assert_eq!(file.volumes[0].claim.uid, "uid-of-c00");
    assert_eq!(file.volumes[0].volume.uid, "uid-of-pv-c00");
}

#[tokio::test]
async fn data_and_objects_far_apart_are_worth_a_word() {
    let (app, stage) = (with_claims(1), Stage::default());
    app.storage.advance(Duration::from_secs(3600));
    let disks = app.snapshotter(FakeKind::Disks, stage.calls());
    let report = stage.backup(&app, &[disks]).run().await.unwrap();
    let mut warnings = report.results.warnings.messages();
    assert!(
        warnings.any(|it| it.contains("pv-c00") && it.contains("may not agree")),
        "{report}"
    );
}

#[tokio::test]
async fn a_volume_that_fails_takes_nothing_from_the_others() {
    for (kind, left) in [(FakeKind::Csi, 1), (FakeKind::Disks, 2)] {
        let (app, stage) = (App::new(), Stage::default());
        app.claim("bad").claim("good");
        app.storage.fail("pv-bad");
        let snapshotter = app.snapshotter(kind, stage.calls());
        let report = stage.backup(&app, &[snapshotter]).run().await.unwrap();
        assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
        let errors = errors(&report);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(
            errors[0].starts_with("persistentvolumeclaims shop/bad: its data is not kept")
                && errors[0].contains("the storage failed to cut it"),
            "{errors:?}"
        );
        let volumes = volumes_of(&stage).await;
        assert!(of(&volumes, "bad").restorable().is_none());
        assert!(of(&volumes, "good").restorable().is_some());
        assert!(
            of(&volumes, "bad")
                .missing_because()
                .unwrap()
                .contains("failed to cut it")
        );
        // Of a group, one member alone is not deleted: it goes with the backup.
        assert_eq!(app.storage.count(), left, "{kind:?}");
        let status = report.record.status;
        let counts = match kind {
            FakeKind::Csi => (
                status.csi_volume_snapshots_attempted,
                status.csi_volume_snapshots_completed,
            ),
            _ => (
                status.volume_snapshots_attempted,
                status.volume_snapshots_completed,
            ),
        };
        assert_eq!(counts, (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_stuck_fails_by_name_once_its_time_is_up_and_is_cleared_away() {
    let (app, stage) = (with_claims(2), Stage::default());
    let stuck = Counted {
        time: Time::ByLooks(Duration::ZERO),
        ..app.snapshotter(FakeKind::Disks, stage.calls())
    };
    let start = Instant::now();
    let spec = within(Duration::from_secs(3600));
    let report = stage.backup_as(&app, spec, &[stuck]).run().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(3600));
    assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
    let errors = errors(&report);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors
            .iter()
            .all(|it| it.contains("it was not ready 3600s after")),
        "{errors:?}"
    );
    assert_eq!(app.storage.count(), 0, "both members of the group went");
    assert!(
        report.record.status.progress.unwrap().items_backed_up >= 4,
        "the objects are there"
    );
}

#[tokio::test(start_paused = true)]
async fn what_can_be_restored_and_is_not_stored_yet_is_kept_with_a_warning() {
    let (app, stage) = (with_claims(1), Stage::default());
    let slow = Counted {
        // Ready after the first look, and complete after a week.
        time: Time::ByLooks(Duration::ZERO),
        ..app.snapshotter(FakeKind::Disks, stage.calls())
    };
    let storage = app.storage.clone();
    let backup = stage.backup_as(&app, within(Duration::from_secs(600)), &[slow]);
    let backup = backup.on_volumes(move |records| {
        if records.iter().all(|it| it.state == SnapshotState::Pending) {
            storage.advance(Duration::from_secs(15));
        }
    });
    let report = backup.run().await.unwrap();
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    let volumes = volumes_of(&stage).await;
    assert_eq!(volumes[0].restorable().unwrap().state, SnapshotState::Ready);
    assert!(
        volumes[0].warnings[0].contains("keep the volume until it is"),
        "{volumes:?}"
    );
}

/// Each call is refused for good, or for long: the volume fails by name, and the backup is otherwise whole.
#[tokio::test(start_paused = true)]
async fn a_storage_that_refuses_costs_its_volumes_and_no_others() {
    for (call, may_pass) in [
        ("snapshot", false),
        ("snapshot", true),
        ("poll", false),
        ("poll", true),
    ] {
        let (app, stage) = (App::new(), Stage::default());
        app.claim("data").claim("files");
        app.pod(
            "web",
            &[("v", "files")],
            &serde_json::json!({"backup.velero.io/backup-volumes": "v"}),
        );
        let disks = Counted {
            refuses: Some((call, may_pass)),
            ..app.snapshotter(FakeKind::Disks, stage.calls())
        };
        let files = app.snapshotter(FakeKind::Files, stage.calls());
        let spec = within(Duration::from_secs(1800));
        let report = stage
            .backup_as(&app, spec, &[disks, files])
            .run()
            .await
            .unwrap();
        assert_eq!(report.record.status.phase, Phase::PartiallyFailed, "{call}");
        let errors = errors(&report);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(
            errors[0].contains("shop/data") && errors[0].contains(&format!("{call} is refused")),
            "{call} {may_pass}: {errors:?}"
        );
        let volumes = volumes_of(&stage).await;
        assert!(of(&volumes, "files").restorable().is_some(), "{call}");
        assert!(of(&volumes, "data").restorable().is_none(), "{call}");
        assert_eq!(
            app.storage.count(),
            1,
            "what was begun of it is gone: {call} {may_pass}"
        );
    }
}

/// A snapshotter that responds with what it was not asked about is not believed.
#[tokio::test]
async fn snapshots_of_others_are_not_taken_for_those_that_were_asked_for() {
    use async_trait::async_trait;
    use kube_backup_engine::volumes::{
        Capabilities, Eligibility, RestoreSource, RestoreTarget, SnapshotGroup, Volume,
        VolumeSnapshotter,
    };
    type Result<T> = kube_backup_engine::Result<T>;

    #[derive(Debug)]
    struct Mistaken(Counted, fn(&mut Vec<VolumeRecord>));

    #[async_trait]
    impl VolumeSnapshotter for Mistaken {
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
            let mut records = self.0.snapshot(group).await?;
            (self.1)(&mut records);
            Ok(records)
        }
        async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
            self.0.poll(records).await
        }
        async fn find(&self, uid: &str) -> Result<Vec<VolumeRecord>> {
            self.0.find(uid).await
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

    let mistakes: [fn(&mut Vec<VolumeRecord>); 4] = [
        |records| records.reverse(),
        |records| drop(records.pop()),
        |records| records[0].backup_uid = "another".into(),
        |records| records[0].claim.name = "another".into(),
    ];
    for mistake in mistakes {
        let (app, stage) = (with_claims(2), Stage::default());
        let inner = app.snapshotter(FakeKind::Disks, stage.calls());
        let mistaken: Arc<dyn VolumeSnapshotter> = Arc::new(Mistaken(inner, mistake));
        let backup = stage.backup(&app, &[]).with_snapshotters(vec![mistaken]);
        let report = backup.run().await.unwrap();
        let errors = errors(&report);
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(
            errors
                .iter()
                .all(|it| it.contains("which are not the snapshots")),
            "{errors:?}"
        );
    }
}

#[tokio::test]
async fn progress_tells_of_volumes_and_their_bytes() {
    let (app, stage) = (with_claims(3), Stage::default());
    let disks = app.snapshotter(FakeKind::Disks, stage.calls());
    let (seen, told) = (
        Arc::new(Mutex::new(Vec::new())),
        Arc::new(Mutex::new(Vec::new())),
    );
    let (progress, volumes) = (Arc::clone(&seen), Arc::clone(&told));
    let backup = stage
        .backup(&app, &[disks])
        .on_progress(move |it| progress.lock().unwrap().push(it))
        .on_volumes(move |it| volumes.lock().unwrap().push(it.to_vec()));
    let report = backup.run().await.unwrap();
    let last = *seen.lock().unwrap().last().unwrap();
    assert_eq!((last.volumes, last.volumes_done), (3, 3));
    assert_eq!(
        last.objects,
        report.record.status.progress.unwrap().items_backed_up
    );
    let bytes = "data of c00".len() as u64;
    assert_eq!(last.volume_bytes, 3 * bytes);
    let told = told.lock().unwrap();
    let (first, last) = (told.first().unwrap(), told.last().unwrap());
    assert!(
        first
            .iter()
            .all(|it| it.state == SnapshotState::Pending && it.bytes_done.is_none())
    );
    assert!(
        last.iter()
            .all(|it| it.bytes_done == Some(bytes) && it.restore_size == Some(GIB))
    );
}

#[tokio::test]
async fn what_comes_along_without_a_decision_is_not_passed_over() {
    // Chosen by its label alone, and the claim of a Pod that is not running any more.
    let (app, stage) = (App::new(), Stage::default());
    app.claim("data").claim("done");
    app.add(
        "pods",
        serde_json::json!({"metadata": {"namespace": "shop", "name": "job", "labels": {"app": "a"}},
            "spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "done"}}]},
            "status": {"phase": "Succeeded"}}),
    );
    let spec: BackupSpec =
        serde_json::from_value(serde_json::json!({"labelSelector": {"matchLabels": {"app": "a"}}}))
            .unwrap();
    let spec = BackupSpec {
        name: "a".to_owned(),
        selection: kube_backup_engine::Selection {
            included_names: ["job".to_owned()].into(),
            ..spec.selection
        },
        ..spec
    };
    let disks = app.snapshotter(FakeKind::Disks, stage.calls());
    let report = stage.backup_as(&app, spec, &[disks]).run().await.unwrap();
    let volumes = volumes_of(&stage).await;
    let archived = stage.repository().open("a").await.unwrap();
    let archived = archived.resource_list().await.unwrap().unwrap();
    let archived = archived
        .get("v1/PersistentVolumeClaim")
        .cloned()
        .unwrap_or_default();
    let known: Vec<String> = volumes.iter().map(|it| it.claim.to_string()).collect();
    assert_eq!(known, archived, "{report}");
    assert_eq!(archived, ["shop/done"]);
}
