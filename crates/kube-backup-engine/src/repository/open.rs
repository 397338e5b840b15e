//! One backup, open for reading.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::path::Path;
use tokio::sync::OnceCell;

use super::files::Files;
use super::part::{Expected, Holds, IndexFile, Part};
use super::record::{ArchiveFacts, EncryptionFacts, Record, StoredRecord};
use super::shelf::Shelf;
use super::stored::StoredFile;
use crate::archive::index::{EntryFilter, Listed};
use crate::archive::{Budget, Entry, Found, Listing, ReadLimits, RefusedEntry, Span};
use crate::encryption::{Encryption, Identity, Keyring};
use crate::format::entries::entry_path;
use crate::format::keys::Keys;
use crate::seal::Seal;
use crate::{Digest, Error, ErrorKind, GroupResource, Result};

/// A backup whose record has been read and whose archive exists.
///
/// What is read of it later is of the archive and the index as they are now: where one is replaced
/// meanwhile, reading fails.
///
/// ```no_run
/// # async fn example(repository: kube_backup_engine::Repository)
/// # -> Result<(), kube_backup_engine::Error> {
/// use futures::TryStreamExt as _;
/// use kube_backup_engine::EntryFilter;
///
/// let backup = repository.open("nightly").await?;
/// let secrets = EntryFilter {
///     resources: ["secrets".parse()?].into(),
///     ..EntryFilter::default()
/// };
/// let entries = backup.entries(&secrets).await?;
/// let mut objects = backup.read(&entries);
/// while let Some((entry, json)) = objects.try_next().await? {
///     println!("{}: {} bytes", entry.id, json.len());
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct OpenBackup {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) keys: Keys,
    pub(super) record: Record,
    record_sha256: Digest,
    pub(super) files: Files,
    /// The archive, and where Secrets alone are encrypted, that of Secrets.
    pub(super) archive: Part,
    pub(super) secrets: Option<Part>,
    pub(super) keyring: Option<Keyring>,
    seal: Option<Seal>,
    /// Whether it was held to a trust.
    is_admitted: bool,
    pub(super) limits: ReadLimits,
    /// Of an archive without index, the objects that stay in memory.
    pub(crate) shelf: OnceLock<Shelf>,
}

/// How a repository opens backups.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) limits: ReadLimits,
    pub(super) ignores_index: bool,
    /// Who reads what is encrypted.
    pub(super) identities: Arc<[Identity]>,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            limits: ReadLimits::default(),
            ignores_index: false,
            identities: Arc::from([]),
        }
    }
}

/// Counts what a listing of the index costs whoever reads what it lists.
struct Tally {
    budget: Budget,
    compressed: u64,
    last: Option<Span>,
}

impl Tally {
    fn add(&mut self, listed: &Listed) -> Result<()> {
        self.budget.add_entry()?;
        let Ok(entry) = listed else { return Ok(()) };
        let member = entry.location.filter(|at| self.last != Some(at.member));
        if let Some(at) = member {
            self.last = Some(at.member);
            self.compressed = self.compressed.saturating_add(at.member.length);
            let added = self.budget.add_text(at.member_size, self.compressed);
            added.map_err(|error| error.with_entry(entry_path(&entry.id)))?;
        }
        Ok(())
    }
}

impl OpenBackup {
    /// Opens it, refusing an archive other than the one that its record names. `admitted` is what a trust makes of its
    /// seal; `None` where there is no trust.
    pub(super) async fn new(
        store: Arc<dyn ObjectStore>,
        keys: Keys,
        stored: StoredRecord,
        admitted: Option<Option<Seal>>,
        opening: Opening,
    ) -> Result<Self> {
        let mut opened = Self::unchecked(store, keys, stored, opening).await?;
        let step = format!("open backup `{}`", opened.record.name());
        opened.archive.file.check_readable(&step)?;
        opened.check_length()?;
        opened.is_admitted = admitted.is_some();
        opened.seal = admitted.flatten();
        if opened.seal.is_some() {
            opened.check_before_unpacking().await?;
        }
        Ok(opened)
    }

