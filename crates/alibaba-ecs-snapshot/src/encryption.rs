//! With which keys, and as whom, copies and disks are encrypted.

use serde::Serialize;

use crate::auto_policy::PolicyCopyEncryption;
use crate::ids::KmsKeyId;

/// A role that ECS assumes to use a key. Not open to the public: leave it unset.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AssumedRole {
    /// The id of the account whose role is assumed.
    pub assume_role_for: u64,
    /// The type of the role.
    pub role_type: String,
    /// The ARN of the role.
    #[serde(rename = "Rolearn")]
    pub role_arn: String,
}

impl AssumedRole {
    /// A role of an account.
    pub fn new(account: u64, role_type: impl Into<String>, role_arn: impl Into<String>) -> Self {
        Self {
            assume_role_for: account,
            role_type: role_type.into(),
            role_arn: role_arn.into(),
        }
    }
}

/// How the copies that an automatic policy makes are to be encrypted. That of a policy there is becomes
/// one by `into()`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CopyEncryption {
    /// Whether they are.
    pub encrypted: Option<bool>,
    /// With which key of the other region; its default key, if this is not set.
    #[serde(rename = "KMSKeyId")]
    pub kms_key_id: Option<KmsKeyId>,
    /// As whom ECS uses the key. Not open to the public: leave it empty.
    pub arn: Vec<AssumedRole>,
}

impl CopyEncryption {
    /// Copies are encrypted with this key of the other region.
    pub fn with_key(key: impl Into<KmsKeyId>) -> Self {
        Self {
            encrypted: Some(true),
            kms_key_id: Some(key.into()),
            arn: Vec::new(),
        }
    }

    /// Copies are encrypted with the other region's default key, or not at all.
    #[must_use]
    pub fn with_default_key(encrypted: bool) -> Self {
        Self {
            encrypted: Some(encrypted),
            ..Self::default()
        }
    }
}

impl From<PolicyCopyEncryption> for CopyEncryption {
    fn from(policys: PolicyCopyEncryption) -> Self {
        Self {
            encrypted: policys.encrypted,
            kms_key_id: policys.kms_key_id,
            arn: Vec::new(),
        }
    }
}
