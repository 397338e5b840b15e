//! Who writes the backup of a name.
//!
//! A claim is a small object beside the backup, made with create-if-absent and renewed while its owner
//! works. A name whose claim stands still is free: its owner is dead. No clocks are compared; whoever
//! wants the name watches the claim for a while.

use std::sync::Arc;
use std::time::Duration;

use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use serde::{Deserialize, Serialize};

use crate::repository::Keys;
use crate::{Error, ErrorKind, Result};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    uid: String,
    beat: u64,
}

/// The claim to one name, held.
pub(crate) struct Claim {
    store: Arc<dyn ObjectStore>,
    keys: Keys,
    content: Content,
    name: String,
    released: bool,
}

impl Claim {
    /// Takes the claim to `name`, or says that another writer is at work.
    pub(crate) async fn take(
        store: &Arc<dyn ObjectStore>,
        keys: &Keys,
        name: &str,
        uid: &str,
        patience: Duration,
    ) -> Result<Self> {
        let mut claim = Self {
            store: Arc::clone(store),
            keys: keys.clone(),
            content: Content {
                uid: uid.to_owned(),
                beat: 0,
            },
            name: name.to_owned(),
            released: true,
        };
        // Three rounds: found and abandoned, then lost to another who saw the same, then really busy.
        for _ in 0..3 {
            if claim.create().await? {
                claim.released = false;
                return Ok(claim);
            }
            let Some(before) = claim.read().await? else {
                continue;
            };
            if before.uid == claim.content.uid {
                claim.released = false;
                return Ok(claim);
            }
            tracing::info!(
                name,
                "another writer claims this name; watching whether it is alive"
            );
            tokio::time::sleep(patience).await;
            match claim.read().await? {
                Some(after) if after == before => claim.remove_dead().await?,
                Some(_) => break,
                None => {}
            }
        }
        Err(Error::new(
            ErrorKind::Busy,
            format!(
                "back up as `{name}`: another backup of this name is being written; wait for it or choose another name"
            ),
        ))
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.content).unwrap_or_default()
    }

    async fn create(&self) -> Result<bool> {
        let options = PutOptions::from(PutMode::Create);
        match self
            .store
            .put_opts(&self.keys.claim(), self.bytes().into(), options)
            .await
        {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(Error::store(
                format!("claim the name `{}`", self.name),
                error,
            )),
        }
    }

    async fn read(&self) -> Result<Option<Content>> {
        let step = || format!("read who claims `{}`", self.name);
        let found = match self.store.get(&self.keys.claim()).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Error::store(step(), error)),
        };
        let bytes = found
            .bytes()
            .await
            .map_err(|error| Error::store(step(), error))?;
        // Whatever it is, it is no living writer's.
        let unknown = || Content {
            uid: String::new(),
            beat: 0,
        };
        Ok(Some(
            serde_json::from_slice(&bytes).unwrap_or_else(|_| unknown()),
        ))
    }

    async fn remove_dead(&self) -> Result<()> {
        match self.store.delete(&self.keys.claim()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::store(
                format!(
                    "take over the name `{}` from a backup that was never finished: its leftovers \
                     cannot be deleted, choose another name",
                    self.name
                ),
                error,
            )),
        }
    }

    /// Renews the claim for as long as this is polled. Ends only by failing: the name is lost.
    pub(crate) async fn keep(&mut self, patience: Duration) -> Result<()> {
        loop {
            tokio::time::sleep(patience / 4).await;
            self.check().await?;
            self.content.beat += 1;
            // Refused by a retention policy, for one: then nobody can take the claim away either.
            if let Err(error) = self
                .store
                .put(&self.keys.claim(), self.bytes().into())
                .await
            {
                tracing::debug!(name = self.name, %error, "the claim could not be renewed");
            }
        }
    }

    /// Fails when the name is another's by now.
    pub(crate) async fn check(&self) -> Result<()> {
        match self.read().await? {
            Some(found) if found.uid == self.content.uid => Ok(()),
            _ => Err(Error::new(
                ErrorKind::Busy,
                format!(
                    "back up as `{}`: another backup took the name over, this one stood still for too long",
                    self.name
                ),
            )),
        }
    }

    /// Gives the name back.
    pub(crate) async fn release(mut self) {
        self.released = true;
        if self.check().await.is_ok()
            && let Err(error) = self.store.delete(&self.keys.claim()).await
        {
            tracing::debug!(name = self.name, %error, "the claim could not be removed");
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let own = Self {
                store: Arc::clone(&self.store),
                keys: self.keys.clone(),
                content: self.content.clone(),
                name: self.name.clone(),
                released: true,
            };
            runtime.spawn(own.release());
        }
    }
}
