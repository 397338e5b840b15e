//! One archive of a backup, with its index: that of everything, or, where Secrets alone are encrypted, theirs and that of
//! everything else.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::ObjectStore;
use object_store::path::Path;
use tokio::sync::OnceCell;

use super::held::{Held, PARALLEL_FETCHES};
use super::pinned::Pinned;
use super::record::ArchiveFacts;
use super::stored::StoredFile;
use crate::archive::index::{Chunk, Directory, EntryFilter, Listed};
use crate::archive::{Entry, Found, Location, ReadLimits, RefusedEntry, Span};
use crate::encryption::Keyring;
use crate::format::entries::entry_path;
use crate::kinds::names::SECRETS;
use crate::{Digest, Error, GroupResource, Result};

/// What an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Everything,
    AllButSecrets,
    Secrets,
}

impl Holds {
    pub(super) fn has(self, kind: &GroupResource) -> bool {
        match self {
            Self::Everything => true,
            Self::AllButSecrets => !SECRETS.is(kind),
            Self::Secrets => SECRETS.is(kind),
        }
    }

    /// Why an entry does not belong there: what the record says of Secrets would not be so.
    fn refuse(self, entry: &Entry) -> RefusedEntry {
        let why = match self {
            Self::Secrets => "only Secrets belong into the encrypted archive of a backup like this",
            _ => "the record says that Secrets are encrypted, and this one is not",
        };
        let why = Error::corrupt(format!("read archive: {why}"));
        let mut refused = RefusedEntry::new(entry_path(&entry.id), Some(entry.id.clone()), &why);
        refused.location = entry.location;
        refused
    }

    /// What was found, if it belongs there.
    pub(super) fn admit(self, found: Found) -> Found {
        match found {
            Found::Object(entry, _) if !self.has(&entry.id.resource) => {
                Found::Refused(self.refuse(&entry))
            }
            found => found,
        }
    }

    /// Refuses what is listed, if it does not belong there.
    fn admit_listed(self, listed: &mut Listed) {
        let refused = match listed {
            Ok(entry) if !self.has(&entry.id.resource) => self.refuse(entry),
            _ => return,
        };
        *listed = Err(refused);
    }
}

/// What the record says of an archive's bytes; nothing, if another program wrote it.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    pub(super) facts: Option<ArchiveFacts>,
    pub(super) sha256: Option<Digest>,
}

/// The index, as it was when its directory was read.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) directory: Directory,
    file: StoredFile,
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

/// One archive and its index.
#[derive(Debug)]
pub(crate) struct Part {
    /// The backup's name.
    pub(super) name: String,
    pub(super) holds: Holds,
    pub(super) file: StoredFile,
    pub(super) expected: Expected,
    pub(super) limits: ReadLimits,
    pub(super) held: Arc<Held>,
    pub(super) index: IndexFile,
}

/// Where an archive's index is, and what was read of it.
#[derive(Debug)]
pub(super) struct IndexFile {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) path: Path,
    /// How many bytes of it are stored.
    pub(super) stored: Option<u64>,
    pub(super) keyring: Option<Keyring>,
    pub(super) is_ignored: bool,
    pub(super) read: OnceCell<Option<Index>>,
}

impl Part {
    pub(super) fn step(&self) -> String {
        match self.holds {
            Holds::Secrets => format!("read the archive of Secrets of `{}`", self.name),
            _ => format!("read the archive of `{}`", self.name),
        }
    }

    pub(super) fn facts(&self) -> Option<&ArchiveFacts> {
        self.expected.facts.as_ref()
    }

    /// Whether the record names an index, and it is used.
    pub(super) fn is_indexed(&self) -> bool {
        let facts = self.facts().and_then(|facts| facts.index.as_ref());
        facts.is_some() && !self.index.is_ignored
    }

    /// Whether what will be unpacked is what the record names. With an index, each piece has a digest of its own, in a
    /// chain from the record. Without one it is all or nothing: then the archive is read, and not unpacked.
    pub(super) async fn check_before_unpacking(&self) -> Result<()> {
        if self.is_indexed() || self.file.why_locked().is_some() {
            return Ok(());
        }
        let mut bytes = self.stored_bytes().await?;
        bytes.drain().await?;
        bytes.check()
    }

    /// Whether the archive has the length that the record names. Its digests are checked as it is read. Its ETag
    /// says nothing: that of a copy is another.
    pub(super) fn check_length(&self) -> Result<()> {
        match (&self.expected.facts, self.file.stored_length()) {
            (Some(facts), Some(length)) if facts.size != length => Err(Error::corrupt(format!(
                "open the archive of `{}`: it is not the one its record names \
                 (it has {length} bytes, recorded are {})",
                self.name, facts.size,
            ))),
            _ => Ok(()),
        }
    }

    pub(super) async fn index(&self) -> Result<Option<&Index>> {
        let index = self.index.read.get_or_try_init(|| self.read_index());
        Ok(index.await?.as_ref())
    }

