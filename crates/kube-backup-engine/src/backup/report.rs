//! What is told of a backup: how far it is, and what it came to.

use std::fmt;

use serde::Serialize;

use crate::printable::Printable;
use crate::seal::Seal;
use crate::{Digest, Record, Results};

/// How far a backup is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupProgress {
    /// Lists to read, once known.
    pub lists: usize,
    /// Lists read to their end.
    pub lists_done: usize,
    /// Objects packed.
    pub objects: u64,
    /// Snapshots that were asked for.
    pub volumes: usize,
    /// Snapshots that are complete, or have failed.
    pub volumes_done: usize,
    /// Bytes of volumes that are stored, as far as their storages say.
    pub volume_bytes: u64,
}

/// The result of a backup.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BackupReport {
    /// The committed record.
    pub record: Record,
    /// SHA-256 of the record's bytes. It covers all of the backup, as the record names the digests of all
    /// files: note it where the writers of the bucket have no hand, and
    /// [`OpenBackup::expecting`](crate::OpenBackup::expecting) it.
    pub record_sha256: Digest,
    /// The backup's seal, if it was [sealed](super::Backup::sealed_with).
    pub seal: Option<Seal>,
    /// Warnings and errors, as stored beside the archive.
    pub results: Results,
}

/// What came of giving an unfinished backup up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discarded {
    /// Whether it had left anything. Nothing is left now.
    pub was_there: bool,
    /// Applications that it froze and that may not go on, each with the command that failed.
    pub warnings: Vec<String>,
}

impl fmt::Display for BackupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = &self.record.status;
        let objects = status
            .progress
            .map_or(0, |progress| progress.items_backed_up);
        writeln!(
            f,
            "Backup `{}`: {}, {objects} objects",
            self.record.name(),
            status.phase
        )?;
        writeln!(f, "  record SHA-256 {}", self.record_sha256)?;
        if let Some(seal) = &self.seal {
            writeln!(f, "  {seal}")?;
        }
        for message in self.results.errors.messages() {
            writeln!(f, "  error: {}", Printable(message))?;
        }
        for message in self.results.warnings.messages() {
            writeln!(f, "  warning: {}", Printable(message))?;
        }
        Ok(())
    }
}
