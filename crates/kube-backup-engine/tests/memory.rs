//! Reading holds a little of an archive, however large it is: counted by the allocator, not by the clock.

#![expect(clippy::unwrap_used, reason = "a failed test is a panic")]

#[path = "it/large/generated.rs"]
mod generated;

use std::sync::Arc;

use futures::TryStreamExt as _;
use generated::Generated;
use kube_backup_engine::Repository;
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::encryption::{Encryption, Identity};
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::verify::Verify;
use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;
use peak_alloc::PeakAlloc;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const SMALL: usize = 500;
const LARGE: usize = 5_000;
/// What reading may hold of each object: 16 MiB at a hundred thousand.
const READING: usize = (16 << 20) / 100_000;
/// What a restore may: names and outcomes, for its order and its report, and not the object, which has two
/// thousand bytes. This is over what reading may, and known to be; from run to run it differs by a tenth.
const RESTORING: usize = 1_000;

/// How a backup is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// As another program leaves it.
    WithoutIndex,
    WithIndex,
    Encrypted,
}

impl Kept {
    /// Numbers of objects to compare. What is encrypted is read through windows of its own, which a small backup
    /// does not fill: both are larger than these.
    fn sizes(self) -> (usize, usize) {
        match self {
            Self::WithoutIndex | Self::WithIndex => (SMALL, LARGE),
            Self::Encrypted => (LARGE, 4 * LARGE),
        }
    }
}

/// A backup of `size` objects.
async fn repository(size: usize, kept: Kept) -> Repository {
    let identity = Identity::generate();
    let mut spec = BackupSpec::named("a");
    if kept == Kept::Encrypted {
        spec.encryption = Some(Encryption::of_all([identity.recipient()]));
    }
    let repository = Repository::new(Arc::new(InMemory::new()), "").with_identities([identity]);
    let client = Generated { size }.client();
    let backup = Backup::new(client, repository.clone(), spec);
    backup.run().await.unwrap();
    if kept == Kept::WithoutIndex {
        let record = json!({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "a"},
            "status": {"phase": "Completed", "version": 1, "formatVersion": "1.0.0"}});
        let store = repository.store();
        let key = "backups/a/velero-backup.json".into();
        store
            .put(&key, record.to_string().into_bytes().into())
            .await
            .unwrap();
        let index = "backups/a/a-index.json.gz".into();
        store.delete(&index).await.unwrap();
    }
    repository
}

/// Most bytes held at once during `work`, beyond those before it.
async fn peak<T>(work: impl Future<Output = T>) -> (usize, T) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let result = work.await;
    (ALLOCATOR.peak_usage().saturating_sub(before), result)
}

async fn stream(repository: Repository) -> usize {
    let backup = repository.open("a").await.unwrap();
    let mut objects = backup.stream();
    let mut count = 0;
    while objects.try_next().await.unwrap().is_some() {
        count += 1;
    }
    count
}

async fn verify(repository: Repository) -> usize {
    let report = Verify::new(repository, "a").run().await.unwrap();
    assert!(report.is_restorable(), "{report}");
    report.objects as usize
}

/// Into a cluster that takes everything and keeps nothing.
async fn restore(repository: Repository) -> usize {
    let client = Generated { size: 0 }.client();
    let backup = repository.open("a").await.unwrap();
    let report = Restore::new(client, backup, RestoreSpec::named("r"))
        .run()
        .await
        .unwrap();
    assert!(report.is_complete(), "{report}");
    report.items.len()
}

/// One test, since the allocator counts what all of a process do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_the_objects_are_not_ten_times_the_memory() {
    let mut over = Vec::new();
    for kept in [Kept::WithoutIndex, Kept::WithIndex, Kept::Encrypted] {
        let (small, large) = kept.sizes();
        let (small, large) = (repository(small, kept).await, repository(large, kept).await);
        for way in ["stream", "verify", "restore"] {
            let mut held = Vec::new();
            for repository in [&small, &large] {
                let repository = repository.clone();
                let (bytes, count) = match way {
                    "stream" => peak(stream(repository)).await,
                    "verify" => peak(verify(repository)).await,
                    _ => peak(restore(repository)).await,
                };
                held.push((bytes, count));
            }
            let more = held[1].1 - held[0].1;
            let each = held[1].0.saturating_sub(held[0].0) / more;
            println!("{way} {kept:?}: {held:?}, {each} bytes more an object");
            let budget = if way == "restore" { RESTORING } else { READING };
            if each > budget {
                over.push(format!("{way} {kept:?}: {each} bytes an object"));
            }
        }
    }
    assert!(over.is_empty(), "{over:?}");
}
