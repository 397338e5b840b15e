//! A bucket and a storage with backups that a policy deletes.

use std::sync::Arc;

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube_backup_engine::retention::{Candidate, Prune, PrunePlan, PruneReport, RetentionPolicy};
use kube_backup_engine::volumes::testkit::{FakeKind, FakeStorage};
use kube_backup_engine::volumes::{Volume, VolumeSnapshotter as _, plan_groups};
use kube_backup_engine::{Digest, Repository, Result};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::json;

use super::at;
use crate::calls::{Calls, Counted, CountedStore};

/// A bucket and a storage with three backups, two volumes each: `new`, `old` and `oldest`.
pub(super) struct World {
    pub(super) store: Arc<InMemory>,
    pub(super) storage: FakeStorage,
}

pub(super) const NAMES: [&str; 3] = ["new", "old", "oldest"];

impl World {
    pub(super) async fn new() -> Self {
        let world = Self {
            store: Arc::new(InMemory::new()),
            storage: FakeStorage::new(at("2026-03-01")),
        };
        for (position, name) in NAMES.into_iter().enumerate() {
            world
                .back_up(name, &format!("2026-03-{:02}T02:00:00Z", 3 - position))
                .await;
        }
        world
    }

    async fn back_up(&self, name: &str, created: &str) {
        let uid = format!("uid-of-{name}");
        let snapshotter = self.storage.snapshotter(FakeKind::Disks);
        let volumes = ["pv-1", "pv-2"].map(|volume| {
            Volume::new(
                self.storage.volume(volume, "1Gi"),
                PersistentVolumeClaim::default(),
            )
        });
        let mut taken = Vec::new();
        for group in plan_groups(&snapshotter, name, &uid, volumes) {
            taken.extend(snapshotter.snapshot(&group).await.unwrap());
        }
        // The second was never noted: its run was killed and continued by another.
        taken.truncate(1);
        let volumes: Vec<_> = taken
            .iter()
            .map(|record| {
                json!({"claim": record.claim, "volume": record.volume, "record": record,
                    "decision": {"outcome": "taken", "snapshotter": record.snapshotter, "method": record.method,
                        "reason": "its driver is known"}})
            })
            .collect();
        let volumes =
            json!({"formatVersion": 1, "objectsAt": created, "volumes": volumes}).to_string();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
        std::io::Write::write_all(&mut gzip, volumes.as_bytes()).unwrap();
        let bytes = gzip.finish().unwrap();
        let file = format!("{name}-volumes.json.gz");
        let files =
            json!({&file: {"length": bytes.len(), "sha256": Digest::of(&bytes)}}).to_string();
        let record = json!({"kind": "Backup", "apiVersion": "velero.io/v1",
            "metadata": {"name": name, "uid": uid, "creationTimestamp": created, "annotations": {
                "kube-backup-engine.io/files": files,
                "kube-backup-engine.io/archive": r#"{"length":7,"crc64":"1"}"#}},
            "status": {"phase": "Completed"}});
        let contents = [
            (
                "velero-backup.json".to_owned(),
                record.to_string().into_bytes(),
            ),
            (file, bytes),
            (format!("{name}.tar.gz"), b"archive".to_vec()),
            (format!("{name}-index.json.gz"), b"index".to_vec()),
        ];
        for (file, bytes) in contents {
            self.store
                .put(&format!("backups/{name}/{file}").into(), bytes.into())
                .await
                .unwrap();
        }
    }

    /// Notes beside the backup `name` that a writer `uid` has begun snapshots by this snapshotter.
    pub(super) async fn note(&self, name: &str, uid: &str, snapshotter: &str) {
        let note = json!({"uid": uid, "snapshotters": [snapshotter]}).to_string();
        let key = format!("backups/{name}/{name}-begun-{uid}.json");
        self.store.put(&key.into(), note.into()).await.unwrap();
    }

    /// Begins a snapshot of another volume under `name`, as a writer `uid`.
    pub(super) async fn begin(&self, name: &str, uid: &str) {
        let snapshotter = self.storage.snapshotter(FakeKind::Disks);
        self.note(name, uid, snapshotter.name()).await;
        let volume = Volume::new(
            self.storage.volume("pv-3", "1Gi"),
            PersistentVolumeClaim::default(),
        );
        for group in plan_groups(&snapshotter, name, uid, [volume]) {
            snapshotter.snapshot(&group).await.unwrap();
        }
    }

    pub(super) fn repository(&self) -> Repository {
        Repository::new(Arc::clone(&self.store) as Arc<dyn ObjectStore>, "")
    }

    /// What a policy that keeps the newest says now.
    pub(super) async fn plan(repository: &Repository) -> Result<PrunePlan> {
        let records = repository.list().await?.records;
        let backups: Vec<Candidate> = records.iter().map(Candidate::of).collect();
        let policy = RetentionPolicy {
            keep_last: Some(1),
            ..RetentionPolicy::default()
        };
        policy.apply(&backups, at("2026-03-04"))
    }

    pub(super) fn disks(&self, calls: &Calls) -> Counted {
        Counted::new(
            &self.storage,
            self.storage.snapshotter(FakeKind::Disks),
            calls,
        )
    }

    /// One pass, undisturbed.
    pub(super) async fn pass(&self) -> PruneReport {
        self.pass_with(|prune| prune, None).await
    }

    pub(super) async fn pass_with(
        &self,
        change: impl FnOnce(Prune) -> Prune,
        locked: Option<&'static str>,
    ) -> PruneReport {
        let passed = self.pass_until(&Calls::default(), change, locked).await;
        passed.unwrap()
    }

    /// One pass, as a process whose calls these are. Returns what it reported, if it came to that.
    pub(super) async fn pass_until(
        &self,
        calls: &Calls,
        change: impl FnOnce(Prune) -> Prune,
        locked: Option<&'static str>,
    ) -> Option<PruneReport> {
        let store = CountedStore {
            inner: Arc::clone(&self.store),
            calls: calls.clone(),
            locked,
        };
        let repository = Repository::new(Arc::new(store), "");
        let disks = Arc::new(self.disks(calls));
        let prune = change(Prune::new(repository.clone()).with_snapshotter(disks));
        let pass = async {
            let plan = Self::plan(&repository).await?;
            prune.run(&plan).await
        };
        tokio::select! {
            report = pass => report.ok(),
            () = calls.killed() => None,
        }
    }

    pub(super) async fn keys(&self) -> Vec<String> {
        let found: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        found
            .into_iter()
            .map(|object| object.location.to_string())
            .collect()
    }

    /// Nothing is left of what was deleted, and all is there of the other.
    pub(super) async fn check(&self, why: &str) {
        let keys = self.keys().await;
        assert_eq!(keys.len(), 4, "{why}: {keys:?}");
        assert!(
            keys.iter().all(|key| key.starts_with("backups/new/")),
            "{why}: {keys:?}"
        );
        assert_eq!(self.storage.count(), 2, "{why}");
    }
}
