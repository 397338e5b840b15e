//! Reading an archive from its beginning, trusting nothing in it.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;

use super::identity::Identity;
use super::{Budget, Entry, Found, ReadLimits, RefusedEntry};
use crate::format::entries::{Meaning, VERSION_ENTRY, check_id, entry_path, is_file_of, read_path};
use crate::{Digest, Error, ObjectId, Result};

/// Longest extended header. Earlier versions of this crate wrote names into paths whatever their length.
const MAX_EXTENSION: u64 = 2 << 20;
/// Most bytes that may follow the archive's end. Tools pad to records of 10 KiB or so.
const MAX_TAIL: u64 = 1 << 20;

/// Reads the objects of an archive from its decompressed bytes.
///
/// An entry that cannot be read is refused alone, by its path. What makes it doubtful where entries begin and
/// end, or which of two is meant, ends the archive.
///
/// Blocking, since decompression is: run it on a thread of its own.
pub(crate) struct ArchiveReader<T: Read> {
    tar: T,
    budget: Budget,
    /// Compressed bytes taken so far; `None` when the text came decompressed.
    consumed: Option<Arc<AtomicU64>>,
    /// Whether the text ends with the archive's end, or is a part of it.
    whole: bool,
    /// Where the last object's bytes began.
    object_offset: u64,
    seen: HashSet<u64>,
    hasher: RandomState,
    done: bool,
}

/// The decompressed bytes of an archive; counts the compressed ones.
pub(crate) type Decompressed<R> = MultiGzDecoder<io::BufReader<Counted<R>>>;

/// Counts what is read, to check the ratio.
pub(crate) struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// The `path` that a pax header gives the next entry, when it gives one.
///
/// A header may also change an entry's size, or make holes in it: nothing that writes objects has
/// use for that, and readers that disagree on where an entry ends see different archives.
fn pax_path(data: &[u8]) -> Result<Option<&[u8]>, &'static str> {
    let mut path = None;
    let mut rest = data;
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ');
        let record = space
            .and_then(|space| Some((space, std::str::from_utf8(&rest[..space]).ok()?)))
            .and_then(|(space, digits)| Some((space, digits.parse::<usize>().ok()?)))
            .and_then(|(space, length)| rest.get(space + 1..length).map(|record| (length, record)))
            .and_then(|(length, record)| Some((length, record.strip_suffix(b"\n")?)));
        let Some((length, record)) = record else {
            return Err("an extended header has another form");
        };
        rest = &rest[length..];
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(value);
        } else if record.starts_with(b"size=") || record.starts_with(b"GNU.sparse.") {
            return Err("an extended header changes an entry's size");
        }
    }
    Ok(path)
}

impl<R: Read> ArchiveReader<Decompressed<R>> {
    /// Reads a whole archive.
    pub(crate) fn new(compressed: R, limits: ReadLimits) -> Self {
        let consumed = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            inner: compressed,
            count: Arc::clone(&consumed),
        };
        let text = MultiGzDecoder::new(io::BufReader::with_capacity(64 << 10, counted));
        Self::of(text, Some(consumed), true, limits)
    }
}

impl<'a> ArchiveReader<&'a [u8]> {
    /// Reads the whole entries of one member, already decompressed.
    pub(crate) fn of_member(text: &'a [u8], limits: ReadLimits) -> Self {
        Self::of(text, None, false, limits)
    }
}

impl<T: Read> ArchiveReader<T> {
    fn of(tar: T, consumed: Option<Arc<AtomicU64>>, whole: bool, limits: ReadLimits) -> Self {
        Self {
            tar,
            budget: Budget::new(limits),
            consumed,
            whole,
            object_offset: 0,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            done: false,
        }
    }

    /// Where the bytes of the object that [`Self::next`] last returned begin.
    pub(crate) fn object_offset(&self) -> u64 {
        self.object_offset
    }

