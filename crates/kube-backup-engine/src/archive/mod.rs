//! The archive: a tar stream of objects, compressed as a series of gzip members, and its index.
//!
//! Any gzip reader sees one stream and any tar reader one archive. What is ours is only where
//! the members begin: each holds whole entries, so that an object can be fetched alone once the
//! [index](index) says in which member it lies.

mod budget;
mod entries;
pub(crate) mod gzip;
mod identity;
pub(crate) mod index;
pub(crate) mod read;
pub(crate) mod write;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Digest, Error, ErrorKind, ObjectId};

pub(crate) use budget::Budget;
pub(crate) use entries::{Entries, EntryRef};

/// One object in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: ObjectId,
    /// `apps/v1`, as stored; `None` when neither the index nor the object says.
    pub api_version: Option<Arc<str>>,
    /// `Deployment`, as stored; `None` when neither the index nor the object says.
    pub kind: Option<Arc<str>>,
    /// Length of its JSON in bytes.
    pub size: u64,
    /// SHA-256 of its JSON: as the index says, or as it was when the archive was read. Whoever reads the
    /// entry again gets these bytes or an error.
    pub sha256: Digest,
    /// Where its bytes are, when there is an index.
    pub(crate) location: Option<Location>,
}

/// An entry of an archive that cannot be read. It costs no other entry anything.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedEntry {
    /// Its path in the archive.
    pub path: String,
    /// The object that it is said to be; `None` where its path says nothing of the kind.
    pub id: Option<ObjectId>,
    /// Why it is refused.
    pub reason: String,
    /// Where its bytes are, when there is an index.
    pub(crate) location: Option<Location>,
}

impl RefusedEntry {
    pub(crate) fn new(path: impl Into<String>, id: Option<ObjectId>, why: &Error) -> Self {
        Self {
            path: path.into(),
            id,
            reason: why.chain(),
            location: None,
        }
    }

    /// The error of whoever asked for this entry.
    pub(crate) fn into_error(self) -> Error {
        Error::new(ErrorKind::Unreadable, self.reason).with_entry(self.path)
    }
}

impl fmt::Display for RefusedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names in a hostile archive may contain terminal control sequences.
        write!(f, "entry `{}`: {}", self.path.escape_debug(), self.reason)
    }
}

/// What an archive holds, as far as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The objects that can be read.
    pub entries: Vec<Entry>,
    /// What cannot be read, and is left out of restores by its name.
    pub refused: Vec<RefusedEntry>,
}

/// What a reader comes to next.
#[derive(Debug)]
pub(crate) enum Found {
    /// An object, and its JSON.
    Object(Entry, bytes::Bytes),
    /// An entry that is refused, alone.
    Refused(RefusedEntry),
}

impl Found {
    /// The object, or the error of whoever wants nothing else.
    pub(crate) fn into_result(self) -> crate::Result<(Entry, bytes::Bytes)> {
        match self {
            Self::Object(entry, json) => Ok((entry, json)),
            Self::Refused(refused) => Err(refused.into_error()),
        }
    }
}

/// Where an object's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    /// The gzip member, within the archive.
    pub(crate) member: Span,
    /// Length of the member once decompressed.
    pub(crate) member_size: u64,
    /// The object's JSON, within the decompressed member.
    pub(crate) object: Span,
}

/// A stretch of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Span {
    /// The first byte after it; `None` on overflow.
    pub(crate) fn end(self) -> Option<u64> {
        self.offset.checked_add(self.length)
    }
}

/// What a reader accepts of an archive.
///
/// An archive comes from a bucket that others can write to, so a reader limits what an
/// archive can make it do, with an index and without. The defaults pass everything that an API server would
/// accept, and a backup leaves out, by name, what would not be read back under the limits of its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Largest object, in bytes of JSON. API servers take requests of up to 3 MiB, and etcd's own
    /// limit is lower.
    pub max_object: u64,
    /// Largest archive, in bytes after decompression.
    pub max_total: u64,
    /// How many bytes one compressed byte may become, once past the first 64 MiB.
    pub max_ratio: u64,
    /// Most objects. Clusters are said to hold up to 300 000.
    pub max_entries: u64,
}

impl ReadLimits {
    /// Most bytes that a member of an archive decompresses to: a block that was almost full, and the largest
    /// object.
    pub(crate) fn max_member(&self) -> u64 {
        self.max_object.saturating_add(BESIDES_AN_OBJECT)
    }
}

/// What a member may hold besides its largest object, generously: other objects, headers and long names.
const BESIDES_AN_OBJECT: u64 = 2 << 20;

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            max_object: 3_000_000 - 1,
            max_total: 16 << 30,
            max_ratio: 400,
            max_entries: 5_000_000,
        }
    }
}
