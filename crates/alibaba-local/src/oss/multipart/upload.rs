//! Multipart uploads.

use std::collections::BTreeMap;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::gateway::response::{Body, Response};
use crate::gateway::xml::Element;
use crate::oss::document::{self, iso_date};
use crate::oss::error::OssError;
use crate::oss::objects::attributes::forbids_overwrite;
use crate::oss::objects::get::parse_range;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::content::Content;
use crate::oss::storage::object::{Kind, Object, ObjectMeta};
use crate::oss::storage::sink::Received;
use crate::oss::storage::upload::{Part, Upload};
use crc_fast::{CrcAlgorithm, Digest as CrcDigest, checksum_combine};
use futures::TryStreamExt;
use md5::{Digest as _, Md5};

/// Every part but the last holds at least this much; checked when the upload completes.
const MIN_PART: u64 = 100 * 1024;
const MAX_PARTS: u32 = 10_000;

#[derive(Deserialize)]
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
    pub(crate) fn initiate(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Response, OssError> {
        let (bucket, key) = (target.bucket(), target.key());
        let attributes = self.begin_write(bucket, key, headers)?;
        let response = Response::empty(StatusCode::OK).encryption(&attributes.headers);
        let upload = Upload {
            key: key.to_owned(),
            initiated: self.clock.now(),
            attributes,
            parts: BTreeMap::new(),
        };
        let id = format!("{:016X}{:016X}", fastrand::u64(..), fastrand::u64(..));
        self.store.with_bucket(bucket, |stored| {
            stored.uploads.insert(id.clone(), upload);
            Ok(())
        })?;
        let encoding = target.encoding();
        let document = Element::root("InitiateMultipartUploadResult")
            .maybe("EncodingType", encoding.name())
            .text("Bucket", bucket)
            .text("Key", &encoding.apply(key))
            .text("UploadId", &id)
            .document();
        Ok(response
            .header("content-type", "application/xml")
            .bytes(document))
    }

    pub(crate) async fn upload_part(
        &self,
        target: &Target,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response, OssError> {
        let (id, number) = self.part_of(target)?;
        let received = self.receive(target.bucket(), headers, body).await?;
        let response = Response::empty(StatusCode::OK)
            .header("etag", &format!("\"{}\"", received.etag()))
            .maybe("content-md5", received.content_md5().as_deref())
            .header("x-oss-hash-crc64ecma", &received.crc.to_string());
        self.add_part(target, id, number, received)?;
        Ok(response)
    }

    pub(crate) async fn upload_part_copy(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Response, OssError> {
        let (id, number) = self.part_of(target)?;
        let source = match self.copy_source(headers)? {
            Ok(source) => source,
            Err(not_modified) => return Ok(not_modified),
        };
        let meta = &source.object.meta;
        let range = headers
            .get("x-oss-copy-source-range")
            .and_then(|value| value.to_str().ok());
        let (from, len) = match range {
            None => (0, meta.len),
            // A range that cannot be met means the whole object here too.
            Some(text) => parse_range(text, meta.len).unwrap_or((0, meta.len)),
        };
        let content = source.object.content.slice(from, len);
        let (crc, md5) = checksums(&content, len)
            .await
            .map_err(|error| OssError::internal(&error))?;
        let received = Received {
            content: self.store.share(target.bucket(), &content)?,
            len,
            crc,
            md5: Some(md5),
        };
        let document = Element::root("CopyPartResult")
            .text("LastModified", &iso_date(self.clock.now()))
            .text("ETag", &format!("\"{}\"", received.etag()))
            .document();
        self.add_part(target, id, number, received)?;
        Ok(
            Response::xml(document)
                .maybe("x-oss-copy-source-version-id", source.version.as_deref()),
        )
    }

    /// The upload and the part number of a request, the upload being there.
    fn part_of<'t>(&self, target: &'t Target) -> Result<(&'t str, u32), OssError> {
        let id = target.param("uploadId").unwrap_or_default();
        let text = target.param("partNumber").unwrap_or_default();
        let number = text
            .parse()
            .ok()
            .filter(|number| (1..=MAX_PARTS).contains(number))
            .ok_or_else(|| {
                OssError::invalid_argument(
                    "partNumber",
                    text,
                    "Part number must be an integer between 1 and 10000, inclusive.",
                )
            })?;
        self.store.with_bucket(target.bucket(), |stored| {
            stored
                .uploads
                .get(id)
                .filter(|upload| upload.key == target.key())
                .map(|_| (id, number))
                .ok_or_else(|| OssError::no_such_upload(id))
        })
    }

    fn add_part(
        &self,
        target: &Target,
        id: &str,
        number: u32,
        received: Received,
    ) -> Result<(), OssError> {
        let part = Part {
            len: received.len,
            etag: received.etag(),
            crc: received.crc,
            content: received.content,
            modified: self.clock.now(),
        };
        self.store.with_bucket(target.bucket(), |stored| {
            // It may have been aborted or completed while the body was on its way.
            let upload = stored
                .uploads
                .get_mut(id)
                .ok_or_else(|| OssError::no_such_upload(id))?;
            upload.parts.insert(number, part);
            Ok(())
        })
    }

    pub(crate) fn complete(
        &self,
        target: &Target,
        headers: &HeaderMap,
        document: &str,
    ) -> Result<Response, OssError> {
        let (bucket, key) = (target.bucket(), target.key());
        let id = target.param("uploadId").unwrap_or_default();
        let create = forbids_overwrite(headers)?;
        let upload = self.store.with_bucket(bucket, |stored| {
            let upload = stored.uploads.get(id).filter(|upload| upload.key == key);
            upload.cloned().ok_or_else(|| OssError::no_such_upload(id))
        })?;
        let all = headers
            .get("x-oss-complete-all")
            .is_some_and(|value| value == "yes");
        let parts: Vec<&Part> = match (all, document.trim().is_empty()) {
            (true, true) if !upload.parts.is_empty() => upload.parts.values().collect(),
            (false, _) => chosen_parts(&upload, document)?,
            // All parts, and a list of them, contradict each other.
            (true, _) => return Err(OssError::malformed_xml()),
        };
        if let Some(small) = parts.iter().rev().skip(1).find(|part| part.len < MIN_PART) {
            return Err(OssError::refuse(
                Refusal::ENTITY_TOO_SMALL,
                "Your proposed upload is smaller than the minimum allowed size.",
            )
            .with("MinSizeAllowed", MIN_PART.to_string())
            .with("ProposedSize", small.len.to_string()));
        }
        let now = self.clock.now();
        let joined = joined(&parts);
        let etag = etag_of(&parts);
        let meta = ObjectMeta {
            etag,
            ..upload
                .attributes
                .clone()
                .object(key, Kind::Multipart, &joined, now)
        };
        let encoding = target.encoding();
        let document = Element::root("CompleteMultipartUploadResult")
            .maybe("EncodingType", encoding.name())
            .text(
                "Location",
                &format!("http://{bucket}.{}/{}", target.host, encoding.apply(key)),
            )
            .text("Bucket", bucket)
            .text("Key", &encoding.apply(key))
            .text("ETag", &meta.quoted_etag())
            .document();
        let response = Response::xml(document)
            .header("x-oss-hash-crc64ecma", &meta.crc.to_string())
            .header("etag", &meta.quoted_etag());
        let object = Object {
            content: joined.content,
            meta,
        };
        let version = self.store.commit(bucket, object, create, now)?;
        self.forget_upload(target)?;
        Ok(response.maybe("x-oss-version-id", version.as_deref()))
    }

    pub(crate) fn abort(&self, target: &Target) -> Result<Response, OssError> {
        self.forget_upload(target)?;
        Ok(Response::empty(StatusCode::NO_CONTENT))
    }

    fn forget_upload(&self, target: &Target) -> Result<(), OssError> {
        let id = target.param("uploadId").unwrap_or_default();
        self.store.with_bucket(target.bucket(), |stored| {
            stored
                .uploads
                .remove(id)
                .map(drop)
                .ok_or_else(|| OssError::no_such_upload(id))
        })
    }
}

/// The parts as one body: no byte is read for it.
fn joined(parts: &[&Part]) -> Received {
    Received {
        content: Content::concat(parts.iter().map(|part| &part.content)),
        len: parts.iter().map(|part| part.len).sum(),
        crc: parts.iter().fold(0, |crc, part| {
            checksum_combine(CrcAlgorithm::Crc64Xz, crc, part.crc, part.len)
        }),
        md5: None,
    }
}

/// Opaque to clients, and of the form that OSS's have: a hash, a dash, the number of parts.
fn etag_of(parts: &[&Part]) -> String {
    let mut digest = Md5::new();
    for part in parts {
        digest.update(&part.etag);
    }
    format!(
        "{}-{}",
        base16ct::upper::encode_string(&digest.finalize()),
        parts.len()
    )
}

async fn checksums(content: &Content, len: u64) -> std::io::Result<(u64, [u8; 16])> {
    let mut crc = CrcDigest::new(CrcAlgorithm::Crc64Xz);
    let mut md5 = Md5::new();
    let mut bytes = content.read(0, len);
    while let Some(piece) = bytes.try_next().await? {
        crc.update(&piece);
        md5.update(&piece);
    }
    Ok((crc.finalize(), md5.finalize().into()))
}

fn chosen_parts<'u>(upload: &'u Upload, document: &str) -> Result<Vec<&'u Part>, OssError> {
    let wanted: CompleteBody = document::read(document, "CompleteMultipartUpload")?;
    if wanted.parts.is_empty() {
        return Err(OssError::malformed_xml());
    }
    if !wanted.parts.is_sorted_by(|a, b| a.number < b.number) {
        return Err(OssError::refuse(
            Refusal::INVALID_PART_ORDER,
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
                    OssError::refuse(Refusal::INVALID_PART, "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.")
                        .with("PartNumber", wanted.number.to_string())
                })
        })
        .collect()
}
