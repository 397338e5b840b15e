//! What became of each object.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::altered::{AlteredField, explain};
use super::health::{self, HealthIssue};
use super::policy::{self, Withheld};
use super::volumes::data::{self, ClaimData, DataOutcome};
use crate::printable::Printable;
use crate::{GroupResource, HookStatus, ObjectId};

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome", content = "detail")]
#[non_exhaustive]
pub enum Outcome {
    /// Created.
    Created,
    /// It exists and is as in the backup.
    Unchanged,
    /// It existed and was patched to what the backup holds.
    Updated,
    /// It existed and what it lacked was added.
    Merged,
    /// Nothing was done, for this reason.
    Skipped(SkipReason),
    /// Could not be restored, for this reason.
    Failed(String),
}

/// Why an object was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum SkipReason {
    /// It exists and differs at these places, of which the first few are named, and the
    /// [existing resource policy](super::ExistingResourcePolicy) leaves it as it is.
    Exists(Vec<String>),
    /// It exists and differs, and is left as it is under every policy: it serves others, whom a change would
    /// harm, or the cluster itself.
    Shared {
        /// The places, of which the first few are named.
        differences: Vec<String>,
        /// Whom it serves.
        reason: String,
    },
    /// A restore does not bring it back, for this reason.
    NotRestored(String),
    /// It would grant what this restore does not grant.
    Withheld(Withheld),
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists(differences) => write!(
                f,
                "it differs at {}; what exists is left alone",
                differences.join(", ")
            ),
            Self::Shared {
                differences,
                reason,
            } => write!(
                f,
                "it differs at {}, and is left alone: {reason}",
                differences.join(", ")
            ),
            Self::NotRestored(reason) => f.write_str(reason),
            Self::Withheld(withheld) => withheld.fmt(f),
        }
    }
}

impl Outcome {
    /// The object is not restored, for this reason.
    pub(crate) fn not_restored(reason: impl Into<String>) -> Self {
        Self::Skipped(SkipReason::NotRestored(reason.into()))
    }

    /// The word in the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Unchanged => "unchanged",
            Self::Updated => "updated",
            Self::Merged => "merged",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether the object is in the cluster now.
    #[must_use]
    pub fn is_in_cluster(&self) -> bool {
        !matches!(
            self,
            Self::Skipped(SkipReason::NotRestored(_) | SkipReason::Withheld(_)) | Self::Failed(_)
        )
    }

    /// Whether the object is as this restore made it.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::Created | Self::Updated)
    }

    /// What people should look at: that it failed, or is not as in the backup.
    fn concern(&self) -> Option<String> {
        match self {
            Self::Skipped(SkipReason::Exists(differences)) => {
                Some(format!("differs at {}", differences.join(", ")))
            }
            Self::Skipped(reason @ SkipReason::Shared { .. }) => Some(reason.to_string()),
            // What every restore withholds unless it is named is only counted.
            Self::Skipped(SkipReason::Withheld(withheld)) if !withheld.is_of_cluster_itself => {
                Some(withheld.to_string())
            }
            Self::Failed(reason) => Some(reason.clone()),
            _ => None,
        }
    }
}

/// One object of a [`RestoreReport`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
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
    /// What the server accepted and did not keep as it was sent, the first hundred places: the object is in
    /// the cluster without them. What the server adds, such as defaults, is not among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<AlteredField>,
    /// What the server warned of when it was asked, in its own words, and what went wrong beside the object.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Item {
    /// What people should look at: that it failed, or is not as in the backup.
    fn concern(&self) -> Option<String> {
        let concern = self.outcome.concern();
        if self.altered.is_empty() {
            return concern;
        }
        let altered = explain(&self.id.resource, &self.altered);
        Some(match concern {
            Some(concern) => format!("{concern}; {altered}"),
            None => altered,
        })
    }
}

/// The result of a restore: one outcome for each object, with warnings and health issues.
///
/// It prints as a table of counts followed by everything that needs attention; as JSON it holds
/// every object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RestoreReport {
    /// The backup.
    pub backup: String,
    /// The restore.
    pub restore: String,
    /// One for each chosen object, in the order of their names.
    pub items: Vec<Item>,
    /// What became of the data of each claim of which the backup says something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<ClaimData>,
    /// How many commands hooks were to run, as Velero's Restore says it; `None` where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook_status: Option<HookStatus>,
    /// What concerns more than one object.
    pub warnings: Vec<String>,
    /// What is in the cluster and not healthy, or not yet.
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

    /// Objects in namespaces of the cluster: kind, namespace and name.
    pub(super) fn in_cluster(&self) -> impl Iterator<Item = (&GroupResource, &str, &str)> {
        let there = self
            .items
            .iter()
            .filter(|item| item.outcome.is_in_cluster());
        there.filter_map(|item| {
            let namespace = item.target_namespace.as_deref()?;
            Some((&item.id.resource, namespace, item.id.name.as_str()))
        })
    }

    /// The objects that could not be restored.
    pub fn failed(&self) -> impl Iterator<Item = &Item> {
        self.items
            .iter()
            .filter(|item| matches!(item.outcome, Outcome::Failed(_)))
    }

    /// The objects of which the server did not keep everything.
    pub fn altered(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.altered.is_empty())
    }

    /// The server's warnings, and of how many objects each was.
    fn warnings_of_objects(&self) -> BTreeMap<&str, (&ObjectId, usize)> {
        let mut found = BTreeMap::new();
        for item in &self.items {
            for warning in &item.warnings {
                found.entry(warning.as_str()).or_insert((&item.id, 0)).1 += 1;
            }
        }
        found
    }

    /// The objects that were withheld for the powers that they would grant.
    pub fn withheld(&self) -> impl Iterator<Item = (&Item, &Withheld)> {
        self.items.iter().filter_map(|item| match &item.outcome {
            Outcome::Skipped(SkipReason::Withheld(withheld)) => Some((item, withheld)),
            _ => None,
        })
    }

    /// The claims whose data did not come back.
    pub fn without_data(&self) -> impl Iterator<Item = &ClaimData> {
        self.volumes
            .iter()
            .filter(|volume| matches!(volume.outcome, DataOutcome::Failed(_)))
    }

    /// Whether every chosen object is in the cluster or was skipped for a reason, and all claims have their data; it
    /// may still not be [whole](Self::altered) or [healthy](Self::health_issues).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed().next().is_none() && self.without_data().next().is_none()
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
            writeln!(f, "  warning: {}", Printable(warning))?;
        }
        for (warning, (first, count)) in self.warnings_of_objects() {
            let warning = Printable(warning);
            match count {
                1 => writeln!(f, "  warning: {first}: {warning}")?,
                _ => writeln!(f, "  warning: {first} and {} more: {warning}", count - 1)?,
            }
        }
        let own = self.withheld().filter(|(_, it)| it.is_of_cluster_itself);
        policy::print_own(own.count(), f)?;
        data::print(&self.volumes, f)?;
        for item in &self.items {
            if let Some(concern) = item.concern() {
                let (outcome, concern) = (item.outcome.name(), Printable(&concern));
                writeln!(f, "  {outcome:<10} {}: {concern}", item.id)?;
            }
        }
        health::print(&self.health_issues, f)
    }
}
