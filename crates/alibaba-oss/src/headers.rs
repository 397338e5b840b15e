//! Headers in OSS's words: what a response says, and what a request is given.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind, Result};

/// A header's text, where it is there and is text. Values are bytes to HTTP; OSS hands user metadata
/// and its like back in the UTF-8 that they were given in.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    utf8(headers.get(name)?)
}

/// The text of a header's value.
pub(crate) fn utf8(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

/// A header's number.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

/// A header's time.
pub(crate) fn date(headers: &HeaderMap, name: &str) -> Option<DateTime<Utc>> {
    let time = httpdate::parse_http_date(text(headers, name)?).ok()?;
    Some(time.into())
}

/// The entity tag without its quotes.
pub(crate) fn etag(headers: &HeaderMap) -> Option<String> {
    text(headers, "etag").map(unquoted)
}

/// An entity tag as this crate gives it out: a strong one without its quotes, a weak one as it is.
pub(crate) fn unquoted(etag: &str) -> String {
    if is_weak(etag) {
        return etag.to_owned();
    }
    etag.trim_matches('"').to_owned()
}

/// Whether an entity tag is only of bytes that mean the same, as caches make them. No `If-Match` ever
/// holds for it (RFC 9110, 13.1.1), so nothing can be pinned by it.
pub(crate) fn is_weak(etag: &str) -> bool {
    etag.starts_with("W/")
}

/// The entity tags of a condition in quotes, as HTTP has them; listings and responses are read
/// without.
pub(crate) fn quoted(etags: &str) -> String {
    let quoted: Vec<_> = etags
        .split(',')
        .map(str::trim)
        .map(|tag| match tag {
            "*" => tag.to_owned(),
            tag if tag.ends_with('"') => tag.to_owned(),
            tag => format!("\"{tag}\""),
        })
        .collect();
    quoted.join(", ")
}

/// The version that was made or met, on buckets with versioning.
pub(crate) fn version_id(headers: &HeaderMap) -> Option<String> {
    text(headers, "x-oss-version-id").map(str::to_owned)
}

/// The last second that HTTP can write: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// A time as headers have it, in whole seconds. Times that HTTP cannot write, before 1970 and after
/// 9999, become the nearest one that it can.
pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(LAST_SECOND);
    let time = SystemTime::from(time).clamp(SystemTime::UNIX_EPOCH, last);
    httpdate::fmt_http_date(time)
}

/// The CRC-64 of the whole object.
pub(crate) fn crc(headers: &HeaderMap) -> Option<u64> {
    number(headers, "x-oss-hash-crc64ecma")
}

/// Whether the CRC-64 that OSS computed is ours. Nothing to compare is no mismatch.
pub(crate) fn check_crc(step: &str, headers: &HeaderMap, ours: u64) -> Result<()> {
    match crc(headers) {
        Some(theirs) if theirs != ours => Err(Error::new(
            ErrorKind::Integrity,
            format!("{step}: CRC-64 of what was sent is {ours}, OSS received {theirs}"),
        )
        .with_mismatch()
        .with_response(http::StatusCode::OK, headers)),
        _ => Ok(()),
    }
}

/// A header from the caller's text.
pub(crate) fn header(step: &str, name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let unusable = || {
        Error::new(
            ErrorKind::Configuration,
            format!("{step}: use `{name}` as a header"),
        )
    };
    let name =
        HeaderName::from_bytes(name.as_bytes()).map_err(|error| unusable().with_source(error))?;
    let value =
        HeaderValue::from_bytes(value.as_bytes()).map_err(|error| unusable().with_source(error))?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_sent_in_quotes_however_they_are_given() {
        for (given, sent) in [
            ("A-1", "\"A-1\""),
            ("\"A-1\"", "\"A-1\""),
            ("*", "*"),
            ("A, \"B\"", "\"A\", \"B\""),
            ("W/\"A-1\"", "W/\"A-1\""),
        ] {
            assert_eq!(quoted(given), sent);
        }
    }

    #[test]
    fn every_time_can_be_written_as_a_header() {
        for (time, written) in [
            ("2026-11-25T01:02:03.9Z", "Wed, 25 Nov 2026 01:02:03 GMT"),
            ("1969-12-31T23:59:59Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("+10000-01-01T00:00:00Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(http_date(time.parse().unwrap()), written);
        }
    }
}
