//! Opening a vault.

use std::sync::Arc;

use alibaba_core::Region;
use alibaba_oss::{Client, Encryption, OssStore};
use kube_backup_engine::Repository;

use super::credentials::{CredentialsChoice, choose};
use super::error::VaultError;
use crate::cloud::Cloud;
use crate::placement::{Choice, Placement};

/// A bucket for backups.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vault {
    /// The bucket.
    pub bucket: String,
    /// Its region.
    pub region: Region,
    /// Where in it; nothing for its root.
    pub prefix: String,
    /// Whether the machine's own credentials may sign where the cluster holds none.
    pub may_use_machine: bool,
    /// How OSS is asked to encrypt what is stored; none leaves that to the bucket.
    pub encryption: Option<Encryption>,
}

/// A vault that was looked at and found usable.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenVault {
    /// The bucket.
    pub bucket: String,
    /// The backups in it.
    pub repository: Repository,
    /// The client of its bucket.
    pub oss: Client,
    /// The endpoint, and why this one.
    pub endpoint: Choice,
    /// What signs.
    pub credentials: CredentialsChoice,
    /// The cloud in the vault's region, signed for by the same.
    pub cloud: Cloud,
}

impl Vault {
    /// A bucket in a region.
    #[must_use]
    pub fn new(bucket: impl Into<String>, region: Region) -> Self {
        Self {
            bucket: bucket.into(),
            region,
            prefix: String::new(),
            may_use_machine: false,
            encryption: None,
        }
    }

    /// Sets where in the bucket.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Has OSS encrypt everything that is stored in it so, as with a key of KMS. Every response is held to that, and a
    /// backup's first is that to its lease: where OSS does not say that it encrypts, nothing else is stored.
    #[must_use]
    pub fn with_encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// Lets the machine's own credentials sign where the cluster holds none.
    #[must_use]
    pub fn or_machine_credentials(mut self) -> Self {
        self.may_use_machine = true;
        self
    }

    /// Chooses endpoint and credentials, and lists the bucket's beginning with them, which takes no right
    /// that a backup does not need.
    ///
    /// # Errors
    ///
    /// If there is nothing to sign with, or OSS refuses or is not reached.
    pub async fn open(
        &self,
        cloud: &Cloud,
        cluster: &kube::Client,
        placement: &Placement,
    ) -> Result<OpenVault, VaultError> {
        let (credentials, signing) =
            choose(cloud, cluster, &self.bucket, self.may_use_machine).await?;
        let endpoint = placement.choose(&self.region);
        let cloud = cloud.in_region(self.region.clone()).signing_with(signing);
        let oss = cloud
            .oss(endpoint.endpoint.clone())
            .map_err(|source| VaultError::Bucket { source })?;
        let oss = match &self.encryption {
            Some(encryption) => oss.with_encryption(encryption.clone()),
            None => oss,
        };
        let beginning = oss
            .list_objects(&self.bucket)
            .prefix(&self.prefix)
            .page_size(1);
        beginning
            .send()
            .await
            .map_err(|source| VaultError::Bucket { source })?;
        let store = OssStore::new(oss.clone(), self.bucket.as_str());
        Ok(OpenVault {
            bucket: self.bucket.clone(),
            repository: Repository::new(Arc::new(store), &self.prefix),
            oss,
            endpoint,
            credentials,
            cloud,
        })
    }
}