    /// Whether what will be unpacked is what the record names.
    pub(crate) async fn check_before_unpacking(&self) -> Result<()> {
        for part in self.parts() {
            part.check_before_unpacking().await?;
        }
        Ok(())
    }

    /// Whether the archives have the lengths that the record names.
    pub(crate) fn check_length(&self) -> Result<()> {
        self.parts().try_for_each(Part::check_length)
    }

    /// Opens it without checking its archive, which may be locked.
    pub(super) async fn unchecked(
        store: Arc<dyn ObjectStore>,
        keys: Keys,
        stored: StoredRecord,
        opening: Opening,
    ) -> Result<Self> {
        let StoredRecord { record, sha256, .. } = stored;
        let name = record.name().to_owned();
        let files = record.files()?;
        let encryption = record.encryption()?;
        let is_of_all = encryption.as_ref().is_some_and(EncryptionFacts::is_of_all);
        let keys = keys.encrypted(is_of_all);
        let keyring = encryption.as_ref().map(|facts| Keyring {
            encryption: facts.encryption.clone(),
            identities: Arc::clone(&opening.identities),
        });
        let whole = PartOpening {
            store: &store,
            keys: &keys,
            files: &files,
            opening: &opening,
            name: &name,
        };
        let (holds, of_archive) = match &keyring {
            Some(_) if !is_of_all => (Holds::AllButSecrets, None),
            keyring => (Holds::Everything, keyring.as_ref()),
        };
        let paths = [keys.archive(), keys.index()];
        let archive = whole
            .part(holds, paths, record.archive()?, of_archive)
            .await?;
        let secrets = match encryption.filter(|_| !is_of_all) {
            Some(EncryptionFacts {
                secrets: Some(facts),
                ..
            }) => {
                let paths = [keys.secrets(), keys.secrets_index()];
                let keyring = keyring.as_ref();
                Some(
                    whole
                        .part(Holds::Secrets, paths, Some(facts), keyring)
                        .await?,
                )
            }
            Some(_) => {
                return Err(Error::corrupt(format!(
                    "open backup `{name}`: the record says that Secrets are encrypted, and nothing of their archive"
                )));
            }
            None => None,
        };
        Ok(Self {
            store,
            keys,
            record,
            record_sha256: sha256,
            files,
            archive,
            secrets,
            keyring,
            seal: None,
            is_admitted: false,
            limits: opening.limits,
            shelf: OnceLock::new(),
        })
    }

    /// The same with its seal, which was checked.
    pub(super) fn admitted_with(self, seal: Option<Seal>) -> Self {
        Self { seal, ..self }
    }

