//! One backup, open for reading.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::sync::OnceCell;

use super::held::{Held, PARALLEL_FETCHES};
use super::{ArchiveFacts, Record, Results};
use crate::archive::index::{Directory, EntryFilter, gunzip};
use crate::archive::{Entry, Location, ReadLimits, Span};
use crate::format::entries::entry_path;
use crate::format::keys::Keys;
use crate::{Error, GroupResource, Result};

/// Largest side file, compressed or not: the names of a few million objects.
const MAX_SIDE_FILE: u64 = 128 << 20;

/// A backup whose record has been read and whose archive exists.
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
    pub(super) facts: Option<ArchiveFacts>,
    archive_length: u64,
    archive_etag: Option<String>,
    pub(super) limits: ReadLimits,
    directory: OnceCell<Option<Directory>>,
    pub(super) held: Arc<Held>,
}

/// A member of the archive and what the index lists in it.
#[derive(Debug)]
pub(crate) struct ListedMember {
    pub(crate) span: Span,
    /// Its length once decompressed.
    pub(crate) size: u64,
    pub(crate) entries: Vec<(Location, Entry)>,
}

/// Groups the entries of one chunk by member; a chunk lists whole members.
fn by_member(entries: Vec<Entry>) -> Vec<ListedMember> {
    let mut members: Vec<ListedMember> = Vec::new();
    for entry in entries {
        let Some(at) = entry.location else { continue };
        match members.last_mut() {
            Some(member) if member.span == at.member => member.entries.push((at, entry)),
            _ => members.push(ListedMember {
                span: at.member,
                size: at.member_size,
                entries: vec![(at, entry)],
            }),
        }
    }
    members
}

/// ETags with and without quotes are the same ETag.
pub(crate) fn same_etag(a: &str, b: &str) -> bool {
    a.trim_matches('"')
        .eq_ignore_ascii_case(b.trim_matches('"'))
}

impl OpenBackup {
    /// Opens it, refusing an archive other than the one that its record names.
    pub(super) async fn new(
        store: Arc<dyn ObjectStore>,
        keys: Keys,
        record: Record,
        limits: ReadLimits,
    ) -> Result<Self> {
        let opened = Self::unchecked(store, keys, record, limits).await?;
        opened.check_identity()?;
        Ok(opened)
    }

    /// Opens it without checking its archive.
    pub(super) async fn unchecked(
        store: Arc<dyn ObjectStore>,
        keys: Keys,
        record: Record,
        limits: ReadLimits,
    ) -> Result<Self> {
        let name = record.name().to_owned();
        let facts = record.archive()?;
        let meta = store.head(&keys.archive()).await.map_err(|error| {
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
            facts,
            archive_length: meta.size,
            archive_etag: meta.e_tag,
            limits,
            directory: OnceCell::new(),
            held: Arc::default(),
        })
    }

    /// Whether the archive has the length and the ETag that the record names.
    pub(crate) fn check_identity(&self) -> Result<()> {
        let Some(facts) = &self.facts else {
            return Ok(());
        };
        let other_etag = match (&facts.etag, &self.archive_etag) {
            (Some(recorded), Some(found)) => !same_etag(recorded, found),
            _ => false,
        };
        if facts.length != self.archive_length || other_etag {
            return Err(Error::corrupt(format!(
                "open the archive of `{}`: it is not the one its record names \
                 ({} bytes with ETag {:?}, recorded are {} bytes with {:?})",
                self.record.name(),
                self.archive_length,
                self.archive_etag,
                facts.length,
                facts.etag
            )));
        }
        Ok(())
    }

    /// The record.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Length of the archive in bytes.
    pub fn archive_length(&self) -> u64 {
        self.archive_length
    }

    /// What the record says of the archive; `None` for records of other programs.
    pub(crate) fn facts(&self) -> Option<&ArchiveFacts> {
        self.facts.as_ref()
    }

    pub(crate) fn limits(&self) -> ReadLimits {
        self.limits
    }

    /// Whether there is an index, so that single objects can be fetched.
    ///
    /// # Errors
    /// When the index exists and cannot be read; [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when it is
    /// not the one that the record names.
    pub async fn has_index(&self) -> Result<bool> {
        Ok(self.directory().await?.is_some())
    }

