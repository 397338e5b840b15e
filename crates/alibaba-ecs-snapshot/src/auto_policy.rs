//! Automatic snapshot policies as ECS describes them.

use alibaba_core::openapi::read::{nested, time};
use chrono::{DateTime, Utc, Weekday};
use serde::Deserialize;

use crate::ids::{AutoSnapshotPolicyId, DiskId, KmsKeyId, PolicyName, RegionId, ResourceGroupId};
use crate::read;
use crate::retention::Retention;
use crate::tag::Tag;
use crate::words::{AssociationType, PolicyKind, PolicyStatus};

/// A policy that was created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CreatedAutoSnapshotPolicy {
    /// What support asks for.
    pub request_id: String,
    /// Its id.
    pub auto_snapshot_policy_id: AutoSnapshotPolicyId,
}

/// A policy by which ECS makes snapshots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AutoSnapshotPolicy {
    /// The id.
    #[serde(rename = "AutoSnapshotPolicyId")]
    pub id: AutoSnapshotPolicyId,
    /// The name.
    #[serde(
        default,
        rename = "AutoSnapshotPolicyName",
        deserialize_with = "read::present"
    )]
    pub name: Option<PolicyName>,
    /// Whether it works.
    #[serde(default, deserialize_with = "read::present")]
    pub status: Option<PolicyStatus>,
    /// Whose it is.
    #[serde(default, rename = "Type", deserialize_with = "read::present")]
    pub kind: Option<PolicyKind>,
    /// On which days of the week it makes snapshots.
    #[serde(default, deserialize_with = "read::weekdays")]
    pub repeat_weekdays: Vec<Weekday>,
    /// At which hours, of UTC+8.
    #[serde(default, deserialize_with = "read::hours")]
    pub time_points: Vec<u8>,
    /// For how long its snapshots are kept.
    #[serde(rename = "RetentionDays")]
    pub retention: Option<Retention>,
    /// When it was made.
    #[serde(default, rename = "CreationTime", deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    /// How it finds its disks.
    #[serde(default, deserialize_with = "read::present")]
    pub association_type: Option<AssociationType>,
    /// The tags of the instances whose disks it is for.
    #[serde(default, deserialize_with = "nested")]
    pub target_tags: Vec<Tag>,
    /// How many disks it is applied to.
    #[serde(default, rename = "DiskNums", deserialize_with = "read::number")]
    pub disks: Option<u64>,
    /// How many volumes it is applied to.
    #[serde(default, rename = "VolumeNums", deserialize_with = "read::number")]
    pub volumes: Option<u64>,
    /// Whether its snapshots are copied to another region.
    pub enable_cross_region_copy: Option<bool>,
    /// Which region that is.
    #[serde(default, deserialize_with = "read::json_list")]
    pub target_copy_regions: Vec<RegionId>,
    /// For how long the copies are kept.
    #[serde(rename = "CopiedSnapshotsRetentionDays")]
    pub copied_snapshots_retention: Option<Retention>,
    /// How the copies are encrypted.
    #[serde(rename = "CopyEncryptionConfiguration")]
    pub copy_encryption: Option<PolicyCopyEncryption>,
    /// The region it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub region_id: Option<RegionId>,
    /// The resource group it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_group_id: Option<ResourceGroupId>,
    /// Its own tags.
    #[serde(default, deserialize_with = "nested")]
    pub tags: Vec<Tag>,
}

/// How the copies that a policy makes are encrypted.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyCopyEncryption {
    /// Whether they are.
    pub encrypted: Option<bool>,
    /// With which key of the other region.
    #[serde(default, rename = "KMSKeyId", deserialize_with = "read::present")]
    pub kms_key_id: Option<KmsKeyId>,
}

/// A page of policies.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AutoSnapshotPolicyPage {
    /// What support asks for.
    pub request_id: String,
    /// The policies.
    #[serde(default, deserialize_with = "nested")]
    pub auto_snapshot_policies: Vec<AutoSnapshotPolicy>,
    /// How many there are on all pages.
    #[serde(default, deserialize_with = "read::number")]
    pub total_count: Option<u64>,
    /// Which page this is.
    #[serde(default, deserialize_with = "read::number")]
    pub page_number: Option<u32>,
    /// How many a page has.
    #[serde(default, deserialize_with = "read::number")]
    pub page_size: Option<u32>,
}

/// A disk that has a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AutoSnapshotPolicyAssociation {
    /// The policy.
    pub auto_snapshot_policy_id: AutoSnapshotPolicyId,
    /// The disk.
    pub disk_id: DiskId,
}

/// A page of disks that have policies.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AutoSnapshotPolicyAssociationPage {
    /// What support asks for.
    pub request_id: String,
    /// The pairs of disk and policy.
    #[serde(
        default,
        rename = "AutoSnapshotPolicyAssociations",
        deserialize_with = "nested"
    )]
    pub associations: Vec<AutoSnapshotPolicyAssociation>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
}
