//! Encrypted backups: what lies in the bucket, who reads it, and what everybody else is told.

mod demanded;
mod foreign;
mod locked;
mod meddling;
mod same;
mod stored;

use std::sync::Arc;

use futures::TryStreamExt as _;
use kube::Client;
use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec};
use kube_backup_engine::encryption::{Encryption, EncryptionMode, Identity};
use kube_backup_engine::{EntryFilter, Repository, Result, Selection};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::json;

use crate::cluster;

pub(crate) const MODES: [EncryptionMode; 2] = [EncryptionMode::Secrets, EncryptionMode::All];

/// What only Secrets hold.
pub(crate) const VALUES: [&str; 3] = [
    "s3cret",
    "correct horse battery staple",
    "-----BEGIN PRIVATE KEY-----MC4CAQAw",
];
/// What only a ConfigMap holds.
pub(crate) const PLAIN: &str = "this is no secret";

/// A cluster with an application, and somebody who can read encrypted backups of it.
pub(crate) struct Vault {
    _cluster: KubeLocal,
    pub(crate) client: Client,
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) identity: Identity,
}

impl Vault {
    pub(crate) async fn new() -> Self {
        Self::over(Arc::new(InMemory::new())).await
    }

    pub(crate) async fn over(store: Arc<dyn ObjectStore>) -> Self {
        let cluster = KubeLocal::start().await.unwrap();
        let client = cluster::client(&cluster);
        cluster::shop(&client, "shop").await;
        cluster::shop(&client, "other").await;
        for (namespace, name, value) in [("shop", "phrase", VALUES[1]), ("other", "key", VALUES[2])]
        {
            let secret = json!({"metadata": {"name": name}, "stringData": {"value": value}});
            let path = format!("/api/v1/namespaces/{namespace}/secrets");
            cluster::create(&client, &path, secret).await;
        }
        let map = json!({"metadata": {"name": "plain"}, "data": {"text": PLAIN}});
        cluster::create(&client, "/api/v1/namespaces/shop/configmaps", map).await;
        Self {
            _cluster: cluster,
            client,
            store,
            identity: Identity::generate(),
        }
    }

    /// A key is not to be copied; its file is.
    pub(crate) fn identity(&self) -> Identity {
        self.identity.to_text().parse().unwrap()
    }

    /// As somebody sees it who has no identity.
    pub(crate) fn stranger(&self) -> Repository {
        Repository::new(Arc::clone(&self.store), "")
    }

    pub(crate) fn repository(&self) -> Repository {
        self.stranger().with_identities([self.identity()])
    }

    pub(crate) fn encryption(&self, mode: EncryptionMode) -> Encryption {
        let recipients = [self.identity.recipient()];
        match mode {
            EncryptionMode::All => Encryption::of_all(recipients),
            _ => Encryption::of_secrets(recipients),
        }
    }

    pub(crate) fn spec(&self, name: &str, mode: Option<EncryptionMode>) -> BackupSpec {
        BackupSpec {
            selection: Selection::of_namespaces(["shop", "other"]),
            encryption: mode.map(|mode| self.encryption(mode)),
            ..BackupSpec::named(name)
        }
    }

    /// By somebody who cannot read it.
    pub(crate) async fn back_up(&self, name: &str, mode: Option<EncryptionMode>) -> BackupReport {
        let backup = Backup::new(self.client.clone(), self.stranger(), self.spec(name, mode));
        backup.run().await.unwrap()
    }
}

/// All stored objects, by their keys.
pub(crate) async fn stored(store: &dyn ObjectStore) -> Vec<(String, Vec<u8>)> {
    let keys: Vec<_> = store
        .list(None)
        .map_ok(|found| found.location)
        .try_collect()
        .await
        .unwrap();
    let mut objects = Vec::new();
    for key in keys {
        let bytes = store.get(&key).await.unwrap().bytes().await.unwrap();
        objects.push((key.to_string(), bytes.to_vec()));
    }
    objects.sort();
    objects
}

/// What passes `filter`, with its JSON, by name.
pub(crate) async fn read(
    repository: &Repository,
    name: &str,
    filter: &EntryFilter,
) -> Result<Vec<(String, Vec<u8>)>> {
    let backup = repository.open(name).await?;
    let entries = backup.entries(filter).await?;
    let objects = backup.read(&entries).map_ok(|(entry, json)| {
        let sha256 = entry.sha256;
        assert_eq!(sha256, kube_backup_engine::Digest::of(&json));
        (entry.id.to_string(), json.to_vec())
    });
    let mut objects: Vec<_> = objects.try_collect().await?;
    objects.sort();
    Ok(objects)
}
