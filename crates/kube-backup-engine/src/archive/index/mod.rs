//! The index: which object lies in which member of the archive.
//!
//! `<name>-index.json.gz` decompresses to one JSON document:
//!
//! ```json
//! {"formatVersion":"1","members":[
//! {"offset":0,"length":1310,"size":4096,"entries":[{"resource":"pods","apiVersion":"v1",
//!   "kind":"Pod","namespace":"shop","name":"web-0","offset":1536,"length":2412,"sha256":"…"}]},
//! …
//! ],"directory":[{"offset":0,"length":9120,"sha256":"…","entries":418,
//!   "spans":[{"resource":"pods","first":"shop/web-0","last":"shop/web-9"}]}]}
//! ```
//!
//! It is itself a series of gzip members: *chunks* of about 48 KiB of text, and last the
//! *directory*, which says what each chunk covers. The backup's record says where the directory
//! begins and what it hashes to, the directory says that of each chunk, and the chunks say that
//! of each object: whoever trusts the record need not trust anything else, and finding three
//! objects among a hundred thousand reads the directory and three chunks; or, where nothing but their names is
//! known, three [pages](names) of names as well.

mod filter;
mod names;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read as _;
use std::ops::Range;
use std::sync::Arc;

use base16ct::lower::encode_string;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::budget::check_entries;
use super::gzip::{gzip, whole_member, with_extra};
use super::write::Member;
use super::{Entry, Location, ReadLimits, RefusedEntry, Span};
use crate::format::entries::{check_id, entry_path};
use crate::format::index::{BEGIN, BETWEEN, DIRECTORY, END, SALT_FIELD};
use crate::resource::full_name;
use crate::{Error, GroupResource, ObjectId, Result};

pub use filter::EntryFilter;
use filter::KeySpan;
use names::{NamePage, NamesWriter};

/// Text after which a chunk is closed.
const CHUNK_SIZE: usize = 48 << 10;
/// Most text a chunk may decompress to: one member's entries over [`CHUNK_SIZE`], generously.
const MAX_CHUNK: u64 = 4 << 20;
/// Chunks of an index without pages of names: they are read as fast as those would be.
const CHUNKS_AT_HAND: usize = 8;
/// Most text the directory may decompress to: some ten million objects.
const MAX_DIRECTORY: u64 = 32 << 20;
/// Most bytes a member may ever decompress to, whatever the limits of its reader.
const MAX_MEMBER: u64 = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MemberLine<'a> {
    offset: u64,
    length: u64,
    size: u64,
    #[serde(borrow)]
    entries: Vec<EntryLine<'a>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryLine<'a> {
    resource: GroupResource,
    #[serde(borrow)]
    api_version: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
    offset: u64,
    length: u64,
    #[serde(borrow)]
    sha256: Cow<'a, str>,
}

/// What one chunk of the index covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chunk {
    #[serde(flatten)]
    at: Span,
    sha256: String,
    entries: u64,
    spans: Vec<KeySpan>,
    /// Where it is a page of names, and lists nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    names: Option<NamePage>,
}

/// Where the directory is, and its digest; kept in the backup's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IndexFacts {
    /// How many bytes the index has: `length` in the record.
    #[serde(rename = "length")]
    pub size: u64,
    /// Where its last gzip member, the directory, begins.
    pub directory_offset: u64,
    /// SHA-256 of the directory's compressed bytes.
    pub directory_sha256: String,
    /// How many objects it lists.
    pub entries: u64,
}

/// Random bytes in the directory of an index that is encrypted.
pub(crate) type Salt = [u8; 32];

/// Writes an index while the archive grows.
#[derive(Debug, Default)]
pub(crate) struct IndexWriter {
    salt: Option<Salt>,
    text: Vec<u8>,
    /// Per kind, the keys of the open chunk: kinds come interleaved, from parallel lists.
    spans: BTreeMap<GroupResource, (String, String)>,
    open_entries: u64,
    members: u64,
    entries: u64,
    chunks: Vec<Chunk>,
    names: NamesWriter,
    written: u64,
}

impl IndexWriter {
    /// One whose directory holds these bytes: its digest stands in the record, and is to tell nothing of what was encrypted
    /// to whoever guesses it.
    pub(crate) fn salted(salt: Option<Salt>) -> Self {
        Self {
            salt,
            ..Self::default()
        }
    }

