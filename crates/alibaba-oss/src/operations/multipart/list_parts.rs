//! ListParts.

use serde::Deserialize;

use super::target::{UploadTarget, UploadedPart};
use crate::client::Client;
use crate::error::Result;
use crate::headers::unquoted;
use crate::operation::Operation;
use crate::operations::listing::{self, paged};

/// A listing of the parts of an upload, under construction. See [`Client::list_parts`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListParts {
    upload: UploadTarget,
    after: Option<u32>,
    page_size: u32,
}

/// A part as OSS lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartInfo {
    /// 1 to 10 000.
    pub number: u32,
    /// The entity tag, without quotes.
    pub etag: String,
    /// How many bytes it has.
    pub size: u64,
    /// The CRC-64 of its bytes.
    pub crc: Option<u64>,
}

impl From<PartInfo> for UploadedPart {
    fn from(part: PartInfo) -> Self {
        Self {
            number: part.number,
            etag: part.etag,
            size: part.size,
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
    /// After which part the next page begins; `None` after the last.
    pub next: Option<u32>,
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
    /// Lists the parts that an upload has so far, with the CRC-64 of each.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client, id: &str) -> alibaba_oss::Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let mut pages = std::pin::pin!(client.list_parts("backups", "big.tar", id).pages());
    /// while let Some(page) = pages.try_next().await? {
    ///     for part in page.parts {
    ///         println!("{}: {} bytes", part.number, part.size);
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
            upload: UploadTarget::new(self, bucket, key, upload_id),
            after: None,
            page_size: listing::MOST,
        }
    }
}

impl ListParts {
    /// The next page.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where the upload is completed or aborted,
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:ListParts`.
    pub async fn send(&self) -> Result<PartPage> {
        let (bucket, key) = (&self.upload.bucket, &self.upload.key);
        let began = self.after.unwrap_or_default();
        let call = self
            .upload
            .call(
                Operation::LIST_PARTS,
                format!("list the parts of `{key}` in `{bucket}`"),
            )
            .query("max-parts", self.page_size.to_string())
            .query("part-number-marker", began.to_string())
            .query("encoding-type", "url");
        let client = &self.upload.client;
        let list: ListPartsResult = client.document(&call, "ListPartsResult").await?;
        let marker = list.next_part_number_marker;
        let next = listing::next(&call.step, list.is_truncated, marker, Some(&began))?;
        let parts = list.part.into_iter().map(|part| PartInfo {
            number: part.part_number,
            etag: unquoted(&part.etag),
            size: part.size,
            crc: part.crc,
        });
        Ok(PartPage {
            parts: parts.collect(),
            next,
        })
    }
}

paged!(ListParts, PartPage, u32, over;
    /// Only parts with higher numbers.
);

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
