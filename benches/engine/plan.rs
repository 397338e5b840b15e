//! What every process of one measurement has to know.

use std::path::PathBuf;
use std::sync::Arc;

use ack_backup_center::core::credentials::StaticProvider;
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::engine::Repository;
use ack_backup_center::oss::{Client, OssStore};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use serde::{Deserialize, Serialize};

use measure::Outcome;

/// The environment variable in which the processes find it, as JSON.
pub(crate) const VARIABLE: &str = "BENCH_PLAN";

pub(crate) const BUCKET: &str = "backups";
pub(crate) const ACCESS_KEY_ID: &str = "LTAI-bench";
pub(crate) const ACCESS_KEY_SECRET: &str = "bench-secret";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) place: Place,
    pub(crate) objects: usize,
    /// Of the backup to be made or restored.
    pub(crate) name: String,
    /// The lists that a backup reads, as paths.
    pub(crate) lists: Vec<String>,
    /// Which restore, or creation, it is: each goes to namespaces of its own.
    pub(crate) turn: usize,
}

/// Where backups are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Place {
    Folder(PathBuf),
    /// At this endpoint.
    Oss(String),
}

impl Plan {
    pub(crate) fn new(kubeconfig: PathBuf, place: Place, objects: usize) -> Self {
        Self {
            kubeconfig,
            place,
            objects,
            name: String::new(),
            lists: Vec::new(),
            turn: 0,
        }
    }

    pub(crate) fn from_environment() -> Outcome<Self> {
        let text = std::env::var(VARIABLE)
            .map_err(|error| format!("read `{VARIABLE}`, which the parent sets: {error}"))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The namespaces, each name after this prefix.
    pub(crate) fn namespaces(&self, prefix: &str) -> Vec<String> {
        let count = (self.objects / 250).max(4);
        (0..count).map(|at| format!("{prefix}-{at:04}")).collect()
    }

    pub(crate) fn repository(&self) -> Outcome<Repository> {
        let store: Arc<dyn ObjectStore> = match &self.place {
            Place::Folder(folder) => Arc::new(LocalFileSystem::new_with_prefix(folder)?),
            Place::Oss(endpoint) => {
                let credentials = Credentials::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET);
                let credentials = Arc::new(StaticProvider::new(credentials)?);
                let context = Context::system()?;
                let client = Client::builder(&context, Region::CN_HANGZHOU, credentials)
                    .with_endpoint(endpoint.parse()?)
                    .build()?;
                Arc::new(OssStore::new(client, BUCKET))
            }
        };
        Ok(Repository::new(store, ""))
    }
}
