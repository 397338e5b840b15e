//! What Velero and other readers see of volumes (pkg/persistence/object_store_layout.go), against the committed files.

use std::fmt::Write as _;
use std::io::Read as _;
use std::time::Duration;

use flate2::read::GzDecoder;
use futures::TryStreamExt as _;
use kube_backup_engine::volumes::testkit::FakeKind;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use serde_json::{Value, json};

use super::{App, Counted, Stage, Time};

/// A snapshot of each method, one that failed, and a volume that is skipped.
fn app() -> App {
    let app = App::new();
    app.claim("csi").claim("failed").claim("files");
    app.claim_as("raw", |claim, volume| {
        claim["spec"]["volumeMode"] = "Block".into();
        volume["spec"]["volumeMode"] = "Block".into();
        volume["metadata"]["labels"] = json!({"zone": "a"});
    });
    app.claim_as("skipped", |claim, _| {
        claim["metadata"]["labels"] = json!({"kube-backup-engine.io/skip-volume-data": "true"});
    });
    app.pod(
        "web",
        &[("v", "files")],
        &json!({"backup.velero.io/backup-volumes": "v"}),
    );
    app.storage.fail("pv-failed");
    app
}

#[tokio::test]
async fn side_files_are_those_of_velero() {
    let (app, stage) = (app(), Stage::default());
    // The first that can take a volume does: raw devices are for disks alone.
    let kinds = [FakeKind::Csi, FakeKind::Disks, FakeKind::Files];
    let snapshotters = kinds.map(|kind| app.snapshotter(kind, stage.calls()));
    let backup = stage.backup(&app, &snapshotters);
    let report = backup
        .with_uid("0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01")
        .run()
        .await
        .unwrap();
    let mut keys: Vec<_> = stage
        .store
        .inner
        .list(None)
        .map_ok(|found| found.location)
        .try_collect()
        .await
        .unwrap();
    keys.sort();
    let specification = include_str!("../../../FORMAT.md");
    let mut files = String::new();
    let mut names = Vec::new();
    for key in keys
        .into_iter()
        .filter(|key| key.as_ref().contains("volume"))
    {
        let bytes = stage
            .store
            .inner
            .get(&key)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let mut text = String::new();
        GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let name = key.filename().unwrap().to_owned();
        writeln!(
            files,
            "# {name}\n{}",
            serde_json::to_string_pretty(&sorted(&value)).unwrap()
        )
        .unwrap();
        let written = format!("`backups/B/B{}`", name.trim_start_matches('a'));
        assert!(specification.contains(&written), "{written} is specified");
        assert!(
            report.record.files().unwrap().contains_key(&name),
            "{name} is in the record"
        );
        names.push(name);
    }
    assert_eq!(names.len(), 7, "{names:?}");
    insta::assert_snapshot!("side_files", files);
    let status = serde_json::to_value(&report.record.status).unwrap();
    assert_eq!(status["volumeSnapshotsAttempted"], 1);
    assert_eq!(status["volumeSnapshotsCompleted"], 1);
    assert_eq!(status["csiVolumeSnapshotsAttempted"], 2);
    assert_eq!(status["csiVolumeSnapshotsCompleted"], 1);
    assert_eq!(report.record.spec["snapshotVolumes"], true);
}

/// Velero's files name one phase of one snapshot.
#[tokio::test(start_paused = true)]
async fn no_two_files_disagree_about_a_snapshot() {
    for after in [0, 15, 90] {
        let (app, stage) = (App::new(), Stage::default());
        app.claim("data");
        let slow = Counted {
            time: Time::ByLooks(Duration::ZERO),
            ..app.snapshotter(FakeKind::Disks, stage.calls())
        };
        let (storage, mut has_passed) = (app.storage.clone(), false);
        let once = std::sync::Mutex::new(move || {
            if !std::mem::replace(&mut has_passed, true) {
                storage.advance(Duration::from_secs(after));
            }
        });
        let backup = stage.backup(&app, &[slow]);
        let backup = backup.on_volumes(move |_| once.lock().unwrap()());
        backup.run().await.unwrap();
        let read = async |name: &str| {
            let key = format!("backups/a/a-{name}.json.gz").into();
            let bytes = stage.store.inner.get(&key).await.unwrap().bytes().await;
            let mut text = String::new();
            let bytes = bytes.unwrap();
            GzDecoder::new(&bytes[..])
                .read_to_string(&mut text)
                .unwrap();
            serde_json::from_str::<Value>(&text).unwrap()
        };
        let info = read("volumeinfo").await;
        let snapshots = read("volumesnapshots").await;
        let phase = &snapshots[0]["status"]["phase"];
        assert_eq!(*phase, if after == 0 { "Failed" } else { "Completed" });
        assert_eq!(
            info[0]["nativeSnapshotInfo"]["Phase"], *phase,
            "after {after} s"
        );
    }
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            let fields = keys
                .into_iter()
                .map(|key| (key.clone(), sorted(&fields[key])));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        value => value.clone(),
    }
}
