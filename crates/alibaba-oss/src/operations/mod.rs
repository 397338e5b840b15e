//! The API operations, one file a family.

pub(crate) mod acl;
pub(crate) mod append;
pub(crate) mod attributes;
pub(crate) mod bucket;
pub(crate) mod bucket_info;
pub(crate) mod buckets;
pub(crate) mod copy;
pub(crate) mod copy_spec;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod lifecycle;
pub(crate) mod list;
pub(crate) mod list_v1;
pub(crate) mod multipart;
mod object_target;
pub(crate) mod overwrite;
mod listing;
pub(crate) mod put;
pub(crate) mod restore;
pub(crate) mod retention;
pub(crate) mod setters;
pub(crate) mod symlink;
pub(crate) mod tagging;
pub(crate) mod versions;
pub(crate) mod worm;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, ErrorKind, Result};

/// A header's text, where it is there and is text.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// A header's number.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

/// The entity tag without its quotes.
pub(crate) fn etag(headers: &HeaderMap) -> Option<String> {
    text(headers, "etag").map(|tag| tag.trim_matches('"').to_owned())
}

/// The entity tags of a condition in quotes, as HTTP has them; listings and answers are read without.
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

/// A time as headers have it, in whole seconds.
pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
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
        .with_request_id(text(headers, "x-oss-request-id").map(str::to_owned))),
        _ => Ok(()),
    }
}

/// Whether OSS says that a setting was never made, and not that its bucket or object is missing.
pub(crate) fn is_unset(error: &Error) -> bool {
    let missing = ["NoSuchBucket", "NoSuchKey", "NoSuchVersion"];
    let code = error.service_code();
    error.kind() == ErrorKind::NotFound && code.is_some_and(|code| !missing.contains(&code))
}

/// What was found; `None` where it was never set.
pub(crate) fn unless_unset<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_unset(&error) => Ok(None),
        Err(error) => Err(error),
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
        ] {
            assert_eq!(quoted(given), sent);
        }
    }

    #[test]
    fn what_is_not_set_is_told_from_what_is_not_there() {
        let refused = |code: &str| {
            let document = crate::error::Document {
                code: Some(code.to_owned()),
                ..Default::default()
            };
            Error::refused("read", http::StatusCode::NOT_FOUND, document)
        };
        assert!(
            unless_unset::<()>(Err(refused("NoSuchLifecycle")))
                .unwrap()
                .is_none()
        );
        assert_eq!(unless_unset(Ok(1)).unwrap(), Some(1));
        for code in ["NoSuchBucket", "NoSuchKey", "NoSuchVersion"] {
            assert!(unless_unset::<()>(Err(refused(code))).is_err(), "{code}");
        }
    }
}
