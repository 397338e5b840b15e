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
    /// This many bytes at the end.
    Last(u64),
}

impl ByteRange {
    /// Whether it asks for nothing. A header cannot: the nearest it can say is one byte.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Within(range) => range.is_empty(),
            Self::From(_) => false,
            Self::Last(len) => *len == 0,
        }
    }

    /// What it is of an object of this length.
    fn of(&self, len: u64) -> Range<u64> {
        match self {
            Self::Within(range) => range.start..range.end.min(len),
            Self::From(offset) => *offset..len,
            Self::Last(last) => len.saturating_sub(*last)..len,
        }
    }

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

/// Which bytes a response to a ranged read covers, and how long the object is. Other bytes than those
/// asked for would be taken for them, the whole object too.
pub(crate) fn covered(
    call: &Call,
    asked: &ByteRange,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<(Range<u64>, u64)> {
    let wrong = |text: String| {
        let text = format!("{}: {text}", call.step);
        Error::new(ErrorKind::Response, text).with_response(status, headers)
    };
    if status != StatusCode::PARTIAL_CONTENT {
        return Err(wrong("a range was asked for, and no range came".to_owned()));
    }
    let text = text(headers, CONTENT_RANGE.as_str()).unwrap_or_default();
    let Some((range, len)) = content_range(text) else {
        return Err(wrong(format!("`{text}` is not a `content-range`")));
    };
    let wanted = asked.of(len);
    if range != wanted {
        return Err(wrong(format!(
            "bytes {wanted:?} of {len} were asked for, {range:?} came"
        )));
    }
    Ok((range, len))
}

/// `bytes 0-4/10`.
fn content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, len) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let range: Range<u64> = first.parse().ok()?..last.parse::<u64>().ok()?.checked_add(1)?;
    let len = len.parse().ok()?;
    (!range.is_empty() && range.end <= len).then_some((range, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_only_where_it_can_be_one() {
        assert_eq!(content_range("bytes 0-4/10"), Some((0..5, 10)));
        for text in [
            "",
            "bytes 5-4/10",
            "bytes 0-10/10",
            "bytes 0-18446744073709551615/10",
            "bytes */10",
            "bytes 0-4/*",
            "0-4/10",
        ] {
            assert_eq!(content_range(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_is_cut_at_the_end_of_the_object() {
        for (range, cut) in [
            (ByteRange::Within(2..8), 2..8),
            (ByteRange::Within(2..80), 2..10),
            (ByteRange::From(3), 3..10),
            (ByteRange::Last(4), 6..10),
            (ByteRange::Last(40), 0..10),
        ] {
            assert_eq!(range.of(10), cut, "{range:?}");
        }
    }
}
