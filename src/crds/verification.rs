//! How backups are proved, and what came of it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a backup is proved. A drill proves all that a verification does, and more.
#[derive(
    JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum VerificationLevel {
    /// Every byte of it is read back, and every reference in it followed.
    Verify,
    /// It is restored into a cluster of its own, which nobody sees, and compared object by object.
    Drill,
}

impl VerificationLevel {
    /// The word in objects.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Verify => "Verify",
            Self::Drill => "Drill",
        }
    }
}

/// What became of proving a backup.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerificationStatus {
    /// `InProgress`, `Passed` or `Failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// `Verify` or `Drill`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// How many objects were looked at; in a drill, those that came back and were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<i64>,
    /// How many things are not as they should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<i64>,
    /// The first of them, cut short. A backup with one is no good backup for retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_difference: Option<String>,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
