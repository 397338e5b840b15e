//! The archive: a tar stream of objects, compressed as a series of gzip members, and its index.
//!
//! Any gzip reader sees one stream and any tar reader one archive. What is ours is only where
//! the members begin: each holds whole entries, so that an object can be fetched alone once the
//! [index](index) says in which member it lies.

pub(crate) mod index;
pub(crate) mod read;
pub(crate) mod write;

use serde::{Deserialize, Serialize};

use crate::{Digest, ObjectId};

/// One object in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: ObjectId,
    /// `apps/v1`, as stored; `None` when neither the index nor the object says.
    pub api_version: Option<String>,
    /// `Deployment`, as stored; `None` when neither the index nor the object says.
    pub kind: Option<String>,
    /// Length of its JSON in bytes.
    pub size: u64,
    /// SHA-256 of its JSON: as the index says, or as it was when the archive was read. Whoever reads the
    /// entry again gets these bytes or an error.
    pub sha256: Digest,
    /// Where its bytes are, when there is an index.
    pub(crate) location: Option<Location>,
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
/// archive can make it do. The defaults pass everything that an API server would accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Largest object, in bytes of JSON. API servers take requests of up to 3 MiB, and etcd's own
    /// limit is lower.
    pub max_object: u64,
    /// Largest archive, in bytes after decompression.
    pub max_total: u64,
    /// How many bytes one compressed byte may become, once past the first 64 MiB.
    pub max_ratio: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            max_object: 3_000_000 - 1,
            max_total: 16 << 30,
            max_ratio: 400,
        }
    }
}
