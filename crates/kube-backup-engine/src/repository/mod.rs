//! Where backups are stored: finding, opening and deleting them.

pub(crate) mod begun;
mod beside;
mod bounded;
pub(crate) mod delete;
mod download;
mod files;
mod held;
pub(crate) mod lease;
mod list;
mod open;
mod part;
mod pass;
mod pinned;
mod ranges;
mod record;
mod results;
mod runs;
mod seals;
pub(crate) mod shelf;
pub(crate) mod small;
mod stored;
pub(crate) mod upload;
pub(crate) mod writing;

use std::sync::Arc;

use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::path::Path;

pub use download::StoredArchive;
pub use files::{FileFacts, Files};
pub use list::{BackupList, UnreadableBackup};
pub use open::OpenBackup;
pub(crate) use part::{ListedMember, Part};
pub(crate) use pinned::same_etag;
pub(crate) use record::StoredRecord;
pub use record::{
    ArchiveFacts, EncryptionFacts, HookStatus, Phase, PointInTime, Record, RecordMetadata,
    RecordProgress, RecordStatus,
};
pub use results::{Results, ResultsBySource};

use bounded::BoundedStore;
use open::Opening;
use small::read_up_to;

use crate::archive::ReadLimits;
use crate::encryption::Identity;
use crate::format::keys::Keys;
use crate::seal::Trust;
use crate::{Digest, Error, ErrorKind, Result};

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
/// for record in repository.list().await?.records {
///     println!("{} {}", record.name(), record.status.phase);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Repository {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    opening: Opening,
    trust: Option<Arc<Trust>>,
}

impl Repository {
    /// The backups of `store` below `prefix`, which may be empty. A request that the store has not
    /// responded to within ten minutes has failed.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: impl AsRef<str>) -> Self {
        Self {
            store: Arc::new(BoundedStore::new(store)),
            prefix: Path::from(prefix.as_ref()),
            opening: Opening::default(),
            trust: None,
        }
    }

    /// Reads archives under other limits than the default ones. Backups leave out, by name, what could
    /// not be read back under them.
    #[must_use]
    pub fn with_read_limits(mut self, limits: ReadLimits) -> Self {
        self.opening.limits = limits;
        self
    }

    /// Reads archives as a whole, without their indexes: for a backup whose index is lost or damaged. The archive
    /// is held to its own digests all the same.
    #[must_use]
    pub fn ignoring_indexes(mut self) -> Self {
        self.opening.ignores_index = true;
        self
    }

    /// Reads what is [encrypted](crate::encryption) to one of these.
    #[must_use]
    pub fn with_identities(mut self, identities: impl IntoIterator<Item = Identity>) -> Self {
        self.opening.identities = identities.into_iter().collect();
        self
    }

    /// Admits only what this trust admits: every backup is held to its [seal](crate::seal) before anything of
    /// it is unpacked.
    #[must_use]
    pub fn with_trust(mut self, trust: Trust) -> Self {
        self.trust = Some(Arc::new(trust));
        self
    }

    /// Who is trusted; `None` when everybody is who can write to the store.
    pub fn trust(&self) -> Option<&Trust> {
        self.trust.as_deref()
    }

    pub(crate) fn limits(&self) -> &ReadLimits {
        &self.opening.limits
    }

    /// The store that holds the backups.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The folder of all backups.
    pub(crate) fn folder(&self) -> Path {
        self.prefix.clone().join("backups")
    }

    pub(crate) fn keys(&self, name: &str) -> Result<Keys> {
        Keys::new(&self.prefix, name)
    }

    /// The record of the backup `name`; `None` when there is no such backup.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when `name` cannot be the name of a backup, [`ErrorKind::Corrupt`] when its
    /// record cannot be read, [`ErrorKind::Untrusted`] when the [trust](Self::with_trust) does not admit it; and
    /// whatever the store fails with.
    pub async fn record(&self, name: &str) -> Result<Option<Record>> {
        let Some(stored) = self.stored_record(name).await? else {
            return Ok(None);
        };
        self.seal_of(&stored).await?;
        Ok(Some(stored.record))
    }

    pub(crate) async fn stored_record(&self, name: &str) -> Result<Option<StoredRecord>> {
        let step = format!("read the record of `{name}`");
        let path = self.keys(name)?.record();
        let bytes = read_up_to(self.store.as_ref(), &path, MAX_RECORD + 1).await;
        let Some(bytes) = bytes.map_err(|error| Error::store(&step, error))? else {
            return Ok(None);
        };
        if bytes.len() as u64 > MAX_RECORD {
            return Err(Error::corrupt(format!(
                "{step}: it has more than {MAX_RECORD} bytes"
            )));
        }
        Ok(Some(StoredRecord {
            record: Record::read(&bytes, name)?,
            sha256: Digest::of(&bytes),
            length: bytes.len() as u64,
        }))
    }

    /// Opens the backup `name` for reading.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is no such backup, [`ErrorKind::Corrupt`] when its archive is missing
    /// or is not the one that its record names; [`ErrorKind::Untrusted`], with a
    /// [`Distrust`](crate::seal::Distrust) as its source, when the [trust](Self::with_trust) does not admit it;
    /// and whatever the store fails with.
    pub async fn open(&self, name: &str) -> Result<OpenBackup> {
        let Some(stored) = self.stored_record(name).await? else {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("open backup `{name}`: there is no backup of that name"),
            ));
        };
        self.open_stored(stored).await
    }

    /// Opens the backup of a record that was read.
    pub(crate) async fn open_stored(&self, stored: StoredRecord) -> Result<OpenBackup> {
        let keys = self.keys(stored.record.name())?;
        let seal = self.seal_of(&stored).await?;
        let admitted = self.trust.is_some().then_some(seal);
        OpenBackup::new(
            Arc::clone(&self.store),
            keys,
            stored,
            admitted,
            self.opening.clone(),
        )
        .await
    }

    /// The same, for whoever need not be able to read it.
    pub(crate) async fn open_stored_to_report(&self, stored: StoredRecord) -> Result<OpenBackup> {
        if stored.record.encryption()?.is_none() {
            return self.open_stored(stored).await;
        }
        let seal = self.seal_of(&stored).await?;
        let backup = self.open_unchecked(stored).await?;
        Ok(backup.admitted_with(seal))
    }

    /// Opens the backup of `record` without checking its archive, to find out what is wrong with it.
    pub(crate) async fn open_unchecked(&self, stored: StoredRecord) -> Result<OpenBackup> {
        let keys = self.keys(stored.record.name())?;
        OpenBackup::unchecked(Arc::clone(&self.store), keys, stored, self.opening.clone()).await
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
}
