//! What a backup says of its volumes is believed only where the record says so, and of this backup alone.

use std::io::Write as _;
use std::sync::Arc;

use flate2::write::GzEncoder;
use kube_backup_engine::volumes::{
    BackedUpVolume, BackedUpVolumes, SnapshotState, VolumeDecision, VolumeMethod,
};
use kube_backup_engine::{Digest, ErrorKind, Repository, Result};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};

const FILE: &str = "backups/a/a-volumes.json.gz";

/// The file as the specification gives it.
fn file() -> Value {
    json!({"formatVersion": 1, "objectsAt": "2026-11-18T11:06:40Z",
    "cuts": [{"name": "backup-u-g-0", "snapshotter": "ecs", "cutAt": "2026-11-18T11:06:43Z",
        "secondsAfterObjects": 3, "volumes": ["pv-1"]}],
    "volumes": [
        {"claim": {"namespace": "shop", "name": "data", "uid": "c1"},
            "volume": {"name": "pv-1", "uid": "v1"},
            "facts": {"driver": "d", "handle": "d-1", "capacity": 1073741824, "storageClass": "fast",
                "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem", "fsType": "ext4"},
            "decision": {"outcome": "taken", "snapshotter": "ecs", "method": "NativeSnapshot",
                "reason": "its driver is `d`"},
            "record": {"snapshotter": "ecs", "method": "NativeSnapshot", "backupUid": "u",
                "name": "backup-u-1", "group": "backup-u-g-0", "handle": "s-1", "region": "r",
                "claim": {"namespace": "shop", "name": "data", "uid": "c1"},
                "volume": {"name": "pv-1", "uid": "v1"}, "state": {"phase": "complete"},
                "cutAt": "2026-11-18T11:06:43Z", "attributes": {"zone": "a"}}},
        {"claim": {"namespace": "shop", "name": "scratch"}, "volume": {"name": ""},
            "decision": {"outcome": "skipped", "reason": "it is bound to no volume"}}]})
}

struct Stored {
    repository: Repository,
    store: Arc<dyn ObjectStore>,
}

impl Stored {
    async fn new(file: &Value) -> Self {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::new(1));
        gzip.write_all(file.to_string().as_bytes()).unwrap();
        let bytes = gzip.finish().unwrap();
        let files = json!({"a-volumes.json.gz":
            {"length": bytes.len(), "sha256": Digest::of(&bytes)}});
        let record = json!({"kind": "Backup", "apiVersion": "velero.io/v1", "metadata": {"name": "a",
            "uid": "u", "annotations": {"kube-backup-engine.io/files": files.to_string()}}});
        let put = async |key: &str, bytes: Vec<u8>| {
            store.put(&key.into(), bytes.into()).await.unwrap();
        };
        put(FILE, bytes).await;
        put(
            "backups/a/velero-backup.json",
            record.to_string().into_bytes(),
        )
        .await;
        let repository = Repository::new(Arc::clone(&store), "");
        Self { repository, store }
    }

    async fn read(&self) -> Result<Vec<BackedUpVolume>> {
        self.repository.volumes("a").await
    }
}

#[tokio::test]
async fn the_file_of_the_specification_is_read_and_written_again() {
    let volumes = Stored::new(&file()).await.read().await.unwrap();
    assert_eq!(volumes.len(), 2);
    let data = &volumes[0];
    assert_eq!(data.claim.to_string(), "shop/data");
    assert_eq!(data.facts.capacity, Some(1 << 30));
    assert!(
        matches!(&data.decision, VolumeDecision::Taken { method, .. }
        if *method == VolumeMethod::NativeSnapshot)
    );
    assert_eq!(
        data.restorable().unwrap().state,
        SnapshotState::Complete,
        "and it needs no archive to be read"
    );
    assert_eq!(data.missing_because(), None);
    let why = volumes[1].missing_because();
    assert_eq!(why.as_deref(), Some("it is bound to no volume"));

    let read: BackedUpVolumes = serde_json::from_value(file()).unwrap();
    let mut reversed = volumes.clone();
    reversed.reverse();
    let made = BackedUpVolumes::new(read.objects_at, reversed);
    assert_eq!(made, read, "sorted, with the cuts that follow from it");
    let mut written = serde_json::to_value(&made).unwrap();
    // What is left out, and what stands for nothing, is the same.
    let facts = written["volumes"][1]
        .as_object_mut()
        .unwrap()
        .remove("facts");
    assert_eq!(facts, Some(json!({})));
    assert_eq!(written, file());
}

#[tokio::test]
async fn another_file_than_the_record_names_is_refused() {
    let stored = Stored::new(&file()).await;
    for other in [Some("other"), None] {
        match other {
            Some(bytes) => drop(stored.store.put(&FILE.into(), bytes.into()).await.unwrap()),
            None => stored.store.delete(&FILE.into()).await.unwrap(),
        }
        let error = stored.read().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
}

#[tokio::test]
async fn a_backup_that_names_none_has_none() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (_cluster, repository, _) = super::backed_up(store).await;
    assert_eq!(repository.volumes("a").await.unwrap(), []);
    let backup = repository.open("a").await.unwrap();
    assert_eq!(backup.volumes().await.unwrap(), []);
    let error = repository.volumes("b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn snapshots_of_another_backup_and_unknown_forms_are_refused() {
    let mut foreign = file();
    foreign["volumes"][0]["record"]["backupUid"] = "another".into();
    let mut later = file();
    later["formatVersion"] = 2.into();
    for (file, words) in [(foreign, "uid `another`"), (later, "its form is 2")] {
        let error = Stored::new(&file).await.read().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().contains(words), "{error}");
    }
}
