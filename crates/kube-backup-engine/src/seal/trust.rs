//! Whose seals are believed, for which repository.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::key::VerifyingKey;
use super::statement::Seal;
use crate::encryption::Encryption;

/// What is known of a repository's writers. It is serde's to read and write, and to be kept outside of the bucket.
///
/// ```
/// use kube_backup_engine::seal::{Policy, SigningKey, Trust};
///
/// let key = SigningKey::generate()?;
/// let trust = Trust::of(key.verifying_key());
/// assert_eq!(trust.policy, Policy::Require);
/// let file = serde_json::to_string_pretty(&trust)?;
/// assert_eq!(serde_json::from_str::<Trust>(&file)?, trust);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Trust {
    /// Tells the repository from others that the same keys seal for. It is in every seal.
    pub repository: String,
    /// What to do with backups without a seal.
    #[serde(default)]
    pub policy: Policy,
    /// The keys that may have signed.
    pub keys: Vec<TrustedKey>,
    /// How backups must be encrypted, at least, and to whom, at most: to none but these recipients, if there are some. Those
    /// of earlier backups stay in the list for as long as these are to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// The highest sequence number known of each name: a backup with a lower one was put in the place of a later one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<String, u64>,
}

/// What to do with backups without a seal. A seal that is there must be right in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Policy {
    /// They are refused.
    #[default]
    Require,
    /// They are read, such as Velero's and those from before there were seals. Whoever can write to the bucket can
    /// take a seal away: this admits everything, and tells what is sealed.
    AllowUnsealed,
}

/// A key that may have signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct TrustedKey {
    /// The key, as PEM.
    pub key: VerifyingKey,
    /// Seals before this time are not admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
    /// Seals from this time on are not admitted. It retires a key; one that was stolen is to be removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

impl From<VerifyingKey> for TrustedKey {
    fn from(key: VerifyingKey) -> Self {
        Self {
            key,
            not_before: None,
            until: None,
        }
    }
}

impl TrustedKey {
    pub(super) fn is_valid_at(&self, time: DateTime<Utc>) -> bool {
        self.not_before.is_none_or(|begin| begin <= time) && self.until.is_none_or(|end| time < end)
    }
}

impl Trust {
    /// Trust in one key, for a new repository: its id is a random one.
    #[must_use]
    pub fn of(key: VerifyingKey) -> Self {
        Self {
            repository: Uuid::new_v4().to_string(),
            policy: Policy::default(),
            keys: vec![key.into()],
            encryption: None,
            known: BTreeMap::new(),
        }
    }

    /// Trusts this key, too.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<TrustedKey>) -> Self {
        self.keys.push(key.into());
        self
    }

    /// What to do with backups without a seal.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Demands that backups are encrypted, at least so, and to none but these recipients, if there are some.
    #[must_use]
    pub fn demanding(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// Remembers that this seal was there: no older one is taken for it from now on. To be called after each backup, with
    /// the seal of its report, and before the trust is kept.
    pub fn remember(&mut self, seal: &Seal) {
        let known = self.known.entry(seal.backup.clone()).or_default();
        *known = (*known).max(seal.sequence);
    }

    /// Forgets the backup of a name, which was deleted on purpose.
    pub fn forget(&mut self, backup: &str) {
        self.known.remove(backup);
    }

    /// Whether a seal that this key makes at this time is admitted.
    pub(crate) fn admits(&self, key: VerifyingKey, time: DateTime<Utc>) -> bool {
        let admits = |trusted: &TrustedKey| trusted.key == key && trusted.is_valid_at(time);
        self.keys.iter().any(admits)
    }

    pub(super) fn verifying_keys(&self) -> Vec<VerifyingKey> {
        self.keys.iter().map(|key| key.key).collect()
    }
}
