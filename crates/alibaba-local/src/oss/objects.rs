//! Operations on single objects.

use http::header::{
    CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, StatusCode};
use hyper::body::Incoming;

use alibaba_sign::percent;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;

use super::answer::Answer;
use super::content::{self, Received};
use super::error::OssError;
use super::store::{Object, ObjectFacts, discard};
use super::xml::Element;
use super::{Oss, http_date, upper_hex};

/// The largest body of one PutObject or UploadPart: 5 GB.
const MAX_PUT: u64 = 5 * 1024 * 1024 * 1024;

impl Oss {
    pub(super) async fn put_object(
        &self,
        bucket: &str,
        key: &str,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Answer, OssError> {
        check_key(key)?;
        let create = forbids_overwrite(headers)?;
        self.store.with_bucket(bucket, |stored| {
            if create && stored.objects.contains_key(key) {
                Err(OssError::already_exists())
            } else {
                Ok(())
            }
        })?;
        let received = self.receive(bucket, headers, body).await?;
        let facts = ObjectFacts {
            key: key.to_owned(),
            len: received.len,
            etag: upper_hex(&received.md5),
            crc: received.crc,
            modified: self.clock.now(),
            kind: "Normal".to_owned(),
            headers: kept_headers(headers),
        };
        let answer = Answer::empty(StatusCode::OK)
            .header(ETAG.as_str(), &format!("\"{}\"", facts.etag))
            .header("x-oss-hash-crc64ecma", &facts.crc.to_string())
            .header("content-md5", &BASE64_STANDARD.encode(received.md5));
        self.store.commit(
            bucket,
            Object {
                content: received.content,
                facts,
            },
            create,
        )?;
        Ok(answer)
    }

    /// Takes a body in and holds it against `Content-MD5` and the limits.
    pub(super) async fn receive(
        &self,
        bucket: &str,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Received, OssError> {
        let received = content::receive(body, self.store.incoming_file(bucket)).await.map_err(|_| {
            OssError::bad_request("RequestTimeout", "Your socket connection to the server was not read from or written to within the timeout period.")
        })?;
        let digest = headers
            .get("content-md5")
            .and_then(|value| value.to_str().ok());
        let refused = if digest.is_some_and(|d| d != BASE64_STANDARD.encode(received.md5)) {
            OssError::bad_request("InvalidDigest", "The Content-MD5 you specified is invalid.")
                .ec("0017-00000501")
        } else if received.len > MAX_PUT {
            OssError::bad_request(
                "EntityTooLarge",
                "Your proposed upload exceeds the maximum allowed size.",
            )
        } else {
            return Ok(received);
        };
        discard(&received.content);
        Err(refused)
    }

    pub(super) fn get_object(
        &self,
        bucket: &str,
        key: &str,
        headers: &HeaderMap,
        with_body: bool,
    ) -> Result<Answer, OssError> {
        let object = self.store.object(bucket, key)?;
        let facts = &object.facts;
        if let Some(not_modified) = check_conditions(headers, facts)? {
            return Ok(not_modified);
        }
        let standard = headers
            .get("x-oss-range-behavior")
            .is_some_and(|value| value == "standard");
        let range = match headers.get(RANGE).and_then(|value| value.to_str().ok()) {
            Some(text) if with_body => match parse_range(text, facts.len) {
                Some(range) => Some(range),
                None if standard => {
                    return Err(OssError::new(
                        StatusCode::RANGE_NOT_SATISFIABLE,
                        "InvalidRange",
                        "The requested range cannot be satisfied.",
                    )
                    .ec("0017-00000901")
                    .with("ActualObjectSize", facts.len.to_string())
                    .with("RangeHeader", text));
                }
                // Without that header OSS answers with the whole object.
                None => None,
            },
            _ => None,
        };
        let (status, from, len) = match range {
            Some((from, len)) => (StatusCode::PARTIAL_CONTENT, from, len),
            None => (StatusCode::OK, 0, facts.len),
        };
        let mut answer = Answer::empty(status)
            .header(ETAG.as_str(), &format!("\"{}\"", facts.etag))
            .header(LAST_MODIFIED.as_str(), &http_date(facts.modified))
            .header("x-oss-hash-crc64ecma", &facts.crc.to_string())
            .header("x-oss-object-type", &facts.kind)
            .header("x-oss-storage-class", "Standard")
            .header("accept-ranges", "bytes")
            .header(CONTENT_LENGTH.as_str(), &len.to_string());
        if range.is_some() {
            let end = from + len - 1;
            answer = answer.header(
                CONTENT_RANGE.as_str(),
                &format!("bytes {from}-{end}/{}", facts.len),
            );
        }
        for (name, value) in &facts.headers {
            answer = answer.header(name, value);
        }
        if with_body {
            answer = answer.stream(object.content.read(from, len), len);
        }
        Ok(answer)
    }

    pub(super) fn object_meta(&self, bucket: &str, key: &str) -> Result<Answer, OssError> {
        let object = self.store.object(bucket, key)?;
        Ok(Answer::empty(StatusCode::OK)
            .header(ETAG.as_str(), &format!("\"{}\"", object.facts.etag))
            .header(LAST_MODIFIED.as_str(), &http_date(object.facts.modified))
            .header("x-oss-hash-crc64ecma", &object.facts.crc.to_string())
            .header(CONTENT_LENGTH.as_str(), &object.facts.len.to_string()))
    }

    pub(super) fn delete_object(&self, bucket: &str, key: &str) -> Result<Answer, OssError> {
        self.store.delete(bucket, key)?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    pub(super) async fn copy_object(
        &self,
        bucket: &str,
        key: &str,
        headers: &HeaderMap,
    ) -> Result<Answer, OssError> {
        check_key(key)?;
        let create = forbids_overwrite(headers)?;
        let source = headers
            .get("x-oss-copy-source")
            .and_then(|value| value.to_str().ok())
            .and_then(percent::decode)
            .unwrap_or_default();
        let (from_bucket, from_key) = source.trim_start_matches('/').split_once('/').ok_or_else(
            || {
                OssError::bad_request(
                    "InvalidArgument",
                    "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.",
                )
            },
        )?;
        let object = self.store.object(from_bucket, from_key)?;
        if let Some(wanted) = headers.get("x-oss-copy-source-if-match")
            && !etag_matches(wanted.to_str().unwrap_or_default(), &object.facts.etag)
        {
            return Err(precondition_failed("x-oss-copy-source-if-match"));
        }
        let file = self.store.incoming_file(bucket);
        let content =
            content::Content::concat(std::slice::from_ref(&object.content), file.as_deref())
                .await
                .map_err(|error| OssError::internal(&error))?;
        let replace = headers
            .get("x-oss-metadata-directive")
            .is_some_and(|value| value == "REPLACE");
        let facts = ObjectFacts {
            key: key.to_owned(),
            modified: self.clock.now(),
            headers: if replace {
                kept_headers(headers)
            } else {
                object.facts.headers.clone()
            },
            ..object.facts.clone()
        };
        let document = Element::root("CopyObjectResult")
            .text("ETag", &format!("\"{}\"", facts.etag))
            .text("LastModified", &super::iso_date(facts.modified))
            .document();
        let crc = facts.crc.to_string();
        self.store
            .commit(bucket, Object { content, facts }, create)?;
        Ok(Answer::xml(document).header("x-oss-hash-crc64ecma", &crc))
    }
}

/// `x-oss-forbid-overwrite`, which takes `true` and `false` and nothing else.
pub(super) fn forbids_overwrite(headers: &HeaderMap) -> Result<bool, OssError> {
    match headers
        .get("x-oss-forbid-overwrite")
        .map(http::HeaderValue::as_bytes)
    {
        None | Some(b"false") => Ok(false),
        Some(b"true") => Ok(true),
        Some(_) => Err(OssError::bad_request(
            "InvalidArgument",
            "no such value of x-oss-forbid-overwrite",
        )
        .with("ArgumentName", "x-oss-forbid-overwrite")),
    }
}

/// Keys are 1 to 1023 bytes and begin neither with `/` nor with `\`.
pub(super) fn check_key(key: &str) -> Result<(), OssError> {
    if key.len() > 1023 || key.starts_with(['/', '\\']) {
        return Err(OssError::bad_request(
            "InvalidObjectName",
            "The length of object name is invalid, or it begins with a slash.",
        )
        .with("ObjectName", key));
    }
    Ok(())
}

/// The headers of a put that a get sends back.
pub(super) fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            name.starts_with("x-oss-meta-")
                || matches!(
                    name,
                    "content-type"
                        | "cache-control"
                        | "content-disposition"
                        | "content-encoding"
                        | "content-language"
                        | "expires"
                        | "x-oss-server-side-encryption"
                )
        })
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

/// `Some` for 304; the error for 412.
fn check_conditions(headers: &HeaderMap, facts: &ObjectFacts) -> Result<Option<Answer>, OssError> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    let date = |name| text(name).and_then(|value| DateTime::parse_from_rfc2822(value).ok());
    let modified = facts.modified.timestamp();
    if text(IF_MATCH).is_some_and(|wanted| !etag_matches(wanted, &facts.etag)) {
        return Err(precondition_failed("If-Match"));
    }
    // RFC 9110 §13.2.2: a date is only looked at where no entity tag was sent.
    if text(IF_MATCH).is_none()
        && date(IF_UNMODIFIED_SINCE).is_some_and(|d| modified > d.timestamp())
    {
        return Err(precondition_failed("If-Unmodified-Since"));
    }
    let unchanged = match text(IF_NONE_MATCH) {
        Some(known) => etag_matches(known, &facts.etag),
        None => date(IF_MODIFIED_SINCE).is_some_and(|d| modified <= d.timestamp()),
    };
    Ok(unchanged.then(|| {
        Answer::empty(StatusCode::NOT_MODIFIED)
            .header(ETAG.as_str(), &format!("\"{}\"", facts.etag))
            .header(LAST_MODIFIED.as_str(), &http_date(facts.modified))
    }))
}

fn precondition_failed(condition: &str) -> OssError {
    OssError::new(
        StatusCode::PRECONDITION_FAILED,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold.",
    )
    .with("Condition", condition)
}

fn etag_matches(wanted: &str, etag: &str) -> bool {
    wanted.split(',').any(|one| {
        let one = one.trim();
        one == "*" || one.trim_matches('"').eq_ignore_ascii_case(etag)
    })
}

/// First byte and length of one range that the object can satisfy.
fn parse_range(text: &str, len: u64) -> Option<(u64, u64)> {
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
