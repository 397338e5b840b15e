//! GetObject, HeadObject, GetObjectMeta.

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPIRES, HeaderMap, HeaderName, LAST_MODIFIED, RANGE,
};
use http::{StatusCode, header};

use crate::gateway::response::Response;
use crate::oss::error::OssError;
use crate::oss::objects::conditions::{Conditions, Verdict};
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::{Kind, ObjectMeta};
use crate::oss::storage::store::Found;

/// Query parameters that replace a header of the response.
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
    fn readable(&self, target: &Target) -> Result<(Found, ObjectMeta), OssError> {
        let bucket = target.bucket();
        let named = self.store.object(bucket, target.key(), target.version()?)?;
        let Kind::Symlink(to) = &named.object.meta.kind else {
            let meta = named.object.meta.clone();
            return Ok((named, meta));
        };
        let found = self
            .store
            .object(bucket, to, None)
            .map_err(|error| match error.code {
                "NoSuchKey" => OssError::refuse(
                    Refusal::SYMLINK_TARGET_NOT_EXIST,
                    "The symlink object is valid, but the target object does not exist.",
                )
                .with("TargetObject", to),
                _ => error,
            })?;
        if matches!(found.object.meta.kind, Kind::Symlink(_)) {
            return Err(OssError::refuse(
                Refusal::INVALID_TARGET_TYPE,
                "The type of the symlink's target is invalid: it is a symlink too.",
            ));
        }
        // The bytes are the target's, the link says that it is one and when it last changed.
        let meta = ObjectMeta {
            kind: named.object.meta.kind.clone(),
            modified: found.object.meta.modified.max(named.object.meta.modified),
            ..found.object.meta.clone()
        };
        let found = Found {
            version: named.version,
            ..found
        };
        Ok((found, meta))
    }

    pub(crate) fn get_object(
        &self,
        target: &Target,
        headers: &HeaderMap,
        with_body: bool,
    ) -> Result<Response, OssError> {
        let (found, meta) = self.readable(target)?;
        let now = self.clock.now();
        if Conditions::of_read(headers).judge(&meta)? == Verdict::NotModified {
            return Ok(Response::empty(StatusCode::NOT_MODIFIED)
                .header(ETAG.as_str(), &meta.quoted_etag())
                .header(
                    LAST_MODIFIED.as_str(),
                    &httpdate::fmt_http_date(meta.modified.into()),
                )
                .maybe("x-oss-version-id", found.version.as_deref()));
        }
        if with_body && !meta.is_readable(now) {
            return Err(OssError::refuse(
                Refusal::INVALID_OBJECT_STATE,
                "The operation is not valid for the object's state.",
            )
            .with("ObjectName", target.key()));
        }
        let range = if with_body {
            wanted_range(headers, meta.len)?
        } else {
            None
        };
        let (status, from, len) = match range {
            Some((from, len)) => (StatusCode::PARTIAL_CONTENT, from, len),
            None => (StatusCode::OK, 0, meta.len),
        };
        let mut response = described(Response::empty(status), &meta)
            .header(CONTENT_LENGTH.as_str(), &len.to_string())
            .maybe("x-oss-restore", meta.restore_info(now).as_deref())
            .maybe("x-oss-version-id", found.version.as_deref());
        if range.is_some() {
            let end = from + len - 1;
            response = response.header(
                CONTENT_RANGE.as_str(),
                &format!("bytes {from}-{end}/{}", meta.len),
            );
        }
        for (parameter, name) in OVERRIDES {
            response = response.maybe(name.as_str(), target.param(parameter));
        }
        if with_body {
            response = response.stream(found.object.content.read(from, len), len);
        }
        Ok(response)
    }

    pub(crate) fn object_meta(&self, target: &Target) -> Result<Response, OssError> {
        let (found, meta) = self.readable(target)?;
        Ok(Response::empty(StatusCode::OK)
            .header(ETAG.as_str(), &meta.quoted_etag())
            .header(
                LAST_MODIFIED.as_str(),
                &httpdate::fmt_http_date(meta.modified.into()),
            )
            .header("x-oss-hash-crc64ecma", &meta.crc.to_string())
            .maybe("x-oss-version-id", found.version.as_deref())
            .header(CONTENT_LENGTH.as_str(), &meta.len.to_string()))
    }
}

/// The headers that tell of an object, those of its put among them.
fn described(mut response: Response, meta: &ObjectMeta) -> Response {
    response = response
        .header(CONTENT_TYPE.as_str(), "application/octet-stream")
        .header(ETAG.as_str(), &meta.quoted_etag())
        .header(
            LAST_MODIFIED.as_str(),
            &httpdate::fmt_http_date(meta.modified.into()),
        )
        .header("x-oss-hash-crc64ecma", &meta.crc.to_string())
        .header("x-oss-object-type", meta.kind.name())
        .header("x-oss-storage-class", meta.storage_class.name())
        .maybe("content-md5", meta.content_md5.as_deref())
        .header(header::ACCEPT_RANGES.as_str(), "bytes");
    if meta.kind == Kind::Appendable {
        response = response.header("x-oss-next-append-position", &meta.len.to_string());
    }
    if !meta.tags.is_empty() {
        response = response.header("x-oss-tagging-count", &meta.tags.len().to_string());
    }
    meta.headers
        .iter()
        .fold(response, |response, (name, value)| {
            response.header(name, value)
        })
}

/// The range to response with, if any.
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
        // Without that header OSS responses with the whole object.
        return Ok(None);
    }
    Err(OssError::refuse(
        Refusal::INVALID_RANGE,
        "The requested range cannot be satisfied.",
    )
    .with("ActualObjectSize", len.to_string())
    .with("RangeHeader", text))
}

/// First byte and length of one range that the object can satisfy.
pub(crate) fn parse_range(text: &str, len: u64) -> Option<(u64, u64)> {
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
