//! Uploads under way.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::oss::storage::content::Content;
use crate::oss::storage::object::Attributes;

/// A multipart upload under way.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) initiated: DateTime<Utc>,
    pub(crate) attributes: Attributes,
    pub(crate) parts: BTreeMap<u32, Part>,
}

/// One stored part.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) content: Content,
    pub(crate) len: u64,
    pub(crate) etag: String,
    pub(crate) crc: u64,
    pub(crate) modified: DateTime<Utc>,
}
