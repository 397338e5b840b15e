//! UploadPart, UploadPartCopy and ListParts.

use std::future::ready;
use std::ops::Range;

use futures::Stream;
use http::Method;
use serde::Deserialize;

use super::{UploadTarget, UploadedPart};
use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::operations::copy_spec::CopySource;
use crate::operations::listing::{self, Paged};
use crate::operations::setters::{copy_conditions, copy_version, traffic_limit};
use crate::operations::{check_crc, etag};
use crate::payload::Payload;
use crate::progress::{Meter, Progress};

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

/// A listing of the parts of an upload, under construction. See [`Client::list_parts`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListParts {
    upload: UploadTarget,
    after: u32,
    max_parts: u32,
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

/// One page of parts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartPage {
    /// The parts, in the order of their numbers.
    pub parts: Vec<PartInfo>,
    /// Behind which part the next page begins; `None` after the last.
    pub next: Option<u32>,
}

#[derive(Deserialize)]
struct CopyPartResult {
    #[serde(rename = "ETag")]
    etag: String,
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
            upload: UploadTarget {
                client: self.clone(),
                bucket: bucket.into(),
                key: key.into(),
                upload_id: upload_id.into(),
            },
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
            upload: UploadTarget {
                client: self.clone(),
                bucket: bucket.into(),
                key: key.into(),
                upload_id: upload_id.into(),
            },
            number,
            source: CopySource::new(from),
            range,
            traffic_limit: None,
        }
    }

    /// Lists the parts that an upload has so far, with the CRC-64 of each.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client, id: &str) -> alibaba_oss::Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let mut pages = std::pin::pin!(client.list_parts("backups", "big.tar", id).pages());
    /// while let Some(page) = pages.try_next().await? {
    ///     for part in page.parts {
    ///         println!("{}: {} bytes", part.number, part.len);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_parts(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        upload_id: impl Into<String>,
    ) -> ListParts {
        ListParts {
            upload: UploadTarget {
                client: self.clone(),
                bucket: bucket.into(),
                key: key.into(),
                upload_id: upload_id.into(),
            },
            after: 0,
            max_parts: 1000,
        }
    }
}

impl UploadTarget {
    /// The call that stores a part, without its bytes.
    fn part(&self, verb: &str, number: u32, traffic_limit: Option<u64>) -> Call {
        let step = format!(
            "{verb} part {number} of `{}` into `{}`",
            self.key, self.bucket
        );
        Call::new(Method::PUT, step)
            .object(&self.bucket, &self.key)
            .query("partNumber", number.to_string())
            .query("uploadId", &self.upload_id)
            .traffic_limit(traffic_limit)
    }
}

impl UploadPart {
    traffic_limit!(traffic_limit);

    /// Calls back as bytes go out.
    pub fn on_progress(mut self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        let meter = Meter::new(report);
        meter.set_total(self.payload.size());
        self.payload = self.payload.with_meter(Some(meter));
        self
    }

    /// Sends it. The CRC-64 of what was sent is compared with what OSS received.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where the upload is completed or aborted.
    pub async fn send(self) -> Result<UploadedPart> {
        let number = self.number;
        let call = self
            .upload
            .part("upload", number, self.traffic_limit)
            .payload(self.payload);
        let step = &call.step;
        let sent = self.upload.client.attempt_all(&call, |reply| {
            let headers = reply.response.headers();
            let checked = check_crc(step, headers, reply.sent_crc);
            ready(checked.and_then(|()| {
                let etag = etag(headers).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Response,
                        format!("{step}: the answer has no ETag"),
                    )
                })?;
                Ok(UploadedPart {
                    number,
                    etag,
                    len: reply.sent_len,
                    crc: Some(reply.sent_crc),
                })
            }))
        });
        sent.await.map_err(|gave_up| gave_up.error)
    }
}

impl UploadPartCopy {
    copy_version!();
    copy_conditions!();
    traffic_limit!(traffic_limit);

    /// Sends it. OSS does not say what CRC-64 the part has; [`Client::list_parts`] does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] for the upload or the source, [`ErrorKind::Precondition`] where the
    /// source is another, and [`ErrorKind::Configuration`] for an empty range.
    pub async fn send(self) -> Result<UploadedPart> {
        let call = self.upload.part("copy", self.number, self.traffic_limit);
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
            etag: result.etag.trim_matches('"').to_owned(),
            len: self.range.end - self.range.start,
            crc: None,
        })
    }
}

impl ListParts {
    /// Only parts with higher numbers.
    pub fn after(mut self, number: u32) -> Self {
        self.after = number;
        self
    }

    /// At most this many parts a page, up to 1000.
    pub fn max_parts(mut self, max: u32) -> Self {
        self.max_parts = max.clamp(1, 1000);
        self
    }

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where the upload is completed or aborted, [`ErrorKind::Denied`]
    /// without the action `oss:ListParts`.
    pub async fn send(&self) -> Result<PartPage> {
        let UploadTarget {
            client,
            bucket,
            key,
            upload_id,
        } = &self.upload;
        let call = Call::new(
            Method::GET,
            format!("list the parts of `{key}` in `{bucket}`"),
        )
        .object(bucket, key)
        .query("uploadId", upload_id)
        .query("max-parts", self.max_parts.to_string())
        .query("part-number-marker", self.after.to_string())
        .query("encoding-type", "url");
        let list: ListPartsResult = client.document(&call, "ListPartsResult").await?;
        let next = listing::next(
            &call.step,
            list.is_truncated,
            list.next_part_number_marker,
            Some(&self.after),
        )?;
        let parts = list
            .part
            .into_iter()
            .map(|part| PartInfo {
                number: part.part_number,
                etag: part.etag.trim_matches('"').to_owned(),
                len: part.size,
                crc: part.crc,
            })
            .collect();
        Ok(PartPage { parts, next })
    }

    /// All pages, one after the other.
    pub fn pages(self) -> impl Stream<Item = Result<PartPage>> + Send {
        listing::pages(self)
    }
}

impl Paged for ListParts {
    type Page = PartPage;

    fn page(&self) -> impl Future<Output = Result<PartPage>> + Send {
        self.send()
    }

    fn behind(self, page: &PartPage) -> Option<Self> {
        page.next.map(|after| self.after(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_with_their_crc() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListPartsResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
  <Bucket>multipart_upload</Bucket><Key>multipart.data</Key><UploadId>0004B999EF5A239BB9138C6227D69F95</UploadId>
  <NextPartNumberMarker>5</NextPartNumberMarker><MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated>
  <Part><PartNumber>1</PartNumber><LastModified>2012-02-23T07:01:34.000Z</LastModified>
    <ETag>"3349DC700140D7F86A0784842780****"</ETag><HashCrc64ecma>17446744073709551615</HashCrc64ecma><Size>6291456</Size></Part>
  <Part><PartNumber>5</PartNumber><LastModified>2012-02-23T07:02:03.000Z</LastModified>
    <ETag>"7265F4D211B56873A381D321F586****"</ETag><Size>1024</Size></Part>
</ListPartsResult>"#;
        let list: ListPartsResult =
            crate::xml::parse("list", "ListPartsResult", text.as_bytes()).unwrap();
        let parts: Vec<_> = list
            .part
            .iter()
            .map(|part| (part.part_number, part.size, part.crc))
            .collect();
        let crc = Some(17_446_744_073_709_551_615);
        assert_eq!(parts, [(1, 6_291_456, crc), (5, 1024, None)]);
        assert!(!list.is_truncated);
    }
}
