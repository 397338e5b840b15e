//! Where backups are stored: finding, opening and deleting them.

mod bounded;
mod held;
pub(crate) mod lease;
mod open;
mod pass;
mod ranges;
mod record;
mod results;
pub(crate) mod upload;

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

pub use open::OpenBackup;
pub(crate) use open::{ListedMember, same_etag};
pub use record::{
    ArchiveFacts, Phase, PointInTime, Record, RecordMetadata, RecordProgress, RecordStatus,
};
pub use results::{Results, ResultsBySource};

use bounded::BoundedStore;

use crate::archive::ReadLimits;
use crate::format::keys::{Keys, check_name};
use crate::{Error, ErrorKind, Result};

/// How many records are fetched at once while listing.
const PARALLEL_RECORDS: usize = 8;
/// Largest record read: Kubernetes objects are far smaller.
const MAX_RECORD: u64 = 8 << 20;

/// The backups below one prefix of an object store.
///
/// ```
/// # async fn example() -> Result<(), kube_backup_engine::Error> {
/// use std::sync::Arc;
/// use kube_backup_engine::Repository;
/// use object_store::memory::InMemory;
///
/// let repository = Repository::new(Arc::new(InMemory::new()), "clusters/berlin");
/// for record in repository.list().await? {
///     println!("{} {}", record.name(), record.status.phase);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Repository {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    limits: ReadLimits,
}

impl Repository {
    /// The backups of `store` below `prefix`, which may be empty. A request that the store has not
    /// responded to within ten minutes has failed.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: impl AsRef<str>) -> Self {
        Self {
            store: Arc::new(BoundedStore::new(store)),
            prefix: Path::from(prefix.as_ref()),
            limits: ReadLimits::default(),
        }
    }

    /// Reads archives under other limits than the default ones. Backups leave out, by name, what could
    /// not be read back under them.
    #[must_use]
    pub fn with_read_limits(mut self, limits: ReadLimits) -> Self {
        self.limits = limits;
        self
    }

    pub(crate) fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    /// The store that holds the backups.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    pub(crate) fn keys(&self, name: &str) -> Result<Keys> {
        Keys::new(&self.prefix, name)
    }

    /// The records of all backups, by name.
    ///
    /// Folders without a record are not backups and do not appear.
    ///
    /// # Errors
    /// When the store cannot be listed or read; [`ErrorKind::Corrupt`] when a record cannot be read.
    pub async fn list(&self) -> Result<Vec<Record>> {
        let folder = self.prefix.clone().join("backups");
        let found = self
            .store
            .list_with_delimiter(Some(&folder))
            .await
            .map_err(|error| Error::store("list backups", error))?;
        let names: Vec<String> = found
            .common_prefixes
            .iter()
            .filter_map(|path| path.filename().map(str::to_owned))
            .filter(|name| check_name(name).is_ok())
            .collect();
        let records: Vec<Option<Record>> = futures::stream::iter(names)
            .map(|name| async move { self.record(&name).await })
            .buffered(PARALLEL_RECORDS)
            .try_collect()
            .await?;
        Ok(records.into_iter().flatten().collect())
    }

    /// The record of the backup `name`; `None` when there is no such backup.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when `name` cannot be the name of a backup, [`ErrorKind::Corrupt`] when its
    /// record cannot be read; and whatever the store fails with.
    pub async fn record(&self, name: &str) -> Result<Option<Record>> {
        let step = || format!("read the record of `{name}`");
        let found = match self.store.get(&self.keys(name)?.record()).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Error::store(step(), error)),
        };
        if found.meta.size > MAX_RECORD {
            return Err(Error::corrupt(format!(
                "read the record of `{name}`: it has {} bytes",
                found.meta.size
            )));
        }
        let bytes = found
            .bytes()
            .await
            .map_err(|error| Error::store(step(), error))?;
        Record::read(&bytes, name).map(Some)
    }

    /// Opens the backup `name` for reading.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such backup, [`ErrorKind::Corrupt`] when its archive is missing
    /// or is not the one that its record names; and whatever the store fails with.
    pub async fn open(&self, name: &str) -> Result<OpenBackup> {
        let Some(record) = self.record(name).await? else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("open backup `{name}`: there is no backup of that name"),
            ));
        };
        OpenBackup::new(
            Arc::clone(&self.store),
            self.keys(name)?,
            record,
            self.limits,
        )
        .await
    }

    /// Opens the backup of `record` without checking its archive, to find out what is wrong with it.
    pub(crate) async fn open_unchecked(&self, record: Record) -> Result<OpenBackup> {
        let keys = self.keys(record.name())?;
        OpenBackup::unchecked(Arc::clone(&self.store), keys, record, self.limits).await
    }

    /// Deletes the backup `name`, its record first: what a crash leaves is not a backup.
    ///
    /// Volume snapshots that it names are kept.
    ///
    /// # Errors
    /// When the store does not let something go, as under a retention policy; what is left then is named.
    pub async fn delete(&self, name: &str) -> Result<()> {
        let keys = self.keys(name)?;
        match self.store.delete(&keys.record()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => {
                return Err(Error::kept(format!("delete the record of `{name}`"), error));
            }
        }
        let left = self.below(&keys).await?;
        let step = format!("delete what lies below `{}`", keys.folder());
        self.delete_all(left, step).await
    }

    /// The keys of everything in the folder of a backup.
    pub(crate) async fn below(&self, keys: &Keys) -> Result<Vec<Path>> {
        self.store
            .list(Some(keys.folder()))
            .map_ok(|found| found.location)
            .try_collect()
            .await
            .map_err(|error| {
                Error::store(format!("list what lies below `{}`", keys.folder()), error)
            })
    }

    /// Deletes these objects, as `step` of something.
    pub(crate) async fn delete_all(&self, paths: Vec<Path>, step: String) -> Result<()> {
        let paths = futures::stream::iter(paths.into_iter().map(Ok)).boxed();
        let mut deleted = self.store.delete_stream(paths);
        while let Some(result) = deleted.next().await {
            match result {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(Error::kept(step, error)),
            }
        }
        Ok(())
    }
}