    /// The next object, or entry that is refused; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Found>> {
        if self.done {
            return Ok(None);
        }
        let next = self.step();
        if !matches!(next, Ok(Some(_))) {
            self.done = true;
        }
        next
    }

    fn step(&mut self) -> Result<Option<Found>> {
        let mut long_path: Option<Vec<u8>> = None;
        loop {
            let pending = long_path.as_deref().map(String::from_utf8_lossy);
            let Some(header) = self.header(pending.as_deref())? else {
                self.read_tail()?;
                return Ok(None);
            };
            let kind = header.entry_type();
            let size = header.entry_size().map_err(|error| {
                refuse("the header's size is no number", "?").with_source(error)
            })?;
            if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
                let data = self.extension(size, "(a long name)")?;
                if kind.is_gnu_longname() {
                    let end = data.iter().position(|b| *b == 0).unwrap_or(data.len());
                    long_path = Some(data[..end].to_vec());
                } else if let Some(path) =
                    pax_path(&data).map_err(|why| refuse(why, &lossy(&header)))?
                {
                    long_path = Some(path.to_vec());
                }
                continue;
            }
            if kind.is_pax_global_extensions() {
                let data = self.extension(size, &lossy(&header))?;
                if !matches!(pax_path(&data), Ok(None)) {
                    return Err(refuse(
                        "a global header changes every entry's path or size",
                        &lossy(&header),
                    ));
                }
                continue;
            }
            let path = long_path
                .take()
                .unwrap_or_else(|| header.path_bytes().into_owned());
            if let Some(found) = self.entry(kind, size, path)? {
                return Ok(Some(found));
            }
        }
    }

    /// Reads one entry to its end; `None` when it is no object and nothing is wrong with it.
    fn entry(&mut self, kind: tar::EntryType, size: u64, path: Vec<u8>) -> Result<Option<Found>> {
        let (path, is_text) = match String::from_utf8(path) {
            Ok(path) => (path, true),
            Err(error) => (
                String::from_utf8_lossy(error.as_bytes()).into_owned(),
                false,
            ),
        };
        if kind.is_dir() && size == 0 {
            // Ours and the reference tool's have none, but tools that repack make them.
            let path = path.trim_end_matches('/');
            return match read_path(path) {
                Ok(_) => Ok(None),
                Err(why) => Ok(refused(path, None, &why)),
            };
        }
        if !kind.is_file() {
            let why = refuse("the entry is no regular file", &path);
            // Whether bytes follow such a header is read in different ways.
            let is_told = size == 0 && !kind.is_gnu_sparse();
            return if is_told {
                Ok(refused(&path, None, &why))
            } else {
                Err(why)
            };
        }
        let meaning = if is_text {
            read_path(&path)
        } else {
            Err(Error::corrupt(
                "read archive: the entry's path is not UTF-8",
            ))
        };
        let object_offset = self.budget.text();
        match meaning {
            Ok(Meaning::Object(id)) => {
                self.budget.add_entry()?;
                self.object_offset = object_offset;
                let limit = self.budget.limits().max_object;
                if size > limit {
                    self.skip(size, &path)?;
                    let why = Error::corrupt(too_large(size, limit));
                    return Ok(refused(&path, Some(id), &why));
                }
                let data = self.data(size, &path)?;
                match object_at(&path, id.clone(), &data) {
                    Ok((id, found)) => {
                        self.meet(&entry_path(&id), &path)?;
                        let entry = Entry {
                            id,
                            api_version: found.api_version.map(Into::into),
                            kind: found.kind.map(Into::into),
                            size,
                            sha256: Digest::of(&data),
                            location: None,
                        };
                        Ok(Some(Found::Object(entry, Bytes::from(data))))
                    }
                    Err(why) => Ok(refused(&path, Some(id), &why)),
                }
            }
            Ok(Meaning::Version) => {
                self.meet(&path, &path)?;
                let data = self.extension(size, &path)?;
                let version = String::from_utf8_lossy(&data);
                if !version.trim().starts_with("1.") {
                    return Err(refuse(
                        &format!("format `{}` is not known", version.trim()),
                        VERSION_ENTRY,
                    ));
                }
                Ok(None)
            }
            Ok(Meaning::Versioned { .. } | Meaning::Other) => {
                self.meet(&path, &path)?;
                self.skip(size, &path)?;
                Ok(None)
            }
            Err(why) => {
                self.object_offset = object_offset;
                self.skip(size, &path)?;
                Ok(refused(&path, None, &why))
            }
        }
    }

    /// Notes what stands at a place. Of two entries at one place, readers take different ones.
    fn meet(&mut self, place: &str, path: &str) -> Result<()> {
        // `./a` and `a` are the same file once unpacked.
        let place = place.strip_prefix("./").unwrap_or(place);
        if self.seen.insert(self.hasher.hash_one(place)) {
            return Ok(());
        }
        Err(refuse("the entry is in it twice", path))
    }

    /// The next header; `None` at the end of the archive.
    fn header(&mut self, pending: Option<&str>) -> Result<Option<tar::Header>> {
        let mut header = tar::Header::new_old();
        let at = pending.unwrap_or("(a header)");
        match self.tar.read(&mut header.as_mut_bytes()[..1]) {
            Ok(0) if pending.is_none() && !self.whole => return Ok(None),
            Ok(0) if pending.is_none() => {
                return Err(refuse("it ends without the mark of its end", "(the end)"));
            }
            Ok(0) => return Err(refuse("it ends in the middle", at)),
            Ok(_) => {}
            Err(error) => return Err(refuse("decompress", at).with_source(error)),
        }
        self.tar
            .read_exact(&mut header.as_mut_bytes()[1..])
            .map_err(|error| refuse("it ends in the middle", at).with_source(error))?;
        self.count(512, at)?;
        if header.as_bytes().iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum: u32 = header
            .as_bytes()
            .iter()
            .enumerate()
            .map(|(at, byte)| match at {
                148..156 => u32::from(b' '),
                _ => u32::from(*byte),
            })
            .sum();
        if header.cksum().ok() != Some(sum) {
            return Err(refuse("a header's checksum is wrong", &lossy(&header)));
        }
        Ok(Some(header))
    }

    /// What an extended header holds.
    fn extension(&mut self, size: u64, path: &str) -> Result<Vec<u8>> {
        if size > MAX_EXTENSION {
            return Err(Error::corrupt(too_large(size, MAX_EXTENSION)).with_entry(path));
        }
        self.data(size, path)
    }

    /// An entry's bytes, and past its padding.
    fn data(&mut self, size: u64, path: &str) -> Result<Vec<u8>> {
        self.count(size.next_multiple_of(512), path)?;
        let mut data = vec![0; size as usize];
        self.fill(&mut data, path)?;
        let mut padding = [0; 512];
        let rest = (size.next_multiple_of(512) - size) as usize;
        self.fill(&mut padding[..rest], path)?;
        Ok(data)
    }

    /// Passes over an entry's bytes and its padding.
    fn skip(&mut self, size: u64, path: &str) -> Result<()> {
        // Before anything is rounded up: no archive holds as much.
        let limit = self.budget.limits().max_total;
        if size > limit {
            return Err(Error::corrupt(too_large(size, limit)).with_entry(path));
        }
        let mut left = size.next_multiple_of(512);
        let mut buffer = [0; 4096];
        while left > 0 {
            let length = left.min(buffer.len() as u64);
            self.count(length, path)?;
            self.fill(&mut buffer[..length as usize], path)?;
            left -= length;
        }
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8], path: &str) -> Result<()> {
        self.tar
            .read_exact(buffer)
            .map_err(|error| refuse("it ends in the middle", path).with_source(error))
    }

    /// Counts decompressed bytes, and refuses more than an honest archive can hold.
    fn count(&mut self, length: u64, path: &str) -> Result<()> {
        let consumed = self.consumed.as_ref();
        let compressed = consumed.map_or(u64::MAX, |consumed| consumed.load(Ordering::Relaxed));
        let counted = self.budget.add_text(length, compressed);
        counted.map_err(|error| error.with_entry(path))
    }

    /// After the end there may be padding and nothing else.
    fn read_tail(&mut self) -> Result<()> {
        let mut buffer = [0; 4096];
        let mut length = 0;
        loop {
            match self.tar.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => {
                    length += read as u64;
                    if length > MAX_TAIL || buffer[..read].iter().any(|byte| *byte != 0) {
                        return Err(refuse("something follows its end", "(the end)"));
                    }
                }
                Err(error) => return Err(refuse("decompress", "(the end)").with_source(error)),
            }
        }
    }
}

