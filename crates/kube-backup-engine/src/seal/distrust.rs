//! Why a backup is not admitted.

use chrono::{DateTime, Utc};

use crate::Digest;
use crate::encryption::{EncryptionMode, Recipient};
use crate::printable::Printable;

/// Why a backup is not admitted: the [`source`](std::error::Error::source) of an error of kind
/// [`Untrusted`](crate::ErrorKind::Untrusted).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Distrust {
    /// There is no seal, and the policy is to require one, or the backup is known to have had one.
    #[error("it has no seal, and the trust requires one")]
    Unsealed,
    /// The seal is signed with a key that is not in the trust.
    #[error(
        "its seal is signed with the key `{}`, which the trust does not hold",
        Printable(.0)
    )]
    UnknownKey(String),
    /// The seal says that it was made when its key was not valid.
    #[error("its seal says that it was made at {at}, when the key {key} was not valid")]
    KeyNotValid {
        /// The key's id.
        key: Digest,
        /// When the seal was made.
        at: DateTime<Utc>,
    },
    /// The signature is not the key's.
    #[error("the signature of its seal is wrong for the key {0}: the seal was changed or forged")]
    BadSignature(Digest),
    /// The seal is none that this version reads.
    #[error("its seal cannot be read: {}", Printable(.0))]
    Malformed(String),
    /// The seal belongs to a backup of another name or uid.
    #[error("its seal is that of the backup `{}`", Printable(.0))]
    OtherBackup(String),
    /// The seal belongs to another repository.
    #[error("its seal was made for the repository `{}`", Printable(.0))]
    OtherRepository(String),
    /// A file is not the one that was sealed.
    #[error("`{}` is not the file that was sealed", Printable(.0))]
    FileDiffers(String),
    /// The trust demands that more of it is encrypted.
    #[error("the trust demands that `{demanded}` is encrypted of it, and {} is", of_it(.found.as_ref()))]
    NotEncrypted {
        /// What the trust demands.
        demanded: EncryptionMode,
        /// What is encrypted.
        found: Option<EncryptionMode>,
    },
    /// It is encrypted to somebody whom the trust does not name.
    #[error("it is encrypted to {0}, whom the trust does not name")]
    OtherRecipient(Recipient),
    /// A later backup of the name is known.
    #[error(
        "its seal has the sequence number {found}, and {known} is known of its name: an older backup was put in \
         its place"
    )]
    Older {
        /// The seal's sequence number.
        found: u64,
        /// The one that is known.
        known: u64,
    },
}

fn of_it(found: Option<&EncryptionMode>) -> String {
    found.map_or_else(|| "nothing".to_owned(), |mode| format!("`{mode}`"))
}
