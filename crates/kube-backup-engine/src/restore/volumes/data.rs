//! What is to be, or has been, done about the data of one claim.

use std::fmt;

use serde::Serialize;

use crate::printable::Printable;
use crate::volumes::VolumeMethod;

/// What becomes of the data of one claim: in a [plan](super::super::RestorePlan), what would, and in a
/// [report](super::super::RestoreReport), what has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClaimData {
    /// The claim's namespace in the backup.
    pub namespace: String,
    /// The claim's name.
    pub claim: String,
    /// The claim's namespace in the cluster.
    pub target_namespace: String,
    /// The volume that it was bound to; empty where there was none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub volume: String,
    /// The [name](crate::volumes::VolumeSnapshotter::name) of the snapshotter that brings the data back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshotter: Option<String>,
    /// How the data was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<VolumeMethod>,
    /// The snapshot that it comes from: what the storage calls it, or its name where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
    /// What the claim asks for, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The claim's storage class in the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// The zones that the volume can be made in, the preferred one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// What has the claim mounted, as in `pods shop/web-0`: without the data, it waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
    /// What becomes of the data.
    #[serde(flatten)]
    pub outcome: DataOutcome,
    /// What is not as it was in the backup.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What becomes of the data of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "data", content = "reason")]
#[non_exhaustive]
pub enum DataOutcome {
    /// It would come back from the snapshot.
    Planned,
    /// It is back, or comes with the volume that the claim waits for.
    Restored,
    /// The volume itself was kept, and the claim is bound to it again.
    Reused,
    /// The claim is there already, and its data was left as it is.
    Existing,
    /// There is none to bring back, and nobody asked for any; the claim is empty, for this reason.
    NotKept(String),
    /// It cannot come back, for this reason.
    Failed(String),
}

impl DataOutcome {
    /// The word in the table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Restored => "restored",
            Self::Reused => "reused",
            Self::Existing => "existing",
            Self::NotKept(_) => "not kept",
            Self::Failed(_) => "failed",
        }
    }

    /// Why there is no data.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::NotKept(reason) | Self::Failed(reason) => Some(reason),
            _ => None,
        }
    }
}

/// Most users of a claim that are printed.
const SHOWN: usize = 5;

impl fmt::Display for ClaimData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claim = format!("{}/{}", self.namespace, self.claim);
        write!(f, "{:<10} {}", self.outcome.name(), Printable(&claim))?;
        if self.target_namespace != self.namespace {
            write!(f, " -> {}", Printable(&self.target_namespace))?;
        }
        if let (Some(snapshotter), Some(snapshot)) = (&self.snapshotter, &self.snapshot) {
            write!(
                f,
                " from `{}` by `{}`",
                Printable(snapshot),
                Printable(snapshotter)
            )?;
        }
        if let Some(bytes) = self.bytes {
            write!(f, ", {}", super::size::quantity(bytes))?;
        }
        if let Some(class) = self.storage_class.as_ref().filter(|it| !it.is_empty()) {
            write!(f, ", class `{}`", Printable(class))?;
        }
        if let Some(zone) = self.zones.first() {
            write!(f, ", zone `{}`", Printable(zone))?;
        }
        if let Some(reason) = self.outcome.reason() {
            write!(f, ": {}", Printable(reason))?;
        }
        if matches!(self.outcome, DataOutcome::Failed(_)) && !self.used_by.is_empty() {
            let shown: Vec<&str> = self
                .used_by
                .iter()
                .take(SHOWN)
                .map(String::as_str)
                .collect();
            write!(f, "; without it wait {}", Printable(&shown.join(", ")))?;
            if self.used_by.len() > SHOWN {
                write!(f, " and {} more", self.used_by.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}

/// Prints what becomes of the data of claims, with the warnings of each.
pub(crate) fn print(volumes: &[ClaimData], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if volumes.is_empty() {
        return Ok(());
    }
    writeln!(f, "Data of {} claims:", volumes.len())?;
    for volume in volumes {
        writeln!(f, "  {volume}")?;
        for warning in &volume.warnings {
            writeln!(f, "  {:<10} ! {}", "", Printable(warning))?;
        }
    }
    Ok(())
}
