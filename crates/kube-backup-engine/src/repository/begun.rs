//! A note beside a backup that is being written: who has begun snapshots of volumes for it.
//!
//! Snapshots lie outside of the bucket. A writer that is killed leaves them, and if its uid was a random one,
//! nobody could find them again. So it writes down its uid and the names of its snapshotters before
//! it begins the first, and takes the note away once the record names them. Whoever takes the name over,
//! or deletes what is left of it, deletes the snapshots first, and the note last.

use std::collections::BTreeSet;
use std::sync::Arc;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use serde::{Deserialize, Serialize};

use super::small::read_up_to;
use crate::format::keys::Keys;
use crate::{Error, Result};

/// Most that is read of a note.
const MAX_READ: u64 = 64 << 10;

/// A writer that may have begun snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// Of the backup.
    pub(crate) uid: String,
    /// Names of the snapshotters.
    pub(crate) snapshotters: BTreeSet<String>,
}

impl Begun {
    /// Writes the note, unless it is there already with all of these snapshotters.
    pub(crate) async fn write(&self, store: &Arc<dyn ObjectStore>, keys: &Keys) -> Result<()> {
        let path = keys.begun(&self.uid);
        let step = format!("note in `{path}` that snapshots are begun");
        let put = async |begun: &Self, mode: PutMode| {
            let bytes = serde_json::to_vec(begun)
                .map_err(|error| Error::internal("write a note about snapshots", error))?;
            Ok::<_, Error>(
                store
                    .put_opts(&path, bytes.into(), PutOptions::from(mode))
                    .await,
            )
        };
        match put(self, PutMode::Create).await? {
            Ok(_) => return Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(Error::store(step, error)),
        }
        // Of an earlier run of the same backup, which may have had others.
        let Some(mut there) = Self::read(store, &path).await? else {
            return Ok(());
        };
        if there.snapshotters.is_superset(&self.snapshotters) {
            return Ok(());
        }
        there.snapshotters.extend(self.snapshotters.iter().cloned());
        match put(&there, PutMode::Overwrite).await? {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::store(step, error)),
        }
    }

    /// The note at `path`; `None` where there is none any more.
    pub(crate) async fn read(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<Option<Self>> {
        let step = format!("read `{path}`, which says who has begun snapshots");
        let read = read_up_to(store.as_ref(), path, MAX_READ).await;
        let read = read.map_err(|error| Error::store(&step, error))?;
        let Some(bytes) = read else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Error::corrupt(step).with_source(error))
    }

    /// Takes the note of `uid` away.
    pub(crate) async fn clear(store: &Arc<dyn ObjectStore>, keys: &Keys, uid: &str) -> Result<()> {
        let path = keys.begun(uid);
        match store.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::kept(format!("take the note `{path}` away"), error)),
        }
    }
}
