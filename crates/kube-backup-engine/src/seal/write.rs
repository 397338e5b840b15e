//! Sealing a backup.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::key::SigningKey;
use super::statement::{self, Seal};
use super::trust::Trust;
use super::{chain, envelope};
use crate::format::keys::RECORD;
use crate::{Digest, Error, Record, Result};

/// Seals named by a new one; more backups at once there are not.
const MAX_PREVIOUS: usize = 64;

/// The seal of a backup that is about to be committed, after the `others` of its repository; and the bytes of its file.
pub(crate) fn write(
    key: &SigningKey,
    trust: &Trust,
    others: &[Seal],
    record: &Record,
    record_sha256: Digest,
    now: DateTime<Utc>,
) -> Result<(Seal, Vec<u8>)> {
    let known = trust.known.values().copied();
    let newest = others.iter().map(|seal| seal.sequence).chain(known).max();
    let sequence = newest.unwrap_or(0).checked_add(1).ok_or_else(|| {
        Error::invalid("seal the backup: the sequence numbers of the repository are used up")
    })?;
    let mut files: BTreeMap<String, Digest> = record
        .files()?
        .into_iter()
        .map(|(name, file)| (name, file.sha256))
        .collect();
    files.insert(RECORD.to_owned(), record_sha256);
    let mut previous = chain::heads(others);
    previous.reverse();
    previous.truncate(MAX_PREVIOUS);
    let id = key.verifying_key().id();
    let seal = Seal {
        backup: record.name().to_owned(),
        uid: record.uid().to_owned(),
        sequence,
        previous,
        created: now,
        files,
        repository: trust.repository.clone(),
        key: id,
        sha256: Digest::of(b""),
    };
    let payload = statement::write(&seal, statement::WRITER)?;
    let bytes = envelope::sign(&payload, key)?;
    // What is written is what will be read.
    let seal = statement::read(&payload, id, Digest::of(&bytes))
        .map_err(|error| Error::internal("seal the backup", error))?;
    Ok((seal, bytes))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    /// Another program made it, from the specification: see `tests/fixtures/seal/README.md`.
    #[test]
    fn the_vector_of_the_specification_is_read_and_made_again_byte_by_byte() {
        let bytes = include_bytes!("../../tests/fixtures/seal/fixed/fixed-seal.json");
        let trust = include_str!("../../tests/fixtures/seal/trust.json");
        let trust: Trust = serde_json::from_str(trust).unwrap();
        let seal = check::read(&trust, bytes).unwrap();
        assert_eq!((seal.backup.as_str(), seal.sequence), ("fixed", 2));
        assert_eq!(seal.previous[0].sha256, Digest::of(b"before"));
        let record = include_bytes!("../../tests/fixtures/seal/fixed/velero-backup.json");
        assert_eq!(seal.files[RECORD], Digest::of(record));

        let key = include_str!("../../tests/fixtures/seal/key.pem");
        let key = SigningKey::from_pem(key).unwrap();
        let payload = statement::write(&seal, "kube-backup-engine 0.1.0").unwrap();
        assert_eq!(envelope::sign(&payload, &key).unwrap(), bytes);
    }
}
