//! InitiateMultipartUpload and AbortMultipartUpload.

use serde::Deserialize;

use super::target::UploadTarget;
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::operations::setters::{content_type_by_name, forbid_overwrite, object_headers};

/// An InitiateMultipartUpload under construction. See [`Client::initiate_upload`].
#[derive(Clone, Debug)]
#[must_use]
pub struct InitiateUpload {
    client: Client,
    bucket: String,
    key: String,
    headers: Vec<(String, String)>,
    forbid_overwrite: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InitiateMultipartUploadResult {
    upload_id: String,
}

impl Client {
    /// Begins an upload in parts. [`Client::upload_file`] and [`Client::upload_stream`] do all that
    /// follows by themselves.
    ///
    /// That nothing may be replaced is said here, and again to [`Client::complete_upload`]: the key
    /// may be taken meanwhile.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let id = client
    ///     .initiate_upload("backups", "big.tar")
    ///     .content_type("application/x-tar")
    ///     .send()
    ///     .await?;
    /// let part = client.upload_part("backups", "big.tar", &id, 1, "all of it").send().await?;
    /// client.complete_upload("backups", "big.tar", &id, [part]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn initiate_upload(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
    ) -> InitiateUpload {
        InitiateUpload {
            client: self.clone(),
            bucket: bucket.into(),
            key: key.into(),
            headers: Vec::new(),
            forbid_overwrite: false,
        }
    }

    /// Gives an upload up and frees its parts. That it is gone already is no error.
    ///
    /// A part that is still under way may land after this; list the parts and abort again where
    /// that matters.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client, id: &str) -> alibaba_oss::Result<()> {
    /// client.abort_upload("backups", "big.tar", id).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:AbortMultipartUpload`.
    pub async fn abort_upload(&self, bucket: &str, key: &str, upload_id: &str) -> Result<()> {
        let step = format!("abort the upload of `{key}` into `{bucket}`");
        let call = UploadTarget::new(self, bucket, key, upload_id)
            .call(Operation::ABORT_MULTIPART_UPLOAD, step);
        match self.execute(&call).await {
            Err(error) if error.service_code() == Some("NoSuchUpload") => Ok(()),
            other => other.map(drop),
        }
    }
}

impl InitiateUpload {
    object_headers!(headers);
    content_type_by_name!(key);
    forbid_overwrite!(forbid_overwrite);

    /// Sends it, and returns the id of the upload.
    ///
    /// A begin whose response was lost is repeated and leaves an upload behind;
    /// [`Client::abort_stale_uploads`] finds those, or a lifecycle rule.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) where the key is taken and may not be.
    pub async fn send(self) -> Result<String> {
        let (bucket, key) = (&self.bucket, &self.key);
        let step = format!("begin the upload of `{key}` into `{bucket}`");
        let call = Call::new(Operation::INITIATE_MULTIPART_UPLOAD, step)
            .object(bucket, key)
            .query("encoding-type", "url")
            .headers(&self.headers)?
            .forbid_overwrite(self.forbid_overwrite);
        let result: InitiateMultipartUploadResult = self
            .client
            .document(&call, "InitiateMultipartUploadResult")
            .await?;
        Ok(result.upload_id)
    }
}
