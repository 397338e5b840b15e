//! Why a vault is unavailable.

use crate::component::{CREDENTIALS_SECRET, NAMESPACE};

/// A vault that cannot be used. Its text begins as ACK's does, so that what people search for is found:
/// `VaultError: backup vault is unavailable`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is nothing to sign with.
    #[error(
        "VaultError: backup vault is unavailable: neither Secret `{NAMESPACE}/{CREDENTIALS_SECRET}` nor the \
         token of the role of managed clusters is in the cluster: grant permissions first"
    )]
    NoCredentials,
    /// The role of managed clusters may not use this bucket.
    #[error(
        "VaultError: backup vault is unavailable: the role of managed clusters may use buckets named \
         `cnfs-oss-*` only, and this one is `{bucket}`: use such a bucket, or grant a RAM user rights on it"
    )]
    OtherBucket {
        /// The bucket.
        bucket: String,
    },
    /// What is there to sign with cannot be used.
    #[error("VaultError: backup vault is unavailable: {step}")]
    Credentials {
        /// What was tried.
        step: &'static str,
        /// Why it cannot.
        source: alibaba_core::credentials::CredentialsError,
    },
    /// The cluster cannot be asked.
    #[error("VaultError: backup vault is unavailable: {step}")]
    Cluster {
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        source: Box<kube::Error>,
    },
    /// OSS refuses, or is not reached.
    #[error("VaultError: backup vault is unavailable")]
    Bucket {
        /// What OSS said.
        source: alibaba_oss::Error,
    },
}