    /// Adds the objects of a member that begins at `offset` of the archive; returns the bytes of
    /// a chunk when one is full.
    pub(crate) fn push(&mut self, offset: u64, member: &Member) -> Result<Option<Bytes>> {
        if member.objects.is_empty() {
            return Ok(None);
        }
        let line = MemberLine {
            offset,
            length: member.bytes.len() as u64,
            size: member.size,
            entries: member
                .objects
                .iter()
                .map(|packed| EntryLine {
                    resource: packed.id.resource.clone(),
                    api_version: Cow::Borrowed(&packed.types.api_version),
                    kind: Cow::Borrowed(&packed.types.kind),
                    namespace: packed.id.namespace.clone(),
                    name: packed.id.name.clone(),
                    offset: packed.object.offset,
                    length: packed.object.length,
                    sha256: encode_string(&packed.sha256).into(),
                })
                .collect(),
        };
        self.text.extend_from_slice(match self.members {
            0 => BEGIN,
            _ => BETWEEN,
        });
        serde_json::to_writer(&mut self.text, &line)
            .map_err(|error| Error::internal("write index", error))?;
        self.members += 1;
        for packed in &member.objects {
            self.names.note(&packed.id.name, self.chunks.len());
            let key = full_name(packed.id.namespace.as_deref(), &packed.id.name);
            match self.spans.get_mut(&packed.id.resource) {
                None => {
                    self.spans
                        .insert(packed.id.resource.clone(), (key.clone(), key));
                }
                Some((first, last)) => {
                    if key < *first {
                        *first = key;
                    } else if key > *last {
                        *last = key;
                    }
                }
            }
        }
        self.open_entries += member.objects.len() as u64;
        if self.text.len() >= CHUNK_SIZE {
            return self.close_chunk().map(Some);
        }
        Ok(None)
    }

    fn close_chunk(&mut self) -> Result<Bytes> {
        let bytes = gzip(&std::mem::take(&mut self.text))?;
        let spans = std::mem::take(&mut self.spans)
            .into_iter()
            .map(|(resource, (first, last))| KeySpan::new(resource, first, last))
            .collect();
        let entries = std::mem::take(&mut self.open_entries);
        self.entries += entries;
        self.note_written(&bytes, entries, spans, None);
        Ok(bytes)
    }

    /// Notes for the directory what was written.
    fn note_written(
        &mut self,
        bytes: &[u8],
        entries: u64,
        spans: Vec<KeySpan>,
        names: Option<NamePage>,
    ) {
        self.chunks.push(Chunk {
            at: Span {
                offset: self.written,
                length: bytes.len() as u64,
            },
            sha256: encode_string(&Sha256::digest(bytes)),
            entries,
            spans,
            names,
        });
        self.written += bytes.len() as u64;
    }

    /// The last bytes of the index, and what the record says of it.
    pub(crate) fn finish(mut self) -> Result<(Vec<Bytes>, IndexFacts)> {
        let mut tail = Vec::new();
        if self.members == 0 {
            self.text.extend_from_slice(BEGIN);
        }
        if !self.text.is_empty() {
            tail.push(self.close_chunk()?);
        }
        if self.chunks.len() > CHUNKS_AT_HAND {
            for (page, bytes) in std::mem::take(&mut self.names).pages()? {
                self.note_written(&bytes, 0, Vec::new(), Some(page));
                tail.push(bytes);
            }
        }
        let mut text = DIRECTORY.to_vec();
        serde_json::to_writer(&mut text, &self.chunks)
            .map_err(|error| Error::internal("write index", error))?;
        text.extend_from_slice(END);
        if text.len() as u64 > MAX_DIRECTORY {
            return Err(Error::invalid(format!(
                "write index: its directory has {} bytes, and {MAX_DIRECTORY} can be read back; back up \
                 fewer objects at once",
                text.len()
            )));
        }
        let directory = gzip_salted(&text, self.salt)?;
        let facts = IndexFacts {
            size: self.written + directory.len() as u64,
            directory_offset: self.written,
            directory_sha256: encode_string(&Sha256::digest(&directory)),
            entries: self.entries,
        };
        tail.push(directory);
        Ok((tail, facts))
    }
}

/// One gzip member holding `text`, and the salt in its header's extra field (RFC 1952, 2.3.1.1).
fn gzip_salted(text: &[u8], salt: Option<Salt>) -> Result<Bytes> {
    let Some(salt) = salt else {
        return gzip(text);
    };
    let [low, high] = (salt.len() as u16).to_le_bytes();
    with_extra([&SALT_FIELD[..], &[low, high], &salt].concat(), text)
}

/// The directory of an index.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    chunks: Vec<Chunk>,
}

impl Directory {
    /// Where the directory lies, refused where it is too large to be one, or lists more than is read.
    pub(crate) fn range(facts: &IndexFacts, limits: &ReadLimits) -> Result<Range<u64>> {
        check_entries(facts.entries, limits)?;
        match facts.size.checked_sub(facts.directory_offset) {
            Some(length) if (1..=MAX_DIRECTORY).contains(&length) => {
                Ok(facts.directory_offset..facts.size)
            }
            _ => Err(Error::corrupt(
                "read index: the record says that its directory has an impossible length",
            )),
        }
    }

