//! Everything long can be spawned on a runtime with many threads. That this compiles is the test, and that it is small
//! where it is moved: without optimisations each caller keeps copies on its stack, and a worker's has two megabytes.

use std::sync::Arc;

use kube_backup_engine::Repository;
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::verify::Verify;
use kube_local::KubeLocal;
use object_store::memory::InMemory;

/// Most bytes that the future of something long may have.
const MOST: usize = 16 << 10;

fn is_send<T: Send>(_: T) {}

#[test]
fn what_takes_long_can_be_spawned() {
    let _backup = |backup: Backup| is_send(backup.run());
    let _restore = |restore: Restore| is_send(restore.run());
    let _plan = |restore: &Restore| is_send(restore.plan());
    let _verify = |verify: Verify| is_send(verify.run());
    let _list = |repository: &Repository| is_send(repository.list());
    let _open = |repository: &Repository| is_send(repository.open("a"));
    let _delete = |repository: &Repository| is_send(repository.delete("a"));
}

#[tokio::test]
async fn what_takes_long_is_small_where_it_is_moved() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = crate::cluster::client(&cluster);
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let backup = || Backup::new(client.clone(), repository.clone(), BackupSpec::named("a"));
    backup().run().await.unwrap();
    let restore = async || {
        let opened = repository.open("a").await.unwrap();
        Restore::new(client.clone(), opened, RestoreSpec::named("r"))
    };
    let verify = || Verify::new(repository.clone(), "a");
    let sizes = [
        ("backup", size_of_val(&backup().run())),
        ("plan of a backup", size_of_val(&backup().plan())),
        ("restore", size_of_val(&restore().await.run())),
        ("plan of a restore", size_of_val(&restore().await.plan())),
        ("verification", size_of_val(&verify().run())),
        ("opening", size_of_val(&repository.open("a"))),
        ("deletion", size_of_val(&repository.delete("a"))),
    ];
    let large: Vec<_> = sizes.iter().filter(|(_, size)| *size > MOST).collect();
    assert!(large.is_empty(), "{large:?}");
}
