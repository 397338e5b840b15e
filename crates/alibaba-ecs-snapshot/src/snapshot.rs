//! Snapshots as ECS describes them.

use std::time::Duration;

use alibaba_core::openapi::read::{nested, time};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::ids::{
    DiskId, KmsKeyId, RegionId, ResourceGroupId, SnapshotId, SnapshotLinkId, SnapshotName,
};
use crate::read;
use crate::tag::Tag;
use crate::words::{DiskType, SnapshotCategory, SnapshotStatus, SnapshotType, SnapshotUsage};

/// A snapshot that has been started.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CreatedSnapshot {
    /// What support asks for.
    pub request_id: String,
    /// Its id.
    pub snapshot_id: SnapshotId,
}

/// A snapshot whose category is being changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ChangedCategory {
    /// What support asks for.
    pub request_id: String,
    /// The id of the change.
    #[serde(default, deserialize_with = "read::present")]
    pub task_id: Option<String>,
}

/// A snapshot of a disk.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Snapshot {
    /// The id.
    #[serde(rename = "SnapshotId")]
    pub id: SnapshotId,
    /// The name.
    #[serde(default, rename = "SnapshotName", deserialize_with = "read::present")]
    pub name: Option<SnapshotName>,
    /// What it is for.
    #[serde(default, deserialize_with = "read::present")]
    pub description: Option<String>,
    /// What it has come to.
    #[serde(default, deserialize_with = "read::present")]
    pub status: Option<SnapshotStatus>,
    /// How much is done, of 100.
    #[serde(default, rename = "Progress", deserialize_with = "read::percent")]
    pub percent: Option<u8>,
    /// How long it will take, as ECS estimates.
    #[serde(default, rename = "RemainTime", deserialize_with = "read::seconds")]
    pub remaining: Option<Duration>,
    /// Whether disks can be made of it. For ESSDs that is so before it is accomplished.
    pub available: Option<bool>,
    /// When it was started.
    #[serde(default, rename = "CreationTime", deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[serde(default, rename = "LastModifiedTime", deserialize_with = "time")]
    pub modified_at: Option<DateTime<Utc>>,
    /// After how many days it is deleted, from when it was made; it is kept, if this is not there.
    #[serde(default, deserialize_with = "read::number")]
    pub retention_days: Option<u32>,
    /// The disk, which may be gone.
    #[serde(default, deserialize_with = "read::present")]
    pub source_disk_id: Option<DiskId>,
    /// What the disk was to its instance.
    #[serde(default, deserialize_with = "read::present")]
    pub source_disk_type: Option<DiskType>,
    /// The size of the disk, in GiB.
    #[serde(default, rename = "SourceDiskSize", deserialize_with = "read::number")]
    pub source_disk_size_gib: Option<u64>,
    /// How many bytes of the disk it holds, with those of the snapshots before it.
    #[serde(
        default,
        rename = "FullSnapshotSizeInBytes",
        deserialize_with = "read::number"
    )]
    pub full_size_bytes: Option<u64>,
    /// Who made it.
    #[serde(default, deserialize_with = "read::present")]
    pub snapshot_type: Option<SnapshotType>,
    /// How it is stored.
    #[serde(default, deserialize_with = "read::category")]
    pub category: Option<SnapshotCategory>,
    /// What has been made of it.
    #[serde(default, deserialize_with = "read::present")]
    pub usage: Option<SnapshotUsage>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// With which key it is encrypted.
    #[serde(default, rename = "KMSKeyId", deserialize_with = "read::present")]
    pub kms_key_id: Option<KmsKeyId>,
    /// The region it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub region_id: Option<RegionId>,
    /// The snapshot that it is a copy of.
    #[serde(default, deserialize_with = "read::present")]
    pub source_snapshot_id: Option<SnapshotId>,
    /// The region of that.
    #[serde(default, deserialize_with = "read::present")]
    pub source_region_id: Option<RegionId>,
    /// Where the disk was kept.
    #[serde(default, deserialize_with = "read::present")]
    pub source_storage_type: Option<String>,
    /// The chain it belongs to: the snapshots of one disk.
    #[serde(default, deserialize_with = "read::present")]
    pub snapshot_link_id: Option<SnapshotLinkId>,
    /// Its serial number.
    #[serde(default, rename = "SnapshotSN", deserialize_with = "read::present")]
    pub serial_number: Option<String>,
    /// The product of the marketplace that is on it.
    #[serde(default, deserialize_with = "read::present")]
    pub product_code: Option<String>,
    /// The resource group it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_group_id: Option<ResourceGroupId>,
    /// Whether it was made for use at once. Has no effect any more.
    pub instant_access: Option<bool>,
    /// For how many days it was. Has no effect any more.
    #[serde(default, deserialize_with = "read::number")]
    pub instant_access_retention_days: Option<u32>,
    /// Its tags.
    #[serde(default, deserialize_with = "nested")]
    pub tags: Vec<Tag>,
}

/// A page of snapshots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotPage {
    /// What support asks for.
    pub request_id: String,
    /// The snapshots.
    #[serde(default, deserialize_with = "nested")]
    pub snapshots: Vec<Snapshot>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
    /// How many there are on all pages. Only valid when pages are asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub total_count: Option<u64>,
    /// Which page this is, when asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub page_number: Option<u32>,
    /// How many a page has, when asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub page_size: Option<u32>,
}
