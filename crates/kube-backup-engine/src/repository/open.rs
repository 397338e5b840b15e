//! One backup, open for reading.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::{OnceCell, mpsc};

use super::{ArchiveFacts, Keys, Record};
use crate::archive::index::{Directory, EntryFilter, gunzip};
use crate::archive::path::entry_path;
use crate::archive::read::{ArchiveReader, check_object};
use crate::archive::{Entry, Location, ReadLimits, Span};
use crate::{Error, ErrorKind, ObjectId, Result};

/// Members nearer than this are fetched in one request.
const MAX_GAP: u64 = 8 << 10;
/// Most compressed bytes fetched in one request; they grow about tenfold when decompressed.
const MAX_FETCH: u64 = 512 << 10;
/// Requests under way at once.
const PARALLEL_FETCHES: usize = 3;
/// Most text in a side file, as the reference tool has it.
const MAX_SIDE_FILE: u64 = 1 << 30;

/// A backup whose record is read and whose archive is there.
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
    store: Arc<dyn ObjectStore>,
    keys: Keys,
    record: Record,
    facts: Option<ArchiveFacts>,
    archive_length: u64,
    limits: ReadLimits,
    directory: OnceCell<Option<Directory>>,
}

/// Warnings and errors of a backup, as `<name>-results.gz` holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// What is missing from the backup, or in it otherwise than it was asked for.
    #[serde(default)]
    pub errors: ResultsBySource,
    /// What someone should know.
    #[serde(default)]
    pub warnings: ResultsBySource,
}

/// Messages by what they concern.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultsBySource {
    /// The tool itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub velero: Vec<String>,
    /// The cluster, or cluster-scoped objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster: Vec<String>,
    /// Objects in namespaces.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespaces: BTreeMap<String, Vec<String>>,
}

impl ResultsBySource {
    /// How many messages there are.
    pub fn count(&self) -> u64 {
        let namespaced: usize = self.namespaces.values().map(Vec::len).sum();
        (self.velero.len() + self.cluster.len() + namespaced) as u64
    }

    /// All messages, without what they concern.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.velero
            .iter()
            .chain(&self.cluster)
            .chain(self.namespaces.values().flatten())
            .map(String::as_str)
    }
}

/// ETags with and without quotes are the same ETag.
pub(crate) fn same_etag(a: &str, b: &str) -> bool {
    a.trim_matches('"')
        .eq_ignore_ascii_case(b.trim_matches('"'))
}

impl OpenBackup {
    pub(super) async fn new(
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
        if let Some(facts) = &facts {
            let other_etag = match (&facts.etag, &meta.e_tag) {
                (Some(recorded), Some(found)) => !same_etag(recorded, found),
                _ => false,
            };
            if facts.length != meta.size || other_etag {
                return Err(Error::corrupt(format!(
                    "open the archive of `{name}`: it is not the one its record names \
                     ({} bytes with ETag {:?}, recorded are {} bytes with {:?})",
                    meta.size, meta.e_tag, facts.length, facts.etag
                )));
            }
        }
        Ok(Self {
            store,
            keys,
            record,
            facts,
            archive_length: meta.size,
            limits,
            directory: OnceCell::new(),
        })
    }

    /// The record.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Length of the archive in bytes.
    pub fn archive_length(&self) -> u64 {
        self.archive_length
    }

    /// Whether there is an index, so that single objects can be fetched.
    pub async fn has_index(&self) -> Result<bool> {
        Ok(self.directory().await?.is_some())
    }

