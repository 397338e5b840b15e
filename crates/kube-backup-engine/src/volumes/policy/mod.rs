//! Which method takes the data of which volumes, as rules: Velero's resource policies
//! (internal/resourcepolicies), of which the first that matches decides.
//!
//! ```yaml
//! version: v1
//! volumePolicies:
//! - conditions: {csi: {driver: ossplugin.csi.alibabacloud.com}}
//!   action: {type: skip}
//! - conditions: {capacity: "0,50Gi", storageClass: [nas]}
//!   action: {type: fs-backup}
//! ```

mod capacity;
mod conditions;
mod reference;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use capacity::CapacityRange;
pub use conditions::{CsiCondition, NfsCondition, VolumeConditions};
pub use reference::ResourcePolicy;

use super::Volume;
use crate::spec::null_is_default;

/// The one version that there is.
const VERSION: &str = "v1";

/// Rules, of which the first that matches a volume decides about it. Keys that are not known are refused: a
/// typo would lose data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct VolumePolicies {
    /// `v1`.
    pub version: String,
    /// The rules.
    #[serde(default, deserialize_with = "null_is_default")]
    pub volume_policies: Vec<VolumePolicy>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct VolumePolicy {
    /// What a volume must be like.
    pub conditions: VolumeConditions,
    /// What becomes of its data then.
    pub action: PolicyAction,
}

/// What a rule says to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct PolicyAction {
    /// What to do.
    #[serde(rename = "type")]
    pub kind: PolicyActionKind,
}

/// What becomes of the data of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PolicyActionKind {
    /// Nothing: it is not kept.
    Skip,
    /// A snapshot.
    Snapshot,
    /// A copy of its files.
    FsBackup,
}

impl fmt::Display for PolicyActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Skip => "skip",
            Self::Snapshot => "snapshot",
            Self::FsBackup => "fs-backup",
        })
    }
}

impl VolumePolicies {
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!(
                "`resourcePolicy` is of version `{}`; known is `{VERSION}`",
                self.version
            ));
        }
        match self
            .volume_policies
            .iter()
            .position(|policy| policy.conditions.is_empty())
        {
            Some(at) => Err(format!(
                "rule {} of `resourcePolicy` has no conditions and would never match; give it some, such as \
                 `capacity: \"0,\"`, which any volume meets",
                at + 1
            )),
            None => Ok(()),
        }
    }

    /// What the first rule that matches `volume` says, and which one that is, counted from 1.
    #[must_use]
    pub fn action_for(&self, volume: &Volume) -> Option<(usize, PolicyActionKind)> {
        let mut rules = self.volume_policies.iter().enumerate();
        let (at, rule) = rules.find(|(_, rule)| rule.conditions.matches(volume))?;
        Some((at + 1, rule.action.kind))
    }
}
