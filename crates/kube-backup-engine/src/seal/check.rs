//! Whether a backup is admitted.

use std::collections::BTreeMap;

use super::distrust::Distrust;
use super::statement::Seal;
use super::trust::{Policy, Trust};
use super::{envelope, statement};
use crate::encryption::Encryption;
use crate::format::keys::RECORD;
use crate::{Digest, Files};

/// Reads a seal of the trust's keys and repository; nothing in it is looked at before its signature.
pub(crate) fn read(trust: &Trust, bytes: &[u8]) -> Result<Seal, Distrust> {
    let (payload, key) = envelope::open(bytes, &trust.verifying_keys())?;
    let seal = statement::read(&payload, key, Digest::of(bytes))?;
    let valid =
        |trusted: &super::TrustedKey| trusted.key.id() == key && trusted.is_valid_at(seal.created);
    if !trust.keys.iter().any(valid) {
        let at = seal.created;
        return Err(Distrust::KeyNotValid { key, at });
    }
    if seal.repository != trust.repository {
        return Err(Distrust::OtherRepository(seal.repository));
    }
    Ok(seal)
}

/// Whether the record of the backup `name`, with this digest, is admitted with the seal that was found beside it.
/// `None` is a backup without a seal that the policy admits.
pub(crate) fn check(
    trust: &Trust,
    name: &str,
    record: Digest,
    seal: Option<&[u8]>,
) -> Result<Option<Seal>, Distrust> {
    let Some(bytes) = seal else {
        return match trust.policy {
            // One that is known to have had a seal has lost it.
            Policy::AllowUnsealed if !trust.known.contains_key(name) => Ok(None),
            _ => Err(Distrust::Unsealed),
        };
    };
    let seal = read(trust, bytes)?;
    if seal.backup != name {
        return Err(Distrust::OtherBackup(seal.backup));
    }
    if seal.files.get(RECORD) != Some(&record) {
        return Err(Distrust::FileDiffers(RECORD.to_owned()));
    }
    match trust.known.get(name) {
        Some(known) if *known > seal.sequence => Err(Distrust::Older {
            found: seal.sequence,
            known: *known,
        }),
        _ => Ok(Some(seal)),
    }
}

/// Whether a backup is encrypted as the trust demands, by what its record says. That its files are is found when they are
/// opened.
pub(crate) fn check_encryption(trust: &Trust, found: Option<&Encryption>) -> Result<(), Distrust> {
    let Some(demanded) = &trust.encryption else {
        return Ok(());
    };
    let Some(found) = found.filter(|found| found.mode >= demanded.mode) else {
        return Err(Distrust::NotEncrypted {
            demanded: demanded.mode,
            found: found.map(|found| found.mode),
        });
    };
    let allowed = &demanded.recipients;
    let mut recipients = found.recipients.iter();
    match recipients.find(|one| !allowed.is_empty() && !allowed.contains(one)) {
        Some(other) => Err(Distrust::OtherRecipient(other.clone())),
        None => Ok(()),
    }
}

/// Whether the files that the record names are those that were sealed, no more and no fewer. That what lies in the
/// store is what the record names is found when it is read.
pub(crate) fn check_files(seal: &Seal, uid: &str, files: &Files) -> Result<(), Distrust> {
    if seal.uid != uid {
        return Err(Distrust::OtherBackup(format!(
            "{} ({})",
            seal.backup, seal.uid
        )));
    }
    let mut sealed: BTreeMap<&str, Digest> = seal
        .files
        .iter()
        .map(|(name, sha256)| (name.as_str(), *sha256))
        .collect();
    sealed.remove(RECORD);
    for (name, file) in files {
        if sealed.remove(name.as_str()) != Some(file.sha256) {
            return Err(Distrust::FileDiffers(name.clone()));
        }
    }
    match sealed.into_keys().next() {
        Some(name) => Err(Distrust::FileDiffers(name.to_owned())),
        None => Ok(()),
    }
}
