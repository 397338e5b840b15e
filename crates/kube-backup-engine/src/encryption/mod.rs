//! Encrypted backups: what is in a bucket, and only who has an identity reads.
//!
//! A backup is encrypted *to* recipients, whose keys are public and stand in its [specification](crate::backup::BackupSpec),
//! and read with the *identity* of one of them, which is a secret and is nowhere in the bucket or in the cluster. Who makes
//! backups cannot read older ones. Files are those of age (`age-encryption.org/v1`), and age's own tools open them:
//! `age -d -i key.txt nightly.tar.gz.age | tar xz`.
//!
//! Either [Secrets alone](EncryptionMode::Secrets) are encrypted, in an archive of their own, and all else is as Velero reads it;
//! or [everything but the record](EncryptionMode::All).
//!
//! ```
//! # async fn example(client: kube::Client, store: std::sync::Arc<dyn object_store::ObjectStore>)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use kube_backup_engine::Repository;
//! use kube_backup_engine::backup::{Backup, BackupSpec};
//! use kube_backup_engine::encryption::{Encryption, Identity};
//!
//! // Once: the identity goes to whoever restores, and to where it is not lost; the recipient to whoever makes backups.
//! let identity = Identity::generate();
//! let spec = BackupSpec {
//!     encryption: Some(Encryption::of_all([identity.recipient()])),
//!     ..BackupSpec::named("nightly")
//! };
//! let repository = Repository::new(store, "clusters/berlin");
//! Backup::new(client, repository.clone(), spec).run().await?;
//!
//! let backup = repository.with_identities([identity]).open("nightly").await?;
//! # let _ = backup;
//! # Ok(()) }
//! ```
//!
//! **Without an identity** a backup whose Secrets are encrypted is restored without them, and the report names each; of
//! one that is encrypted as a whole nothing is read ([`ErrorKind::Locked`](crate::ErrorKind::Locked)). Listing and deleting
//! backups, and checking their seals, takes none. A lost identity is lost with all that only it opens: name a second recipient.
//!
//! Whoever can write to a bucket can encrypt something to these recipients, too: encryption says who reads, and a
//! [seal](crate::seal) says who wrote. A [trust](crate::seal::Trust) can demand both.
//!
//! How long a file is stays visible, and with it roughly how well its content compresses. `FORMAT.md` specifies the files.

mod decrypting;
mod encrypting;
mod identity;
mod recipient;
mod spec;

pub use identity::Identity;
pub use recipient::Recipient;
pub use spec::{Encryption, EncryptionMode};

pub(crate) use decrypting::{CHUNK, Keyring, MAX_HEADER, Unlocked, WholeFile};
pub(crate) use encrypting::Encrypting;

#[cfg(test)]
mod tests;
