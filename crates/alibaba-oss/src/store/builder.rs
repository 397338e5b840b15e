//! The options of a store.

use std::sync::Arc;

use super::oss_store::OssStore;
use crate::client::Client;
use crate::config::OssConfig;
use crate::error::Result;
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

impl OssStore {
    /// The bucket of a URL, and the prefix after it, with what the environment sets besides: see [`OssConfig`], which
    /// takes options by name, too.
    ///
    /// ```no_run
    /// # fn run() -> alibaba_oss::Result<()> {
    /// use alibaba_oss::OssStore;
    ///
    /// // OSS_REGION=cn-hangzhou, and credentials where the default chain finds them.
    /// let (store, prefix) = OssStore::from_url("oss://backups/clusters/berlin")?;
    /// assert_eq!(prefix, "clusters/berlin");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) where the URL is none of a bucket, a variable has
    /// a value that its option cannot have, or the region is missing.
    pub fn from_url(url: &str) -> Result<(Self, String)> {
        let config = OssConfig::from_env()?.with_url(url)?;
        Ok((config.store()?, config.prefix().to_owned()))
    }
}

impl OssConfig {
    /// A store over the bucket: all of it, whatever the [prefix](OssConfig::prefix) is.
    ///
    /// # Errors
    ///
    /// As [`OssConfig::client`], and where there is no bucket.
    pub fn store(&self) -> Result<OssStore> {
        let bucket = self.required_bucket()?;
        let store = OssStore::builder(self.client()?, bucket);
        Ok(store.forbid_overwrite(self.forbid_overwrite).build())
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
