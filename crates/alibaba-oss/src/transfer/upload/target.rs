//! What an upload makes, and the requests that make it.

use std::path::Path;

use crate::client::Client;
use crate::content_type;
use crate::error::Result;
use crate::operations::multipart::UploadedPart;
use crate::operations::outcome::PutOutcome;
use crate::payload::Payload;
use crate::transfer::guard::{self, UploadGuard};
use crate::verdict::Verdict;

/// An object that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// The CRC-64 of the whole object.
    pub crc: Option<u64>,
    /// The version made, on buckets with versioning.
    pub version_id: Option<String>,
    /// Whether the CRC-64 was compared.
    pub verdict: Verdict,
    /// How many of the bytes were there from an earlier try.
    pub resumed: u64,
}

impl Uploaded {
    pub(super) fn new(stored: PutOutcome, resumed: u64) -> Self {
        Self {
            etag: stored.etag,
            crc: stored.crc,
            version_id: stored.version_id,
            verdict: stored.verdict,
            resumed,
        }
    }
}

/// What is made.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) client: Client,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) headers: Vec<(String, String)>,
    /// Headers of the transfer, and not of the object: they go with each part.
    pub(super) traffic_limit: Option<u64>,
    pub(super) forbid_overwrite: bool,
}

impl Target {
    /// With what the ending of its key, or of the file's name, says that it is, unless that was given.
    pub(super) fn with_content_type(mut self, path: &Path) -> Self {
        let is_type = |name: &str| name.eq_ignore_ascii_case("content-type");
        if self.headers.iter().any(|(name, _)| is_type(name)) {
            return self;
        }
        let name = path.to_string_lossy();
        let guessed = content_type::guess(&self.key).or_else(|| content_type::guess(&name));
        if let Some(guessed) = guessed {
            let header = ("content-type".to_owned(), guessed.to_owned());
            self.headers.push(header);
        }
        self
    }

    pub(super) async fn put(&self, payload: Payload) -> Result<PutOutcome> {
        let mut put = self
            .client
            .put_object(&self.bucket, &self.key, payload)
            .forbid_overwrite(self.forbid_overwrite);
        for (name, value) in &self.headers {
            put = put.header(name, value);
        }
        if let Some(limit) = self.traffic_limit {
            put = put.traffic_limit(limit);
        }
        put.send().await
    }

    pub(super) async fn initiate(&self) -> Result<String> {
        let begin = self
            .client
            .initiate_upload(&self.bucket, &self.key)
            .forbid_overwrite(self.forbid_overwrite);
        self.headers
            .iter()
            .fold(begin, |begin, (name, value)| begin.header(name, value))
            .send()
            .await
    }

    pub(super) async fn part(
        &self,
        upload_id: &str,
        number: u32,
        payload: Payload,
    ) -> Result<UploadedPart> {
        let (bucket, key) = (&self.bucket, &self.key);
        let mut part = self
            .client
            .upload_part(bucket, key, upload_id, number, payload);
        if let Some(limit) = self.traffic_limit {
            part = part.traffic_limit(limit);
        }
        part.send().await
    }

    pub(super) async fn complete(
        &self,
        upload_id: &str,
        parts: &mut [UploadedPart],
    ) -> Result<PutOutcome> {
        parts.sort_unstable_by_key(|part| part.number);
        let (bucket, key) = (&self.bucket, &self.key);
        self.client
            .complete_upload(bucket, key, upload_id, parts.iter().cloned())
            .forbid_overwrite(self.forbid_overwrite)
            .send()
            .await
    }

    pub(super) async fn abort(&self, upload_id: &str) {
        guard::abort(&self.client, &self.bucket, &self.key, upload_id).await;
    }

    pub(super) fn guard(&self, upload_id: &str) -> UploadGuard {
        UploadGuard::new(&self.client, &self.bucket, &self.key, upload_id)
    }
}
