//! Writing one file of a backup as its bytes arrive, encrypted where it is to be.

use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStore;
use object_store::path::Path;

use super::upload::{ObjectUpload, Written};
use crate::encryption::{Encrypting, Recipient};
use crate::{Error, Result};

/// A file being written. Dropping it before it is finished aborts it.
pub(crate) struct FileWriter {
    upload: ObjectUpload,
    encrypting: Option<Encrypting>,
    length: u64,
}

impl FileWriter {
    /// A file of this key, encrypted to `recipients` if there are some.
    pub(crate) fn new(
        store: &Arc<dyn ObjectStore>,
        path: Path,
        recipients: Option<&[Recipient]>,
    ) -> Result<Self> {
        Ok(Self {
            upload: ObjectUpload::new(store, path),
            encrypting: recipients.map(Encrypting::to).transpose()?,
            length: 0,
        })
    }

    /// Bytes given so far, before they are encrypted.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) async fn push(&mut self, bytes: Bytes) -> Result<()> {
        self.length += bytes.len() as u64;
        let stored = match &mut self.encrypting {
            Some(encrypting) => encrypting.push(&bytes)?,
            None => bytes,
        };
        if stored.is_empty() {
            return Ok(());
        }
        self.upload.push(stored).await
    }

    /// Sends a part on its way, to be polled while there is nothing to push. Ends only when that fails.
    pub(crate) async fn send(&mut self) -> Error {
        self.upload.send().await
    }

    /// Completes the file, or aborts it. Returns what is stored.
    pub(crate) async fn finish(mut self) -> Result<Written> {
        if let Some(encrypting) = self.encrypting.take() {
            let pushed = match encrypting.finish() {
                Ok(end) => self.upload.push(end).await,
                Err(error) => Err(error),
            };
            if let Err(error) = pushed {
                return Err(self.give_up(error).await);
            }
        }
        self.upload.finish().await
    }

    /// Aborts what was begun. What stays is noted in the error that is the reason.
    pub(crate) async fn give_up(self, reason: Error) -> Error {
        self.upload.give_up(reason).await
    }
}
