//! The seal of a backup, written before its record.

use chrono::{DateTime, Utc};

use crate::encryption::Encryption;
use crate::format::keys::Keys;
use crate::repository::upload::ObjectUpload;
use crate::seal::{self, Policy, Seal, SigningKey};
use crate::{Digest, Error, Record, Repository, Result};

/// Whether what is about to be written will be admitted by those who have the repository's trust.
pub(crate) fn check_key(
    key: Option<&SigningKey>,
    repository: &Repository,
    name: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let refuse = |why: &str| Err(Error::invalid(format!("back up as `{name}`: {why}")));
    match (key, repository.trust()) {
        (None, Some(trust)) if trust.policy == Policy::Require => refuse(
            "the trust of the repository requires a seal, and there is no key to seal it with; give one by \
             `sealed_with`",
        ),
        (None, _) => Ok(()),
        (Some(_), None) => refuse(
            "it is to be sealed, and the repository has no trust to seal it for; give one by `with_trust`",
        ),
        (Some(key), Some(trust)) if trust.admits(key.verifying_key(), now) => Ok(()),
        (Some(_), Some(_)) => refuse(
            "the trust of the repository does not admit the key that it is to be sealed with, so nobody could \
             open it; add the key to the trust",
        ),
    }
}

/// Whether what is about to be written is encrypted as the repository's trust demands.
pub(crate) fn check_encryption(
    encryption: Option<&Encryption>,
    repository: &Repository,
    name: &str,
) -> Result<()> {
    let Some(trust) = repository.trust() else {
        return Ok(());
    };
    seal::check_encryption(trust, encryption).map_err(|why| {
        Error::invalid(format!(
            "back up as `{name}`: the trust of the repository would not admit it: {why}"
        ))
    })
}

/// Seals a backup whose record will have this digest.
pub(crate) async fn seal(
    key: &SigningKey,
    repository: &Repository,
    keys: &Keys,
    record: &Record,
    sha256: Digest,
    now: DateTime<Utc>,
) -> Result<Seal> {
    let Some(trust) = repository.trust() else {
        return Err(Error::internal(
            format!("seal backup `{}`", record.name()),
            "the repository has no trust",
        ));
    };
    let others = repository.seals(trust).await?;
    let (seal, bytes) = seal::write(key, trust, &others, record, sha256, now)?;
    let mut upload = ObjectUpload::new(repository.store(), keys.seal());
    upload.push(bytes.into()).await?;
    upload.finish().await?;
    Ok(seal)
}
