//! Which Pods were frozen, noted in the bucket before they are.

use std::sync::Arc;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::format::keys::Keys;
use crate::repository::small::read_up_to;
use crate::volumes::ObjectRef;
use crate::{Error, Result};

/// Most that is read: some ten thousand Pods.
const MAX_READ: u64 = 4 << 20;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    pods: Vec<ObjectRef>,
    /// Tells the note of one run from that of the next, which may freeze the same Pods.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    run: String,
}

/// The note of one backup's name, as one run writes it.
#[derive(Clone)]
pub(crate) struct FrozenNote {
    store: Arc<dyn ObjectStore>,
    path: Path,
    run: String,
}

impl FrozenNote {
    pub(crate) fn new(store: &Arc<dyn ObjectStore>, keys: &Keys) -> Self {
        Self {
            store: Arc::clone(store),
            path: keys.frozen(),
            run: Uuid::new_v4().to_string(),
        }
    }

    /// Notes these Pods, and no others.
    pub(super) async fn write(&self, pods: Vec<ObjectRef>) -> Result<()> {
        let step = || "note which applications are about to be frozen".to_owned();
        let run = self.run.clone();
        let bytes = serde_json::to_vec(&Content { pods, run });
        let bytes = bytes.map_err(|error| Error::internal(step(), error))?;
        let put = async || self.store.put(&self.path, bytes.clone().into()).await;
        let written = match put().await {
            // A store that never overwrites anything.
            Err(object_store::Error::AlreadyExists { .. }) => {
                self.forget().await?;
                put().await
            }
            written => written,
        };
        written.map_err(|error| Error::store(step(), error))?;
        Ok(())
    }

    /// The Pods of the note, whoever wrote it; none where there is no note. What cannot be read as one names nobody.
    pub(super) async fn read(&self) -> Result<Option<Vec<ObjectRef>>> {
        Ok(self.content().await?.map(|content| content.pods))
    }

    /// Whether the note is there that this run has written: whoever took its name over has thawed what it names, and
    /// written one of its own since.
    pub(super) async fn is_there(&self) -> Result<bool> {
        let content = self.content().await?;
        Ok(content.is_some_and(|content| content.run == self.run))
    }

    async fn content(&self) -> Result<Option<Content>> {
        let read = read_up_to(self.store.as_ref(), &self.path, MAX_READ).await;
        let read = read.map_err(|error| {
            Error::store("read which applications an earlier run has frozen", error)
        })?;
        Ok(read.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// Takes the note of this run away, and no other.
    pub(super) async fn remove(&self) -> Result<()> {
        match self.is_there().await? {
            true => self.forget().await,
            false => Ok(()),
        }
    }

    /// Takes the note away, whoever wrote it.
    pub(super) async fn forget(&self) -> Result<()> {
        match self.store.delete(&self.path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::kept("forget which applications were frozen", error)),
        }
    }
}
