//! A bucket of the local cloud, in a folder.

use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::credentials::StaticProvider;
use ack_backup_center::core::retry::RetryPolicy;
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::engine::Repository;
use ack_backup_center::oss::{Client, OssStore};
use alibaba_local::{Builder, LocalCloud, User};
use futures::TryStreamExt as _;

pub(crate) const BUCKET: &str = "backups";
pub(crate) const ID: &str = "LTAI-example-id";
pub(crate) const SECRET: &str = "example-secret";
/// A user with the rights that the vendor's page grants, and no others.
pub(crate) const SEED_ID: &str = "LTAI-seed-id";
/// OSS actions of that page ("Install migrate-controller and configure permissions").
pub(crate) const SEED_ACTIONS: [&str; 7] = [
    "oss:PutObject",
    "oss:GetObject",
    "oss:DeleteObject",
    "oss:GetBucket",
    "oss:ListObjects",
    "oss:ListBuckets",
    "oss:GetBucketStat",
];

pub(crate) struct Bucket {
    pub(crate) cloud: LocalCloud,
    /// Removed with it.
    _folder: tempfile::TempDir,
}

impl Bucket {
    pub(crate) async fn start() -> Self {
        Self::of(LocalCloud::builder().bucket(BUCKET)).await
    }

    /// With versioning enabled.
    pub(crate) async fn versioned() -> Self {
        Self::of(LocalCloud::builder().versioned_bucket(BUCKET)).await
    }

    /// Under a retention policy: nothing is written over or deleted.
    pub(crate) async fn locked() -> Self {
        Self::of(LocalCloud::builder().locked_bucket(BUCKET, 30)).await
    }

    async fn of(builder: Builder) -> Self {
        Self::with_users(
            builder,
            [User::new(SEED_ID, SECRET).allow_only(SEED_ACTIONS)],
        )
        .await
    }

    pub(crate) async fn with_users(
        builder: Builder,
        users: impl IntoIterator<Item = User>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let builder = users.into_iter().fold(builder, Builder::user);
        let cloud = builder
            .user(User::new(ID, SECRET))
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
        self.repository_of(ID)
    }

    /// As another user sees it.
    pub(crate) fn repository_of(&self, id: &str) -> Repository {
        repository(&self.cloud.endpoint(), id)
    }

    /// The keys of all objects, record or not.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let pages = self.client_with(SECRET).list_objects(BUCKET).pages();
        let pages: Vec<_> = pages.try_collect().await.unwrap();
        let objects = pages.into_iter().flat_map(|page| page.objects);
        objects.map(|object| object.key).collect()
    }

    /// Uploads that were begun and are neither completed nor aborted.
    pub(crate) async fn uploads(&self) -> usize {
        let client = self.client_with(SECRET);
        client
            .list_uploads(BUCKET)
            .send()
            .await
            .unwrap()
            .uploads
            .len()
    }
}

pub(crate) fn repository(endpoint: &str, id: &str) -> Repository {
    let store = OssStore::new(client_of(endpoint, id, SECRET), BUCKET);
    Repository::new(Arc::new(store), "")
}

pub(crate) fn client(endpoint: &str, secret: &str) -> Client {
    client_of(endpoint, ID, secret)
}

fn client_of(endpoint: &str, id: &str, secret: &str) -> Client {
    let credentials = Arc::new(StaticProvider::new(Credentials::new(id, secret)).unwrap());
    Client::builder(
        &Context::system().unwrap(),
        Region::CN_HANGZHOU,
        credentials,
    )
    .with_endpoint(endpoint.parse().unwrap())
    .with_retry(RetryPolicy::default().with_base_delay(Duration::from_millis(1)))
    .build()
    .unwrap()
}

/// Reads a backup to its last byte, and returns the names of its objects.
pub(crate) async fn read_whole(repository: &Repository, name: &str) -> Vec<String> {
    let backup = repository.open(name).await.unwrap();
    let entries: Vec<_> = backup.stream().try_collect().await.unwrap();
    entries
        .into_iter()
        .map(|(entry, _)| entry.id.to_string())
        .collect()
}
