//! Multipart uploads.

use std::collections::BTreeMap;

use http::{HeaderMap, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;

use super::answer::Answer;
use super::content::{Content, Received};
use super::error::OssError;
use super::objects::{check_key, forbids_overwrite, kept_headers};
use super::request::Target;
use super::store::{Object, ObjectFacts, Part, Upload, discard};
use super::xml::{Element, KeyEncoding};
use super::{Oss, iso_date, number, upper_hex};
use crc_fast::{CrcAlgorithm, checksum_combine};
use md5::{Digest as _, Md5};

/// Every part but the last holds at least this much; checked when the upload completes.
const MIN_PART: u64 = 100 * 1024;
const MAX_PARTS: u32 = 10_000;

#[derive(Deserialize)]
#[serde(rename = "CompleteMultipartUpload")]
struct CompleteBody {
    #[serde(rename = "Part", default)]
    parts: Vec<CompletePart>,
}

#[derive(Deserialize)]
struct CompletePart {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag")]
    etag: String,
}

impl Oss {
    pub(super) fn initiate(
        &self,
        bucket: &str,
        key: &str,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Answer, OssError> {
        check_key(key)?;
        let create = forbids_overwrite(headers)?;
        let upload = Upload {
            key: key.to_owned(),
            initiated: self.clock.now(),
            headers: kept_headers(headers),
            parts: BTreeMap::new(),
        };
        let id = format!("{:016X}{:016X}", fastrand::u64(..), fastrand::u64(..));
        self.store.with_bucket(bucket, |stored| {
            if create && stored.objects.contains_key(key) {
                return Err(OssError::already_exists());
            }
            stored.uploads.insert(id.clone(), upload);
            Ok(())
        })?;
        let encoding = KeyEncoding(target.param("encoding-type") == Some("url"));
        let document = Element::root("InitiateMultipartUploadResult")
            .maybe("EncodingType", encoding.name())
            .text("Bucket", bucket)
            .text("Key", &encoding.apply(key))
            .text("UploadId", &id)
            .document();
        Ok(Answer::xml(document))
    }

    pub(super) async fn upload_part(
        &self,
        bucket: &str,
        target: &Target,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Answer, OssError> {
        let id = target.param("uploadId").unwrap_or_default();
        let part_number = target
            .param("partNumber")
            .and_then(|text| text.parse().ok())
            .filter(|number| (1..=MAX_PARTS).contains(number))
            .ok_or_else(|| {
                OssError::bad_request(
                    "InvalidArgument",
                    "Part number must be an integer between 1 and 10000, inclusive.",
                )
                .with("ArgumentName", "partNumber")
            })?;
        self.store.with_bucket(bucket, |stored| {
            stored
                .uploads
                .get(id)
                .map(drop)
                .ok_or_else(|| OssError::no_such_upload(id))
        })?;
        let Received {
            content,
            len,
            crc,
            md5,
        } = self.receive(bucket, headers, body).await?;
        let etag = upper_hex(&md5);
        let answer = Answer::empty(StatusCode::OK)
            .header("etag", &format!("\"{etag}\""))
            .header("x-oss-hash-crc64ecma", &crc.to_string());
        let part = Part {
            content,
            len,
            etag,
            crc,
            modified: self.clock.now(),
        };
        self.store
            .with_bucket(bucket, |stored| match stored.uploads.get_mut(id) {
                Some(upload) => {
                    if let Some(replaced) = upload.parts.insert(part_number, part) {
                        discard(&replaced.content);
                    }
                    Ok(())
                }
                // Aborted or completed while the body was on its way.
                None => {
                    discard(&part.content);
                    Err(OssError::no_such_upload(id))
                }
            })?;
        Ok(answer)
    }

    pub(super) async fn complete(
        &self,
        bucket: &str,
        key: &str,
        target: &Target,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Answer, OssError> {
        let id = target.param("uploadId").unwrap_or_default();
        let create = forbids_overwrite(headers)?;
        let upload = self.store.with_bucket(bucket, |stored| {
            let upload = stored.uploads.get(id).filter(|upload| upload.key == key);
            upload.cloned().ok_or_else(|| OssError::no_such_upload(id))
        })?;
        let all = headers
            .get("x-oss-complete-all")
            .is_some_and(|value| value == "yes");
        let parts: Vec<&Part> = if all {
            upload.parts.values().collect()
        } else {
            chosen_parts(&upload, body)?
        };
        if parts.iter().rev().skip(1).any(|part| part.len < MIN_PART) {
            return Err(OssError::bad_request(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size.",
            ));
        }
        let crc = parts.iter().fold(0, |crc, part| {
            checksum_combine(CrcAlgorithm::Crc64Xz, crc, part.crc, part.len)
        });
        let mut digest = Md5::new();
        for part in &parts {
            digest.update(&part.etag);
        }
        let facts = ObjectFacts {
            key: key.to_owned(),
            len: parts.iter().map(|part| part.len).sum(),
            etag: format!("{}-{}", upper_hex(&digest.finalize()), parts.len()),
            crc,
            modified: self.clock.now(),
            kind: "Multipart".to_owned(),
            headers: upload.headers.clone(),
        };
        let contents: Vec<Content> = parts.iter().map(|part| part.content.clone()).collect();
        let content = Content::concat(&contents, self.store.incoming_file(bucket).as_deref())
            .await
            .map_err(|error| OssError::internal(&error))?;
        let encoding = KeyEncoding(target.param("encoding-type") == Some("url"));
        let document = Element::root("CompleteMultipartUploadResult")
            .maybe("EncodingType", encoding.name())
            .text(
                "Location",
                &format!("http://{bucket}.{}/{}", target.host, encoding.apply(key)),
            )
            .text("Bucket", bucket)
            .text("Key", &encoding.apply(key))
            .text("ETag", &format!("\"{}\"", facts.etag))
            .document();
        self.store
            .commit(bucket, Object { content, facts }, create)?;
        self.forget_upload(bucket, id)?;
        Ok(Answer::xml(document).header("x-oss-hash-crc64ecma", &crc.to_string()))
    }

    pub(super) fn abort(&self, bucket: &str, target: &Target) -> Result<Answer, OssError> {
        let id = target.param("uploadId").unwrap_or_default();
        self.forget_upload(bucket, id)?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    fn forget_upload(&self, bucket: &str, id: &str) -> Result<(), OssError> {
        self.store.with_bucket(bucket, |stored| {
            let upload = stored
                .uploads
                .remove(id)
                .ok_or_else(|| OssError::no_such_upload(id))?;
            for part in upload.parts.values() {
                discard(&part.content);
            }
            Ok(())
        })
    }

    pub(super) fn list_parts(
        &self,
        bucket: &str,
        key: &str,
        target: &Target,
    ) -> Result<Answer, OssError> {
        let id = target.param("uploadId").unwrap_or_default();
        let max = number(target, "max-parts", 1000, 1000)?;
        let marker = number(target, "part-number-marker", 0, usize::MAX)?;
        let encoding = KeyEncoding(target.param("encoding-type") == Some("url"));
        self.store.with_bucket(bucket, |stored| {
            let upload = stored
                .uploads
                .get(id)
                .ok_or_else(|| OssError::no_such_upload(id))?;
            let mut rest = upload
                .parts
                .iter()
                .filter(|(number, _)| **number as usize > marker)
                .peekable();
            let mut list = Element::root("ListPartsResult")
                .maybe("EncodingType", encoding.name())
                .text("Bucket", bucket)
                .text("Key", &encoding.apply(key))
                .text("UploadId", id);
            let mut last = marker;
            for (number, part) in rest.by_ref().take(max) {
                last = *number as usize;
                list = list.child(
                    &Element::root("Part")
                        .text("PartNumber", &number.to_string())
                        .text("LastModified", &iso_date(part.modified))
                        .text("ETag", &format!("\"{}\"", part.etag))
                        .text("HashCrc64ecma", &part.crc.to_string())
                        .text("Size", &part.len.to_string()),
                );
            }
            let document = list
                .text("MaxParts", &max.to_string())
                .text("PartNumberMarker", &marker.to_string())
                .text("NextPartNumberMarker", &last.to_string())
                .text(
                    "IsTruncated",
                    if rest.peek().is_some() {
                        "true"
                    } else {
                        "false"
                    },
                )
                .document();
            Ok(Answer::xml(document))
        })
    }

    pub(super) fn list_uploads(&self, bucket: &str, target: &Target) -> Result<Answer, OssError> {
        let max = number(target, "max-uploads", 1000, 1000)?;
        let prefix = target.param("prefix").unwrap_or_default();
        let markers = (
            target.param("key-marker").unwrap_or_default(),
            target.param("upload-id-marker").unwrap_or_default(),
        );
        let encoding = KeyEncoding(target.param("encoding-type") == Some("url"));
        self.store.with_bucket(bucket, |stored| {
            let mut uploads: Vec<_> = stored
                .uploads
                .iter()
                .map(|(id, upload)| (upload.key.as_str(), id.as_str(), upload))
                .filter(|(key, id, _)| {
                    // Without an upload id the marker skips every upload of its key.
                    let after = if markers.1.is_empty() {
                        *key > markers.0
                    } else {
                        (*key, *id) > markers
                    };
                    key.starts_with(prefix) && after
                })
                .collect();
            uploads.sort_unstable_by_key(|(key, id, _)| (*key, *id));
            let truncated = uploads.len() > max;
            uploads.truncate(max);
            let mut list = Element::root("ListMultipartUploadsResult")
                .maybe("EncodingType", encoding.name())
                .text("Bucket", bucket)
                .text("KeyMarker", &encoding.apply(markers.0))
                .text("UploadIdMarker", markers.1);
            if let (true, Some((key, id, _))) = (truncated, uploads.last()) {
                list = list
                    .text("NextKeyMarker", &encoding.apply(key))
                    .text("NextUploadIdMarker", id);
            }
            list = list
                .text("Prefix", &encoding.apply(prefix))
                .text("MaxUploads", &max.to_string())
                .text("IsTruncated", if truncated { "true" } else { "false" });
            for (key, id, upload) in &uploads {
                list = list.child(
                    &Element::root("Upload")
                        .text("Key", &encoding.apply(key))
                        .text("UploadId", id)
                        .text("Initiated", &iso_date(upload.initiated)),
                );
            }
            Ok(Answer::xml(list.document()))
        })
    }
}

fn chosen_parts<'u>(upload: &'u Upload, body: &[u8]) -> Result<Vec<&'u Part>, OssError> {
    let text = std::str::from_utf8(body).map_err(|_| OssError::malformed_xml())?;
    let wanted: CompleteBody =
        quick_xml::de::from_str(text).map_err(|_| OssError::malformed_xml())?;
    if wanted.parts.is_empty() {
        return Err(OssError::malformed_xml());
    }
    if !wanted.parts.is_sorted_by(|a, b| a.number < b.number) {
        return Err(OssError::bad_request(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ));
    }
    wanted
        .parts
        .iter()
        .map(|wanted| {
            upload
                .parts
                .get(&wanted.number)
                .filter(|part| wanted.etag.trim_matches('"').eq_ignore_ascii_case(&part.etag))
                .ok_or_else(|| {
                    OssError::bad_request("InvalidPart", "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.")
                        .with("PartNumber", wanted.number.to_string())
                })
        })
        .collect()
}
