//! Sealed backups: what a trust admits, what it does not, and what foreign tools say of both.

mod admitted;
mod foreign;
mod order;
mod refused;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kube::Client;
use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec};
use kube_backup_engine::seal::{Distrust, SigningKey, Trust};
use kube_backup_engine::{Error, Repository, Result, Selection};
use kube_local::KubeLocal;
use object_store::ObjectStore;
use object_store::memory::InMemory;

use crate::cluster;

/// A cluster with an application, and somebody who seals what is backed up of it.
pub(crate) struct Sealer {
    _cluster: KubeLocal,
    client: Client,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) key: SigningKey,
    pub(crate) trust: Trust,
}

impl Sealer {
    pub(crate) async fn new() -> Self {
        Self::over(Arc::new(InMemory::new())).await
    }

    pub(crate) async fn over(store: Arc<dyn ObjectStore>) -> Self {
        let cluster = KubeLocal::start().await.unwrap();
        let client = cluster::client(&cluster);
        cluster::shop(&client, "shop").await;
        let key = SigningKey::generate().unwrap();
        let trust = Trust::of(key.verifying_key());
        Self {
            _cluster: cluster,
            client,
            store,
            key,
            trust,
        }
    }

    /// A key is not to be copied; its file is.
    pub(crate) fn key(&self) -> SigningKey {
        SigningKey::from_pem(&self.key.to_pem()).unwrap()
    }

    pub(crate) fn repository(&self) -> Repository {
        self.repository_with(&self.trust)
    }

    pub(crate) fn repository_with(&self, trust: &Trust) -> Repository {
        Repository::new(Arc::clone(&self.store), "").with_trust(trust.clone())
    }

    /// As somebody sees it who trusts everybody.
    pub(crate) fn naive(&self) -> Repository {
        Repository::new(Arc::clone(&self.store), "")
    }

    pub(crate) fn backup(&self, repository: Repository, name: &str) -> Backup {
        let spec = BackupSpec {
            selection: Selection::of_namespaces(["shop"]),
            ..BackupSpec::named(name)
        };
        Backup::new(self.client.clone(), repository, spec)
    }

    pub(crate) async fn back_up(&self, name: &str) -> BackupReport {
        let backup = self.backup(self.repository(), name).sealed_with(self.key());
        backup.run().await.unwrap()
    }

    pub(crate) async fn back_up_at(&self, name: &str, now: DateTime<Utc>) -> BackupReport {
        let backup = self.backup(self.repository(), name).sealed_with(self.key());
        backup.with_clock(move || now).run().await.unwrap()
    }
}

/// Why something is not admitted.
pub(crate) fn distrust(error: &Error) -> Option<&Distrust> {
    std::error::Error::source(error)?.downcast_ref()
}

pub(crate) async fn refused(repository: &Repository, name: &str) -> Distrust {
    let opened = repository.open(name).await;
    let error = opened.expect_err("it is not admitted");
    assert_eq!(
        error.kind(),
        kube_backup_engine::ErrorKind::Untrusted,
        "{error}"
    );
    distrust(&error).expect("there is a reason").clone()
}

/// Reads a backup to its last object.
pub(crate) async fn read_all(repository: &Repository, name: &str) -> Result<usize> {
    use futures::TryStreamExt as _;
    let backup = repository.open(name).await?;
    backup.results().await?;
    backup.resource_list().await?;
    backup.log().await?;
    let entries = backup
        .entries(&kube_backup_engine::EntryFilter::default())
        .await?;
    backup
        .read(&entries)
        .try_fold(0, |count, _| async move { Ok(count + 1) })
        .await
}
