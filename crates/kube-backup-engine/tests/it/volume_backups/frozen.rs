//! Applications that are frozen while their data is kept: for how long, and what is said of their hooks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kube_backup_engine::Result;
use kube_backup_engine::volumes::testkit::FakeKind;
use kube_backup_engine::volumes::{
    Capabilities, Eligibility, RestoreSource, RestoreTarget, SnapshotGroup, SnapshotState, Volume,
    VolumeRecord, VolumeSnapshotter,
};
use object_store::ObjectStoreExt as _;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{App, Counted, Stage, Time, of, volumes_of};

/// Files that are copied as soon as they are looked at.
#[derive(Debug)]
struct Prompt(Counted);

#[async_trait]
impl VolumeSnapshotter for Prompt {
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
        let mut records = self.0.poll(records).await?;
        for record in &mut records {
            record.state = SnapshotState::Complete;
        }
        Ok(records)
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

/// An application that is frozen for a copy of its files does not wait for the disks of others.
#[tokio::test(start_paused = true)]
async fn an_application_goes_on_once_its_files_are_copied() {
    let (app, stage) = (App::new(), Stage::default());
    app.claim("data").claim("files");
    app.add(
        "pods",
        json!({"metadata": {"namespace": "shop", "name": "web", "uid": "uid-of-web",
            "annotations": {"backup.velero.io/backup-volumes": "v",
                "post.hook.backup.velero.io/command": "thaw"}},
        "spec": {"nodeName": "node-a", "containers": [{"name": "web"}],
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "files"}}]},
        "status": {"phase": "Running"}}),
    );
    let start = Instant::now();
    let disks = Counted {
        time: Time::Since(start),
        ..app.snapshotter(FakeKind::Disks, stage.calls())
    };
    let files = Counted {
        time: Time::ByLooks(Duration::ZERO),
        ..app.snapshotter(FakeKind::Files, stage.calls())
    };
    let snapshotters: Vec<Arc<dyn VolumeSnapshotter>> =
        vec![Arc::new(disks), Arc::new(Prompt(files))];
    let backup = stage.backup(&app, &[]).with_snapshotters(snapshotters);
    backup.run().await.unwrap();
    let end = Instant::now();
    let volumes = volumes_of(&stage).await;
    for claim in ["data", "files"] {
        let record = of(&volumes, claim).restorable().unwrap();
        assert_eq!(record.state, SnapshotState::Complete, "{claim}");
    }
    assert!(
        end - start >= Duration::from_secs(60),
        "the disks took that long"
    );
    let thawed = app.commands().first().copied().unwrap();
    assert!(
        thawed - start < Duration::from_secs(60),
        "{:?}",
        thawed - start
    );
}

/// The record says what Velero's says, for `velero backup describe`.
#[tokio::test]
async fn the_record_counts_hooks_as_velero_does() {
    for (annotations, expected) in [
        (json!({}), Value::Null),
        (
            json!({"pre.hook.backup.velero.io/command": "freeze",
                "pre.hook.backup.velero.io/on-error": "Continue",
                "post.hook.backup.velero.io/command": "thaw"}),
            json!({"hooksAttempted": 2, "hooksFailed": 2}),
        ),
    ] {
        let (app, stage) = (App::new(), Stage::default());
        app.claim("data");
        // It has no containers, so that none of its commands can be run.
        app.pod("web", &[("v", "data")], &annotations);
        let disks = app.snapshotter(FakeKind::Disks, stage.calls());
        let report = stage.backup(&app, &[disks]).run().await.unwrap();
        let key = "backups/a/velero-backup.json".into();
        let record = stage.store.inner.get(&key);
        let record = record.await.unwrap().bytes().await.unwrap();
        let record: Value = serde_json::from_slice(&record).unwrap();
        assert_eq!(record["status"]["hookStatus"], expected, "{report}");
    }
}
