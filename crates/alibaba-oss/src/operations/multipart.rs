//! Multipart uploads.

use alibaba_sign::percent;
use chrono::{DateTime, Utc};
use crc_fast::{CrcAlgorithm, checksum_combine};
use http::{HeaderMap, Method};
use serde::Deserialize;

use super::put::PutOutcome;
use super::{check_crc, crc, etag, text};
use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::payload::Payload;
use crate::reading::Verdict;
use crate::xml;

/// A part that was stored, as needed to complete the upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedPart {
    /// 1 to 10 000.
    pub number: u32,
    /// The entity tag, without quotes.
    pub etag: String,
    /// Its length.
    pub len: u64,
    /// The CRC-64 of what was sent; unknown for parts that OSS copied.
    pub crc: Option<u64>,
}

impl From<PartInfo> for UploadedPart {
    fn from(part: PartInfo) -> Self {
        Self {
            number: part.number,
            etag: part.etag,
            len: part.len,
            crc: part.crc,
        }
    }
}

/// A part as OSS lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartInfo {
    /// 1 to 10 000.
    pub number: u32,
    /// The entity tag, without quotes.
    pub etag: String,
    /// Its length.
    pub len: u64,
    /// The CRC-64 of its bytes.
    pub crc: Option<u64>,
}

/// One page of parts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartPage {
    /// The parts, in the order of their numbers.
    pub parts: Vec<PartInfo>,
    /// Behind which part the next page begins; `None` after the last.
    pub next: Option<u32>,
}

/// An upload that was neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadSummary {
    /// The key it is for.
    pub key: String,
    /// Its id.
    pub upload_id: String,
    /// When it began.
    pub initiated: DateTime<Utc>,
}

