//! What became of one object.

use std::fmt;

use serde::Serialize;

use super::altered::{AlteredField, explain};
use super::policy::Withheld;
use crate::ObjectId;

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

/// One object of a [`RestoreReport`](super::RestoreReport).
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
    pub(super) fn concern(&self) -> Option<String> {
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
