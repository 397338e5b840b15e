//! When snapshots are made, where they are copied to, and how long either is kept: what
//! CreateAutoSnapshotPolicy and ModifyAutoSnapshotPolicyEx have in common.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::ecs::bounds;
use crate::ecs::refusal::bad_policy;
use crate::ecs::regions;
use crate::ecs::tag::{self, Tag, Tags};
use crate::openapi::error::ApiError;

/// The parameters of both. Most are written with a small first letter.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Asked {
    #[serde(rename = "autoSnapshotPolicyName")]
    pub(super) name: Option<String>,
    #[serde(rename = "timePoints")]
    time_points: Option<String>,
    #[serde(rename = "repeatWeekdays")]
    repeat_weekdays: Option<String>,
    #[serde(rename = "retentionDays")]
    retention_days: Option<i64>,
    pub(super) enable_cross_region_copy: Option<bool>,
    target_copy_regions: Option<String>,
    copied_snapshots_retention_days: Option<i64>,
    copy_encryption_configuration: Option<CopyEncryption>,
    #[serde(default)]
    target_tags: Vec<Tag>,
}

/// Whether copies are encrypted, and with which key.
#[derive(Clone, Default, Deserialize)]
pub(super) struct CopyEncryption {
    #[serde(rename = "Encrypted")]
    pub(super) encrypted: Option<bool>,
    #[serde(rename = "KMSKeyId")]
    pub(super) kms_key_id: Option<String>,
}

/// For how long: some days or, written as -1, for ever.
pub(super) type Retention = Option<u32>;

impl Asked {
    pub(super) fn check_name(&self) -> Result<(), ApiError> {
        match &self.name {
            Some(name) if !bounds::is_policy_name(name) => {
                Err(bad_policy("autoSnapshotPolicyName"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn hours(&self) -> Result<Option<BTreeSet<u32>>, ApiError> {
        numbers("timePoints", self.time_points.as_deref(), 0..=23)
    }

    pub(super) fn weekdays(&self) -> Result<Option<BTreeSet<u32>>, ApiError> {
        numbers("repeatWeekdays", self.repeat_weekdays.as_deref(), 1..=7)
    }

    pub(super) fn retention(&self) -> Result<Option<Retention>, ApiError> {
        days("retentionDays", self.retention_days)
    }

    pub(super) fn copy_retention(&self) -> Result<Option<Retention>, ApiError> {
        let name = "CopiedSnapshotsRetentionDays";
        days(name, self.copied_snapshots_retention_days)
    }

    /// The one region that copies go to.
    pub(super) fn target_region(&self, own: &str) -> Result<Option<String>, ApiError> {
        let Some(text) = self.target_copy_regions.as_deref() else {
            return Ok(None);
        };
        let refused = || bad_policy("TargetCopyRegions");
        let list: Vec<String> = serde_json::from_str(text).map_err(|_| refused())?;
        let [region] = &list[..] else {
            return Err(refused());
        };
        if region == own || regions::find(region).is_none() {
            return Err(refused());
        }
        Ok(Some(region.clone()))
    }

    pub(super) fn encryption(&self) -> Result<Option<CopyEncryption>, ApiError> {
        match &self.copy_encryption_configuration {
            Some(it) if it.kms_key_id.is_some() && it.encrypted != Some(true) => {
                Err(bad_policy("CopyEncryptionConfiguration.KMSKeyId"))
            }
            it => Ok(it.clone()),
        }
    }

    pub(super) fn target_tags(&self) -> Result<Tags, ApiError> {
        tag::read(self.target_tags.clone())
    }
}

/// A list of numbers as JSON text of texts: `["0","12"]`.
fn numbers(
    name: &str,
    text: Option<&str>,
    within: RangeInclusive<u32>,
) -> Result<Option<BTreeSet<u32>>, ApiError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let list: Vec<String> = serde_json::from_str(text).map_err(|_| bad_policy(name))?;
    let numbers: Option<BTreeSet<u32>> = list.iter().map(|text| text.parse().ok()).collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() && numbers.iter().all(|it| within.contains(it)) => {
            Ok(Some(numbers))
        }
        _ => Err(bad_policy(name)),
    }
}

fn days(name: &str, days: Option<i64>) -> Result<Option<Retention>, ApiError> {
    match days {
        None => Ok(None),
        Some(-1) => Ok(Some(None)),
        Some(days) if (1..=65535).contains(&days) => Ok(Some(u32::try_from(days).ok())),
        Some(_) => Err(bad_policy(name)),
    }
}
