//! CopyObject.

use super::copy_spec::CopySpec;
use super::outcome::PutOutcome;
use super::setters::{
    copy_conditions, copy_version, forbid_overwrite, object_headers, replace_metadata,
};
use crate::client::Client;
use crate::error::{ErrorKind, Result};

/// A CopyObject under construction. See [`Client::copy_object`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CopyObject {
    client: Client,
    copy: CopySpec,
    expected_crc: Option<u64>,
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
        CopyObject::new(self, CopySpec::new(from, to), None)
    }
}

impl CopyObject {
    object_headers!(copy.headers);
    copy_version!(copy.source);
    copy_conditions!(copy.source);
    forbid_overwrite!(copy.forbid_overwrite);
    replace_metadata!(copy.replace_metadata);

    /// `expected_crc` is what the CRC-64 of the copy has to be.
    pub(crate) fn new(client: &Client, copy: CopySpec, expected_crc: Option<u64>) -> Self {
        Self {
            client: client.clone(),
            copy,
            expected_crc,
        }
    }

    /// Sends it.
    ///
    /// Where the response to a copy that forbids overwriting was lost, and the repetition finds the
    /// key taken, what is there is compared with the source by length and CRC-64 before that
    /// counts as a failure.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`], [`ErrorKind::Archived`], [`ErrorKind::AlreadyExists`],
    /// [`ErrorKind::Refused`] for more than 1 GB, and any other that the service or the network
    /// may give rise to.
    pub async fn send(self) -> Result<PutOutcome> {
        let call = self.copy.call()?;
        let error = match self.client.receive(&call, "CopyObjectResult").await {
            Ok(received) => return PutOutcome::received(&call, &received, self.expected_crc),
            Err(error) => error,
        };
        if error.kind() != ErrorKind::AlreadyExists
            || !error.was_repeated()
            || !self.copy.forbid_overwrite
        {
            return Err(error);
        }
        // The copy that has taken the key is ours if it has the source's bytes.
        let Ok(source) = self.copy.source.get(&self.client).info().await else {
            return Err(error);
        };
        let stored = self.client.head_object(&self.copy.bucket, &self.copy.key);
        let (len, crc) = (source.size, source.crc);
        PutOutcome::recognise(stored.await, len, crc, error.attempts()).ok_or(error)
    }
}