    async fn read_index(&self) -> Result<Option<Index>> {
        let IndexFile {
            store,
            path,
            stored,
            keyring,
            is_ignored,
            ..
        } = &self.index;
        let facts = self.facts().and_then(|facts| facts.index.as_ref());
        let Some(facts) = facts.filter(|_| !is_ignored) else {
            return Ok(None);
        };
        let range = Directory::range(facts, &self.limits)?;
        let another = |length: u64| {
            Error::corrupt(format!(
                "read the index: it has {length} bytes, and the record says {}",
                facts.size
            ))
        };
        let missing = "it is missing, and the record names it; copy it beside the archive, or read the archive as a \
                       whole, as a repository does that is `ignoring_indexes`";
        let step = format!("read the index of `{}`", self.name);
        if let Some(keyring) = keyring {
            let file =
                StoredFile::open(store, path, *stored, Some(keyring), &step, missing).await?;
            let length = file.length(&step)?;
            if length != facts.size {
                return Err(another(length));
            }
            let bytes = file.range(&step, range).await?;
            let directory = Directory::read(&bytes, facts)?;
            return Ok(Some(Index { directory, file }));
        }
        let (file, bytes) = match Pinned::by_range(store, path, range).await {
            Ok(read) => read,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(Error::corrupt(format!("{step}: {missing}")));
            }
            // What a range past the end is answered with differs from store to store.
            Err(error) => match Pinned::head(store, path).await {
                Ok(file) if file.length() != facts.size => return Err(another(file.length())),
                _ => return Err(Error::store("read the index", error)),
            },
        };
        if file.length() != facts.size {
            return Err(another(file.length()));
        }
        let directory = Directory::read(&bytes, facts)?;
        let file = StoredFile::Plain(file);
        Ok(Some(Index { directory, file }))
    }

    /// What the chunks of the index list that may hold what passes `filter`, chunk by chunk.
    pub(super) fn listed<'a>(
        &'a self,
        index: &'a Index,
        filter: &EntryFilter,
    ) -> BoxStream<'a, Result<Vec<Listed>>> {
        let chunks = index.directory.chunks(filter);
        let pages = index.directory.pages(filter, &chunks);
        let pages = pages.map(|pages| (pages, filter.names.clone()));
        stream::once(async move {
            let chunks = match pages {
                Some((pages, names)) => index.named(chunks, pages, names).await?,
                None => chunks,
            };
            Ok(self.listed_in(index, chunks))
        })
        .try_flatten()
        .boxed()
    }

    fn listed_in<'a>(
        &'a self,
        index: &'a Index,
        chunks: Vec<&'a Chunk>,
    ) -> BoxStream<'a, Result<Vec<Listed>>> {
        stream::iter(runs(chunks, index.file.near()))
            .map(move |(range, chunks)| async move {
                let begin = range.start;
                let bytes = index.file.range("read the index", range).await?;
                let length = self.file.length(&self.step())?;
                let read = chunks.into_iter().map(move |chunk| {
                    let Span {
                        offset,
                        length: of_chunk,
                    } = chunk.span();
                    let at = (offset - begin) as usize;
                    let bytes = bytes.slice(at..at + of_chunk as usize);
                    let mut listed = chunk.read(&bytes, length, &self.limits)?;
                    listed
                        .iter_mut()
                        .for_each(|one| self.holds.admit_listed(one));
                    Ok(listed)
                });
                Ok(stream::iter(read))
            })
            .buffered(PARALLEL_FETCHES)
            .try_flatten()
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

impl Index {
    /// Those of `chunks` that list objects of `names`, as `pages` say.
    async fn named<'a>(
        &'a self,
        chunks: Vec<&'a Chunk>,
        pages: Vec<&'a Chunk>,
        names: BTreeSet<String>,
    ) -> Result<Vec<&'a Chunk>> {
        let reads: Vec<_> = runs(pages, self.file.near())
            .into_iter()
            .map(|(range, pages)| self.numbers_in(range, pages, &names))
            .collect();
        let reads = stream::iter(reads).buffered(PARALLEL_FETCHES);
        let numbers: Vec<u32> = reads.try_concat().await?;
        self.directory.numbered(chunks, &numbers)
    }

    /// The numbers of chunks that `pages`, which lie in `range`, have for `names`.
    async fn numbers_in(
        &self,
        range: Range<u64>,
        pages: Vec<&Chunk>,
        names: &BTreeSet<String>,
    ) -> Result<Vec<u32>> {
        let begin = range.start;
        let bytes = self.file.range("read the index", range).await?;
        let mut numbers = Vec::new();
        for page in pages {
            let Span { offset, length } = page.span();
            let at = (offset - begin) as usize;
            numbers.extend(page.chunks_of(&bytes[at..at + length as usize], names)?);
        }
        Ok(numbers)
    }
}

/// Most bytes of an index that are fetched at once.
const MAX_RUN: u64 = 512 << 10;

/// Groups chunks that are no further apart than `near` into requests.
fn runs(chunks: Vec<&Chunk>, near: u64) -> Vec<(Range<u64>, Vec<&Chunk>)> {
    let mut runs: Vec<(Range<u64>, Vec<&Chunk>)> = Vec::new();
    for chunk in chunks {
        let span = chunk.span();
        let end = span.end().unwrap_or(span.offset);
        match runs.last_mut() {
            Some((range, run))
                if span.offset - range.end <= near && end - range.start <= MAX_RUN =>
            {
                range.end = end;
                run.push(chunk);
            }
            _ => runs.push((span.offset..end, vec![chunk])),
        }
    }
    runs
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