    /// The archives.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.archive).chain(&self.secrets)
    }

    /// What of it is encrypted; `None` when nothing is.
    pub fn encryption(&self) -> Option<&Encryption> {
        self.keyring.as_ref().map(|keyring| &keyring.encryption)
    }

    /// Why Secrets of it cannot be read, if they are encrypted, and no [identity](crate::Repository::with_identities) that was
    /// given opens them. All else can.
    pub fn secrets_locked(&self) -> Option<&str> {
        self.secrets
            .as_ref()
            .and_then(|part| part.file.why_locked())
    }

    /// Why nothing of it can be read, if that is so.
    pub(crate) fn why_locked(&self) -> Option<&str> {
        self.archive.file.why_locked()
    }

    /// The same backup, if its record has this SHA-256: that of
    /// [`BackupReport::record_sha256`](crate::backup::BackupReport::record_sha256), noted where the writers of
    /// the bucket have no hand.
    ///
    /// The record holds the digests of all else, so nothing of the backup can be replaced by anything that
    /// was not in it when the digest was noted.
    ///
    /// ```no_run
    /// # async fn example(repository: kube_backup_engine::Repository, noted: &str)
    /// # -> Result<(), kube_backup_engine::Error> {
    /// let backup = repository.open("nightly").await?.expecting(noted.parse()?)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Untrusted`] when it has another; and for backups of other programs, whose records hold no
    /// digests.
    pub fn expecting(self, record: Digest) -> Result<Self> {
        let refuse = |why: String| {
            let message = format!("open backup `{}`: {why}", self.record.name());
            Err(Error::new(ErrorKind::Untrusted, message))
        };
        if self.record_sha256 != record {
            return refuse(format!(
                "its record has SHA-256 {}, and not {record}: it is another backup of the name, or was changed",
                self.record_sha256
            ));
        }
        if self.archive.expected.sha256.is_none() {
            return refuse(
                "its record is the one that is expected, and holds no SHA-256 of its archive, so this says nothing of \
                 the objects"
                    .into(),
            );
        }
        Ok(self)
    }

    /// Who wrote it, when, and after which others, if the repository was given a
    /// [trust](crate::Repository::with_trust) and there is a seal.
    pub fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// Whether it was admitted by a trust whose policy allows backups without a seal, and has none.
    pub fn is_admitted_unsealed(&self) -> bool {
        self.is_admitted && self.seal.is_none()
    }

    /// The record.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// SHA-256 of the record's bytes.
    pub fn record_sha256(&self) -> Digest {
        self.record_sha256
    }

    /// How many bytes the archive has, as it is stored.
    pub fn archive_size(&self) -> u64 {
        let named = self.facts().map(|facts| facts.size);
        let found = self.archive.file.stored_length();
        found.or(named).unwrap_or_default()
    }

    /// What the record says of the archive; `None` for records of other programs.
    pub(crate) fn facts(&self) -> Option<&ArchiveFacts> {
        self.archive.facts()
    }

    pub(crate) fn limits(&self) -> ReadLimits {
        self.limits
    }

    /// Whether there is an index, so that single objects can be fetched.
    ///
    /// # Errors
    /// When the index cannot be read; [`ErrorKind::Corrupt`] when it is missing, or not the one that the
    /// record names. [`Repository::ignoring_indexes`](crate::Repository::ignoring_indexes) does without.
    pub async fn has_index(&self) -> Result<bool> {
        for part in self.readable() {
            if part.index().await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The archives that are not locked.
    pub(crate) fn readable(&self) -> impl Iterator<Item = &Part> {
        self.parts().filter(|part| part.file.why_locked().is_none())
    }

    /// The kinds that the index lists, and whether their objects lie in namespaces; `None` without one.
    pub(crate) async fn listed_kinds(&self) -> Result<Option<BTreeSet<(GroupResource, bool)>>> {
        let mut kinds = BTreeSet::new();
        for part in self.readable() {
            let Some(index) = part.index().await? else {
                return Ok(None);
            };
            kinds.extend(index.directory.kinds());
        }
        Ok(Some(kinds))
    }

    /// The entries that pass `filter`, in the order of the archive. Those that cannot be read are not among
    /// them; [`listing`](Self::listing) names those.
    ///
    /// With an index this fetches only the parts of it that can list such entries. Without one
    /// the whole archive is read once, in bounded memory.
    ///
    /// # Errors
    /// When the index or, without one, the archive cannot be read or is not what the record names, or holds
    /// more than [`ReadLimits`] allow.
    pub async fn entries(&self, filter: &EntryFilter) -> Result<Vec<Entry>> {
        let Listing { entries, refused } = self.listing(filter).await?;
        for refused in refused {
            tracing::warn!(backup = self.record.name(), "{refused}");
        }
        Ok(entries)
    }

    /// The entries that pass `filter`, and those that may and cannot be read.
    ///
    /// # Errors
    /// As [`entries`](Self::entries).
    pub async fn listing(&self, filter: &EntryFilter) -> Result<Listing> {
        let mut entries = Vec::new();
        let refused = self.list(filter, |entry, _| entries.push(entry)).await?;
        Ok(Listing { entries, refused })
    }

    /// Hands over the entries that pass `filter` one by one, without an index with their bytes, which are read for
    /// it; returns those that may and cannot be read.
    pub(crate) async fn list(
        &self,
        filter: &EntryFilter,
        mut found: impl FnMut(Entry, Option<Bytes>),
    ) -> Result<Vec<RefusedEntry>> {
        let mut refused = Vec::new();
        for part in self.parts() {
            if let Some(why) = part.file.why_locked() {
                refused.extend(self.locked(filter, why).await?);
                continue;
            }
            match part.index().await? {
                Some(index) => {
                    let mut fetched = part.listed(index, filter);
                    let mut taking = Taking::new(filter, self.limits, &mut found, &mut refused);
                    while let Some(listed) = fetched.try_next().await? {
                        listed.into_iter().try_for_each(|one| taking.take(one))?;
                    }
                }
                None => {
                    let mut objects = self.stream_part(part);
                    while let Some(next) = objects.try_next().await? {
                        match next {
                            Found::Object(entry, bytes) if filter.matches(&entry.id) => {
                                found(entry, Some(bytes));
                            }
                            Found::Refused(entry) if concerns(filter, &entry) => {
                                refused.push(entry);
                            }
                            Found::Object(..) | Found::Refused(_) => {}
                        }
                    }
                }
            }
        }
        Ok(refused)
    }
}

/// Whether an entry that cannot be read may be one of those that pass.
fn concerns(filter: &EntryFilter, refused: &RefusedEntry) -> bool {
    refused.id.as_ref().is_none_or(|id| filter.matches(id))
}

/// Takes what an index lists into a listing.
struct Taking<'a, F> {
    filter: &'a EntryFilter,
    found: &'a mut F,
    refused: &'a mut Vec<RefusedEntry>,
    /// Hashes, since the entries already hold the names.
    seen: HashSet<u64>,
    hasher: RandomState,
    tally: Tally,
}

