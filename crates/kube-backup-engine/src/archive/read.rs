//! Reading an archive from its beginning, believing nothing.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;

use super::path::{Meaning, VERSION_ENTRY, read_path};
use super::{Entry, ReadLimits};
use crate::scan::{self, Head};
use crate::{Error, Result};

/// Longest path an entry may have: two names of 253 characters, a kind and a group.
const MAX_PATH: u64 = 4096;
/// Most bytes that may follow the archive's end. Tools pad to records of 10 KiB or so.
const MAX_TAIL: u64 = 1 << 20;
/// Before this much text the ratio is not looked at: small archives of one object compress well.
const RATIO_GRACE: u64 = 64 << 20;

/// Reads the objects of an archive from its compressed bytes.
///
/// Blocking, because decompression is: give it a thread.
pub(crate) struct ArchiveReader<R: Read> {
    tar: MultiGzDecoder<io::BufReader<Counted<R>>>,
    limits: ReadLimits,
    consumed: Arc<AtomicU64>,
    produced: u64,
    seen: HashSet<u64>,
    hasher: RandomState,
    done: bool,
}

/// Counts what is read, so that a ratio can be kept.
struct Counted<R> {
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

/// Text of a pax header's `path`, when it has one.
fn pax_path(data: &[u8]) -> Option<String> {
    let mut rest = data;
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length)?;
        rest = &rest[length..];
        if let Some(value) = record.strip_prefix(b"path=") {
            let value = value.strip_suffix(b"\n").unwrap_or(value);
            return String::from_utf8(value.to_vec()).ok();
        }
    }
    None
}

impl<R: Read> ArchiveReader<R> {
    pub(crate) fn new(compressed: R, limits: ReadLimits) -> Self {
        let consumed = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            inner: compressed,
            count: Arc::clone(&consumed),
        };
        Self {
            tar: MultiGzDecoder::new(io::BufReader::with_capacity(64 << 10, counted)),
            limits,
            consumed,
            produced: 0,
            seen: HashSet::new(),
            hasher: RandomState::new(),
            done: false,
        }
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
                long_path = if kind.is_gnu_longname() {
                    let end = data.iter().position(|b| *b == 0).unwrap_or(data.len());
                    Some(String::from_utf8_lossy(&data[..end]).into_owned())
                } else {
                    pax_path(&data).or(long_path)
                };
                continue;
            }
            let path = long_path
                .take()
                .unwrap_or_else(|| String::from_utf8_lossy(&header.path_bytes()).into_owned());
            if kind.is_pax_global_extensions() {
                self.data(size, MAX_PATH, &path)?;
                continue;
            }
            if kind.is_dir() && size == 0 {
                // Ours and the reference tool's have none, but tools that repack make them.
                read_path(path.trim_end_matches('/'))?;
                continue;
            }
            if !kind.is_file() {
                return Err(refuse("the entry is no regular file", &path));
            }
            let meaning = read_path(&path)?;
            if !self.seen.insert(self.hasher.hash_one(path.as_str())) {
                return Err(refuse("the entry stands in it twice", &path));
            }
            let data = self.data(size, self.limits.max_object, &path)?;
            match meaning {
                Meaning::Object(id) => {
                    let head = check_object(&path, &id, &data)?;
                    let entry = Entry {
                        id,
                        api_version: head.api_version,
                        kind: head.kind,
                        size,
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
            let name = String::from_utf8_lossy(&header.path_bytes()).into_owned();
            return Err(refuse("a header's checksum is wrong", &name));
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

    /// Counts text, and refuses more than an honest archive can hold.
    fn count(&mut self, length: u64, path: &str) -> Result<()> {
        self.produced = self.produced.saturating_add(length);
        let ratio_bound = self
            .consumed
            .load(Ordering::Relaxed)
            .saturating_mul(self.limits.max_ratio)
            .max(RATIO_GRACE);
        if self.produced > self.limits.max_total || self.produced > ratio_bound {
            return Err(refuse("it decompresses to more than it may", path));
        }
        Ok(())
    }

    /// Behind the end there may be padding, and nothing else.
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

fn refuse(why: &str, path: &str) -> Error {
    Error::corrupt(format!("read archive: {why}")).with_entry(path)
}

/// Checks that `data` is the object that its entry says it is.
pub(crate) fn check_object(path: &str, id: &crate::ObjectId, data: &[u8]) -> Result<Head> {
    scan::check(data).map_err(|error| error.with_entry(path))?;
    let head = Head::of(data).map_err(|error| error.with_entry(path))?;
    if head.name != id.name || head.namespace != id.namespace {
        return Err(refuse("the entry holds an object of another name", path));
    }
    Ok(head)
}

#[cfg(test)]
mod tests;
