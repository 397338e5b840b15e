//! Which sealed backups are gone, or were put back: what no signature prevents, and their order shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::statement::{PreviousSeal, Seal};

/// Sequence numbers without a seal that are named; a repository that was emptied may lack any number.
const MAX_GAPS: usize = 100;

/// Something about the sealed backups of a repository that somebody should know. Deleting a backup on purpose makes one,
/// too, unless it was the oldest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SealIssue {
    /// A later backup names it, and it is gone.
    Missing {
        /// The backup's name.
        backup: String,
        /// Its sequence number.
        sequence: u64,
    },
    /// No seal has this sequence number, and none that is left names one that had.
    Gap {
        /// The number.
        sequence: u64,
    },
    /// There is a backup of the name, and it is not the one that a later backup names.
    Replaced {
        /// The backup's name.
        backup: String,
        /// The sequence number that is named.
        sequence: u64,
        /// That of the backup that is there.
        found: u64,
    },
    /// The [trust](super::Trust) knows of a later backup of the name, or of one that is gone.
    RolledBack {
        /// The backup's name.
        backup: String,
        /// The sequence number that is known.
        known: u64,
        /// That of the backup that is there, if there is one.
        found: Option<u64>,
    },
}

impl fmt::Display for SealIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { backup, sequence } => {
                write!(
                    f,
                    "the sealed backup `{backup}`, number {sequence}, is gone"
                )
            }
            Self::Gap { sequence } => write!(f, "the sealed backup number {sequence} is gone"),
            Self::Replaced {
                backup,
                sequence,
                found,
            } => write!(
                f,
                "the sealed backup `{backup}`, number {sequence}, is gone, and number {found} has its name"
            ),
            Self::RolledBack {
                backup,
                known,
                found: Some(found),
            } => write!(
                f,
                "the sealed backup `{backup}` has number {found}, and {known} is known: an older one was put in its place"
            ),
            Self::RolledBack {
                backup,
                known,
                found: None,
            } => write!(
                f,
                "the sealed backup `{backup}`, known with number {known}, is gone"
            ),
        }
    }
}

/// What is amiss among all seals of a repository, given what is known of it. What is older than the oldest seal left
/// may have expired, and is not told.
pub(crate) fn issues(seals: &[Seal], known: &BTreeMap<String, u64>) -> Vec<SealIssue> {
    let by_name: BTreeMap<&str, &Seal> = seals
        .iter()
        .map(|seal| (seal.backup.as_str(), seal))
        .collect();
    let there: BTreeSet<_> = seals.iter().map(|seal| seal.sha256).collect();
    let oldest = seals.iter().map(|seal| seal.sequence).min().unwrap_or(0);
    let newest = seals.iter().map(|seal| seal.sequence).max().unwrap_or(0);
    let mut issues = BTreeSet::new();
    let mut numbers: BTreeSet<u64> = seals.iter().map(|seal| seal.sequence).collect();
    for PreviousSeal {
        sequence,
        backup,
        sha256,
    } in seals.iter().flat_map(|seal| &seal.previous)
    {
        numbers.insert(*sequence);
        if there.contains(sha256) || *sequence < oldest {
            continue;
        }
        issues.insert(match by_name.get(backup.as_str()) {
            Some(seal) => SealIssue::Replaced {
                backup: backup.clone(),
                sequence: *sequence,
                found: seal.sequence,
            },
            None => SealIssue::Missing {
                backup: backup.clone(),
                sequence: *sequence,
            },
        });
    }
    let mut at = oldest;
    for number in numbers.range(oldest..=newest) {
        let gaps = (at..*number).map(|sequence| SealIssue::Gap { sequence });
        issues.extend(gaps.take(MAX_GAPS));
        at = number.saturating_add(1);
    }
    for (backup, known) in known {
        let found = by_name.get(backup.as_str()).map(|seal| seal.sequence);
        // An old one may have expired; the newest of all has not.
        let is_gone = found.is_none() && *known > newest;
        if is_gone || found.is_some_and(|found| found < *known) {
            issues.insert(SealIssue::RolledBack {
                backup: backup.clone(),
                known: *known,
                found,
            });
        }
    }
    issues.into_iter().collect()
}

/// The seals that no other names: those that the next one names.
pub(super) fn heads(seals: &[Seal]) -> Vec<PreviousSeal> {
    let named: BTreeSet<_> = seals
        .iter()
        .flat_map(|seal| seal.previous.iter().map(|previous| previous.sha256))
        .collect();
    let heads = seals.iter().filter(|seal| !named.contains(&seal.sha256));
    let mut heads: Vec<PreviousSeal> = heads
        .map(|seal| PreviousSeal {
            sequence: seal.sequence,
            backup: seal.backup.clone(),
            sha256: seal.sha256,
        })
        .collect();
    heads.sort();
    heads
}
