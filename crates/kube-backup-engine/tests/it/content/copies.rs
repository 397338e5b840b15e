//! Copied, moved, renamed into another prefix or another kind of store: the same backup.

use std::path::Path as Folder;
use std::sync::Arc;

use kube_backup_engine::Repository;
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::verify::Verify;
use kube_local::KubeLocal;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::{backed_up, keys};
use crate::cluster;
use crate::format::tagged::Tagged;

/// Copies all of `from` below `prefix` of `to`, the newest object first, so that what counts its objects counts
/// them otherwise.
async fn copy(from: &dyn ObjectStore, to: &dyn ObjectStore, prefix: &str) {
    for key in keys(from).await.into_iter().rev() {
        let bytes = from.get(&key).await.unwrap().bytes().await.unwrap();
        let key = Path::from(format!("{prefix}{key}"));
        to.put(&key, bytes.into()).await.unwrap();
    }
}

/// Whether all of the backup `a` can be read, verified and restored.
async fn is_whole(store: Arc<dyn ObjectStore>, prefix: &str, case: &str) {
    let repository = Repository::new(store, prefix);
    let backup = repository.open("a").await;
    let backup = backup.unwrap_or_else(|error| panic!("{case}: {}", error.chain()));
    assert!(backup.has_index().await.unwrap(), "{case}");
    assert!(backup.results().await.unwrap().is_some(), "{case}");
    let report = Verify::new(repository, "a").run().await.unwrap();
    assert_eq!(report.findings, [], "{case}: {report}");
    let cluster = KubeLocal::start().await.unwrap();
    let restore = Restore::new(cluster::client(&cluster), backup, RestoreSpec::named("r"));
    let report = restore.run().await.unwrap();
    assert!(report.is_complete(), "{case}: {report}");
    assert!(report.counts()["created"] > 10, "{case}: {report}");
}

fn folder(path: &Folder) -> Arc<dyn ObjectStore> {
    std::fs::create_dir_all(path).unwrap();
    Arc::new(LocalFileSystem::new_with_prefix(path).unwrap())
}

#[tokio::test]
async fn a_copy_in_another_store_is_the_same_backup() {
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name);
    let memory: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    backed_up(Arc::clone(&memory)).await;
    is_whole(Arc::clone(&memory), "", "as it was written").await;

    let second: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    copy(memory.as_ref(), second.as_ref(), "moved/there/").await;
    is_whole(second, "moved/there", "from memory to another prefix").await;

    let tagged: Arc<dyn ObjectStore> = Arc::new(Tagged::new(InMemory::new()));
    copy(memory.as_ref(), tagged.as_ref(), "").await;
    is_whole(tagged, "", "to a store with ETags of another kind").await;

    let disk = folder(&at("one"));
    copy(memory.as_ref(), disk.as_ref(), "").await;
    is_whole(disk, "", "from memory to a folder").await;

    // As `cp -r` does it, and a restore from tape.
    let (from, to) = (at("one/backups/a"), at("two/backups/a"));
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    is_whole(folder(&at("two")), "", "from folder to folder").await;

    let back: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    copy(folder(&at("two")).as_ref(), back.as_ref(), "").await;
    is_whole(back, "", "from a folder to memory").await;
}