impl<'a, F: FnMut(Entry, Option<Bytes>)> Taking<'a, F> {
    fn new(
        filter: &'a EntryFilter,
        limits: ReadLimits,
        found: &'a mut F,
        refused: &'a mut Vec<RefusedEntry>,
    ) -> Self {
        Self {
            filter,
            found,
            refused,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            tally: Tally {
                budget: Budget::new(limits),
                compressed: 0,
                last: None,
            },
        }
    }

    fn take(&mut self, listed: Listed) -> Result<()> {
        self.tally.add(&listed)?;
        match listed {
            Ok(entry) if self.filter.matches(&entry.id) => {
                if !self.seen.insert(self.hasher.hash_one(&entry.id)) {
                    return Err(Error::corrupt("read index: the entry is in it twice")
                        .with_entry(entry_path(&entry.id)));
                }
                (self.found)(entry, None);
            }
            Err(refused) if concerns(self.filter, &refused) => self.refused.push(refused),
            Ok(_) | Err(_) => {}
        }
        Ok(())
    }
}

/// What opening an archive takes.
struct PartOpening<'a> {
    store: &'a Arc<dyn ObjectStore>,
    keys: &'a Keys,
    files: &'a Files,
    opening: &'a Opening,
    name: &'a str,
}

impl PartOpening<'_> {
    async fn part(
        &self,
        holds: Holds,
        [archive, index]: [Path; 2],
        facts: Option<ArchiveFacts>,
        keyring: Option<&Keyring>,
    ) -> Result<Part> {
        let named = |path: &Path| self.files.get(&self.keys.name_of(path));
        let step = match holds {
            Holds::Secrets => format!("open the archive of Secrets of `{}`", self.name),
            _ => format!("open the archive of `{}`", self.name),
        };
        let missing = "its record is there and it is not";
        let stored = facts.as_ref().map(|facts| facts.size);
        let file = StoredFile::open(self.store, &archive, stored, keyring, &step, missing).await?;
        Ok(Part {
            name: self.name.to_owned(),
            holds,
            file,
            expected: Expected {
                facts,
                sha256: named(&archive).map(|file| file.sha256),
            },
            limits: self.opening.limits,
            held: Arc::default(),
            index: IndexFile {
                store: Arc::clone(self.store),
                stored: named(&index).map(|file| file.size),
                path: index,
                keyring: keyring.cloned(),
                is_ignored: self.opening.ignores_index,
                read: OnceCell::new(),
            },
        })
    }
}
