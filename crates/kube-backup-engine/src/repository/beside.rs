//! The files beside an archive, held to what the record says of them.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::path::Path;
use sha2::{Digest as _, Sha256};

use super::files::{FileFacts, Files};
use super::pinned::Pinned;
use super::record::Record;
use super::small::read_up_to;
use super::{OpenBackup, Repository, Results};
use crate::archive::RefusedEntry;
use crate::archive::index::{EntryFilter, gunzip};
use crate::encryption::Keyring;
use crate::format::entries::{check_id, entry_path};
use crate::format::keys::Keys;
use crate::kinds::names::SECRETS;
use crate::volumes::{BackedUpVolume, BackedUpVolumes, FORMAT_VERSION};
use crate::{Error, ErrorKind, ObjectId, Result};

/// What the list of objects calls Secrets.
const SECRETS_LISTED: &str = "v1/Secret";
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

    /// What the backup told of itself while it was made, in lines of logfmt; `None` when no log is stored.
    ///
    /// # Errors
    /// When it exists and cannot be read; [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when it is missing or another
    /// than the record names, or has more than 128 MiB of text.
    pub async fn log(&self) -> Result<Option<String>> {
        let keyring = self.keyring.as_ref().filter(|_| self.keys.is_encrypted());
        let key = self.keys.log();
        let text = side_text(self.store.as_ref(), &self.keys, &self.files, keyring, &key).await?;
        Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
    }

    /// Objects by `apiVersion/Kind`, as stored beside the archive.
    ///
    /// # Errors
    /// When the list exists and cannot be read; [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when it is missing or another
    /// than the record names.
    pub async fn resource_list(&self) -> Result<Option<BTreeMap<String, Vec<String>>>> {
        self.side_file(&self.keys.resource_list()).await
    }

    /// What became of the data of each volume; empty for backups without volumes, and for those of other programs.
    ///
    /// # Errors
    /// When the file exists and cannot be read; [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when it is missing or another
    /// than the record names, or names snapshots of another backup.
    pub async fn volumes(&self) -> Result<Vec<BackedUpVolume>> {
        let volumes = self.volumes_file().await?;
        Ok(volumes.map_or_else(Vec::new, |file| file.volumes))
    }

    /// The same, with the times that data and objects are of; `None` where there is no such file.
    ///
    /// # Errors
    /// As [`volumes`](Self::volumes).
    pub async fn volumes_file(&self) -> Result<Option<BackedUpVolumes>> {
        read_volumes(self.store.as_ref(), &self.keys, &self.record).await
    }

    async fn side_file<T: serde::de::DeserializeOwned>(&self, key: &Path) -> Result<Option<T>> {
        let keyring = self.keyring.as_ref().filter(|_| self.keys.is_encrypted());
        side_file(self.store.as_ref(), &self.keys, &self.files, keyring, key).await
    }

    /// What of the locked Secrets passes `filter`: their names, which are not encrypted.
    pub(crate) async fn locked(
        &self,
        filter: &EntryFilter,
        why: &str,
    ) -> Result<Vec<RefusedEntry>> {
        let secrets = SECRETS.group_resource();
        if !(filter.resources.is_empty() || filter.resources.contains(&secrets)) {
            return Ok(Vec::new());
        }
        let Some(listed) = self.resource_list().await? else {
            return Ok(Vec::new());
        };
        let names = listed.get(SECRETS_LISTED).into_iter().flatten();
        let refused = names.filter_map(|name| {
            let (namespace, name) = name.split_once('/')?;
            let id = ObjectId {
                resource: secrets.clone(),
                namespace: Some(namespace.to_owned()),
                name: name.to_owned(),
            };
            let is_meant = check_id(&id).is_ok() && filter.matches(&id);
            is_meant.then(|| RefusedEntry {
                path: entry_path(&id),
                id: Some(id),
                reason: why.to_owned(),
                location: None,
            })
        });
        Ok(refused.collect())
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
            size: length,
            sha256: sha256.into(),
        };
        found.must_be(named, &step)
    }

    /// The names of all files that the record names.
    pub(crate) fn names_of_files(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    /// The names of the files that the record names besides the archive.
    pub(crate) fn names_beside(&self) -> Vec<String> {
        let archive = self.keys.name_of(&self.keys.archive());
        let names = self.files.keys().filter(|name| **name != archive);
        names.cloned().collect()
    }
}

impl Repository {
    /// What became of the data of each volume of the backup `name`, whatever its archive is like; empty for backups
    /// without volumes.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such backup; those of [`record`](Self::record) and of
    /// [`OpenBackup::volumes`].
    pub async fn volumes(&self, name: &str) -> Result<Vec<BackedUpVolume>> {
        let Some(record) = self.record(name).await? else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("read the volumes of `{name}`: there is no backup of that name"),
            ));
        };
        let file = read_volumes(self.store.as_ref(), &self.keys(name)?, &record).await?;
        Ok(file.map_or_else(Vec::new, |file| file.volumes))
    }
}

/// What the backup of `record` says of its volumes.
pub(crate) async fn read_volumes(
    store: &dyn ObjectStore,
    keys: &Keys,
    record: &Record,
) -> Result<Option<BackedUpVolumes>> {
    let key = keys.volumes();
    // Never encrypted: who deletes a backup, and the snapshots with it, need not be able to read it.
    let file = side_file(store, keys, &record.files()?, None, &key).await?;
    let Some(file): Option<BackedUpVolumes> = file else {
        return Ok(None);
    };
    let refuse = |why: String| Err(Error::corrupt(format!("read `{key}`: {why}")));
    if file.format_version != FORMAT_VERSION {
        return refuse(format!(
            "its form is {}, and known is {FORMAT_VERSION}; read it with the version that wrote it, or a later one",
            file.format_version
        ));
    }
    // Whoever restores from a snapshot or deletes it goes by these names.
    let foreign = file
        .volumes
        .iter()
        .filter_map(|volume| volume.record.as_ref())
        .find(|snapshot| snapshot.backup_uid != record.uid());
    match foreign {
        Some(snapshot) => refuse(format!(
            "it names snapshot `{}` of the backup with uid `{}`, and this one has `{}`",
            snapshot.name,
            snapshot.backup_uid,
            record.uid()
        )),
        None => Ok(Some(file)),
    }
}

/// The JSON of a file beside the record; `None` where there is none and the record names none.
async fn side_file<T: serde::de::DeserializeOwned>(
    store: &dyn ObjectStore,
    keys: &Keys,
    files: &Files,
    keyring: Option<&Keyring>,
    key: &Path,
) -> Result<Option<T>> {
    let Some(text) = side_text(store, keys, files, keyring, key).await? else {
        return Ok(None);
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| Error::corrupt(format!("read `{key}`")).with_source(error))
}

/// The text of a file beside the record.
async fn side_text(
    store: &dyn ObjectStore,
    keys: &Keys,
    files: &Files,
    keyring: Option<&Keyring>,
    key: &Path,
) -> Result<Option<Vec<u8>>> {
    let step = format!("read `{key}`");
    let found = read_up_to(store, key, MAX_SIDE_FILE + 1).await;
    let found = found.map_err(|error| Error::store(&step, error))?;
    let named = files.get(&keys.name_of(key));
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
    let bytes = match keyring {
        Some(keyring) => keyring.decrypt(&step, &bytes)?,
        None => bytes,
    };
    gunzip(&bytes, MAX_SIDE_FILE).map(Some)
}
