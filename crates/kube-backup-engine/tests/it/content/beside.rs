//! Every file of a backup is the one that its record names.

use std::sync::Arc;

use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::verify::{Check, Verify};
use kube_backup_engine::{Digest, EntryFilter, ErrorKind, OpenBackup, Repository};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::{backed_up, bytes, keys};

/// Reads all that a caller can read of a backup.
async fn read_all(backup: &OpenBackup) -> kube_backup_engine::Result<()> {
    use futures::TryStreamExt as _;
    backup.results().await?;
    backup.resource_list().await?;
    backup.log().await?;
    let entries = backup.entries(&EntryFilter::default()).await?;
    backup
        .read(&entries)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    backup.stream().try_for_each(|_| async { Ok(()) }).await
}

#[tokio::test]
async fn the_record_names_every_file_with_its_length_and_sha256() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (_cluster, repository, report) = backed_up(Arc::clone(&store)).await;
    let record = bytes(store.as_ref(), "backups/a/velero-backup.json").await;
    assert_eq!(report.record_sha256, Digest::of(&record));
    let files = report.record.files().unwrap();
    let mut found = Vec::new();
    for key in keys(store.as_ref()).await {
        let name = key.filename().unwrap().to_owned();
        if name != "velero-backup.json" {
            let bytes = bytes(store.as_ref(), key.as_ref()).await;
            assert_eq!(files[&name].size, bytes.len() as u64, "{name}");
            assert_eq!(files[&name].sha256, Digest::of(&bytes), "{name}");
            found.push(name);
        }
    }
    assert_eq!(found, files.keys().cloned().collect::<Vec<_>>());
    assert_eq!(found.len(), 5, "{found:?}");
    let backup = repository.open("a").await.unwrap();
    read_all(&backup).await.unwrap();
}

/// Each file is taken away, emptied, cut, lengthened, and changed in one bit: it is refused, and the others are not.
#[tokio::test]
async fn a_file_that_is_missing_or_another_is_refused() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (_cluster, repository, _) = backed_up(Arc::clone(&store)).await;
    for key in keys(store.as_ref()).await {
        let name = key.filename().unwrap().to_owned();
        if name == "velero-backup.json" {
            continue;
        }
        let whole = bytes(store.as_ref(), key.as_ref()).await;
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        let mut longer = whole.clone();
        longer.push(0);
        let cut = whole[..whole.len() - 1].to_vec();
        for (how, other) in [
            ("missing", None),
            ("empty", Some(Vec::new())),
            ("cut", Some(cut)),
            ("longer", Some(longer)),
            ("flipped", Some(flipped)),
        ] {
            match other {
                Some(bytes) => drop(store.put(&key, bytes.into()).await.unwrap()),
                None => store.delete(&key).await.unwrap(),
            }
            let read = async { read_all(&repository.open("a").await?).await };
            let error = read.await.expect_err(&format!("{name} is {how}"));
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{name} is {how}: {error}");
            let report = Verify::new(repository.clone(), "a").run().await.unwrap();
            assert!(!report.is_restorable(), "{name} is {how}: {report}");
            store.put(&key, whole.clone().into()).await.unwrap();
        }
    }
    let report = Verify::new(repository, "a").run().await.unwrap();
    assert_eq!(report.findings, [], "{report}");
}

/// An index that the record names takes no quiet way out; asked to, a restore does without.
#[tokio::test]
async fn a_restore_without_the_index_is_one_that_was_asked_for() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (_cluster, repository, _) = backed_up(Arc::clone(&store)).await;
    let index = "backups/a/a-index.json.gz".into();
    store.delete(&index).await.unwrap();
    let restore = async |repository: &Repository| {
        let cluster = KubeLocal::start().await.unwrap();
        let backup = repository.open("a").await.unwrap();
        let client = crate::cluster::client(&cluster);
        let restore = Restore::new(client, backup, RestoreSpec::named("r"));
        restore.run().await
    };
    let error = restore(&repository).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("ignoring_indexes"), "{error}");
    for damaged in [None, Some("damaged")] {
        if let Some(damaged) = damaged {
            store.put(&index, damaged.into()).await.unwrap();
            let report = Verify::new(repository.clone(), "a").run().await.unwrap();
            let of_index = |check| check == Check::Index || check == Check::Files;
            assert!(
                report
                    .findings
                    .iter()
                    .all(|finding| of_index(finding.check)),
                "{report}"
            );
        }
        let report = restore(&repository.clone().ignoring_indexes())
            .await
            .unwrap();
        assert!(report.is_complete(), "{report}");
        assert!(report.counts()["created"] > 10, "{report}");
    }
}
