//! Everything long can be spawned on a runtime with many threads. That this compiles is the test.

use kube_backup_engine::Repository;
use kube_backup_engine::backup::Backup;
use kube_backup_engine::restore::Restore;
use kube_backup_engine::verify::Verify;

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
