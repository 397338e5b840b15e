//! The options of a store.

use std::sync::Arc;

use super::oss_store::OssStore;
use crate::client::Client;
use crate::operations::attributes::Encryption;

/// What an [`OssStore`] is made of. See [`OssStore::builder`].
#[derive(Debug)]
#[must_use]
pub struct OssStoreBuilder {
    client: Client,
    bucket: Arc<str>,
    forbid_overwrite: bool,
}

impl OssStore {
    /// A store with options.
    ///
    /// ```no_run
    /// # fn run(client: alibaba_oss::Client) {
    /// use alibaba_oss::OssStore;
    ///
    /// let once = OssStore::builder(client, "backups").forbid_overwrite(true).build();
    /// # }
    /// ```
    pub fn builder(client: Client, bucket: impl Into<Arc<str>>) -> OssStoreBuilder {
        OssStoreBuilder {
            client,
            bucket: bucket.into(),
            forbid_overwrite: false,
        }
    }
}

impl OssStoreBuilder {
    /// Never overwrites: each put, multipart upload and copy succeeds only where the key is free, as
    /// if it were asked to create, and fails with `AlreadyExists` elsewhere.
    pub fn forbid_overwrite(mut self, forbid: bool) -> Self {
        self.forbid_overwrite = forbid;
        self
    }

    /// Has OSS encrypt what is stored, and holds every response to it: see [`Client::with_encryption`].
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.client = self.client.with_encryption(encryption);
        self
    }

    /// Fails where the bucket is not this account's: see [`Client::with_expected_owner`].
    pub fn expected_owner(mut self, account_id: impl Into<String>) -> Self {
        self.client = self.client.with_expected_owner(account_id);
        self
    }

    /// The store. Nothing is asked of OSS yet.
    #[must_use]
    pub fn build(self) -> OssStore {
        OssStore {
            forbid_overwrite: self.forbid_overwrite,
            ..OssStore::new(self.client, self.bucket)
        }
    }
}
