//! Groups of snapshots as ECS describes them.

use alibaba_core::openapi::read::{nested, time};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::ids::{DiskId, InstanceId, ResourceGroupId, ResourceName, SnapshotGroupId, SnapshotId};
use crate::read;
use crate::tag::Tag;
use crate::words::{DiskType, SnapshotStatus};

/// A group whose snapshots have been started.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CreatedSnapshotGroup {
    /// What support asks for.
    pub request_id: String,
    /// Its id.
    pub snapshot_group_id: SnapshotGroupId,
}

/// What became of a group and its snapshots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DeletedSnapshotGroup {
    /// What support asks for.
    pub request_id: String,
    /// What became of single snapshots.
    #[serde(default, rename = "OperationProgressSet", deserialize_with = "nested")]
    pub operations: Vec<DeleteOperation>,
}

/// What became of a snapshot of a group that was deleted.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DeleteOperation {
    /// How it went.
    #[serde(
        default,
        rename = "OperationStatus",
        deserialize_with = "read::present"
    )]
    pub status: Option<String>,
    /// Why it failed.
    #[serde(default, deserialize_with = "read::present")]
    pub error_code: Option<String>,
    /// The same in words.
    #[serde(default, rename = "ErrorMsg", deserialize_with = "read::present")]
    pub error_message: Option<String>,
    /// What it was about.
    #[serde(default, rename = "RelatedItemSet", deserialize_with = "nested")]
    pub related_items: Vec<RelatedItem>,
}

/// What an operation was about.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RelatedItem {
    /// Which kind of thing.
    #[serde(default, deserialize_with = "read::present")]
    pub name: Option<String>,
    /// Which one.
    #[serde(default, deserialize_with = "read::present")]
    pub value: Option<String>,
}

/// A group of snapshots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotGroup {
    /// The id.
    #[serde(rename = "SnapshotGroupId")]
    pub id: SnapshotGroupId,
    /// The name.
    #[serde(default, deserialize_with = "read::present")]
    pub name: Option<ResourceName>,
    /// What it is for.
    #[serde(default, deserialize_with = "read::present")]
    pub description: Option<String>,
    /// What it has come to.
    #[serde(default, deserialize_with = "read::present")]
    pub status: Option<SnapshotStatus>,
    /// ECS's word for how far it is.
    #[serde(default, deserialize_with = "read::present")]
    pub progress_status: Option<String>,
    /// The instance, where all of the disks belong to one.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_id: Option<InstanceId>,
    /// When it was started.
    #[serde(default, rename = "CreationTime", deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    /// The resource group it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_group_id: Option<ResourceGroupId>,
    /// Its snapshots.
    #[serde(default, deserialize_with = "nested")]
    pub snapshots: Vec<MemberSnapshot>,
    /// Its tags.
    #[serde(default, deserialize_with = "nested")]
    pub tags: Vec<Tag>,
}

/// A snapshot of a group.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct MemberSnapshot {
    /// The id.
    #[serde(rename = "SnapshotId")]
    pub id: SnapshotId,
    /// The disk.
    #[serde(default, deserialize_with = "read::present")]
    pub source_disk_id: Option<DiskId>,
    /// What the disk is to its instance.
    #[serde(default, deserialize_with = "read::present")]
    pub source_disk_type: Option<DiskType>,
    /// How much is done, of 100.
    #[serde(default, rename = "Progress", deserialize_with = "read::percent")]
    pub percent: Option<u8>,
    /// Whether disks can be made of it.
    pub available: Option<bool>,
    /// Whether it was made for use at once. Has no effect any more.
    pub instant_access: Option<bool>,
    /// For how many days it was. Has no effect any more.
    #[serde(default, deserialize_with = "read::number")]
    pub instant_access_retention_days: Option<u32>,
    /// Its tags.
    #[serde(default, deserialize_with = "nested")]
    pub tags: Vec<Tag>,
}

/// A page of groups.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotGroupPage {
    /// What support asks for.
    pub request_id: String,
    /// The groups.
    #[serde(default, deserialize_with = "nested")]
    pub snapshot_groups: Vec<SnapshotGroup>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
}
