//! Seals and encryption: files that say who is believed, who signs, and who can read.

use std::path::{Path, PathBuf};

use ack_backup_center::engine::encryption::{Encryption, EncryptionMode, Identity, Recipient};
use ack_backup_center::engine::seal::{SigningKey, Trust};
use clap::{Args, ValueEnum};

use crate::exit::{Failure, Result};

/// What is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Encrypted {
    /// Secrets.
    Secrets,
    /// Everything but the record.
    All,
}

/// How a backup is protected.
#[derive(Args, Debug)]
pub(crate) struct Protection {
    /// Seal it with this key: a file that `key seal` or `openssl genpkey -algorithm ed25519` wrote. Needs --trust.
    #[arg(long, value_name = "FILE", requires = "trust")]
    signing_key: Option<PathBuf>,
    /// Encrypt Secrets, or everything but the record, to the recipients.
    #[arg(long, value_enum)]
    encrypt: Option<Encrypted>,
    /// Whom it is encrypted to, as `age1…`; may be repeated.
    #[arg(long, value_name = "RECIPIENT", requires = "encrypt")]
    recipient: Vec<Recipient>,
    /// A file of recipients, one a line; may be repeated.
    #[arg(long, value_name = "FILE", requires = "encrypt")]
    recipients_file: Vec<PathBuf>,
}

impl Protection {
    pub(crate) fn signing_key(&self) -> Result<Option<SigningKey>> {
        let key = self
            .signing_key
            .as_deref()
            .map(|path| SigningKey::from_pem(&read(path)?).map_err(Failure::from));
        key.transpose()
    }

    /// What is to be encrypted; `None` when nothing is.
    pub(crate) fn encryption(&self) -> Result<Option<Encryption>> {
        let Some(encrypted) = self.encrypt else {
            return Ok(None);
        };
        let mut recipients = self.recipient.clone();
        for path in &self.recipients_file {
            for line in read(path)?.lines().map(str::trim) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let recipient = line.parse::<Recipient>();
                recipients.push(recipient.map_err(|error| {
                    Failure::failed(format!("read `{}`", path.display()), error)
                })?);
            }
        }
        let mode = match encrypted {
            Encrypted::Secrets => EncryptionMode::Secrets,
            Encrypted::All => EncryptionMode::All,
        };
        Ok(Some(Encryption { mode, recipients }))
    }
}

pub(crate) fn trust(path: &Path) -> Result<Trust> {
    serde_json::from_str(&read(path)?)
        .map_err(|error| Failure::failed(format!("read the trust `{}`", path.display()), error))
}

pub(crate) fn identities(paths: &[PathBuf]) -> Result<Vec<Identity>> {
    let mut identities = Vec::new();
    for path in paths {
        let read = Identity::all_of(&read(path)?);
        identities.extend(
            read.map_err(|error| Failure::failed(format!("read `{}`", path.display()), error))?,
        );
    }
    Ok(identities)
}

pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("read `{}`", path.display()), error))
}
