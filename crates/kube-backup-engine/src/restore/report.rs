//! What became of each object.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::health::{self, HealthIssue};
use crate::ObjectId;

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome", content = "detail")]
#[non_exhaustive]
pub enum Outcome {
    /// Created.
    Created,
    /// It was there and is as in the backup.
    Unchanged,
    /// It was there, differs, and was left alone; the first few differences.
    Left(Vec<String>),
    /// It was there and was patched to what the backup holds.
    Updated,
    /// It was there and what it lacked was added.
    Merged,
    /// Not restored, for this reason.
    Skipped(String),
    /// Could not be restored, for this reason.
    Failed(String),
}

impl Outcome {
    /// The word in the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Unchanged => "unchanged",
            Self::Left(_) => "left",
            Self::Updated => "updated",
            Self::Merged => "merged",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether the object is in the cluster now.
    #[must_use]
    pub fn is_in_cluster(&self) -> bool {
        !matches!(self, Self::Skipped(_) | Self::Failed(_))
    }

    /// Whether the object is as this restore made it.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Created | Self::Updated)
    }

    fn detail(&self) -> String {
        match self {
            Self::Left(differences) => format!("differs at {}", differences.join(", ")),
            Self::Skipped(reason) | Self::Failed(reason) => reason.clone(),
            _ => String::new(),
        }
    }
}

/// One object of a [`RestoreReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The object, by its name in the backup.
    #[serde(flatten)]
    pub id: ObjectId,
    /// Its namespace in the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_namespace: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a restore: one outcome an object, and what else to know.
///
/// It prints as a table of counts followed by everything that is not plainly well; as JSON it holds
/// every object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreReport {
    /// The backup.
    pub backup: String,
    /// The restore.
    pub restore: String,
    /// One a chosen object, in the order of their names.
    pub items: Vec<Item>,
    /// What concerns more than one object.
    pub warnings: Vec<String>,
    /// What is in the cluster and not well, or not yet.
    pub health_issues: Vec<HealthIssue>,
}

impl RestoreReport {
    /// How many objects had each outcome.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for item in &self.items {
            *counts.entry(item.outcome.name()).or_insert(0) += 1;
        }
        counts
    }

    /// The objects that could not be restored.
    pub fn failed(&self) -> impl Iterator<Item = &Item> {
        self.items
            .iter()
            .filter(|item| matches!(item.outcome, Outcome::Failed(_)))
    }

    /// Whether every chosen object is in the cluster or was skipped for a reason; it may not be
    /// [well](Self::health_issues) for all that.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed().next().is_none()
    }
}

impl fmt::Display for RestoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Restore `{}` of backup `{}`: {} objects",
            self.restore,
            self.backup,
            self.items.len()
        )?;
        for (name, count) in self.counts() {
            writeln!(f, "  {name:<10} {count:>7}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "  warning: {warning}")?;
        }
        for item in &self.items {
            if matches!(item.outcome, Outcome::Left(_) | Outcome::Failed(_)) {
                writeln!(
                    f,
                    "  {:<10} {}: {}",
                    item.outcome.name(),
                    item.id,
                    item.outcome.detail()
                )?;
            }
        }
        health::print(&self.health_issues, f)
    }
}
