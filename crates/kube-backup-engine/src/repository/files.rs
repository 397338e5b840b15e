//! What the files of a backup are, to the byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Digest, Error, Result};

/// What one file of a backup is, to the byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FileFacts {
    /// How many bytes it has: `length` in the record.
    #[serde(rename = "length")]
    pub size: u64,
    /// SHA-256 of those bytes.
    pub sha256: Digest,
}

impl FileFacts {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            size: bytes.len() as u64,
            sha256: Digest::of(bytes),
        }
    }

    /// Whether what was found while `step` is what the record names.
    pub(crate) fn must_be(&self, named: &Self, step: &str) -> Result<()> {
        if self == named {
            return Ok(());
        }
        Err(Error::corrupt(format!(
            "{step}: its {self} are not the {named} that the record names"
        )))
    }
}

impl std::fmt::Display for FileFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes with SHA-256 {}", self.size, self.sha256)
    }
}

/// The files of a backup besides its record, each by its name in the backup's folder.
pub type Files = BTreeMap<String, FileFacts>;
