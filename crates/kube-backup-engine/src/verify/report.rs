//! What a verification found.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::asked::AskedPowers;
use crate::encryption::Encryption;
use crate::printable::Printable;
use crate::seal::Seal;
use crate::{Digest, Error, ObjectId};

/// Findings kept of each check; the others are counted.
const MAX_KEPT: usize = 500;

/// How much a [`Finding`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Severity {
    /// Something cannot be restored from this backup, or not into this cluster.
    Error,
    /// It is restored, and may not work as it did.
    Warning,
    /// For information.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// What was looked at when something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Check {
    /// The seal, and what the seals of the repository say of others that are gone.
    Seal,
    /// The record, and what it says of how the backup went.
    Record,
    /// The archive's bytes: length, CRC-64, SHA-256, and that it can be read to its end.
    Archive,
    /// What is encrypted to others, and was not looked at.
    Encryption,
    /// The index, and whether it says what the archive holds.
    Index,
    /// The other files that the record names: length and SHA-256.
    Files,
    /// One object: its digest, its JSON, and that it is what its entry says.
    Object,
    /// Owners that objects name.
    Owner,
    /// Other objects that objects need.
    Reference,
    /// Snapshots of volumes.
    Volume,
    /// What the cluster to restore to lacks.
    Target,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Seal => "seal",
            Self::Record => "record",
            Self::Archive => "archive",
            Self::Encryption => "encryption",
            Self::Index => "index",
            Self::Files => "files",
            Self::Object => "object",
            Self::Owner => "owner",
            Self::Reference => "reference",
            Self::Volume => "volume",
            Self::Target => "target",
        })
    }
}

/// Something found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What was looked at.
    pub check: Check,
    /// The object concerned, or the first of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectId>,
    /// What was found.
    pub message: String,
    /// What to do about it; empty where nothing needs to be done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Finding {
    pub(super) fn new(severity: Severity, check: Check, message: impl Into<String>) -> Self {
        Self {
            severity,
            check,
            object: None,
            message: message.into(),
            remedy: String::new(),
        }
    }

    /// A finding for an error, which names step, entry and cause.
    pub(super) fn failed(check: Check, error: &Error) -> Self {
        Self::new(Severity::Error, check, error.chain())
    }

    #[must_use]
    pub(super) fn of(mut self, object: &ObjectId) -> Self {
        self.object = Some(object.clone());
        self
    }

    #[must_use]
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {:<10}", self.severity, self.check)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        write!(f, "{}", Printable(&self.message))?;
        if !self.remedy.is_empty() {
            write!(f, "; {}", Printable(&self.remedy))?;
        }
        Ok(())
    }
}

/// What a verification found.
///
/// It prints as a few lines of counts followed by the findings; as JSON it holds the same for machines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VerifyReport {
    /// The backup.
    pub backup: String,
    /// Its uid, which tells it from others of its name; empty when the record cannot be read.
    pub uid: String,
    /// SHA-256 of its record, which names the digests of all else; `None` when the record cannot be read. Where it is
    /// the one that the backup's own report printed, this is that backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_sha256: Option<Digest>,
    /// Who wrote it, if the repository has a [trust](crate::Repository::with_trust) and there is a seal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// What of it is encrypted, by its record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Objects read.
    pub objects: u64,
    /// Secrets that could not be read for want of an identity.
    pub locked_secrets: u64,
    /// What its objects would let somebody do, once they are restored.
    pub powers: AskedPowers,
    /// Length of the archive in bytes.
    pub archive_bytes: u64,
    /// Whether the archive was read and compared with its index.
    pub indexed: bool,
    /// Whether a cluster to restore to was looked at.
    pub against_cluster: bool,
    /// How many findings of each severity there were.
    pub counts: BTreeMap<Severity, u64>,
    /// The findings, in the order in which they were made; the first few hundred of each check.
    pub findings: Vec<Finding>,
    #[serde(skip)]
    kept: BTreeMap<Check, usize>,
}

impl VerifyReport {
    /// Whether everything in the backup can be restored: it is undamaged, and there is no [`Severity::Error`]. Who wrote
    /// it is another question: whoever can write to the bucket can write an undamaged backup.
    #[must_use]
    pub fn is_restorable(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// How many findings of a severity there were.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.counts.get(&severity).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, finding: Finding) {
        *self.counts.entry(finding.severity).or_insert(0) += 1;
        let kept = self.kept.entry(finding.check).or_insert(0);
        if *kept < MAX_KEPT {
            *kept += 1;
            self.findings.push(finding);
        }
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Verification of backup `{}`: {}, {} objects in {} bytes{}{}",
            self.backup,
            if self.is_restorable() {
                "restorable"
            } else {
                "NOT restorable"
            },
            self.objects,
            self.archive_bytes,
            if self.indexed {
                ", with index"
            } else {
                ", without index"
            },
            if self.against_cluster {
                ", against a cluster"
            } else {
                ""
            },
        )?;
        if let Some(sha256) = &self.record_sha256 {
            writeln!(f, "  record SHA-256 {sha256}")?;
        }
        match &self.seal {
            Some(seal) => writeln!(f, "  {seal}")?,
            None => writeln!(f, "  who wrote it is not known: it was not held to a seal")?,
        }
        if let Some(encryption) = &self.encryption {
            let to = encryption.to_whom();
            writeln!(f, "  encrypted: {}, to {to}", encryption.mode)?;
        }
        write!(f, "{}", self.powers)?;
        for (severity, count) in &self.counts {
            writeln!(f, "  {severity:<10} {count:>7}")?;
        }
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
        }
        let all: u64 = self.counts.values().sum();
        match all - self.findings.len() as u64 {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more"),
        }
    }
}