/// One page of uploads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UploadPage {
    /// The uploads, in the order of their keys.
    pub uploads: Vec<UploadSummary>,
    /// The markers, key and upload id, of the next page; `None` after the last.
    pub next: Option<(String, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InitiateMultipartUploadResult {
    upload_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListPartsResult {
    #[serde(default)]
    is_truncated: bool,
    next_part_number_marker: Option<u32>,
    #[serde(default)]
    part: Vec<ListedPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedPart {
    part_number: u32,
    #[serde(rename = "ETag")]
    etag: String,
    size: u64,
    #[serde(rename = "HashCrc64ecma")]
    crc: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListMultipartUploadsResult {
    encoding_type: Option<String>,
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
    #[serde(default)]
    upload: Vec<ListedUpload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedUpload {
    key: String,
    upload_id: String,
    initiated: DateTime<Utc>,
}

impl Client {
    /// Begins an upload and returns its id. `headers` are those of the object, as for a put.
    ///
    /// A begin whose answer was lost is repeated and leaves an upload behind; abort those with
    /// [`Client::list_uploads`] and [`Client::abort_upload`], or a lifecycle rule.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`] where `forbid_overwrite` and the key is taken.
    pub async fn initiate_upload(
        &self,
        bucket: &str,
        key: &str,
        headers: &[(String, String)],
        forbid_overwrite: bool,
    ) -> Result<String> {
        let call = Call::new(
            Method::POST,
            format!("begin the upload of `{key}` into `{bucket}`"),
        )
        .object(bucket, key)
        .flag("uploads")
        .query("encoding-type", "url")
        .headers(headers)?
        .forbid_overwrite(forbid_overwrite);
        let reply = self.execute(&call).await?;
        let bytes = xml::collect(&call.step, reply.response, self.silence()).await?;
        let result: InitiateMultipartUploadResult =
            xml::parse(&call.step, "InitiateMultipartUploadResult", &bytes)?;
        Ok(result.upload_id)
    }

    /// Stores a part: 100 KB to 5 GB, the last one also less.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where the upload is completed or aborted.
    pub async fn upload_part(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        number: u32,
        body: impl Into<Payload>,
    ) -> Result<UploadedPart> {
        self.upload_limited_part(bucket, key, upload_id, number, body.into(), None)
            .await
    }

    /// As [`Self::upload_part`], with a limit of the bandwidth.
    pub(crate) async fn upload_limited_part(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        number: u32,
        payload: Payload,
        traffic_limit: Option<u64>,
    ) -> Result<UploadedPart> {
        let mut call = Call::new(
            Method::PUT,
            format!("upload part {number} of `{key}` into `{bucket}`"),
        )
        .object(bucket, key)
        .query("partNumber", number.to_string())
        .query("uploadId", upload_id)
        .payload(payload);
        if let Some(limit) = traffic_limit {
            call = call.header("x-oss-traffic-limit", limit.into());
        }
        let reply = self
            .attempt_all(&call, |reply| {
                check_crc(&call.step, reply.response.headers(), reply.sent_crc)
            })
            .await
            .map_err(|gave_up| gave_up.error)?;
        let etag = etag(reply.response.headers()).ok_or_else(|| {
            Error::new(
                ErrorKind::Response,
                format!("{}: the answer has no ETag", call.step),
            )
        })?;
        Ok(UploadedPart {
            number,
            etag,
            len: reply.sent_len,
            crc: Some(reply.sent_crc),
        })
    }

    /// Makes an object of the parts, in the order of their numbers. The CRC-64 of the parts
    /// together is compared with that of the object.
    ///
    /// Where the answer was lost and the repetition finds no upload, the object is compared with the
    /// parts by length and CRC-64: OSS goes on after a client is gone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`], [`ErrorKind::NotFound`], [`ErrorKind::Integrity`] among others.
    pub async fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        parts: &[UploadedPart],
        forbid_overwrite: bool,
    ) -> Result<PutOutcome> {
        let body = xml::complete_body(parts.iter().map(|part| (part.number, part.etag.as_str())));
        let call = Call::new(
            Method::POST,
            format!("complete the upload of `{key}` into `{bucket}`"),
        )
        .object(bucket, key)
        .query("uploadId", upload_id)
        .query("encoding-type", "url")
        .forbid_overwrite(forbid_overwrite)
        .payload(body.into());
        let ours = combine(parts);
        let len: u64 = parts.iter().map(|part| part.len).sum();
        let headers = match self.attempt_all(&call, |_| Ok(())).await {
            Ok(reply) => {
                let headers = reply.response.headers().clone();
                let bytes = xml::collect(&call.step, reply.response, self.silence()).await?;
                let result: CompleteMultipartUploadResult =
                    xml::parse(&call.step, "CompleteMultipartUploadResult", &bytes)?;
                return outcome(&call.step, &headers, result.etag, ours);
            }
            Err(gave_up) => {
                let gone = matches!(
                    gave_up.error.kind(),
                    ErrorKind::NotFound | ErrorKind::AlreadyExists
                );
                if !gone || gave_up.attempts == 1 {
                    return Err(gave_up.error);
                }
                match self.head_object(bucket, key).await {
                    Ok(stored) if stored.len == len && ours.is_some() && stored.crc == ours => {
                        stored.headers
                    }
                    _ => return Err(gave_up.error),
                }
            }
        };
        outcome(&call.step, &headers, None, ours)
    }

    /// Gives an upload up and frees its parts. That it is gone already is no error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] without the action `oss:AbortMultipartUpload`.
    pub async fn abort_upload(&self, bucket: &str, key: &str, upload_id: &str) -> Result<()> {
        let call = Call::new(
            Method::DELETE,
            format!("abort the upload of `{key}` into `{bucket}`"),
        )
        .object(bucket, key)
        .query("uploadId", upload_id);
        match self.execute(&call).await {
            Err(error) if error.service_code() == Some("NoSuchUpload") => Ok(()),
            other => other.map(drop),
        }
    }

    /// The parts stored so far, behind part number `after`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where the upload is completed or aborted.
    pub async fn list_parts(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        after: u32,
    ) -> Result<PartPage> {
        let call = Call::new(
            Method::GET,
            format!("list the parts of `{key}` in `{bucket}`"),
        )
        .object(bucket, key)
        .query("uploadId", upload_id)
        .query("max-parts", "1000")
        .query("part-number-marker", after.to_string())
        .query("encoding-type", "url");
        let reply = self.execute(&call).await?;
        let bytes = xml::collect(&call.step, reply.response, self.silence()).await?;
        let list: ListPartsResult = xml::parse(&call.step, "ListPartsResult", &bytes)?;
        let parts: Vec<PartInfo> = list
            .part
            .into_iter()
            .map(|part| PartInfo {
                number: part.part_number,
                etag: part.etag.trim_matches('"').to_owned(),
                len: part.size,
                crc: part.crc,
            })
            .collect();
        let next = list
            .next_part_number_marker
            .filter(|next| list.is_truncated && *next > after);
        Ok(PartPage { parts, next })
    }

    /// Uploads under way whose key begins with `prefix`, from `after` on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] without the action `oss:ListMultipartUploads`.
    pub async fn list_uploads(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&(String, String)>,
    ) -> Result<UploadPage> {
        let mut call = Call::new(Method::GET, format!("list the uploads of `{bucket}`"))
            .bucket(bucket)
            .flag("uploads")
            .query("encoding-type", "url")
            .query("max-uploads", "1000")
            .query("prefix", prefix);
        if let Some((key, id)) = after {
            call = call.query("key-marker", key).query("upload-id-marker", id);
        }
        let reply = self.execute(&call).await?;
        let bytes = xml::collect(&call.step, reply.response, self.silence()).await?;
        let list: ListMultipartUploadsResult =
            xml::parse(&call.step, "ListMultipartUploadsResult", &bytes)?;
        let encoded = list.encoding_type.as_deref() == Some("url");
        let decode = |text: String| {
            if encoded {
                percent::decode(&text).unwrap_or(text)
            } else {
                text
            }
        };
        let next = list
            .next_key_marker
            .filter(|_| list.is_truncated)
            .map(|key| (decode(key), list.next_upload_id_marker.unwrap_or_default()));
        let uploads = list
            .upload
            .into_iter()
            .map(|upload| UploadSummary {
                key: decode(upload.key),
                upload_id: upload.upload_id,
                initiated: upload.initiated,
            })
            .collect();
        Ok(UploadPage { uploads, next })
    }
}

#[derive(Deserialize)]
struct CompleteMultipartUploadResult {
    #[serde(rename = "ETag")]
    etag: Option<String>,
}

/// The CRC-64 of the parts one behind the other, where all of theirs are known.
pub(crate) fn combine(parts: &[UploadedPart]) -> Option<u64> {
    parts.iter().try_fold(0, |crc, part| {
        let part_crc = part.crc?;
        Some(checksum_combine(
            CrcAlgorithm::Crc64Xz,
            crc,
            part_crc,
            part.len,
        ))
    })
}

fn outcome(
    step: &str,
    headers: &HeaderMap,
    tag: Option<String>,
    ours: Option<u64>,
) -> Result<PutOutcome> {
    if let Some(ours) = ours {
        check_crc(step, headers, ours)?;
    }
    let crc = crc(headers);
    Ok(PutOutcome {
        etag: tag
            .map(|tag| tag.trim_matches('"').to_owned())
            .or_else(|| etag(headers)),
        crc,
        version_id: text(headers, "x-oss-version-id").map(str::to_owned),
        verdict: if crc.is_some() && ours.is_some() {
            Verdict::Verified
        } else {
            Verdict::NotAvailable
        },
    })
}
