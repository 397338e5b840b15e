//! A look at a bucket: who gets in, whether what is in it is encrypted, whether it can be taken away.

use std::fmt;

use super::attributes::{Acl, Encryption};
use super::bucket_info::BucketInfo;
use super::retention::ObjectWorm;
use super::versions::Versioning;
use super::worm::BucketWorm;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::operation::Operation;

/// How a bucket is protected, as far as the caller may know. See [`Client::inspect_bucket`].
#[derive(Debug)]
#[non_exhaustive]
pub struct BucketInspection {
    /// What is set for the bucket, its owner, ACL and encryption among that.
    pub info: BucketInfo,
    /// Its retention policy, where it has one.
    pub worm: Option<BucketWorm>,
    /// Whether retentions can be set for its objects, and which they get.
    pub object_worm: Option<ObjectWorm>,
    /// What could not be asked for, and why.
    pub unknown: Vec<(Operation, Error)>,
}

/// Something about a bucket that backups should not be kept with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BucketFinding {
    /// Everybody can read it.
    PublicRead,
    /// Everybody can read and write it.
    PublicReadWrite,
    /// An ACL that is not known here.
    UnknownAcl,
    /// What is stored without saying so is not encrypted.
    NotEncrypted,
    /// What is overwritten or deleted is gone: it has neither versions nor a retention.
    NotProtected,
    /// The bucket is another account's than expected.
    OtherOwner {
        /// Whose it was expected to be.
        expected: String,
        /// Whose it is.
        found: String,
    },
    /// Something could not be asked for.
    Unknown {
        /// The operation that was refused.
        operation: &'static str,
        /// The action that it needs.
        action: &'static str,
    },
}

impl Client {
    /// Looks at how a bucket is protected: owner, ACL, encryption and versioning by GetBucketInfo, its
    /// retention by GetBucketWorm and GetBucketObjectWormConfiguration. Nothing is changed.
    ///
    /// What bucket policies allow is not looked at.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let found = client.inspect_bucket("backups").await?;
    /// for finding in found.findings(Some("1234567890123456")) {
    ///     println!("{finding}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Client::bucket_info`]. Retentions that may not be asked for are
    /// [unknown](BucketInspection::unknown).
    pub async fn inspect_bucket(&self, bucket: &str) -> Result<BucketInspection> {
        let info = self.bucket_info(bucket).await?;
        let mut unknown = Vec::new();
        let mut known = |operation: &Operation, error| unknown.push((operation.clone(), error));
        let (worm, object_worm) =
            futures::join!(self.bucket_worm(bucket), self.bucket_object_worm(bucket));
        let worm = worm.unwrap_or_else(|error| {
            known(&Operation::GET_BUCKET_WORM, error);
            None
        });
        let object_worm = object_worm.unwrap_or_else(|error| {
            known(&Operation::GET_BUCKET_OBJECT_WORM, error);
            None
        });
        Ok(BucketInspection {
            info,
            worm,
            object_worm,
            unknown,
        })
    }
}

impl BucketInspection {
    /// What speaks against keeping backups in it; `expected_owner` is the account that should own it, where
    /// that is known.
    #[must_use]
    pub fn findings(&self, expected_owner: Option<&str>) -> Vec<BucketFinding> {
        let mut findings = Vec::new();
        let found = &self.info.owner_id;
        if let Some(expected) = expected_owner.filter(|expected| expected != found) {
            findings.push(BucketFinding::OtherOwner {
                expected: expected.to_owned(),
                found: found.clone(),
            });
        }
        // What blocks public access also overrules the ACL.
        if self.info.blocks_public_access != Some(true) {
            match self.info.acl {
                Some(Acl::Private) => {}
                Some(Acl::PublicRead) => findings.push(BucketFinding::PublicRead),
                Some(Acl::PublicReadWrite) => findings.push(BucketFinding::PublicReadWrite),
                _ => findings.push(BucketFinding::UnknownAcl),
            }
        }
        if self.encryption().is_none() {
            findings.push(BucketFinding::NotEncrypted);
        }
        let keeps_versions = self.info.versioning == Some(Versioning::Enabled);
        let is_unknown = |operation| self.unknown.iter().any(|(name, _)| *name == operation);
        if !keeps_versions
            && self.worm.is_none()
            && self.object_worm.is_none()
            && !is_unknown(Operation::GET_BUCKET_WORM)
        {
            findings.push(BucketFinding::NotProtected);
        }
        findings.extend(
            self.unknown
                .iter()
                .map(|(operation, _)| BucketFinding::Unknown {
                    operation: operation.name(),
                    action: operation.action(),
                }),
        );
        findings
    }

    /// How OSS encrypts what is stored without saying so.
    #[must_use]
    pub fn encryption(&self) -> Option<&Encryption> {
        self.info.encryption.as_ref()
    }
}

/// Says what it is, and what to do about it.
impl fmt::Display for BucketFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublicRead => f.write_str(
                "everybody can read the bucket: make its ACL private, or block public access",
            ),
            Self::PublicReadWrite => f.write_str(
                "everybody can read and write the bucket: make its ACL private, or block public access",
            ),
            Self::UnknownAcl => f.write_str("the bucket's ACL is not known here: make it private"),
            Self::NotEncrypted => f.write_str(
                "what is stored is not encrypted by default: set the bucket's server-side encryption, or ask for it with each object",
            ),
            Self::NotProtected => f.write_str(
                "what is overwritten or deleted is gone: enable versioning, or a retention policy",
            ),
            Self::OtherOwner { expected, found } => write!(
                f,
                "the bucket belongs to the account `{found}`, and not to `{expected}`: do not store anything there"
            ),
            Self::Unknown { operation, action } => write!(
                f,
                "`{operation}` was refused: it needs the action `{action}`"
            ),
        }
    }
}
