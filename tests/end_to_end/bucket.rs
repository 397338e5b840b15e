//! A bucket of the local cloud, in a folder.

use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::credentials::StaticProvider;
use ack_backup_center::core::retry::RetryPolicy;
use ack_backup_center::core::{Credentials, Region};
use ack_backup_center::engine::Repository;
use ack_backup_center::oss::{Client, OssStore};
use alibaba_local::{LocalCloud, User};

pub(crate) const BUCKET: &str = "backups";
pub(crate) const ID: &str = "LTAI-example-id";
pub(crate) const SECRET: &str = "example-secret";

pub(crate) struct Bucket {
    pub(crate) cloud: LocalCloud,
    /// Removed with it.
    _folder: tempfile::TempDir,
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET))
            .bucket(BUCKET)
            .data_folder(folder.path())
            .start()
            .await
            .unwrap();
        Self {
            cloud,
            _folder: folder,
        }
    }

    pub(crate) fn client_with(&self, secret: &str) -> Client {
        client(&self.cloud.endpoint(), secret)
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::new(
            Arc::new(OssStore::new(self.client_with(SECRET), BUCKET)),
            "",
        )
    }
}

pub(crate) fn client(endpoint: &str, secret: &str) -> Client {
    Client::builder(Region::CN_HANGZHOU)
        .with_credentials(Arc::new(
            StaticProvider::new(Credentials::new(ID, secret)).unwrap(),
        ))
        .with_endpoint(endpoint.parse().unwrap())
        .with_retry(RetryPolicy::default().with_base_delay(Duration::from_millis(1)))
        .build()
        .unwrap()
}
