//! GetObject, HeadObject, GetObjectMeta.

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPIRES, HeaderMap, HeaderName, LAST_MODIFIED, RANGE,
};
use http::{StatusCode, header};

use crate::gateway::response::Answer;
use crate::oss::error::OssError;
use crate::oss::objects::conditions::{Conditions, Verdict};
use crate::oss::request::Target;
use crate::oss::storage::object::{Kind, ObjectFacts};
use crate::oss::storage::store::Found;
use crate::oss::{Oss, http_date};

/// Query parameters that replace a header of the answer.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-content-type", CONTENT_TYPE),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
    ("response-expires", EXPIRES),
];

impl Oss {
    /// The object to read: a symlink's target where it is one, with the link's version.
    fn readable(&self, target: &Target) -> Result<(Found, ObjectFacts), OssError> {
        let bucket = target.bucket();
        let named = self.store.object(bucket, target.key(), target.version()?)?;
        let Kind::Symlink(to) = &named.object.facts.kind else {
            let facts = named.object.facts.clone();
            return Ok((named, facts));
        };
        let found = self
            .store
            .object(bucket, to, None)
            .map_err(|error| match error.code {
                "NoSuchKey" => OssError::not_found(
                    "SymlinkTargetNotExist",
                    "The symlink object is valid, but the target object does not exist.",
                )
                .with("TargetObject", to),
                _ => error,
            })?;
        if matches!(found.object.facts.kind, Kind::Symlink(_)) {
            return Err(OssError::bad_request(
                "InvalidTargetType",
                "The type of the symlink's target is invalid: it is a symlink too.",
            ));
        }
        // The bytes are the target's, the link says that it is one and when it last changed.
        let facts = ObjectFacts {
            kind: named.object.facts.kind.clone(),
            modified: found.object.facts.modified.max(named.object.facts.modified),
            ..found.object.facts.clone()
        };
        let found = Found {
            version: named.version,
            ..found
        };
        Ok((found, facts))
    }

    pub(in crate::oss) fn get_object(
        &self,
        target: &Target,
        headers: &HeaderMap,
        with_body: bool,
    ) -> Result<Answer, OssError> {
        let (found, facts) = self.readable(target)?;
        let now = self.clock.now();
        if Conditions::of_read(headers).judge(&facts)? == Verdict::NotModified {
            return Ok(Answer::empty(StatusCode::NOT_MODIFIED)
                .header(ETAG.as_str(), &facts.quoted_etag())
                .header(LAST_MODIFIED.as_str(), &http_date(facts.modified))
                .maybe("x-oss-version-id", found.version.as_deref()));
        }
        if with_body && !facts.is_readable(now) {
            return Err(OssError::forbidden(
                "InvalidObjectState",
                "The operation is not valid for the object's state.",
            )
            .ec("0016-00000102")
            .with("ObjectName", target.key()));
        }
        let range = if with_body {
            wanted_range(headers, facts.len)?
        } else {
            None
        };
        let (status, from, len) = match range {
            Some((from, len)) => (StatusCode::PARTIAL_CONTENT, from, len),
            None => (StatusCode::OK, 0, facts.len),
        };
        let mut answer = described(Answer::empty(status), &facts)
            .header(CONTENT_LENGTH.as_str(), &len.to_string())
            .maybe("x-oss-restore", facts.restore_info(now).as_deref())
            .maybe("x-oss-version-id", found.version.as_deref());
        if range.is_some() {
            let end = from + len - 1;
            answer = answer.header(
                CONTENT_RANGE.as_str(),
                &format!("bytes {from}-{end}/{}", facts.len),
            );
        }
        for (parameter, name) in OVERRIDES {
            answer = answer.maybe(name.as_str(), target.param(parameter));
        }
        if with_body {
            answer = answer.stream(found.object.content.read(from, len), len);
        }
        Ok(answer)
    }

    pub(in crate::oss) fn object_meta(&self, target: &Target) -> Result<Answer, OssError> {
        let (found, facts) = self.readable(target)?;
        Ok(Answer::empty(StatusCode::OK)
            .header(ETAG.as_str(), &facts.quoted_etag())
            .header(LAST_MODIFIED.as_str(), &http_date(facts.modified))
            .header("x-oss-hash-crc64ecma", &facts.crc.to_string())
            .maybe("x-oss-version-id", found.version.as_deref())
            .header(CONTENT_LENGTH.as_str(), &facts.len.to_string()))
    }
}

/// The headers that tell of an object, those of its put among them.
fn described(mut answer: Answer, facts: &ObjectFacts) -> Answer {
    answer = answer
        .header(CONTENT_TYPE.as_str(), "application/octet-stream")
        .header(ETAG.as_str(), &facts.quoted_etag())
        .header(LAST_MODIFIED.as_str(), &http_date(facts.modified))
        .header("x-oss-hash-crc64ecma", &facts.crc.to_string())
        .header("x-oss-object-type", facts.kind.name())
        .header("x-oss-storage-class", facts.storage_class.name())
        .maybe("content-md5", facts.content_md5.as_deref())
        .header(header::ACCEPT_RANGES.as_str(), "bytes");
    if facts.kind == Kind::Appendable {
        answer = answer.header("x-oss-next-append-position", &facts.len.to_string());
    }
    if !facts.tags.is_empty() {
        answer = answer.header("x-oss-tagging-count", &facts.tags.len().to_string());
    }
    facts
        .headers
        .iter()
        .fold(answer, |answer, (name, value)| answer.header(name, value))
}

/// The range to answer with, if any.
fn wanted_range(headers: &HeaderMap, len: u64) -> Result<Option<(u64, u64)>, OssError> {
    let Some(text) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    if let Some(range) = parse_range(text, len) {
        return Ok(Some(range));
    }
    let standard = headers
        .get("x-oss-range-behavior")
        .is_some_and(|value| value == "standard");
    if !standard {
        // Without that header OSS answers with the whole object.
        return Ok(None);
    }
    Err(OssError::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The requested range cannot be satisfied.",
    )
    .ec("0017-00000901")
    .with("ActualObjectSize", len.to_string())
    .with("RangeHeader", text))
}

/// First byte and length of one range that the object can satisfy.
pub(in crate::oss) fn parse_range(text: &str, len: u64) -> Option<(u64, u64)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (from, end) = match (from.trim(), to.trim()) {
        ("", last) => (len.saturating_sub(last.parse().ok()?), len),
        (from, "") => (from.parse().ok()?, len),
        (from, to) => (
            from.parse().ok()?,
            to.parse::<u64>().ok()?.checked_add(1)?.min(len),
        ),
    };
    (from < end).then(|| (from, end - from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_rfc_9110_reads_them() {
        assert_eq!(parse_range("bytes=0-0", 10), Some((0, 1)));
        assert_eq!(parse_range("bytes=5-", 10), Some((5, 5)));
        assert_eq!(parse_range("bytes=-3", 10), Some((7, 3)));
        assert_eq!(parse_range("bytes=-30", 10), Some((0, 10)));
        assert_eq!(parse_range("bytes=8-100", 10), Some((8, 2)));
        assert_eq!(parse_range("bytes=10-", 10), None);
        assert_eq!(parse_range("bytes=-0", 10), None);
        assert_eq!(parse_range("bytes=3-2", 10), None);
        assert_eq!(parse_range("lines=1-2", 10), None);
    }
}
