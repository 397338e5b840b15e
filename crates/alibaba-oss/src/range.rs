//! Which bytes of an object are asked for, and which come.

use std::ops::Range;

use http::header::{CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::text;

/// A part of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// These bytes; the end may lie beyond the object's.
    Within(Range<u64>),
    /// What follows this offset.
    From(u64),
    /// The last so many bytes.
    Last(u64),
}

impl ByteRange {
    /// Adds the headers that ask for it.
    pub(crate) fn ask(&self, headers: &mut HeaderMap) {
        let range = match self {
            Self::Within(range) => {
                format!("bytes={}-{}", range.start, range.end.saturating_sub(1))
            }
            Self::From(offset) => format!("bytes={offset}-"),
            Self::Last(len) => format!("bytes=-{len}"),
        };
        let range = HeaderValue::try_from(range).expect("digits and signs can stand in a header");
        headers.insert(RANGE, range);
        // Without it OSS responds to a range outside the object with the whole object.
        headers.insert("x-oss-range-behavior", HeaderValue::from_static("standard"));
    }
}

/// Which bytes a response to a ranged read covers, and how long the object is. A whole object where
/// a range was asked for would be taken for the range.
pub(crate) fn covered(
    call: &Call,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<(Range<u64>, u64)> {
    if status != StatusCode::PARTIAL_CONTENT {
        let status = status.as_u16();
        let text = format!(
            "{}: a range was asked for, the response has status {status}",
            call.step
        );
        return Err(Error::new(ErrorKind::Response, text));
    }
    text(headers, CONTENT_RANGE.as_str())
        .and_then(content_range)
        .ok_or_else(|| call.misread("`content-range` of the response"))
}

/// `bytes 0-4/10`.
fn content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, len) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let range = first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?;
    Some((range, len.parse().ok()?))
}