/// A header's own path, for messages.
fn lossy(header: &tar::Header) -> String {
    String::from_utf8_lossy(&header.path_bytes()).into_owned()
}

fn refuse(why: &str, path: &str) -> Error {
    Error::corrupt(format!("read archive: {why}")).with_entry(path)
}

fn another_name() -> Error {
    Error::corrupt("read archive: the entry holds an object of another name")
}

/// Checks that `data` is the object `id`, and can be read.
pub(crate) fn check_object(id: &ObjectId, data: &[u8]) -> Result<Identity> {
    let found = Identity::of(data)?;
    if found.name != id.name || !found.is_in(id.namespace.as_deref()) {
        return Err(another_name());
    }
    Ok(found)
}

/// The object that `data` is, and belongs at `path`, which says as much as `id`.
fn object_at(path: &str, id: ObjectId, data: &[u8]) -> Result<(ObjectId, Identity)> {
    let mut found = Identity::of(data)?;
    if !is_file_of(path, &found.name) || !found.is_in(id.namespace.as_deref()) {
        return Err(another_name());
    }
    let name = std::mem::take(&mut found.name);
    let id = ObjectId { name, ..id };
    check_id(&id)?;
    Ok((id, found))
}

fn refused(path: &str, id: Option<ObjectId>, why: &Error) -> Option<Found> {
    Some(Found::Refused(RefusedEntry::new(path, id, why)))
}

fn too_large(size: u64, limit: u64) -> String {
    format!("read archive: the entry has {size} bytes, more than the {limit} it may have")
}
