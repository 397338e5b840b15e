//! What a seal says: an in-toto statement (`in-toto.io/Statement/v1`) over the files of one backup.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::distrust::Distrust;
use crate::{Digest, Error, Result};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://kube-backup-engine.io/seal/v1";

/// A seal whose signature was verified: what it says is what the holder of its key said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Seal {
    /// The backup's name.
    pub backup: String,
    /// The backup's uid.
    pub uid: String,
    /// Its number among the sealed backups of the repository. Backups that are made at once may share one.
    pub sequence: u64,
    /// The newest seals when it was made.
    pub previous: Vec<PreviousSeal>,
    /// When it was made, by the writer's clock.
    pub created: DateTime<Utc>,
    /// SHA-256 of every file of the backup, by its name.
    pub files: BTreeMap<String, Digest>,
    /// The repository it was made for.
    pub repository: String,
    /// The id of the key that signed it.
    pub key: Digest,
    /// SHA-256 of the seal's own file, by which later seals name it.
    pub sha256: Digest,
}

/// A seal that another one names as one before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PreviousSeal {
    /// Its sequence number.
    pub sequence: u64,
    /// The name of its backup.
    pub backup: String,
    /// SHA-256 of its file.
    pub sha256: Digest,
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sealed {} with key {}, number {} of repository {}",
            self.created, self.key, self.sequence, self.repository
        )
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "_type")]
    of_type: String,
    subject: Vec<Subject>,
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Debug, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: Digests,
}

/// In-toto allows for digests of several kinds; ours is the one that must be there.
#[derive(Debug, Serialize, Deserialize)]
struct Digests {
    sha256: Digest,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    repository: String,
    backup: String,
    uid: String,
    sequence: u64,
    previous: Vec<PreviousSeal>,
    created: DateTime<Utc>,
    #[serde(default)]
    writer: String,
}

/// This crate, in the statements it makes.
pub(super) const WRITER: &str = concat!("kube-backup-engine ", env!("CARGO_PKG_VERSION"));

/// The payload of a seal that `writer` makes; `key` and `sha256` are not part of it.
pub(super) fn write(seal: &Seal, writer: &str) -> Result<Vec<u8>> {
    let subject = seal.files.iter().map(|(name, sha256)| Subject {
        name: name.clone(),
        digest: Digests { sha256: *sha256 },
    });
    let statement = Statement {
        of_type: STATEMENT.to_owned(),
        subject: subject.collect(),
        predicate_type: PREDICATE.to_owned(),
        predicate: Predicate {
            repository: seal.repository.clone(),
            backup: seal.backup.clone(),
            uid: seal.uid.clone(),
            sequence: seal.sequence,
            previous: seal.previous.clone(),
            created: seal.created,
            writer: writer.to_owned(),
        },
    };
    serde_json::to_vec(&statement).map_err(|error| Error::internal("write a seal", error))
}

/// Reads a payload that `key` signed, out of a file with this digest.
pub(super) fn read(payload: &[u8], key: Digest, sha256: Digest) -> Result<Seal, Distrust> {
    let malformed = |why: String| Distrust::Malformed(why);
    let statement: Statement = serde_json::from_slice(payload)
        .map_err(|error| malformed(format!("it is no statement of this form ({error})")))?;
    if statement.of_type != STATEMENT || statement.predicate_type != PREDICATE {
        return Err(malformed("it is a statement of another type".into()));
    }
    let mut files = BTreeMap::new();
    for Subject { name, digest } in statement.subject {
        if files.insert(name, digest.sha256).is_some() {
            return Err(malformed("it names a file twice".into()));
        }
    }
    let Predicate {
        repository,
        backup,
        uid,
        sequence,
        previous,
        created,
        writer: _,
    } = statement.predicate;
    Ok(Seal {
        backup,
        uid,
        sequence,
        previous,
        created,
        files,
        repository,
        key,
        sha256,
    })
}
