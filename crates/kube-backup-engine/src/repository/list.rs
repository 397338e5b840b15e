//! All backups of a repository, and those that cannot be read.

use std::fmt;

use futures::StreamExt as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use super::{Record, Repository, StoredRecord};
use crate::format::keys::{RECORD, check_name};
use crate::printable::Printable;
use crate::seal::{Seal, SealIssue, issues};
use crate::{Error, Result};

/// How many records are fetched at once.
const PARALLEL: usize = 8;
/// Bytes of all records that are listed; they take a few kilobytes each.
const MAX_TOTAL: u64 = 256 << 20;

/// The backups of a repository, by name.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct BackupList {
    /// Their records.
    pub records: Vec<Record>,
    /// What looks like a backup and cannot be read, or is not admitted by the
    /// [trust](Repository::with_trust). It takes nothing from the others.
    pub unreadable: Vec<UnreadableBackup>,
    /// Which sealed backups are gone or were put back, as far as the seals and the trust tell.
    pub seal_issues: Vec<SealIssue>,
}

/// A backup whose record cannot be read, or that is not admitted.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnreadableBackup {
    /// The name of its folder.
    pub name: String,
    /// Why.
    pub error: Error,
}

impl fmt::Display for UnreadableBackup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", Printable(&self.name), self.error.chain())
    }
}

impl Repository {
    /// The records of all backups, by name, and beside them what cannot be read: damaged records, records of another
    /// name than their folder, ones that are too large to be a record. 256 MiB of records are read at most.
    ///
    /// Folders without a record are not backups and do not appear. With a [trust](Self::with_trust), backups
    /// that it does not admit are among those that cannot be read.
    ///
    /// # Errors
    /// When the store cannot be listed.
    pub async fn list(&self) -> Result<BackupList> {
        let folder = self.folder();
        let found = self
            .store
            .list_with_delimiter(Some(&folder))
            .await
            .map_err(|error| Error::store("list backups", error))?;
        let mut list = BackupList::default();
        let (mut room, mut seals) = (MAX_TOTAL, Vec::new());
        let mut records = futures::stream::iter(found.common_prefixes)
            .map(|folder| async move {
                let record = self.admitted_in(&folder).await;
                (folder, record)
            })
            .buffered(PARALLEL);
        while let Some((folder, record)) = records.next().await {
            let name = folder.filename().unwrap_or_default();
            let record = record.and_then(|stored| match stored {
                Some((stored, _)) if stored.length > room => Err(Error::corrupt(format!(
                    "read the record of `{name}`: the records before it have {MAX_TOTAL} bytes and more; ask for this \
                     one by its name"
                ))),
                stored => Ok(stored),
            });
            match record {
                Ok(None) => {}
                Ok(Some((stored, seal))) => {
                    room -= stored.length;
                    seals.extend(seal);
                    list.records.push(stored.record);
                }
                Err(error) => list.unreadable.push(UnreadableBackup {
                    name: name.to_owned(),
                    error,
                }),
            }
        }
        if let Some(trust) = self.trust() {
            list.seal_issues = issues(&seals, &trust.known);
        }
        Ok(list)
    }

    async fn admitted_in(&self, folder: &Path) -> Result<Option<(StoredRecord, Option<Seal>)>> {
        let Some(stored) = self.record_in(folder).await? else {
            return Ok(None);
        };
        let seal = self.seal_of(&stored).await?;
        Ok(Some((stored, seal)))
    }

    /// The record in a folder, whatever that is called.
    async fn record_in(&self, folder: &Path) -> Result<Option<StoredRecord>> {
        let name = folder.filename().unwrap_or_default();
        let Err(error) = check_name(name) else {
            return self.stored_record(name).await;
        };
        match self.store.head(&folder.clone().join(RECORD)).await {
            Ok(_) => Err(error),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(Error::store(
                format!("read the record in `{folder}`"),
                error,
            )),
        }
    }
}