    /// Reads the directory from the index's last `bytes`.
    pub(crate) fn read(bytes: &[u8], facts: &IndexFacts) -> Result<Self> {
        let refuse = |why: &str| Error::corrupt(format!("read index: {why}"));
        if encode_string(&Sha256::digest(bytes)) != facts.directory_sha256 {
            return Err(refuse("the directory's digest differs from the record's"));
        }
        let text = gunzip(bytes, MAX_DIRECTORY)?;
        let json = text
            .strip_prefix(DIRECTORY)
            .and_then(|text| text.strip_suffix(END))
            .ok_or_else(|| refuse("the directory has another form"))?;
        let chunks: Vec<Chunk> = serde_json::from_slice(json)
            .map_err(|error| refuse("the directory is not valid JSON").with_source(error))?;
        let mut at = 0u64;
        let mut entries = 0u64;
        for chunk in &chunks {
            if chunk.at.length > MAX_CHUNK {
                return Err(refuse("a chunk is said to be too large"));
            }
            if chunk.at.offset != at {
                return Err(refuse("chunks do not follow each other"));
            }
            at = chunk
                .at
                .end()
                .filter(|end| *end <= facts.directory_offset)
                .ok_or_else(|| refuse("a chunk lies outside the index"))?;
            entries = entries.saturating_add(chunk.entries);
        }
        if at != facts.directory_offset || entries != facts.entries {
            return Err(refuse("the directory and the record disagree"));
        }
        Ok(Self { chunks })
    }

    /// The kinds that it lists, and whether their objects lie in namespaces.
    pub(crate) fn kinds(&self) -> BTreeSet<(GroupResource, bool)> {
        let spans = self.chunks.iter().flat_map(|chunk| &chunk.spans);
        spans
            .map(|span| (span.resource.clone(), span.first.contains('/')))
            .collect()
    }

    /// The chunks that may list objects passing `filter`, and where they lie.
    pub(crate) fn chunks(&self, filter: &EntryFilter) -> Vec<&Chunk> {
        self.chunks
            .iter()
            .filter(|chunk| chunk.spans.iter().any(|span| filter.may_match(span)))
            .collect()
    }

    /// The pages of names that say which of `chunks` list objects passing `filter`; `None` where there are no pages,
    /// or more to read of them than of the chunks.
    pub(crate) fn pages(&self, filter: &EntryFilter, chunks: &[&Chunk]) -> Option<Vec<&Chunk>> {
        // They are the last.
        let has_pages = self.chunks.last().is_some_and(|last| last.names.is_some());
        if filter.names.is_empty() || !has_pages {
            return None;
        }
        let holds = |chunk: &&Chunk| {
            let page = chunk.names.as_ref();
            page.is_some_and(|page| page.may_hold(&filter.names))
        };
        let pages: Vec<&Chunk> = self.chunks.iter().filter(holds).collect();
        let length = |of: &[&Chunk]| of.iter().map(|chunk| chunk.at.length).sum::<u64>();
        (length(&pages) < length(chunks) / 2).then_some(pages)
    }

    /// Those of `chunks` whose numbers a page names.
    pub(crate) fn numbered<'a>(
        &self,
        chunks: Vec<&'a Chunk>,
        numbers: &[u32],
    ) -> Result<Vec<&'a Chunk>> {
        let places = numbers.iter().map(|number| {
            let chunk = self.chunks.get(*number as usize);
            chunk.map(|chunk| chunk.at.offset).ok_or_else(|| {
                Error::corrupt("read index: a page of names leads to a chunk that is not there")
            })
        });
        let places: HashSet<u64> = places.collect::<Result<_>>()?;
        let mut named = chunks;
        named.retain(|chunk| places.contains(&chunk.at.offset));
        Ok(named)
    }
}

impl Chunk {
    /// Where it lies in the index.
    pub(crate) fn span(&self) -> Span {
        self.at
    }

    /// Which chunks may list objects of `names`, as the page of names says that these `bytes` are.
    pub(crate) fn chunks_of(&self, bytes: &[u8], names: &BTreeSet<String>) -> Result<Vec<u32>> {
        self.check(bytes)?;
        let page = self.names.as_ref();
        page.map_or(Ok(Vec::new()), |page| page.chunks_of(bytes, names))
    }

    fn check(&self, bytes: &[u8]) -> Result<()> {
        if encode_string(&Sha256::digest(bytes)) != self.sha256 {
            return Err(Error::corrupt(
                "read index: a chunk's digest differs from the directory's",
            ));
        }
        Ok(())
    }

