//! UploadPart and UploadPartCopy.

use std::future::ready;
use std::ops::Range;

use serde::Deserialize;

use super::target::{UploadTarget, UploadedPart};
use crate::client::Client;
use crate::error::Result;
use crate::headers::{check_crc, etag, unquoted};
use crate::operation::Operation;
use crate::operations::copy_spec::CopySource;
use crate::operations::setters::{copy_conditions, copy_version, payload_progress, traffic_limit};
use crate::payload::Payload;
use crate::proof;

/// An UploadPart under construction. See [`Client::upload_part`].
#[derive(Clone, Debug)]
#[must_use]
pub struct UploadPart {
    upload: UploadTarget,
    number: u32,
    payload: Payload,
    traffic_limit: Option<u64>,
}

/// An UploadPartCopy under construction. See [`Client::upload_part_copy`].
#[derive(Clone, Debug)]
#[must_use]
pub struct UploadPartCopy {
    upload: UploadTarget,
    number: u32,
    source: CopySource,
    range: Range<u64>,
    traffic_limit: Option<u64>,
}

#[derive(Deserialize)]
struct CopyPartResult {
    #[serde(rename = "ETag")]
    etag: String,
}

impl Client {
    /// Stores a part of an upload: 100 KB to 5 GB, the last one also less. A part of the same
    /// number is replaced.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client, id: &str) -> alibaba_oss::Result<()> {
    /// let bytes = vec![0; 8 * 1024 * 1024];
    /// let part = client.upload_part("backups", "big.tar", id, 1, bytes).send().await?;
    /// println!("{} with CRC-64 {:?}", part.number, part.crc);
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_part(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        upload_id: impl Into<String>,
        number: u32,
        body: impl Into<Payload>,
    ) -> UploadPart {
        UploadPart {
            upload: UploadTarget::new(self, bucket, key, upload_id),
            number,
            payload: body.into(),
            traffic_limit: None,
        }
    }

    /// Makes a part of an upload of bytes that OSS has already: those of `range` of the object
    /// `from`, which lies in the same region. The range has to lie within it: OSS takes another for
    /// the whole object. [`Client::copy`] copies whole objects that way.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client, id: &str) -> alibaba_oss::Result<()> {
    /// let first = 0..64 * 1024 * 1024;
    /// let part = client
    ///     .upload_part_copy("archive", "big.tar", id, 1, ("backups", "big.tar"), first)
    ///     .if_match("5B3C1A2E053D763E1B002CC607C5A0FE-8")
    ///     .send()
    ///     .await?;
    /// println!("{}", part.etag);
    /// # Ok(())
    /// # }
    /// ```
    pub fn upload_part_copy(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        upload_id: impl Into<String>,
        number: u32,
        from: (impl Into<String>, impl Into<String>),
        range: Range<u64>,
    ) -> UploadPartCopy {
        UploadPartCopy {
            upload: UploadTarget::new(self, bucket, key, upload_id),
            number,
            source: CopySource::new(from),
            range,
            traffic_limit: None,
        }
    }
}

impl UploadPart {
    traffic_limit!(traffic_limit);
    payload_progress!(payload);

    /// Sends it. The CRC-64 of what was sent is compared with what OSS received.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where the upload is completed or aborted.
    pub async fn send(self) -> Result<UploadedPart> {
        let number = self.number;
        let call = self
            .upload
            .part(Operation::UPLOAD_PART, "upload", number)
            .traffic_limit(self.traffic_limit)
            .payload(self.payload);
        let call = &call;
        let sent = self.upload.client.attempt_all(call, |reply| {
            let headers = reply.response.headers();
            let checked = proof::check(call, reply.response.status(), headers)
                .and_then(|()| check_crc(&call.step, headers, reply.sent_crc));
            ready(checked.and_then(|()| {
                let etag = etag(headers).ok_or_else(|| call.misread("`ETag` of the response"))?;
                Ok(UploadedPart {
                    number,
                    etag,
                    size: reply.sent_len,
                    crc: Some(reply.sent_crc),
                })
            }))
        });
        sent.await
    }
}

impl UploadPartCopy {
    copy_version!(source);
    copy_conditions!(source);
    traffic_limit!(traffic_limit);

    /// Sends it. OSS does not say what CRC-64 the part has; [`Client::list_parts`] does.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) for the upload or the source, [`Precondition`](crate::ErrorKind::Precondition) where the
    /// source is another, and [`Configuration`](crate::ErrorKind::Configuration) for an empty range.
    pub async fn send(self) -> Result<UploadedPart> {
        let call = self
            .upload
            .part(Operation::UPLOAD_PART_COPY, "copy", self.number)
            .traffic_limit(self.traffic_limit);
        if self.range.is_empty() {
            return Err(call.unusable("the range is empty"));
        }
        let range = (
            "x-oss-copy-source-range".to_owned(),
            format!("bytes={}-{}", self.range.start, self.range.end - 1),
        );
        let call = self.source.headers(call)?.headers([&range])?;
        let result: CopyPartResult = self.upload.client.document(&call, "CopyPartResult").await?;
        Ok(UploadedPart {
            number: self.number,
            etag: unquoted(&result.etag),
            size: self.range.end - self.range.start,
            crc: None,
        })
    }
}
