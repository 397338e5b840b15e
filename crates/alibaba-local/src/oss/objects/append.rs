//! AppendObject.

use http::StatusCode;
use http::header::{ETAG, HeaderMap};

use crc_fast::{CrcAlgorithm, checksum_combine};

use crate::gateway::response::{Body, Response};
use crate::oss::error::OssError;
use crate::oss::objects::attributes::check_key;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::bucket::Change;
use crate::oss::storage::content::Content;
use crate::oss::storage::object::{Kind, Object, ObjectMeta};

/// An appendable object's most bytes: 5 GB.
const MAX_LEN: u64 = 5 * 1024 * 1024 * 1024;

impl Oss {
    /// Appends at the end and nowhere else. The response's CRC is that of the whole object.
    pub(crate) async fn append_object(
        &self,
        target: &Target,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response, OssError> {
        let (bucket, key) = (target.bucket(), target.key());
        check_key(key)?;
        let position: u64 = target
            .param("position")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                OssError::invalid_argument(
                    "position",
                    target.param("position").unwrap_or_default(),
                    "The position must be a number.",
                )
            })?;
        self.store.with_bucket(bucket, |stored| {
            if stored.settings.object_worm.is_some() {
                return Err(OssError::refuse(
                    Refusal::OPERATION_NOT_SUPPORTED,
                    "Buckets with object retention take no appends.",
                ));
            }
            end_of(stored.newest(key).map(|object| &object.meta), position).map(drop)
        })?;
        let mut attributes = crate::oss::storage::object::Attributes::read(headers)?;
        let received = self.receive(bucket, headers, body).await?;
        let now = self.clock.now();
        self.store.with_bucket(bucket, |stored| {
            let newest = stored.newest(key).cloned();
            // Others may have appended while the body was on its way.
            let old = end_of(newest.as_ref().map(|object| &object.meta), position)?;
            if position + received.len > MAX_LEN {
                return Err(OssError::refuse(
                    Refusal::OBJECT_TOO_LARGE,
                    "An appendable object holds at most 5 GB.",
                ));
            }
            let change = match newest.filter(|_| old) {
                None => {
                    let class = stored.settings.storage_class;
                    attributes.storage_class.get_or_insert(class);
                    let meta = attributes.object(key, Kind::Appendable, &received, now);
                    let object = Object {
                        content: received.content,
                        meta,
                    };
                    stored.insert(object, false, now)?
                }
                Some(before) => {
                    if stored.is_kept(&before.meta, now, false) {
                        return Err(OssError::immutable());
                    }
                    let crc = checksum_combine(
                        CrcAlgorithm::Crc64Xz,
                        before.meta.crc,
                        received.crc,
                        received.len,
                    );
                    let len = before.meta.len + received.len;
                    let after = Object {
                        content: Content::concat([&before.content, &received.content]),
                        meta: ObjectMeta {
                            len,
                            crc,
                            etag: format!("{crc:016X}{len:016X}"),
                            content_md5: None,
                            modified: now,
                            ..before.meta.clone()
                        },
                    };
                    // The same version grows: appending makes no new one.
                    stored.replace_newest(key, after);
                    Change {
                        stored: stored.newest(key).cloned(),
                        removed: Some(before),
                    }
                }
            };
            self.store.apply(bucket, &change)?;
            let object = change.stored.ok_or_else(|| OssError::no_such_key(key))?;
            let meta = &object.meta;
            Ok(Response::empty(StatusCode::OK)
                .encryption(&meta.headers)
                .header(ETAG.as_str(), &meta.quoted_etag())
                .header("x-oss-hash-crc64ecma", &meta.crc.to_string())
                .header("x-oss-next-append-position", &meta.len.to_string())
                .maybe("x-oss-version-id", stored.version_of(meta).as_deref()))
        })
    }
}

/// Whether there is an object to append to, `position` being its end.
fn end_of(current: Option<&ObjectMeta>, position: u64) -> Result<bool, OssError> {
    let current = current.filter(|meta| !meta.is_marker());
    let end = match current {
        None => 0,
        Some(meta) if meta.kind == Kind::Appendable => meta.len,
        Some(_) => {
            return Err(OssError::refuse(
                Refusal::OBJECT_NOT_APPENDABLE,
                "The object is not appendable.",
            ));
        }
    };
    if position != end {
        return Err(OssError::refuse(
            Refusal::POSITION_NOT_EQUAL_TO_LENGTH,
            "Position is not equal to file length.",
        )
        .header("x-oss-next-append-position", end.to_string()));
    }
    Ok(current.is_some())
}
