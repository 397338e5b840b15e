//! Free trials.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::read;

/// About the free trial of a vault or plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct TrialInfo {
    /// Whether it stays, and is billed, after the trial.
    pub keep_after_trial_expiration: Option<bool>,
    /// When the trial is over.
    #[serde(default, rename = "TrialExpireTime", deserialize_with = "read::unix")]
    pub trial_expires_at: Option<DateTime<Utc>>,
    /// When the trial began.
    #[serde(default, rename = "TrialStartTime", deserialize_with = "read::unix")]
    pub trial_started_at: Option<DateTime<Utc>>,
    /// When the vault is deleted after the trial.
    #[serde(
        default,
        rename = "TrialVaultReleaseTime",
        deserialize_with = "read::unix"
    )]
    pub trial_vault_released_at: Option<DateTime<Utc>>,
}
