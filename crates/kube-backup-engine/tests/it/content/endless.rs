//! Files whose bytes never end, whatever the store says of their length: little of them is read.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::TryStreamExt as _;
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::verify::Verify;
use kube_backup_engine::{EntryFilter, ErrorKind, Repository, RunOptions};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::backed_up;
use super::meddling::{Meddler, Meddling};

/// In MiB: the bound of side files, with what the pipes between reader and store hold.
const MOST: u64 = 160;

#[tokio::test]
async fn of_a_file_that_never_ends_little_is_read() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    backed_up(Arc::clone(&store)).await;
    for suffix in [
        "velero-backup.json",
        "a.tar.gz",
        "a-index.json.gz",
        "a-resource-list.json.gz",
        "a-results.gz",
        "a-logs.gz",
    ] {
        let meddler = Arc::new(Meddler::over(store.as_ref(), suffix, Meddling::Endless).await);
        let repository = Repository::new(Arc::clone(&meddler) as Arc<dyn ObjectStore>, "");
        let list = repository.list().await.unwrap();
        assert_eq!(list.records.len() + list.unreadable.len(), 1, "{suffix}");
        if let Ok(backup) = repository.open("a").await {
            let _ = backup.results().await;
            let _ = backup.log().await;
            let _ = backup.resource_list().await;
            let _ = backup.entries(&EntryFilter::default()).await;
            let mut objects = backup.stream();
            while let Ok(Some(_)) = objects.try_next().await {}
        }
        let whole = repository.ignoring_indexes();
        if let Ok(backup) = whole.open("a").await {
            let _ = backup.entries(&EntryFilter::default()).await;
        }
        match Verify::new(whole, "a").run().await {
            Ok(report) => assert!(!report.is_restorable(), "{suffix}: {report}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Store, "{suffix}: {error}"),
        }
        let pieces = meddler.pieces.load(Ordering::Relaxed);
        assert!((1..MOST * 3).contains(&pieces), "{suffix}: {pieces} MiB");
    }
}

#[tokio::test]
async fn a_lease_that_never_ends_is_nobodys() {
    let store = InMemory::new();
    for key in ["backups/a/a-lease.json", "backups/a/a-lease-.json"] {
        store.put(&key.into(), "{}".into()).await.unwrap();
    }
    let meddler = Arc::new(Meddler::over(&store, "-lease.json", Meddling::Endless).await);
    let repository = Repository::new(Arc::clone(&meddler) as Arc<dyn ObjectStore>, "");
    let cluster = kube_local::KubeLocal::start().await.unwrap();
    let mut options = RunOptions::default();
    options.lease_duration = Duration::from_millis(40);
    let backup = Backup::new(
        crate::cluster::client(&cluster),
        repository,
        BackupSpec::named("a"),
    );
    // Whatever comes of it, it comes: its own lease cannot be read back from such a store.
    let _ = backup.with_options(options).run().await;
    let pieces = meddler.pieces.load(Ordering::Relaxed);
    let reads = meddler.reads();
    assert!(
        (1..=reads).contains(&pieces),
        "{pieces} MiB in {reads} reads"
    );
}
