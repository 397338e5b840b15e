//! One backup, open for reading.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::ObjectStore;
use tokio::sync::OnceCell;

use super::files::Files;
use super::held::{Held, PARALLEL_FETCHES};
use super::pinned::Pinned;
use super::record::{ArchiveFacts, Record, StoredRecord};
use crate::archive::index::{Directory, EntryFilter, Listed};
use crate::archive::{Budget, Entry, Found, Listing, Location, ReadLimits, RefusedEntry, Span};
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
    pub(super) archive: Pinned,
    pub(super) expected: Expected,
    seal: Option<Seal>,
    /// Whether it was held to a trust.
    is_admitted: bool,
    pub(super) limits: ReadLimits,
    ignores_index: bool,
    index: OnceCell<Option<Index>>,
    pub(super) held: Arc<Held>,
}

/// What the record says of the archive's bytes; nothing, if another program wrote it.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    pub(super) facts: Option<ArchiveFacts>,
    pub(super) sha256: Option<Digest>,
}

/// How a repository opens backups.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Opening {
    pub(super) limits: ReadLimits,
    pub(super) ignores_index: bool,
}

/// The index, as it was when its directory was read.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) directory: Directory,
    file: Pinned,
}

/// A member of the archive and what the index lists in it.
#[derive(Debug)]
pub(crate) struct ListedMember {
    pub(crate) span: Span,
    /// Its length once decompressed.
    pub(crate) size: u64,
    pub(crate) entries: Vec<(Location, Entry)>,
    pub(crate) refused: Vec<(Location, RefusedEntry)>,
}

