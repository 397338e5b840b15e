//! A backup is its content: a copy is the same backup, and other bytes are refused wherever they come in.

mod beside;
mod copies;
mod endless;
mod expected;
mod meddling;
mod replaced;
mod unreadable;
mod volumes;

use std::sync::Arc;

use futures::TryStreamExt as _;
use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec};
use kube_backup_engine::{Repository, Selection};
use kube_local::KubeLocal;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use crate::cluster;

/// An application, and a backup of it as `a` in `store`.
pub(crate) async fn backed_up(
    store: Arc<dyn ObjectStore>,
) -> (KubeLocal, Repository, BackupReport) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = cluster::client(&cluster);
    cluster::shop(&client, "shop").await;
    let repository = Repository::new(store, "");
    let spec = BackupSpec {
        selection: Selection::of_namespaces(["shop"]),
        ..BackupSpec::named("a")
    };
    let backup = Backup::new(client, repository.clone(), spec);
    let report = backup.run().await.unwrap();
    (cluster, repository, report)
}

async fn keys(store: &dyn ObjectStore) -> Vec<Path> {
    let found = store.list(None).map_ok(|found| found.location);
    let mut keys: Vec<Path> = found.try_collect().await.unwrap();
    keys.sort();
    keys
}

async fn bytes(store: &dyn ObjectStore, key: &str) -> Vec<u8> {
    let found = store.get(&key.into()).await.unwrap();
    found.bytes().await.unwrap().to_vec()
}
