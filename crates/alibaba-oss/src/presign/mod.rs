//! Requests that somebody without credentials can make.

mod form;

use std::time::Duration;

use alibaba_core::Secret;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};

pub use form::{PostForm, PostPolicy};

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;

/// A signed request, for whoever is given it.
///
/// The URL is a secret until it expires, so it does not print itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Presigned {
    /// The method to use.
    pub method: Method,
    /// The headers to send, with exactly these values: those that are signed, and those that make
    /// the object what it was meant to be.
    pub headers: HeaderMap,
    /// When OSS will refuse it: the expiry asked for, or that of the security token it was signed
    /// with, where that comes first.
    pub expires_at: DateTime<Utc>,
    url: Secret,
}

impl Presigned {
    /// The URL with its signature.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.expose()
    }
}

impl Client {
    pub(crate) async fn presign(&self, call: &Call, expires: Duration) -> Result<Presigned> {
        let guarded = self.guarded(call).await?;
        let call = guarded.as_ref().unwrap_or(call);
        let identity = self.identity(&call.step).await?;
        let now = self.clock().now_for_presigning();
        let address = self.address(call)?;
        let query = self
            .signer()
            .presign(&identity.credentials, now, expires, call)?;
        let asked = now + expires;
        Ok(Presigned {
            method: call.method.clone(),
            headers: call.headers.clone(),
            expires_at: identity.expires_at.map_or(asked, |token| token.min(asked)),
            url: Secret::new(format!("{address}?{query}")),
        })
    }

    /// The storing of one part, for somebody else to do. They return the `ETag` of the response,
    /// which goes into the completion.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let id = client.initiate_upload("backups", "big.tar").send().await?;
    /// let hour = Duration::from_secs(3600);
    /// let part = client.presign_part("backups", "big.tar", &id, 1, hour).await?;
    /// assert_eq!(part.method, "PUT");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) for an expiry under a second or over seven days.
    pub async fn presign_part(
        &self,
        bucket: &str,
        key: &str,
        upload_id: &str,
        number: u32,
        expires: Duration,
    ) -> Result<Presigned> {
        let step = format!("upload part {number} of `{key}` into `{bucket}`");
        let call = Call::new(Operation::UPLOAD_PART, step)
            .object(bucket, key)
            .query("partNumber", number.to_string())
            .query("uploadId", upload_id);
        self.presign(&call, expires).await
    }
}
