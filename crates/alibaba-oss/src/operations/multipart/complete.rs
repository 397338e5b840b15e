//! CompleteMultipartUpload.

use http::{HeaderMap, Method};
use serde::Deserialize;

use super::{UploadTarget, UploadedPart, combine};
use crate::client::{Call, Client, GaveUp};
use crate::error::{ErrorKind, Result};
use crate::operations::put::{PutOutcome, claimed};
use crate::operations::setters::forbid_overwrite;
use crate::operations::{check_crc, crc, etag, version_id};
use crate::reading::Verdict;
use crate::xml::{Answered, Element};

/// A CompleteMultipartUpload under construction. See [`Client::complete_upload`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CompleteUpload {
    upload: UploadTarget,
    parts: Vec<UploadedPart>,
    forbid_overwrite: bool,
    expected_crc: Option<u64>,
}

#[derive(Deserialize)]
struct CompleteMultipartUploadResult {
    #[serde(rename = "ETag")]
    etag: Option<String>,
}

impl Client {
    /// Makes an object of the parts, which stand in the order of their numbers.
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
            upload: UploadTarget {
                client: self.clone(),
                bucket: bucket.into(),
                key: key.into(),
                upload_id: upload_id.into(),
            },
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
    /// Where the answer was lost and the repetition finds no upload, the object is compared with the
    /// parts by length and CRC-64: OSS goes on after a client is gone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`], [`ErrorKind::NotFound`], [`ErrorKind::Integrity`] among others.
    pub async fn send(self) -> Result<PutOutcome> {
        let counted = self.send_counted().await;
        counted
            .map(|(outcome, _)| outcome)
            .map_err(|gave_up| gave_up.error)
    }

    /// As [`Self::send`], with the number of attempts it took.
    pub(crate) async fn send_counted(self) -> std::result::Result<(PutOutcome, u32), GaveUp> {
        let UploadTarget {
            client,
            bucket,
            key,
            upload_id,
        } = &self.upload;
        let parts = self.parts.iter().map(|part| {
            Element::new("Part")
                .text("PartNumber", &part.number.to_string())
                .text("ETag", &format!("\"{}\"", part.etag))
        });
        let body = Element::new("CompleteMultipartUpload").children(parts);
        let call = Call::new(
            Method::POST,
            format!("complete the upload of `{key}` into `{bucket}`"),
        )
        .object(bucket, key)
        .query("uploadId", upload_id)
        .query("encoding-type", "url")
        .forbid_overwrite(self.forbid_overwrite)
        .payload(body.into());
        let ours = combine(&self.parts).or(self.expected_crc);
        let len: u64 = self.parts.iter().map(|part| part.len).sum();
        let completed = client
            .attempt_document::<CompleteMultipartUploadResult>(
                &call,
                "CompleteMultipartUploadResult",
            )
            .await;
        let gave_up = match completed {
            Ok(Answered {
                document,
                headers,
                attempts,
            }) => {
                return outcome(&call.step, &headers, document.etag, ours)
                    .map(|outcome| (outcome, attempts))
                    .map_err(|error| GaveUp { error, attempts });
            }
            Err(gave_up) => gave_up,
        };
        let gone = matches!(
            gave_up.error.kind(),
            ErrorKind::NotFound | ErrorKind::AlreadyExists
        );
        if !gone || gave_up.attempts == 1 {
            return Err(gave_up);
        }
        let stored = client.head_object(bucket, key).await;
        match claimed(stored, Some(len), ours) {
            Some(outcome) => Ok((outcome, gave_up.attempts)),
            None => Err(gave_up),
        }
    }
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
        version_id: version_id(headers),
        verdict: if crc.is_some() && ours.is_some() {
            Verdict::Verified
        } else {
            Verdict::NotAvailable
        },
    })
}