    /// Reads its entries from its `bytes`, each of them whole or refused; `archive_length` bounds what they
    /// may point at.
    pub(crate) fn read(
        &self,
        bytes: &[u8],
        archive_length: u64,
        limits: &ReadLimits,
    ) -> Result<Vec<Listed>> {
        let refuse = |why: &str| Error::corrupt(format!("read index: {why}"));
        self.check(bytes)?;
        let text = gunzip(bytes, MAX_CHUNK)?;
        let json = text
            .strip_prefix(BEGIN)
            .or_else(|| text.strip_prefix(BETWEEN))
            .ok_or_else(|| refuse("a chunk has another form"))?;
        let mut words = Words::default();
        let mut entries = Vec::new();
        // A sequence of objects parted by commas; streaming keeps one member at a time.
        let mut rest = json;
        while !rest.is_empty() {
            let mut lines =
                serde_json::Deserializer::from_slice(rest).into_iter::<MemberLine<'_>>();
            let line = match lines.next() {
                Some(Ok(line)) => line,
                Some(Err(error)) => {
                    return Err(refuse("a member's line is not valid JSON").with_source(error));
                }
                None => break,
            };
            let end = lines.byte_offset();
            rest = rest[end..].strip_prefix(BETWEEN).unwrap_or(&rest[end..]);
            let member = Span {
                offset: line.offset,
                length: line.length,
            };
            for entry in line.entries {
                entries.push(entry.into_listed(
                    (member, line.size),
                    archive_length,
                    limits,
                    &mut words,
                )?);
            }
        }
        if entries.len() as u64 != self.entries {
            return Err(refuse(
                "a chunk lists another number of objects than the directory says",
            ));
        }
        Ok(entries)
    }
}

/// What the index lists: an object, or one that cannot be read.
pub(crate) type Listed = Result<Entry, RefusedEntry>;

/// Words that many entries have, each kept once.
#[derive(Default)]
struct Words(HashSet<Arc<str>>);

impl Words {
    fn get(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.0.get(word) {
            return Arc::clone(known);
        }
        let word: Arc<str> = word.into();
        self.0.insert(Arc::clone(&word));
        word
    }
}

impl EntryLine<'_> {
    fn into_listed(
        self,
        (member, member_size): (Span, u64),
        archive_length: u64,
        limits: &ReadLimits,
        words: &mut Words,
    ) -> Result<Listed> {
        let id = ObjectId {
            resource: self.resource,
            namespace: self.namespace,
            name: self.name,
        };
        let object = Span {
            offset: self.offset,
            length: self.length,
        };
        let refuse =
            |why: &str| Error::corrupt(format!("read index: {why}")).with_entry(entry_path(&id));
        if member.end().is_none_or(|end| end > archive_length) || member.length == 0 {
            return Err(refuse("the entry's member lies outside the archive"));
        }
        if member_size > MAX_MEMBER || member.length > MAX_MEMBER {
            return Err(refuse("the entry's member is said to be too large"));
        }
        if object.end().is_none_or(|end| end > member_size) {
            return Err(refuse("the entry lies outside its member"));
        }
        let Ok(sha256) = self.sha256.parse() else {
            return Err(refuse("the entry's digest is no SHA-256"));
        };
        let location = Location {
            member,
            member_size,
            object,
        };
        if let Err(why) = check_id(&id).and_then(|()| check_size(&location, limits)) {
            let mut refused = RefusedEntry::new(entry_path(&id), Some(id), &why);
            refused.location = Some(location);
            return Ok(Err(refused));
        }
        Ok(Ok(Entry {
            id,
            api_version: Some(words.get(&self.api_version)),
            kind: Some(words.get(&self.kind)),
            size: object.length,
            sha256,
            location: Some(location),
        }))
    }
}

/// Whether an object and what has to be decompressed for it are as small as the reader wants them.
fn check_size(location: &Location, limits: &ReadLimits) -> Result<()> {
    let too_large = |what: &str, size: u64, limit: u64| {
        Err(Error::corrupt(format!(
            "read index: {what} has {size} bytes, more than the {limit} it may have"
        )))
    };
    let (size, member) = (location.object.length, location.member_size);
    if size > limits.max_object {
        return too_large("the entry", size, limits.max_object);
    }
    if member > limits.max_member() {
        return too_large("the entry's member", member, limits.max_member());
    }
    Ok(())
}

/// Decompresses a member of an archive, which is said to hold `size` bytes of text, and may hold fewer.
pub(crate) fn unpack_member(bytes: &[u8], size: u64) -> Result<Vec<u8>> {
    match whole_member(bytes, size as usize) {
        Some(text) => Ok(text),
        None => gunzip(bytes, size),
    }
}

/// Decompresses `bytes`, which must hold whole gzip members and no more than `limit` of text.
pub(crate) fn gunzip(bytes: &[u8], limit: u64) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(limit + 1)
        .read_to_end(&mut text)
        .map_err(|error| Error::corrupt("decompress").with_source(error))?;
    if text.len() as u64 > limit {
        return Err(Error::corrupt(format!(
            "decompress: more than the {limit} bytes it may hold"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
