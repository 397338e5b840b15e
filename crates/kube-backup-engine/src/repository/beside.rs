//! The files beside an archive, held to what the record says of them.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use object_store::path::Path;
use sha2::{Digest as _, Sha256};

use super::files::FileFacts;
use super::pinned::Pinned;
use super::small::read_up_to;
use super::{OpenBackup, Results};
use crate::archive::index::gunzip;
use crate::{Error, Result};

/// Largest side file, compressed or not: the names of a few million objects.
const MAX_SIDE_FILE: u64 = 128 << 20;

impl OpenBackup {
    /// The warnings and errors stored beside the archive; `None` when there are none stored.
    ///
    /// # Errors
    /// When they exist and cannot be read; [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when they are missing or others than
    /// the record names.
    pub async fn results(&self) -> Result<Option<Results>> {
        self.side_file(&self.keys.results()).await
    }

    /// Objects by `apiVersion/Kind`, as stored beside the archive.
    ///
    /// # Errors
    /// When the list exists and cannot be read; [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when it is missing or another
    /// than the record names.
    pub async fn resource_list(&self) -> Result<Option<BTreeMap<String, Vec<String>>>> {
        self.side_file(&self.keys.resource_list()).await
    }

    async fn side_file<T: serde::de::DeserializeOwned>(&self, key: &Path) -> Result<Option<T>> {
        let step = format!("read `{key}`");
        let found = read_up_to(self.store.as_ref(), key, MAX_SIDE_FILE + 1).await;
        let found = found.map_err(|error| Error::store(&step, error))?;
        let named = self.files.get(&self.keys.name_of(key));
        let Some(bytes) = found else {
            return match named {
                None => Ok(None),
                Some(_) => Err(Error::corrupt(format!(
                    "{step}: it is missing, and the record names it; copy it beside the archive"
                ))),
            };
        };
        if bytes.len() as u64 > MAX_SIDE_FILE {
            return Err(Error::corrupt(format!(
                "{step}: it has more than {MAX_SIDE_FILE} bytes"
            )));
        }
        if let Some(named) = named {
            FileFacts::of(&bytes).must_be(named, &step)?;
        }
        let text = gunzip(&bytes, MAX_SIDE_FILE)?;
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| Error::corrupt(step).with_source(error))
    }

    /// Reads a file beside the archive that the record names, to compare it with what is named.
    pub(crate) async fn check_file(&self, name: &str) -> Result<()> {
        let step = format!("read `{name}`");
        let Some(named) = self.files.get(name) else {
            return Ok(());
        };
        let path = self.keys.named(name);
        let file = match Pinned::head(&self.store, &path).await {
            Ok(file) => file,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(Error::corrupt(format!(
                    "{step}: it is missing, and the record names it"
                )));
            }
            Err(error) => return Err(Error::store(step, error)),
        };
        let mut chunks = file.stream(&step).await?;
        let (mut sha256, mut length) = (Sha256::new(), 0);
        while let Some(chunk) = chunks
            .try_next()
            .await
            .map_err(|error| Error::store(&step, error))?
        {
            sha256.update(&chunk);
            length += chunk.len() as u64;
        }
        let found = FileFacts {
            length,
            sha256: sha256.into(),
        };
        found.must_be(named, &step)
    }

    /// The names of the files that the record names besides the archive.
    pub(crate) fn names_beside(&self) -> Vec<String> {
        let archive = self.keys.name_of(&self.keys.archive());
        let names = self.files.keys().filter(|name| **name != archive);
        names.cloned().collect()
    }
}
