//! CopyObject, and the source of UploadPartCopy.

use http::header::{HeaderMap, HeaderValue};
use http::{StatusCode, header};

use alibaba_sign::percent;

use crate::gateway::response::Answer;
use crate::oss::error::OssError;
use crate::oss::objects::conditions::{Conditions, Verdict};
use crate::oss::request::Target;
use crate::oss::storage::object::{Kind, NULL_VERSION, Object, ObjectFacts};
use crate::oss::storage::store::Found;
use crate::oss::xml::Element;
use crate::oss::{Oss, http_date, iso_date};

/// CopyObject takes sources up to this size, UploadPartCopy larger ones: 1 GB.
const MAX_COPY: u64 = 1024 * 1024 * 1024;

impl Oss {
    pub(in crate::oss) fn copy_object(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Answer, OssError> {
        let bucket = target.bucket();
        let source = match self.copy_source(headers)? {
            Ok(source) => source,
            Err(not_modified) => return Ok(not_modified),
        };
        let attributes = self.begin_write(bucket, target.key(), headers)?;
        let from = &source.object.facts;
        if from.len > MAX_COPY {
            return Err(OssError::bad_request(
                "EntityTooLarge",
                "The source of a copy must not exceed 1 GB; copy it in parts.",
            ));
        }
        let now = self.clock.now();
        let create = attributes.create;
        let facts = ObjectFacts {
            key: target.key().to_owned(),
            version: NULL_VERSION.to_owned(),
            modified: now,
            // An appendable object's copy is a normal one.
            kind: match &from.kind {
                Kind::Appendable => Kind::Normal,
                kind => kind.clone(),
            },
            storage_class: attributes.storage_class.unwrap_or_default(),
            acl: attributes.acl,
            tags: if directive(headers, "x-oss-tagging-directive")? {
                attributes.tags
            } else {
                from.tags.clone()
            },
            headers: if directive(headers, "x-oss-metadata-directive")? {
                attributes.headers
            } else {
                // Encryption is the copy's own matter in either case.
                let own = attributes.headers.into_iter();
                let kept = from.headers.iter().cloned();
                kept.filter(|(name, _)| !name.starts_with("x-oss-server-side-"))
                    .chain(own.filter(|(name, _)| name.starts_with("x-oss-server-side-")))
                    .collect()
            },
            restored: None,
            retention: None,
            legal_hold: false,
            ..from.clone()
        };
        let document = Element::root("CopyObjectResult")
            .text("ETag", &facts.quoted_etag())
            .text("LastModified", &iso_date(now))
            .document();
        let answer = Answer::xml(document)
            .header("x-oss-hash-crc64ecma", &facts.crc.to_string())
            .encryption(&facts.headers);
        let object = Object {
            content: self.store.share(bucket, &source.object.content)?,
            facts,
        };
        let version = self.store.commit(bucket, object, create, now)?;
        Ok(answer
            .maybe("x-oss-version-id", version.as_deref())
            .maybe("x-oss-copy-source-version-id", source.version.as_deref()))
    }

    /// The object that `x-oss-copy-source` names, its conditions met; the inner error is the
    /// answer where it was not modified.
    pub(in crate::oss) fn copy_source(
        &self,
        headers: &HeaderMap,
    ) -> Result<Result<Found, Answer>, OssError> {
        let (bucket, key, version) = headers
            .get("x-oss-copy-source")
            .and_then(|value| value.to_str().ok())
            .and_then(parse_source)
            .ok_or_else(|| {
                OssError::bad_request(
                    "InvalidArgument",
                    "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.",
                )
                .with("ArgumentName", "x-oss-copy-source")
            })?;
        let found = self.store.object(&bucket, &key, version.as_deref())?;
        let facts = &found.object.facts;
        if Conditions::of_copy(headers).judge(facts)? == Verdict::NotModified {
            return Ok(Err(Answer::empty(StatusCode::NOT_MODIFIED)
                .header(header::ETAG.as_str(), &facts.quoted_etag())
                .header(
                    header::LAST_MODIFIED.as_str(),
                    &http_date(facts.modified),
                )));
        }
        if !facts.is_readable(self.clock.now()) {
            return Err(OssError::forbidden(
                "InvalidObjectState",
                "The operation is not valid for the object's state.",
            )
            .ec("0016-00000102"));
        }
        Ok(Ok(found))
    }
}

/// Bucket, key and version of `/bucket/encoded-key[?versionId=id]`.
fn parse_source(text: &str) -> Option<(String, String, Option<String>)> {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    let version = match query {
        Some(query) => Some(percent::decode(query.strip_prefix("versionId=")?)?),
        None => None,
    };
    // Some clients encode the slashes too.
    let path = percent::decode(path)?;
    let (bucket, key) = path.strip_prefix('/').unwrap_or(&path).split_once('/')?;
    (!bucket.is_empty() && !key.is_empty()).then(|| (bucket.to_owned(), key.to_owned(), version))
}

/// Whether a directive says `REPLACE` and not `COPY`, which is the default.
fn directive(headers: &HeaderMap, name: &'static str) -> Result<bool, OssError> {
    match headers.get(name).map(HeaderValue::as_bytes) {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case(b"COPY") => Ok(false),
        Some(value) if value.eq_ignore_ascii_case(b"REPLACE") => Ok(true),
        Some(value) => Err(OssError::invalid_argument(
            name,
            String::from_utf8_lossy(value),
            "The directive must be COPY or REPLACE.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_in_every_spelling() {
        let source = |text| parse_source(text).map(|(b, k, v)| format!("{b}|{k}|{v:?}"));
        assert_eq!(source("/b/a%20b%3F").as_deref(), Some("b|a b?|None"));
        assert_eq!(source("b/k").as_deref(), Some("b|k|None"));
        assert_eq!(source("%2Fb%2Fk").as_deref(), Some("b|k|None"));
        assert_eq!(
            source("/b/k?versionId=x%2B1").as_deref(),
            Some("b|k|Some(\"x+1\")")
        );
        assert_eq!(source("/b/k?other=1"), None);
        assert_eq!(source("/b/"), None);
        assert_eq!(source("b"), None);
    }
}