/// Groups what one chunk lists by member; a chunk lists whole members.
fn by_member(listed: Vec<Listed>) -> Vec<ListedMember> {
    let mut members: Vec<ListedMember> = Vec::new();
    for listed in listed {
        let location = match &listed {
            Ok(entry) => entry.location,
            Err(refused) => refused.location,
        };
        let Some(at) = location else { continue };
        if members.last().is_none_or(|member| member.span != at.member) {
            members.push(ListedMember {
                span: at.member,
                size: at.member_size,
                entries: Vec::new(),
                refused: Vec::new(),
            });
        }
        if let Some(member) = members.last_mut() {
            match listed {
                Ok(entry) => member.entries.push((at, entry)),
                Err(refused) => member.refused.push((at, refused)),
            }
        }
    }
    members
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
        opened.check_length()?;
        opened.is_admitted = admitted.is_some();
        opened.seal = admitted.flatten();
        if opened.seal.is_some() {
            opened.check_before_unpacking().await?;
        }
        Ok(opened)
    }

    /// Whether what will be unpacked is what the record names. With an index, each piece has a digest of its own, in a
    /// chain from the record. Without one it is all or nothing: then the archive is read, and not unpacked.
    pub(crate) async fn check_before_unpacking(&self) -> Result<()> {
        if self.is_indexed() {
            return Ok(());
        }
        let mut bytes = self.bytes().await?;
        bytes.drain().await?;
        bytes.check()
    }

    /// Whether the record names an index, and it is used.
    fn is_indexed(&self) -> bool {
        let facts = self.facts().and_then(|facts| facts.index.as_ref());
        facts.is_some() && !self.ignores_index
    }

    /// Opens it without checking its archive.
    pub(super) async fn unchecked(
        store: Arc<dyn ObjectStore>,
        keys: Keys,
        stored: StoredRecord,
        opening: Opening,
    ) -> Result<Self> {
        let StoredRecord { record, sha256, .. } = stored;
        let name = record.name().to_owned();
        let files = record.files()?;
        let expected = Expected {
            facts: record.archive()?,
            sha256: files
                .get(&keys.name_of(&keys.archive()))
                .map(|file| file.sha256),
        };
        let archive = Pinned::head(&store, &keys.archive()).await;
        let archive = archive.map_err(|error| {
            let missing = matches!(error, object_store::Error::NotFound { .. });
            let error = Error::store(format!("open the archive of `{name}`"), error);
            if missing {
                Error::corrupt(format!(
                    "open the archive of `{name}`: its record is there and it is not"
                ))
                .with_source(error)
            } else {
                error
            }
        })?;
        Ok(Self {
            store,
            keys,
            record,
            record_sha256: sha256,
            files,
            archive,
            expected,
            seal: None,
            is_admitted: false,
            limits: opening.limits,
            ignores_index: opening.ignores_index,
            index: OnceCell::new(),
            held: Arc::default(),
        })
    }

    /// Whether the archive has the length that the record names. Its digests are checked as it is read. Its ETag
    /// says nothing: that of a copy is another.
    pub(crate) fn check_length(&self) -> Result<()> {
        let length = self.archive.length();
        match &self.expected.facts {
            Some(facts) if facts.length != length => Err(Error::corrupt(format!(
                "open the archive of `{}`: it is not the one its record names \
                 (it has {length} bytes, recorded are {})",
                self.record.name(),
                facts.length,
            ))),
            _ => Ok(()),
        }
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
        if self.expected.sha256.is_none() {
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

    /// Length of the archive in bytes.
    pub fn archive_length(&self) -> u64 {
        self.archive.length()
    }

    /// What the record says of the archive; `None` for records of other programs.
    pub(crate) fn facts(&self) -> Option<&ArchiveFacts> {
        self.expected.facts.as_ref()
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
        Ok(self.index().await?.is_some())
    }

    pub(super) async fn index(&self) -> Result<Option<&Index>> {
        let index = self.index.get_or_try_init(|| self.read_index()).await?;
        Ok(index.as_ref())
    }

    async fn read_index(&self) -> Result<Option<Index>> {
        let facts = self.facts().and_then(|facts| facts.index.as_ref());
        let Some(facts) = facts.filter(|_| !self.ignores_index) else {
            return Ok(None);
        };
        let path = self.keys.index();
        let range = Directory::range(facts, &self.limits)?;
        let another = |length: u64| {
            Error::corrupt(format!(
                "read the index: it has {length} bytes, and the record says {}",
                facts.length
            ))
        };
        let (file, bytes) = match Pinned::by_range(&self.store, &path, range).await {
            Ok(read) => read,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(Error::corrupt(format!(
                    "read the index of `{}`: it is missing, and the record names it; copy it beside the archive, or \
                     read the archive as a whole, as a repository does that is `ignoring_indexes`",
                    self.record.name()
                )));
            }
            // What a range past the end is answered with differs from store to store.
            Err(error) => match Pinned::head(&self.store, &path).await {
                Ok(file) if file.length() != facts.length => return Err(another(file.length())),
                _ => return Err(Error::store("read the index", error)),
            },
        };
        if file.length() != facts.length {
            return Err(another(file.length()));
        }
        let directory = Directory::read(&bytes, facts)?;
        Ok(Some(Index { directory, file }))
    }

    /// The kinds that the index lists, and whether their objects lie in namespaces; `None` without one.
    pub(crate) async fn listed_kinds(&self) -> Result<Option<BTreeSet<(GroupResource, bool)>>> {
        let index = self.index().await?;
        Ok(index.map(|index| index.directory.kinds()))
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
        let mut listing = Listing::default();
        let matches =
            |refused: &RefusedEntry| refused.id.as_ref().is_none_or(|id| filter.matches(id));
        let Some(index) = self.index().await? else {
            let mut objects = self.stream_found();
            while let Some(found) = objects.try_next().await? {
                match found {
                    Found::Object(entry, _) if filter.matches(&entry.id) => {
                        listing.entries.push(entry);
                    }
                    Found::Refused(refused) if matches(&refused) => listing.refused.push(refused),
                    Found::Object(..) | Found::Refused(_) => {}
                }
            }
            return Ok(listing);
        };
        // Hashes, since the entries already hold the names.
        let (mut seen, hasher) = (HashSet::new(), RandomState::new());
        let mut tally = Tally {
            budget: Budget::new(self.limits),
            compressed: 0,
            last: None,
        };
        let mut fetched = self.listed(index, filter);
        while let Some(listed) = fetched.try_next().await? {
            for listed in listed {
                tally.add(&listed)?;
                match listed {
                    Ok(entry) if filter.matches(&entry.id) => {
                        if !seen.insert(hasher.hash_one(&entry.id)) {
                            return Err(Error::corrupt("read index: the entry is in it twice")
                                .with_entry(entry_path(&entry.id)));
                        }
                        listing.entries.push(entry);
                    }
                    Err(refused) if matches(&refused) => listing.refused.push(refused),
                    Ok(_) | Err(_) => {}
                }
            }
        }
        Ok(listing)
    }

    /// What the chunks of the index list that may hold what passes `filter`, chunk by chunk.
    pub(super) fn listed<'a>(
        &'a self,
        index: &'a Index,
        filter: &EntryFilter,
    ) -> BoxStream<'a, Result<Vec<Listed>>> {
        stream::iter(index.directory.chunks(filter))
            .map(move |chunk| async move {
                let span = chunk.span();
                let range = span.offset..span.end().unwrap_or(span.offset);
                let bytes = index.file.range("read the index", range).await?;
                chunk.read(&bytes, self.archive.length(), &self.limits)
            })
            .buffered(PARALLEL_FETCHES)
            .boxed()
    }

    /// What the index lists, member by member, in the order of the archive; `None` without an index.
    pub(crate) async fn members(&self) -> Result<Option<BoxStream<'_, Result<ListedMember>>>> {
        let Some(index) = self.index().await? else {
            return Ok(None);
        };
        let members = self
            .listed(index, &EntryFilter::default())
            .map_ok(|listed| stream::iter(by_member(listed).into_iter().map(Ok)))
            .try_flatten();
        Ok(Some(members.boxed()))
    }
}
