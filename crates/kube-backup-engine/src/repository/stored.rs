//! Files of a backup as they are read: plain, encrypted, or encrypted for others.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path;

use super::pinned::Pinned;
use crate::encryption::{CHUNK, Keyring, MAX_HEADER, Unlocked};
use crate::{Error, ErrorKind, Result};

/// One file of a backup, open for reading. Its bytes and their places are those before it was encrypted, unless it says
/// otherwise.
#[derive(Debug, Clone)]
pub(super) enum StoredFile {
    Plain(Pinned),
    Encrypted(Pinned, Unlocked),
    /// Why it cannot be read with what was given.
    Locked(Arc<str>),
}

impl StoredFile {
    /// Opens a file that is `stored` bytes long; with a keyring, one that is encrypted. `missing` says what it means that it
    /// is not there.
    pub(super) async fn open(
        store: &Arc<dyn ObjectStore>,
        path: &Path,
        stored: Option<u64>,
        keyring: Option<&Keyring>,
        step: &str,
        missing: &str,
    ) -> Result<Self> {
        let failed = |error: object_store::Error| match error {
            object_store::Error::NotFound { .. } => {
                Error::corrupt(format!("{step}: {missing}")).with_source(error)
            }
            error => Error::store(step, error),
        };
        let Some(keyring) = keyring else {
            return Ok(Self::Plain(
                Pinned::head(store, path).await.map_err(failed)?,
            ));
        };
        if let Some(why) = keyring.why_locked() {
            return Ok(Self::Locked(why.into()));
        }
        let Some(stored) = stored.filter(|length| *length > 0) else {
            return Err(Error::corrupt(format!(
                "{step}: the record says that it is encrypted, and not how long it is"
            )));
        };
        let head = 0..stored.min(MAX_HEADER);
        let (pinned, head) = match Pinned::by_range(store, path, head).await {
            Ok(read) => read,
            Err(error @ object_store::Error::NotFound { .. }) => return Err(failed(error)),
            // What a range past the end is answered with differs from store to store.
            Err(error) => match Pinned::head(store, path).await {
                Ok(file) if file.length() != stored => {
                    return Err(another(step, file.length(), stored));
                }
                _ => return Err(failed(error)),
            },
        };
        if pinned.length() != stored {
            return Err(another(step, pinned.length(), stored));
        }
        match keyring.unlock(step, &head) {
            Ok(unlocked) => Ok(Self::Encrypted(pinned, unlocked)),
            Err(error) if error.kind() == ErrorKind::Locked => {
                Ok(Self::Locked(error.to_string().into()))
            }
            Err(error) => Err(error),
        }
    }

    /// The error of whoever needs what is in it, if it cannot be read.
    pub(super) fn check_readable(&self, step: &str) -> Result<()> {
        match self {
            Self::Locked(why) => Err(locked(step, why)),
            Self::Plain(_) | Self::Encrypted(..) => Ok(()),
        }
    }

    pub(super) fn why_locked(&self) -> Option<&str> {
        match self {
            Self::Locked(why) => Some(why),
            Self::Plain(_) | Self::Encrypted(..) => None,
        }
    }

    /// How many bytes are stored; `None` where that is not known.
    pub(super) fn stored_length(&self) -> Option<u64> {
        match self {
            Self::Plain(file) | Self::Encrypted(file, _) => Some(file.length()),
            Self::Locked(_) => None,
        }
    }

    /// How long it is.
    pub(super) fn length(&self, step: &str) -> Result<u64> {
        match self {
            Self::Plain(file) => Ok(file.length()),
            Self::Encrypted(file, unlocked) => unlocked.length(step, file.length()),
            Self::Locked(why) => Err(locked(step, why)),
        }
    }

    /// How far apart what is wanted of it may be, to be read at once, without reading much more.
    pub(super) fn near(&self) -> u64 {
        match self {
            Self::Encrypted(..) => CHUNK,
            Self::Plain(_) | Self::Locked(_) => 0,
        }
    }

    /// Reads a range.
    pub(super) async fn range(&self, step: &str, range: Range<u64>) -> Result<Bytes> {
        match self {
            Self::Plain(file) => file.range(step, range).await,
            Self::Encrypted(file, unlocked) => {
                let length = unlocked.length(step, file.length())?;
                if range.end > length {
                    return Err(Error::corrupt(format!("{step}: it ends in the middle")));
                }
                if range.is_empty() {
                    return Ok(Bytes::new());
                }
                let stored = unlocked.stored_range(&range, file.length());
                let chunks = file.range(step, stored).await?;
                let (unlocked, step) = (unlocked.clone(), step.to_owned());
                let decrypt = move || unlocked.decrypt_range(&step, &chunks, range);
                let decrypting = tokio::task::spawn_blocking(decrypt).await;
                decrypting
                    .map_err(|error| Error::internal("decrypt a file of the backup", error))?
            }
            Self::Locked(why) => Err(locked(step, why)),
        }
    }
}

fn locked(step: &str, why: &str) -> Error {
    Error::new(ErrorKind::Locked, format!("{step}: {why}"))
}

fn another(step: &str, found: u64, named: u64) -> Error {
    Error::corrupt(format!(
        "{step}: it is not the one that the record names (it has {found} bytes, recorded are {named})"
    ))
}
