//! Who can read what is encrypted.

use std::fmt;
use std::str::FromStr;

use age::secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::recipient::Recipient;
use crate::{Error, Result};

/// The secret half of a [`Recipient`]: who has it can read what is encrypted to that. It does not print itself, and is
/// overwritten once it is dropped.
///
/// ```
/// use kube_backup_engine::encryption::Identity;
///
/// let identity = Identity::generate();
/// // To be kept secret, and out of the bucket: without it nobody reads the backups, their owner included.
/// let file = identity.to_text();
/// assert_eq!(Identity::all_of(&file)?[0].recipient(), identity.recipient());
/// # Ok::<_, kube_backup_engine::Error>(())
/// ```
pub struct Identity(pub(super) age::x25519::Identity);

impl Identity {
    /// A new one, from the system's generator.
    #[must_use]
    pub fn generate() -> Self {
        Self(age::x25519::Identity::generate())
    }

    /// The identities in the text of a file as `age-keygen` writes it: one a line, beside blank lines and comments that
    /// begin with `#`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when a line is none, or there is none at all. The error holds
    /// nothing of the text.
    pub fn all_of(text: &str) -> Result<Vec<Self>> {
        let lines = text.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let identities = lines.map(|(at, line)| {
            line.parse::<Self>().map_err(|error| {
                Error::invalid(format!("read line {} of the identities", at + 1)).with_source(error)
            })
        });
        let identities: Vec<Self> = identities.collect::<Result<_>>()?;
        if identities.is_empty() {
            return Err(Error::invalid("read the identities: there are none"));
        }
        Ok(identities)
    }

    /// Whom to encrypt to, so that this one can read it.
    #[must_use]
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }

    /// A line of its file, to be kept secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n", self.0.to_string().expose_secret()))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.recipient())
    }
}

impl FromStr for Identity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.trim().parse().map(Self).map_err(|why: &str| {
            Error::invalid("read an identity: it takes an X25519 one of age, `AGE-SECRET-KEY-1…`")
                .with_source(why)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of `age-keygen` (filippo.io/age).
    const KEYGEN: &str = include_str!("../../tests/fixtures/encryption/identity.txt");

    #[test]
    fn files_of_age_are_read_and_nothing_of_them_is_shown() {
        let [identity] = &Identity::all_of(KEYGEN).unwrap()[..] else {
            panic!("there is one");
        };
        let public = KEYGEN
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "));
        assert_eq!(Some(&*identity.recipient().to_string()), public);
        assert!(KEYGEN.ends_with(identity.to_text().as_str()));
        assert_eq!(
            format!("{identity:?}"),
            format!("Identity({})", identity.recipient())
        );
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let secret = Identity::generate().to_text();
        let secret = secret.trim();
        let broken = format!("{}Q", &secret[..secret.len() - 1]);
        for text in ["", "x", "# nothing", &broken] {
            let error = Identity::all_of(text).unwrap_err();
            let shown = format!("{error:?} {}", error.chain());
            assert!(!shown.contains(&secret[20..30]), "{shown}");
        }
        let error = Identity::all_of(&format!("\n{broken}")).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        // One taken for the other.
        let error = secret.parse::<Recipient>().unwrap_err();
        let shown = format!("{error:?} {}", error.chain());
        assert!(!shown.contains(&secret[20..30]), "{shown}");
    }
}
