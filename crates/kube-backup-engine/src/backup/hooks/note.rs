//! Which Pods were frozen, noted in the bucket before they are.

use std::sync::Arc;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};

use crate::format::keys::Keys;
use crate::repository::small::read_up_to;
use crate::volumes::ObjectRef;
use crate::{Error, Result};

/// Most that is read: some ten thousand Pods.
const MAX_READ: u64 = 4 << 20;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    pods: Vec<ObjectRef>,
}

/// The note of one backup's name.
#[derive(Clone)]
pub(crate) struct FrozenNote {
    store: Arc<dyn ObjectStore>,
    path: Path,
}

impl FrozenNote {
    pub(crate) fn new(store: &Arc<dyn ObjectStore>, keys: &Keys) -> Self {
        Self {
            store: Arc::clone(store),
            path: keys.frozen(),
        }
    }

    /// Notes these Pods, and no others.
    pub(super) async fn write(&self, pods: Vec<ObjectRef>) -> Result<()> {
        let step = || "note which applications are about to be frozen".to_owned();
        let bytes = serde_json::to_vec(&Content { pods });
        let bytes = bytes.map_err(|error| Error::internal(step(), error))?;
        let put = async || self.store.put(&self.path, bytes.clone().into()).await;
        let written = match put().await {
            // A store that never overwrites anything.
            Err(object_store::Error::AlreadyExists { .. }) => {
                self.remove().await?;
                put().await
            }
            written => written,
        };
        written.map_err(|error| Error::store(step(), error))?;
        Ok(())
    }

    /// The Pods of the note; none where there is no note. What cannot be read as one names nobody.
    pub(super) async fn read(&self) -> Result<Option<Vec<ObjectRef>>> {
        let read = read_up_to(self.store.as_ref(), &self.path, MAX_READ).await;
        let read = read.map_err(|error| {
            Error::store("read which applications an earlier run has frozen", error)
        })?;
        let pods = |bytes: bytes::Bytes| {
            let content: Content = serde_json::from_slice(&bytes).unwrap_or_default();
            content.pods
        };
        Ok(read.map(pods))
    }

    pub(super) async fn remove(&self) -> Result<()> {
        match self.store.delete(&self.path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::kept("forget which applications were frozen", error)),
        }
    }
}
