//! CopyObject, and the source of UploadPartCopy.

use http::header::{HeaderMap, HeaderValue};
use http::{StatusCode, header};

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::copy_source::CopySource;
use crate::oss::document::iso_date;
use crate::oss::error::OssError;
use crate::oss::objects::conditions::{Conditions, Verdict};
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::{Kind, NULL_VERSION, Object, ObjectMeta};
use crate::oss::storage::store::Found;

/// CopyObject takes sources up to this size, UploadPartCopy larger ones: 1 GB.
const MAX_COPY: u64 = 1024 * 1024 * 1024;

impl Oss {
    pub(crate) fn copy_object(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Response, OssError> {
        let bucket = target.bucket();
        let source = match self.copy_source(headers)? {
            Ok(source) => source,
            Err(not_modified) => return Ok(not_modified),
        };
        let attributes = self.begin_write(bucket, target.key(), headers)?;
        let from = &source.object.meta;
        if from.len > MAX_COPY {
            return Err(OssError::refuse(
                Refusal::ENTITY_TOO_LARGE,
                "The source of a copy must not exceed 1 GB; copy it in parts.",
            ));
        }
        let now = self.clock.now();
        let create = attributes.create;
        let meta = ObjectMeta {
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
            .text("ETag", &meta.quoted_etag())
            .text("LastModified", &iso_date(now))
            .document();
        let response = Response::xml(document)
            .header("x-oss-hash-crc64ecma", &meta.crc.to_string())
            .encryption(&meta.headers);
        let object = Object {
            content: self.store.share(bucket, &source.object.content)?,
            meta,
        };
        let version = self.store.commit(bucket, object, create, now)?;
        Ok(response
            .maybe("x-oss-version-id", version.as_deref())
            .maybe("x-oss-copy-source-version-id", source.version.as_deref()))
    }

    /// The object that `x-oss-copy-source` names, its conditions met; the inner error is the
    /// response where it was not modified.
    pub(crate) fn copy_source(
        &self,
        headers: &HeaderMap,
    ) -> Result<Result<Found, Response>, OssError> {
        let source = CopySource::of(headers).ok_or_else(|| {
            OssError::refuse(
                Refusal::INVALID_ARGUMENT,
                "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.",
            )
            .with("ArgumentName", "x-oss-copy-source")
        })?;
        let version = source.version.as_deref();
        let found = self.store.object(&source.bucket, &source.key, version)?;
        let meta = &found.object.meta;
        if Conditions::of_copy(headers).judge(meta)? == Verdict::NotModified {
            return Ok(Err(Response::empty(StatusCode::NOT_MODIFIED)
                .header(header::ETAG.as_str(), &meta.quoted_etag())
                .header(
                    header::LAST_MODIFIED.as_str(),
                    &httpdate::fmt_http_date(meta.modified.into()),
                )));
        }
        if !meta.is_readable(self.clock.now()) {
            return Err(OssError::refuse(
                Refusal::INVALID_OBJECT_STATE,
                "The operation is not valid for the object's state.",
            ));
        }
        Ok(Ok(found))
    }
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
