//! What a stored object is known by.

use http::HeaderMap;
use serde::Deserialize;

use super::get::ObjectInfo;
use crate::call::Call;
use crate::document::Received;
use crate::error::Result;
use crate::headers::{check_crc, crc, etag, unquoted, version_id};
use crate::verdict::Verdict;

/// What OSS says of a stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutOutcome {
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// The CRC-64 of the whole object.
    pub crc: Option<u64>,
    /// The version made, on buckets with versioning.
    pub version_id: Option<String>,
    /// Whether the CRC-64 was compared.
    pub verdict: Verdict,
    /// How many requests it took. Where there were several, an earlier one may have been carried
    /// out too, and on a bucket with versioning have left a version.
    pub attempts: u32,
}

/// A document about a stored object.
#[derive(Deserialize)]
pub(crate) struct Stored {
    #[serde(rename = "ETag")]
    etag: Option<String>,
}

impl PutOutcome {
    /// What the headers of a response say; `compared` where the CRC-64 among them was.
    pub(crate) fn read(headers: &HeaderMap, compared: bool, attempts: u32) -> Self {
        let crc = crc(headers);
        Self {
            etag: etag(headers),
            crc,
            version_id: version_id(headers),
            verdict: if crc.is_some() && compared {
                Verdict::Verified
            } else {
                Verdict::NotAvailable
            },
            attempts,
        }
    }

    /// What a response with a document says, its CRC-64 held against the one expected.
    pub(crate) fn received(
        call: &Call,
        received: &Received<Stored>,
        expected: Option<u64>,
    ) -> Result<Self> {
        let Received {
            document,
            headers,
            attempts,
        } = received;
        if let Some(expected) = expected {
            check_crc(&call.step, headers, expected)
                .map_err(|error| error.with_attempts(None, *attempts))?;
        }
        let read = Self::read(headers, expected.is_some(), *attempts);
        let etag = document.etag.as_deref().map(unquoted);
        Ok(Self {
            etag: etag.or(read.etag),
            ..read
        })
    }

    /// What is stored, where it has this length and this CRC-64. After a lost response, that is how a
    /// write is recognised as ours.
    pub(crate) fn recognise(
        stored: Result<ObjectInfo>,
        len: Option<u64>,
        crc: Option<u64>,
        attempts: u32,
    ) -> Option<Self> {
        let stored = stored.ok()?;
        let same = len.is_some() && stored.size == len && crc.is_some() && stored.crc == crc;
        same.then_some(Self {
            etag: stored.etag,
            crc: stored.crc,
            version_id: stored.version_id,
            verdict: Verdict::Verified,
            attempts,
        })
    }
}
