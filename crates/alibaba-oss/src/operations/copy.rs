//! CopyObject.

use http::{HeaderMap, Method};
use serde::Deserialize;

use super::copy_spec::CopySource;
use super::put::{PutOutcome, claimed};
use super::setters::{copy_conditions, copy_version, forbid_overwrite, object_headers};
use super::{check_crc, crc, etag, version_id};
use crate::client::{Call, Client};
use crate::error::{Error, ErrorKind, Result};
use crate::reading::Verdict;

/// A CopyObject under construction. See [`Client::copy_object`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CopyObject {
    client: Client,
    source: CopySource,
    to: (String, String),
    headers: Vec<(String, String)>,
    replace_metadata: bool,
    forbid_overwrite: bool,
    expected_crc: Option<u64>,
}

#[derive(Deserialize)]
struct CopyObjectResult {
    #[serde(rename = "ETag")]
    etag: Option<String>,
}

impl Client {
    /// Copies an object of at most 1 GB within the region in one request. [`Client::copy`] takes
    /// larger ones too, and compares the CRC-64 of both.
    ///
    /// Content type, user metadata and tags are the source's, unless some are given here: then
    /// those given replace all of the source's. Storage class, ACL and encryption are the copy's
    /// own.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let copy = client
    ///     .copy_object(("backups", "nightly.tar"), ("archive", "2026/nightly.tar"))
    ///     .storage_class(&alibaba_oss::StorageClass::InfrequentAccess)
    ///     .forbid_overwrite(true)
    ///     .send()
    ///     .await?;
    /// println!("{:?}", copy.etag);
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy_object(
        &self,
        from: (impl Into<String>, impl Into<String>),
        to: (impl Into<String>, impl Into<String>),
    ) -> CopyObject {
        CopyObject {
            client: self.clone(),
            source: CopySource::new(from),
            to: (to.0.into(), to.1.into()),
            headers: Vec::new(),
            replace_metadata: false,
            forbid_overwrite: false,
            expected_crc: None,
        }
    }
}

impl CopyObject {
    object_headers!(headers);
    copy_version!();
    copy_conditions!();
    forbid_overwrite!(forbid_overwrite);

    /// Leaves the source's metadata behind even where none is given here.
    pub fn replace_metadata(mut self, replace: bool) -> Self {
        self.replace_metadata = replace;
        self
    }

    /// What the CRC-64 of the copy has to be.
    pub(crate) fn expect_crc(mut self, crc: Option<u64>) -> Self {
        self.expected_crc = crc;
        self
    }

    /// Sends it.
    ///
    /// Where the answer to a copy that forbids overwriting was lost, and the repetition finds the
    /// key taken, what is there is compared with the source by length and CRC-64 before that
    /// counts as a failure.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], [`ErrorKind::Archived`], [`ErrorKind::AlreadyExists`],
    /// [`ErrorKind::Refused`] for more than 1 GB, and any other that the service or the network
    /// gives rise to.
    pub async fn send(self) -> Result<PutOutcome> {
        self.send_counted().await.map(|(outcome, _)| outcome)
    }

    /// As [`Self::send`], with the number of attempts it took.
    pub(crate) async fn send_counted(self) -> Result<(PutOutcome, u32)> {
        let call = self.call()?;
        let copied = self
            .client
            .attempt_document::<CopyObjectResult>(&call, "CopyObjectResult")
            .await;
        match copied {
            Ok(copied) => {
                let outcome = self.outcome(&call, copied.document, &copied.headers)?;
                Ok((outcome, copied.attempts))
            }
            Err(lost)
                if lost.error.kind() == ErrorKind::AlreadyExists
                    && lost.attempts > 1
                    && self.forbid_overwrite =>
            {
                Ok((self.claim(lost.error).await?, lost.attempts))
            }
            Err(gave_up) => Err(gave_up.error),
        }
    }

    fn call(&self) -> Result<Call> {
        let (from, to) = (&self.source, &self.to);
        let step = format!(
            "copy object `{}` of `{}` to `{}` of `{}`",
            from.key, from.bucket, to.1, to.0
        );
        let call = Call::new(Method::PUT, step).object(&to.0, &to.1);
        let mut directives = Vec::new();
        if self.replace_metadata || replaces_metadata(&self.headers) {
            directives.push(("x-oss-metadata-directive".to_owned(), "REPLACE".to_owned()));
        }
        if replaces_tags(&self.headers) {
            directives.push(("x-oss-tagging-directive".to_owned(), "Replace".to_owned()));
        }
        self.source
            .headers(call)?
            .headers(directives.iter().chain(&self.headers))
            .map(|call| call.forbid_overwrite(self.forbid_overwrite))
    }

    fn outcome(
        &self,
        call: &Call,
        result: CopyObjectResult,
        headers: &HeaderMap,
    ) -> Result<PutOutcome> {
        if let Some(expected) = self.expected_crc {
            check_crc(&call.step, headers, expected)?;
        }
        let crc = crc(headers);
        let tag = result.etag.map(|tag| tag.trim_matches('"').to_owned());
        Ok(PutOutcome {
            etag: tag.or_else(|| etag(headers)),
            crc,
            version_id: version_id(headers),
            verdict: match (crc, self.expected_crc) {
                (Some(_), Some(_)) => Verdict::Verified,
                _ => Verdict::NotAvailable,
            },
        })
    }

    /// After a repeated copy found the key taken: what is there is ours if it has the source's
    /// bytes.
    async fn claim(&self, taken: Error) -> Result<PutOutcome> {
        let mut source = self
            .client
            .get_object(&self.source.bucket, &self.source.key);
        if let Some(id) = &self.source.version_id {
            source = source.version_id(id);
        }
        let Ok(source) = source.info().await else {
            return Err(taken);
        };
        let stored = self.client.head_object(&self.to.0, &self.to.1).await;
        claimed(stored, Some(source.len), source.crc).ok_or(taken)
    }
}

/// Whether there is metadata among the headers of a copy, before which all of the source's gives
/// way. Class, ACL, encryption and tags are none.
pub(crate) fn replaces_metadata(headers: &[(String, String)]) -> bool {
    headers.iter().any(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.starts_with("x-oss-meta-") || !name.starts_with("x-oss-")
    })
}

/// Whether there are tags among the headers of a copy.
pub(crate) fn replaces_tags(headers: &[(String, String)]) -> bool {
    let mut headers = headers.iter();
    headers.any(|(name, _)| name.eq_ignore_ascii_case("x-oss-tagging"))
}
