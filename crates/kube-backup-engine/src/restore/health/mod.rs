//! Whether what was restored is healthy: a look at the cluster after the last object.

mod checks;
mod probe;

use std::fmt;

use serde::Serialize;

use crate::ObjectId;
use crate::printable::Printable;

pub(crate) use probe::{await_backends, look};

/// What may be wrong with something that was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum HealthIssueKind {
    /// A Pod is not Ready.
    PodNotReady,
    /// A PersistentVolumeClaim has no volume.
    ClaimPending,
    /// A Service of type `LoadBalancer` has no address.
    NoAddress,
    /// A webhook or an APIService has no ready backend.
    NoBackend,
}

impl HealthIssueKind {
    /// The words in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PodNotReady => "Pods not Ready",
            Self::ClaimPending => "claims without volume",
            Self::NoAddress => "load balancers without address",
            Self::NoBackend => "webhooks without backend",
        }
    }
}

/// Something that was restored and is not healthy, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct HealthIssue {
    /// What is wrong.
    pub issue: HealthIssueKind,
    /// With which object, by its name in the cluster.
    #[serde(flatten)]
    pub id: ObjectId,
    /// What the cluster says about it.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// Most health issues of one kind that are printed.
const SHOWN: usize = 10;

/// Prints health issues as a table, the first few of each kind.
pub(super) fn print(health_issues: &[HealthIssue], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut kinds: Vec<HealthIssueKind> = health_issues.iter().map(|issue| issue.issue).collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        let of_kind: Vec<&HealthIssue> = health_issues
            .iter()
            .filter(|issue| issue.issue == kind)
            .collect();
        writeln!(f, "  {}: {}", kind.name(), of_kind.len())?;
        for issue in of_kind.iter().take(SHOWN) {
            writeln!(f, "    {}: {}", issue.id, Printable(&issue.reason))?;
            writeln!(f, "      {}", Printable(&issue.remedy))?;
        }
        if of_kind.len() > SHOWN {
            writeln!(f, "    and {} more", of_kind.len() - SHOWN)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
