//! What of a backup is encrypted, and to whom.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::recipient::Recipient;
use crate::{Error, Result};

/// Most recipients of one backup: each takes a hundred bytes of every file.
pub(super) const MAX_RECIPIENTS: usize = 64;

/// What of a backup is encrypted, and to whom.
///
/// ```
/// use kube_backup_engine::encryption::{Encryption, Identity};
/// use kube_backup_engine::backup::BackupSpec;
///
/// let (operators, escrow) = (Identity::generate(), Identity::generate());
/// let spec = BackupSpec {
///     encryption: Some(Encryption::of_secrets([operators.recipient(), escrow.recipient()])),
///     ..BackupSpec::named("nightly")
/// };
/// # let _ = spec;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Encryption {
    /// What is encrypted.
    pub mode: EncryptionMode,
    /// Who can read it, each alone.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub recipients: Vec<Recipient>,
}

/// What of a backup is encrypted; what comes later is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EncryptionMode {
    /// Secrets. All else stays as Velero writes and reads it.
    Secrets,
    /// Everything but the record.
    All,
}

impl fmt::Display for EncryptionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Secrets => "secrets",
            Self::All => "all",
        })
    }
}

impl Encryption {
    /// Of Secrets alone, to these recipients.
    pub fn of_secrets(recipients: impl IntoIterator<Item = Recipient>) -> Self {
        Self {
            mode: EncryptionMode::Secrets,
            recipients: recipients.into_iter().collect(),
        }
    }

    /// Of everything but the record, to these recipients.
    pub fn of_all(recipients: impl IntoIterator<Item = Recipient>) -> Self {
        Self {
            mode: EncryptionMode::All,
            recipients: recipients.into_iter().collect(),
        }
    }

    /// Whether something can be encrypted so, and read back.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |why: &str| Err(Error::invalid(why));
        if self.recipients.is_empty() {
            return refuse("it is to be encrypted, and to nobody; name a recipient");
        }
        if self.recipients.len() > MAX_RECIPIENTS {
            return Err(Error::invalid(format!(
                "it is to be encrypted to {} recipients, and takes {MAX_RECIPIENTS}",
                self.recipients.len()
            )));
        }
        Ok(())
    }

    /// The recipients, for people.
    pub(crate) fn to_whom(&self) -> String {
        let recipients = self.recipients.iter().map(ToString::to_string);
        recipients.collect::<Vec<_>>().join(", ")
    }
}