    async fn directory(&self) -> Result<Option<&Directory>> {
        let directory = self
            .directory
            .get_or_try_init(|| async {
                let Some(facts) = self.facts.as_ref().and_then(|facts| facts.index.as_ref()) else {
                    return Ok(None);
                };
                let refuse = || Error::corrupt("read index: the record contradicts itself");
                if facts.directory_offset > facts.length || facts.length > self.limits.max_total {
                    return Err(refuse());
                }
                let range = facts.directory_offset..facts.length;
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

    /// The entries that pass `filter`, in the order of the archive.
    ///
    /// With an index this fetches only the parts of it that can list such entries. Without one
    /// the whole archive is read once, in bounded memory.
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
        let mut seen = HashSet::new();
        let mut entries = Vec::new();
        let index = self.keys.index();
        let mut fetched = stream::iter(directory.chunks(filter))
            .map(|chunk| {
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
            .buffered(PARALLEL_FETCHES);
        while let Some(listed) = fetched.try_next().await? {
            for entry in listed {
                if filter.matches(&entry.id) {
                    if !seen.insert(entry.id.clone()) {
                        return Err(Error::corrupt("read index: the entry stands in it twice")
                            .with_entry(entry_path(&entry.id)));
                    }
                    entries.push(entry);
                }
            }
        }
        Ok(entries)
    }

    /// Every object of the archive, in its order, checked against the record's digest at the end.
    ///
    /// Holds a handful of objects in memory, whatever the archive's size. An error ends it.
    pub fn stream(&self) -> BoxStream<'static, Result<(Entry, Bytes)>> {
        let (chunks_in, chunks) = mpsc::channel::<Result<Bytes>>(2);
        let (objects_in, objects) = mpsc::channel::<Result<(Entry, Bytes)>>(8);
        let store = Arc::clone(&self.store);
        let key = self.keys.archive();
        let facts = self.facts.clone();
        let limits = self.limits;
        let name = self.record.name().to_owned();
        tokio::spawn(async move {
            if let Err(error) = feed(store.as_ref(), &key, facts.as_ref(), &name, &chunks_in).await
            {
                // The reader is gone when this cannot be sent, and so is whoever would care.
                let _ = chunks_in.send(Err(error)).await;
            }
        });
        tokio::task::spawn_blocking(move || {
            let failure = Arc::new(std::sync::Mutex::new(None));
            let source = ChannelReader {
                chunks,
                current: Bytes::new(),
                failure: Arc::clone(&failure),
            };
            let mut reader = ArchiveReader::new(source, limits);
            loop {
                let next = match reader.next() {
                    Ok(Some(object)) => Ok(object),
                    Ok(None) => return,
                    // The store's own words beat "unexpected end of file".
                    Err(error) => Err(failure
                        .lock()
                        .ok()
                        .and_then(|mut failure| failure.take())
                        .unwrap_or(error)),
                };
                let failed = next.is_err();
                if objects_in.blocking_send(next).is_err() || failed {
                    return;
                }
            }
        });
        stream::unfold(objects, |mut objects| async {
            objects.recv().await.map(|object| (object, objects))
        })
        .boxed()
    }

    /// The objects of `entries`, in the order of the archive, each checked against its digest.
    ///
    /// Fetches only the parts of the archive that hold them, near ones together. Entries found
    /// without an index are picked out of one pass over the whole archive.
    pub fn read(&self, entries: &[Entry]) -> BoxStream<'static, Result<(Entry, Bytes)>> {
        let mut located: Vec<(Location, Entry)> = Vec::with_capacity(entries.len());
        let mut others: HashSet<ObjectId> = HashSet::new();
        for entry in entries {
            match entry.location {
                Some(location) => located.push((location, entry.clone())),
                None => {
                    others.insert(entry.id.clone());
                }
            }
        }
        let by_range = self.read_located(located);
        if others.is_empty() {
            return by_range;
        }
        let by_pass = self
            .stream()
            .try_filter(move |(entry, _)| futures::future::ready(others.contains(&entry.id)));
        by_range.chain(by_pass).boxed()
    }

    fn read_located(
        &self,
        mut located: Vec<(Location, Entry)>,
    ) -> BoxStream<'static, Result<(Entry, Bytes)>> {
        located.sort_by_key(|(at, _)| (at.member.offset, at.object.offset));
        let store = Arc::clone(&self.store);
        let key = self.keys.archive();
        stream::iter(fetches(located))
            .map(move |fetch| {
                let store = Arc::clone(&store);
                let key = key.clone();
                async move {
                    let bytes = store
                        .get_range(&key, fetch.range.clone())
                        .await
                        .map_err(|error| Error::store("read the archive", error))?;
                    if bytes.len() as u64 != fetch.range.end - fetch.range.start {
                        return Err(Error::corrupt("read archive: it ends in the middle"));
                    }
                    Ok(fetch.members.into_iter().map(move |member| {
                        let start = (member.span.offset - fetch.range.start) as usize;
                        let end = start + member.span.length as usize;
                        Ok((bytes.slice(start..end), member))
                    }))
                }
            })
            .buffered(PARALLEL_FETCHES)
            .map_ok(stream::iter)
            .try_flatten()
            .and_then(|(bytes, member)| async move {
                let objects = tokio::task::spawn_blocking(move || member.unpack(&bytes))
                    .await
                    .map_err(|error| Error::corrupt("read archive").with_source(error))??;
                Ok(stream::iter(objects.into_iter().map(Ok)))
            })
            .try_flatten()
            .boxed()
    }

    /// The warnings and errors stored beside the archive; `None` when there are none stored.
    pub async fn results(&self) -> Result<Option<Results>> {
        self.side_file(&self.keys.results()).await
    }

    /// Objects by `apiVersion/Kind`, as stored beside the archive.
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

/// Sends the archive's bytes on, and checks them against the record once all are seen.
async fn feed(
    store: &dyn ObjectStore,
    key: &Path,
    facts: Option<&ArchiveFacts>,
    name: &str,
    chunks: &mpsc::Sender<Result<Bytes>>,
) -> Result<()> {
    let step = || format!("read the archive of `{name}`");
    let found = store
        .get(key)
        .await
        .map_err(|error| Error::store(step(), error))?;
    let mut bytes = found.into_stream();
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc64Xz);
    let mut length = 0;
    // One chunk is held back, so that the reader cannot see the end before the check is made.
    let mut held: Option<Bytes> = None;
    while let Some(chunk) = bytes
        .try_next()
        .await
        .map_err(|error| Error::store(step(), error))?
    {
        digest.update(&chunk);
        length += chunk.len() as u64;
        if let Some(previous) = held.replace(chunk)
            && chunks.send(Ok(previous)).await.is_err()
        {
            return Ok(());
        }
    }
    if let Some(facts) = facts {
        let crc64 = digest.finalize().to_string();
        if length != facts.length || crc64 != facts.crc64 {
            return Err(Error::corrupt(format!(
                "read the archive of `{name}`: its {length} bytes with CRC64 {crc64} are not the {} \
                 bytes with CRC64 {} that the record names",
                facts.length, facts.crc64
            )));
        }
    }
    if let Some(last) = held {
        let _ = chunks.send(Ok(last)).await;
    }
    Ok(())
}

/// Blocking reader over chunks that arrive asynchronously.
struct ChannelReader {
    chunks: mpsc::Receiver<Result<Bytes>>,
    current: Bytes,
    failure: Arc<std::sync::Mutex<Option<Error>>>,
}

impl Read for ChannelReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.chunks.blocking_recv() {
                None => return Ok(0),
                Some(Ok(chunk)) => self.current = chunk,
                Some(Err(error)) => {
                    if let Ok(mut failure) = self.failure.lock() {
                        *failure = Some(error);
                    }
                    return Err(io::Error::other("the archive cannot be read further"));
                }
            }
        }
        let length = self.current.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.current.split_to(length));
        Ok(length)
    }
}

