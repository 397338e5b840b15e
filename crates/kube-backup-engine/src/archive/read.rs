//! Reading an archive from its beginning, trusting nothing in it.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;

use super::{Entry, ReadLimits};
use crate::format::entries::{Meaning, VERSION_ENTRY, read_path};
use crate::scan;
use crate::{Digest, Error, Result};

/// Longest path an entry may have: two names of 253 characters, a kind and a group.
const MAX_PATH: u64 = 4096;
/// Most bytes that may follow the archive's end. Tools pad to records of 10 KiB or so.
const MAX_TAIL: u64 = 1 << 20;
/// The ratio is not checked before this much text: small archives of one object compress well.
const RATIO_GRACE: u64 = 64 << 20;

/// Reads the objects of an archive from its decompressed bytes.
///
/// Blocking, since decompression is: run it on a thread of its own.
pub(crate) struct ArchiveReader<T: Read> {
    tar: T,
    limits: ReadLimits,
    /// Compressed bytes taken so far; `None` when the text came decompressed.
    consumed: Option<Arc<AtomicU64>>,
    /// Whether the text ends with the archive's end, or is a part of it.
    whole: bool,
    produced: u64,
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

/// A path's text, refused where it is none.
fn path_text(bytes: &[u8]) -> Result<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(refuse(
            "the entry's path is not UTF-8",
            &String::from_utf8_lossy(bytes),
        )),
    }
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
            limits,
            consumed,
            whole,
            produced: 0,
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

    /// The next object's entry and bytes.
    pub(crate) fn next(&mut self) -> Result<Option<(Entry, Bytes)>> {
        if self.done {
            return Ok(None);
        }
        let next = self.step();
        if !matches!(next, Ok(Some(_))) {
            self.done = true;
        }
        next
    }

    fn step(&mut self) -> Result<Option<(Entry, Bytes)>> {
        let mut long_path: Option<String> = None;
        loop {
            let Some(header) = self.header(long_path.as_deref())? else {
                self.read_tail()?;
                return Ok(None);
            };
            let kind = header.entry_type();
            let size = header.entry_size().map_err(|error| {
                refuse("the header's size is no number", "?").with_source(error)
            })?;
            if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
                let data = self.data(size, MAX_PATH, "(a long name)")?;
                if kind.is_gnu_longname() {
                    let end = data.iter().position(|b| *b == 0).unwrap_or(data.len());
                    long_path = Some(path_text(&data[..end])?);
                } else if let Some(path) =
                    pax_path(&data).map_err(|why| refuse(why, &lossy(&header)))?
                {
                    long_path = Some(path_text(path)?);
                }
                continue;
            }
            if kind.is_pax_global_extensions() {
                let data = self.data(size, MAX_PATH, &lossy(&header))?;
                if !matches!(pax_path(&data), Ok(None)) {
                    return Err(refuse(
                        "a global header changes every entry's path or size",
                        &lossy(&header),
                    ));
                }
                continue;
            }
            let path = match long_path.take() {
                Some(path) => path,
                None => path_text(&header.path_bytes())?,
            };
            if kind.is_dir() && size == 0 {
                // Ours and the reference tool's have none, but tools that repack make them.
                read_path(path.trim_end_matches('/'))?;
                continue;
            }
            if !kind.is_file() {
                return Err(refuse("the entry is no regular file", &path));
            }
            let meaning = read_path(&path)?;
            // `./a` and `a` are the same file once unpacked.
            let place = path.strip_prefix("./").unwrap_or(&path);
            if !self.seen.insert(self.hasher.hash_one(place)) {
                return Err(refuse("the entry is in it twice", &path));
            }
            self.object_offset = self.produced;
            let data = self.data(size, self.limits.max_object, &path)?;
            match meaning {
                Meaning::Object(id) => {
                    let found = check_object(&path, &id, &data)?;
                    let entry = Entry {
                        id,
                        api_version: found.api_version,
                        kind: found.kind,
                        size,
                        sha256: Digest::of(&data),
                        location: None,
                    };
                    return Ok(Some((entry, Bytes::from(data))));
                }
                Meaning::Version => {
                    let version = String::from_utf8_lossy(&data);
                    if !version.trim().starts_with("1.") {
                        return Err(refuse(
                            &format!("format `{}` is not known", version.trim()),
                            VERSION_ENTRY,
                        ));
                    }
                }
                Meaning::Versioned { .. } | Meaning::Other => {}
            }
        }
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

    /// An entry's bytes, and past its padding.
    fn data(&mut self, size: u64, limit: u64, path: &str) -> Result<Vec<u8>> {
        if size > limit {
            return Err(refuse(
                &format!("the entry has {size} bytes, more than the {limit} it may have"),
                path,
            ));
        }
        self.count(size.next_multiple_of(512), path)?;
        let mut data = vec![0; size as usize];
        self.tar
            .read_exact(&mut data)
            .map_err(|error| refuse("it ends in the middle", path).with_source(error))?;
        let mut padding = [0; 512];
        let rest = (size.next_multiple_of(512) - size) as usize;
        self.tar
            .read_exact(&mut padding[..rest])
            .map_err(|error| refuse("it ends in the middle", path).with_source(error))?;
        Ok(data)
    }

    /// Counts decompressed bytes, and refuses more than an honest archive can hold.
    fn count(&mut self, length: u64, path: &str) -> Result<()> {
        self.produced = self.produced.saturating_add(length);
        let ratio_bound = self.consumed.as_ref().map_or(u64::MAX, |consumed| {
            consumed
                .load(Ordering::Relaxed)
                .saturating_mul(self.limits.max_ratio)
                .max(RATIO_GRACE)
        });
        if self.produced > self.limits.max_total || self.produced > ratio_bound {
            return Err(refuse("it decompresses to more than it may", path));
        }
        Ok(())
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

/// What an object says that it is.
///
/// Read by the same parser as everything later, which refuses duplicate fields: what is
/// checked here is what will be applied.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    #[serde(default)]
    pub(crate) api_version: Option<String>,
    #[serde(default)]
    pub(crate) kind: Option<String>,
    metadata: IdentityMetadata,
}

#[derive(Debug, serde::Deserialize)]
struct IdentityMetadata {
    name: String,
    #[serde(default)]
    namespace: Option<String>,
}

/// Checks that `data` is the object that its entry says it is.
pub(crate) fn check_object(path: &str, id: &crate::ObjectId, data: &[u8]) -> Result<Identity> {
    let found: Identity = scan::read(data).map_err(|error| error.with_entry(path))?;
    let namespace = found.metadata.namespace.as_deref();
    if found.metadata.name != id.name
        || namespace.filter(|namespace| !namespace.is_empty()) != id.namespace.as_deref()
    {
        return Err(refuse("the entry holds an object of another name", path));
    }
    Ok(found)
}
