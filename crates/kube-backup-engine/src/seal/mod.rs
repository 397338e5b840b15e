//! Sealed backups: signed statements beside the records, and what may be read.
//!
//! Digests say that a backup is undamaged. A *seal* says who wrote it: a statement over every file of the backup, its place
//! in the repository and the seals before it, signed with a key that is not in the bucket. Who reads has a [`Trust`]: the
//! keys that may have signed, the repository they signed for, and what to do with backups without a seal. It is a small file,
//! kept in the cluster or with the code that deploys it, never in the bucket.
//!
//! ```
//! # async fn example(client: kube::Client, store: std::sync::Arc<dyn object_store::ObjectStore>)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use kube_backup_engine::Repository;
//! use kube_backup_engine::backup::{Backup, BackupSpec};
//! use kube_backup_engine::seal::{SigningKey, Trust};
//!
//! // Once: the key goes to whoever makes backups, the trust to whoever restores them, and neither to the bucket.
//! let key = SigningKey::generate()?;
//! let trust = Trust::of(key.verifying_key());
//! std::fs::write("trust.json", serde_json::to_vec(&trust)?)?;
//!
//! let repository = Repository::new(store, "clusters/berlin").with_trust(trust);
//! Backup::new(client, repository.clone(), BackupSpec::named("nightly")).sealed_with(key).run().await?;
//! let backup = repository.open("nightly").await?; // an error, unless the seal is right
//! println!("{}", backup.seal().expect("the policy is to require one"));
//! # Ok(()) }
//! ```
//!
//! **A new key** is added to the trust beside the old one, wherever backups are read; then the writer gets it; then the old
//! key is given an end, [`TrustedKey::until`]: what it signed before stays readable. A key that was *stolen* is taken out of the
//! trust instead, since a thief dates seals as he likes; what it signed is no longer admitted.
//!
//! **Deleting and rolling back** is what no signature prevents. Each seal has a sequence number and names those
//! before it, so [`Repository::list`](crate::Repository::list) says which backups are gone or were put back
//! ([`SealIssue`]). [`Trust::remember`] keeps the newest one known, so that a bucket that was rolled back as a whole is seen too.
//!
//! The seal is a DSSE envelope around an in-toto statement; `FORMAT.md` specifies it, with a test vector.

mod chain;
mod check;
mod distrust;
mod envelope;
mod key;
mod statement;
mod trust;
mod write;

pub use chain::SealIssue;
pub use distrust::Distrust;
pub use key::{SigningKey, VerifyingKey};
pub use statement::{PreviousSeal, Seal};
pub use trust::{Policy, Trust, TrustedKey};

pub(crate) use chain::issues;
pub(crate) use check::{check, check_encryption, check_files, read};
pub(crate) use write::write;