/// One request: a range of the archive, and the members in it that are wanted.
struct Fetch {
    range: Range<u64>,
    members: Vec<Wanted>,
}

/// One member, and the objects in it that are wanted.
struct Wanted {
    span: Span,
    size: u64,
    objects: Vec<(Location, Entry)>,
}

impl Wanted {
    fn unpack(self, compressed: &[u8]) -> Result<Vec<(Entry, Bytes)>> {
        let name = |entry: &Entry| entry_path(&entry.id);
        let first = self.objects.first().map(|(_, entry)| name(entry));
        let text = gunzip(compressed, self.size)
            .map_err(|error| error.with_entry(first.clone().unwrap_or_default()))?;
        let text = Bytes::from(text);
        self.objects
            .into_iter()
            .map(|(at, entry)| {
                let range = at.object.end().filter(|end| *end <= text.len() as u64);
                let Some(end) = range else {
                    return Err(
                        Error::corrupt("read archive: the entry lies outside its member")
                            .with_entry(name(&entry)),
                    );
                };
                // A copy: a slice would keep the whole member alive for one small object.
                let object = Bytes::copy_from_slice(&text[at.object.offset as usize..end as usize]);
                if Sha256::digest(&object)[..] != at.sha256 {
                    return Err(Error::new(
                        ErrorKind::Corrupt,
                        "read archive: the entry's digest differs from the index's",
                    )
                    .with_entry(name(&entry)));
                }
                check_object(&name(&entry), &entry.id, &object)?;
                Ok((entry, object))
            })
            .collect()
    }
}

/// Groups entries, sorted by place, into requests.
fn fetches(located: Vec<(Location, Entry)>) -> Vec<Fetch> {
    let mut fetches: Vec<Fetch> = Vec::new();
    for (at, entry) in located {
        let end = at.member.offset.saturating_add(at.member.length);
        if let Some(fetch) = fetches.last_mut() {
            if let Some(member) = fetch.members.last_mut()
                && member.span == at.member
            {
                member.objects.push((at, entry));
                continue;
            }
            if at.member.offset >= fetch.range.end
                && at.member.offset - fetch.range.end <= MAX_GAP
                && end - fetch.range.start <= MAX_FETCH
            {
                fetch.range.end = end;
                fetch.members.push(Wanted {
                    span: at.member,
                    size: at.member_size,
                    objects: vec![(at, entry)],
                });
                continue;
            }
        }
        fetches.push(Fetch {
            range: at.member.offset..end,
            members: vec![Wanted {
                span: at.member,
                size: at.member_size,
                objects: vec![(at, entry)],
            }],
        });
    }
    fetches
}