    pub(super) async fn directory(&self) -> Result<Option<&Directory>> {
        let directory = self
            .directory
            .get_or_try_init(|| async {
                let Some(facts) = self.facts.as_ref().and_then(|facts| facts.index.as_ref()) else {
                    return Ok(None);
                };
                let range = Directory::range(facts)?;
                let bytes = match self.store.get_range(&self.keys.index(), range).await {
                    Ok(bytes) => bytes,
                    Err(object_store::Error::NotFound { .. }) => {
                        // The archive is complete without it.
                        tracing::warn!(backup = self.record.name(), "the index is missing");
                        return Ok(None);
                    }
                    Err(error) => return Err(Error::store("read the index", error)),
                };
                Directory::read(&bytes, facts).map(Some)
            })
            .await?;
        Ok(directory.as_ref())
    }

    /// The kinds that the index lists, and whether their objects lie in namespaces; `None` without one.
    pub(crate) async fn listed_kinds(&self) -> Result<Option<BTreeSet<(GroupResource, bool)>>> {
        Ok(self.directory().await?.map(Directory::kinds))
    }

    /// The entries that pass `filter`, in the order of the archive.
    ///
    /// With an index this fetches only the parts of it that can list such entries. Without one
    /// the whole archive is read once, in bounded memory.
    ///
    /// # Errors
    /// When the index or, without one, the archive cannot be read or is not what the record names.
    pub async fn entries(&self, filter: &EntryFilter) -> Result<Vec<Entry>> {
        let Some(directory) = self.directory().await? else {
            let mut entries = Vec::new();
            let mut objects = self.stream();
            while let Some((entry, _)) = objects.try_next().await? {
                if filter.matches(&entry.id) {
                    entries.push(entry);
                }
            }
            return Ok(entries);
        };
        // Hashes, since the entries already hold the names.
        let (mut seen, hasher) = (HashSet::new(), RandomState::new());
        let mut entries = Vec::new();
        let mut fetched = self.listed(directory, filter);
        while let Some(listed) = fetched.try_next().await? {
            for entry in listed {
                if filter.matches(&entry.id) {
                    if !seen.insert(hasher.hash_one(&entry.id)) {
                        return Err(Error::corrupt("read index: the entry is in it twice")
                            .with_entry(entry_path(&entry.id)));
                    }
                    entries.push(entry);
                }
            }
        }
        Ok(entries)
    }

    /// What the chunks of the index list that may hold what passes `filter`, chunk by chunk.
    pub(super) fn listed<'a>(
        &'a self,
        directory: &'a Directory,
        filter: &EntryFilter,
    ) -> BoxStream<'a, Result<Vec<Entry>>> {
        let index = self.keys.index();
        stream::iter(directory.chunks(filter))
            .map(move |chunk| {
                let index = index.clone();
                async move {
                    let span = chunk.span();
                    let range = span.offset..span.end().unwrap_or(span.offset);
                    let bytes = self
                        .store
                        .get_range(&index, range)
                        .await
                        .map_err(|error| Error::store("read the index", error))?;
                    chunk.read(&bytes, self.archive_length)
                }
            })
            .buffered(PARALLEL_FETCHES)
            .boxed()
    }

    /// What the index lists, member by member, in the order of the archive; `None` without an index.
    pub(crate) async fn members(&self) -> Result<Option<BoxStream<'_, Result<ListedMember>>>> {
        let Some(directory) = self.directory().await? else {
            return Ok(None);
        };
        let members = self
            .listed(directory, &EntryFilter::default())
            .map_ok(|entries| stream::iter(by_member(entries).into_iter().map(Ok)))
            .try_flatten();
        Ok(Some(members.boxed()))
    }

    /// The warnings and errors stored beside the archive; `None` when there are none stored.
    ///
    /// # Errors
    /// When they exist and cannot be read.
    pub async fn results(&self) -> Result<Option<Results>> {
        self.side_file(&self.keys.results()).await
    }

    /// Objects by `apiVersion/Kind`, as stored beside the archive.
    ///
    /// # Errors
    /// When the list exists and cannot be read.
    pub async fn resource_list(&self) -> Result<Option<BTreeMap<String, Vec<String>>>> {
        self.side_file(&self.keys.resource_list()).await
    }

    async fn side_file<T: serde::de::DeserializeOwned>(&self, key: &Path) -> Result<Option<T>> {
        let step = format!("read `{key}`");
        let found = match self.store.get(key).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Error::store(step, error)),
        };
        if found.meta.size > MAX_SIDE_FILE {
            return Err(Error::corrupt(format!(
                "{step}: it has {} bytes",
                found.meta.size
            )));
        }
        let bytes = found
            .bytes()
            .await
            .map_err(|error| Error::store(&step, error))?;
        let text = gunzip(&bytes, MAX_SIDE_FILE)?;
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| Error::corrupt(step).with_source(error))
    }
}
