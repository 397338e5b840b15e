//! PutSymlink and GetSymlink.

use alibaba_sign::percent;
use http::HeaderMap;

use super::object_target::ObjectTarget;
use super::outcome::PutOutcome;
use super::setters::{forbid_overwrite, object_headers, version_id};
use crate::call::Call;
use crate::client::Client;
use crate::error::{ErrorKind, Result};
use crate::headers::{self, etag, text};
use crate::operation::Operation;
use crate::verdict::Verdict;

const TARGET: &str = "x-oss-symlink-target";

/// A PutSymlink under construction. See [`Client::put_symlink`].
#[derive(Clone, Debug)]
#[must_use]
pub struct PutSymlink {
    client: Client,
    bucket: String,
    key: String,
    target: String,
    headers: Vec<(String, String)>,
    forbid_overwrite: bool,
}

/// A GetSymlink under construction. See [`Client::get_symlink`].
#[derive(Clone, Debug)]
#[must_use]
pub struct GetSymlink {
    target: ObjectTarget,
}

/// A key that stands for another.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Symlink {
    /// The key it leads to, in the same bucket, whether there is such an object or not.
    pub target: String,
    /// The entity tag of the link itself, without quotes.
    pub etag: Option<String>,
    /// Its version, on buckets with versioning.
    pub version_id: Option<String>,
    /// All headers of the response.
    pub headers: HeaderMap,
}

impl Client {
    /// Makes a key that leads to the object `target` of the same bucket: reading it reads that.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client.put_symlink("backups", "latest.tar", "2026-11-25.tar").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_symlink(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
        target: impl Into<String>,
    ) -> PutSymlink {
        PutSymlink {
            client: self.clone(),
            bucket: bucket.into(),
            key: key.into(),
            target: target.into(),
            headers: Vec::new(),
            forbid_overwrite: false,
        }
    }

    /// Where a symlink leads.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let link = client.get_symlink("backups", "latest.tar").send().await?;
    /// println!("{}", link.target);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_symlink(&self, bucket: impl Into<String>, key: impl Into<String>) -> GetSymlink {
        GetSymlink {
            target: ObjectTarget::new(self, bucket, key),
        }
    }
}

impl PutSymlink {
    object_headers!(headers);
    forbid_overwrite!(forbid_overwrite);

    /// Sends it. OSS does not look whether the target is there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyExists`] where the key is taken and may not be.
    pub async fn send(self) -> Result<PutOutcome> {
        let (bucket, key) = (&self.bucket, &self.key);
        let step = format!("make symlink `{key}` to `{}` in `{bucket}`", self.target);
        let target = (TARGET.to_owned(), percent::encode(&self.target));
        let call = Call::new(Operation::PUT_SYMLINK, step)
            .object(bucket, key)
            .headers(self.headers.iter().chain([&target]))?
            .forbid_overwrite(self.forbid_overwrite);
        let error = match self.client.execute(&call).await {
            Ok(reply) => {
                let headers = reply.response.headers();
                return Ok(PutOutcome::read(headers, true, reply.attempts));
            }
            Err(error) => error,
        };
        if error.kind() != ErrorKind::AlreadyExists || !error.was_repeated() {
            return Err(error);
        }
        // The response to the first attempt was lost: the link is ours if it leads to the same key.
        match self.client.get_symlink(bucket, key).send().await {
            Ok(link) if link.target == self.target => Ok(PutOutcome {
                etag: link.etag,
                crc: None,
                version_id: link.version_id,
                verdict: Verdict::NotAvailable,
                attempts: error.attempts(),
            }),
            _ => Err(error),
        }
    }
}

impl GetSymlink {
    version_id!();

    /// Sends it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] where there is no such key, [`ErrorKind::Refused`] where it is no
    /// symlink (`NotSymlink`).
    pub async fn send(self) -> Result<Symlink> {
        let call = self.target.call(Operation::GET_SYMLINK, "read symlink");
        let reply = self.target.client.execute(&call).await?;
        let headers = reply.response.headers();
        let target = text(headers, TARGET).and_then(percent::decode);
        Ok(Symlink {
            target: target.ok_or_else(|| call.misread(format!("`{TARGET}` of the response")))?,
            etag: etag(headers),
            version_id: headers::version_id(headers),
            headers: headers.clone(),
        })
    }
}
