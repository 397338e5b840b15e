//! CompleteMultipartUpload.

use serde::Serialize;

use super::target::{UploadTarget, UploadedPart, combine};
use crate::client::Client;
use crate::error::{ErrorKind, Result};
use crate::operation::Operation;
use crate::operations::outcome::PutOutcome;
use crate::operations::setters::forbid_overwrite;
use crate::xml;

/// A CompleteMultipartUpload under construction. See [`Client::complete_upload`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CompleteUpload {
    upload: UploadTarget,
    parts: Vec<UploadedPart>,
    forbid_overwrite: bool,
    expected_crc: Option<u64>,
}

#[derive(Serialize)]
struct CompleteMultipartUpload {
    #[serde(rename = "Part")]
    parts: Vec<Part>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    part_number: u32,
    #[serde(rename = "ETag")]
    etag: String,
}

impl Client {
    /// Makes an object of the parts, which are in the order of their numbers.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client, id: &str) -> alibaba_oss::Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let pages = client.list_parts("backups", "big.tar", id).pages();
    /// let parts = pages.map_ok(|page| page.parts).try_concat().await?;
    /// let parts = parts.into_iter().map(Into::into);
    /// let stored = client.complete_upload("backups", "big.tar", id, parts).send().await?;
    /// assert_eq!(stored.verdict, alibaba_oss::Verdict::Verified);
    /// # Ok(())
    /// # }
    /// ```
    pub fn complete_upload(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        upload_id: impl Into<String>,
        parts: impl IntoIterator<Item = UploadedPart>,
    ) -> CompleteUpload {
        CompleteUpload {
            upload: UploadTarget::new(self, bucket, key, upload_id),
            parts: parts.into_iter().collect(),
            forbid_overwrite: false,
            expected_crc: None,
        }
    }
}

impl CompleteUpload {
    forbid_overwrite!(forbid_overwrite);

    /// What the CRC-64 of the object has to be, where those of the parts are not known.
    pub(crate) fn expect_crc(mut self, crc: Option<u64>) -> Self {
        self.expected_crc = crc;
        self
    }

    /// Sends it. The CRC-64 of the parts together is compared with that of the object.
    ///
    /// Where the response was lost and the repetition finds no upload, the object is compared with
    /// the parts by length and CRC-64: OSS goes on after a client is gone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`], [`ErrorKind::NotFound`], [`ErrorKind::Integrity`] among others.
    pub async fn send(self) -> Result<PutOutcome> {
        let (client, bucket, key) = (&self.upload.client, &self.upload.bucket, &self.upload.key);
        let parts = self.parts.iter().map(|part| Part {
            part_number: part.number,
            etag: format!("\"{}\"", part.etag),
        });
        let body = CompleteMultipartUpload {
            parts: parts.collect(),
        };
        let step = format!("complete the upload of `{key}` into `{bucket}`");
        let call = self
            .upload
            .call(Operation::COMPLETE_MULTIPART_UPLOAD, step)
            .query("encoding-type", "url")
            .forbid_overwrite(self.forbid_overwrite)
            .payload(xml::write(&body).into());
        let ours = combine(&self.parts).or(self.expected_crc);
        let error = match client.receive(&call, "CompleteMultipartUploadResult").await {
            Ok(received) => return PutOutcome::received(&call, &received, ours),
            Err(error) => error,
        };
        let gone = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists);
        if !gone || !error.was_repeated() {
            return Err(error);
        }
        let stored = client.head_object(bucket, key).await;
        let len = self.parts.iter().map(|part| part.size).sum();
        PutOutcome::recognise(stored, Some(len), ours, error.attempts()).ok_or(error)
    }
}
