//! One bad record takes nothing from the others, and what is not there cannot be deleted.

use std::sync::Arc;

use kube_backup_engine::{ErrorKind, Record};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::{backed_up, bytes};

#[tokio::test]
async fn a_record_that_cannot_be_read_hides_no_other() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (_cluster, repository, _) = backed_up(Arc::clone(&store)).await;
    let record = bytes(store.as_ref(), "backups/a/velero-backup.json").await;
    let cut = record[..record.len() / 2].to_vec();
    for (name, bytes) in [
        ("0-cut", cut),
        ("Renamed by hand", record.clone()),
        ("b-empty", Vec::new()),
        ("b-large", vec![b' '; (8 << 20) + 1]),
        ("b-other", record),
        ("z-null", b"null".to_vec()),
    ] {
        let key = format!("backups/{name}/velero-backup.json");
        store.put(&key.into(), bytes.into()).await.unwrap();
    }
    for name in ["no-record", "No Record"] {
        let key = format!("backups/{name}/x.tar.gz");
        store.put(&key.into(), "x".into()).await.unwrap();
    }
    let list = repository.list().await.unwrap();
    let names: Vec<&str> = list.records.iter().map(Record::name).collect();
    assert_eq!(names, ["a"]);
    let mut told: Vec<String> = list
        .unreadable
        .iter()
        .map(|backup| format!("{}: {:?}", backup.name, backup.error.kind()))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "0-cut: Corrupt",
            "Renamed by hand: Invalid",
            "b-empty: Corrupt",
            "b-large: Corrupt",
            "b-other: Corrupt",
            "z-null: Corrupt"
        ]
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_deleted() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (_cluster, repository, _) = backed_up(Arc::clone(&store)).await;
    let error = repository.delete("b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    repository.delete("a").await.unwrap();
    let error = repository.delete("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    // What a crash left is there to be deleted.
    let key = "backups/b/b.tar.gz";
    store.put(&key.into(), "x".into()).await.unwrap();
    repository.delete("b").await.unwrap();
    assert!(store.head(&key.into()).await.is_err());
}
