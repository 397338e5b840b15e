//! Uploads that nobody continues.

use std::time::Duration;

use chrono::TimeDelta;
use futures::TryStreamExt;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::operations::multipart::UploadSummary;

/// What became of stale uploads. See [`Client::abort_stale_uploads`].
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct StaleUploads {
    /// Those that are gone.
    pub aborted: Vec<UploadSummary>,
    /// Those that are still there, and why.
    pub failed: Vec<(UploadSummary, Error)>,
}

impl Client {
    /// Aborts the uploads whose key begins with `prefix` and that began longer ago than `age`, by
    /// OSS's clock. Their parts are billed until then, and no listing of objects shows them.
    ///
    /// An age of less than the longest upload takes ends uploads that are under way.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let week = Duration::from_secs(7 * 24 * 3600);
    /// let stale = client.abort_stale_uploads("backups", "nightly/", week).await?;
    /// println!("{} aborted, {} failed", stale.aborted.len(), stale.failed.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied) without the action
    /// `oss:ListMultipartUploads`. What fails for one upload is in the result.
    pub async fn abort_stale_uploads(
        &self,
        bucket: &str,
        prefix: &str,
        age: Duration,
    ) -> Result<StaleUploads> {
        let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
        let before = self.clock().now().checked_sub_signed(age);
        let old = |upload: &UploadSummary| before.is_some_and(|limit| upload.initiated < limit);
        let mut stale = Vec::new();
        let mut pages = std::pin::pin!(self.list_uploads(bucket).prefix(prefix).pages());
        while let Some(page) = pages.try_next().await? {
            stale.extend(page.uploads.into_iter().filter(old));
        }
        let mut result = StaleUploads::default();
        for upload in stale {
            match self
                .abort_upload(bucket, &upload.key, &upload.upload_id)
                .await
            {
                Ok(()) => result.aborted.push(upload),
                Err(error) => result.failed.push((upload, error)),
            }
        }
        Ok(result)
    }
}
