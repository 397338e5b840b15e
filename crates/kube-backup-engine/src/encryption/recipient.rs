//! Whom a backup is encrypted to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Somebody whom a backup is encrypted to: an X25519 recipient of age, as text `age1…`. It is no secret.
///
/// ```
/// use kube_backup_engine::encryption::Recipient;
///
/// let text = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
/// let recipient: Recipient = text.parse()?;
/// assert_eq!(recipient.to_string(), text);
/// # Ok::<_, kube_backup_engine::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient(pub(super) age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // The text is not shown: who mistakes one key for the other has given a secret.
        text.trim().parse().map(Self).map_err(|why: &str| {
            Error::invalid(
                "read whom a backup is encrypted to: it takes an X25519 recipient of age, `age1…`",
            )
            .with_source(why)
        })
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TryFrom<String> for Recipient {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.to_string()
    }
}
