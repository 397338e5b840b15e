//! Disks as ECS describes them.

use alibaba_core::openapi::read::{nested, time};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::ids::{
    AutoSnapshotPolicyId, DiskId, InstanceId, KmsKeyId, RegionId, ResourceGroupId, ResourceName,
    SnapshotId, ZoneId,
};
use crate::read;
use crate::tag::Tag;
use crate::words::{
    ChargeType, DiskCategory, DiskStatus, DiskType, LockReason, MultiAttach, PerformanceLevel,
};

/// A disk that is being made.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CreatedDisk {
    /// What support asks for.
    pub request_id: String,
    /// Its id.
    pub disk_id: DiskId,
    /// The order, where it is paid for in advance.
    #[serde(default, deserialize_with = "read::present")]
    pub order_id: Option<String>,
}

/// A disk.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Disk {
    /// The id.
    #[serde(rename = "DiskId")]
    pub id: DiskId,
    /// The name.
    #[serde(default, rename = "DiskName", deserialize_with = "read::present")]
    pub name: Option<ResourceName>,
    /// What it is for.
    #[serde(default, deserialize_with = "read::present")]
    pub description: Option<String>,
    /// What it is doing.
    #[serde(default, deserialize_with = "read::present")]
    pub status: Option<DiskStatus>,
    /// Whether it holds the operating system of its instance or data.
    #[serde(default, rename = "Type", deserialize_with = "read::present")]
    pub disk_type: Option<DiskType>,
    /// Its kind.
    #[serde(default, deserialize_with = "read::present")]
    pub category: Option<DiskCategory>,
    /// How fast it is, for ESSDs.
    #[serde(default, deserialize_with = "read::present")]
    pub performance_level: Option<PerformanceLevel>,
    /// Its size, in GiB.
    #[serde(default, rename = "Size", deserialize_with = "read::number")]
    pub size_gib: Option<u64>,
    /// The region it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub region_id: Option<RegionId>,
    /// The zone it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub zone_id: Option<ZoneId>,
    /// In which zones its data is, for regional disks.
    pub placement: Option<DiskPlacement>,
    /// The instance it is attached to.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_id: Option<InstanceId>,
    /// Its device on that.
    #[serde(default, deserialize_with = "read::present")]
    pub device: Option<String>,
    /// The instances it is attached to.
    #[serde(default, deserialize_with = "nested")]
    pub attachments: Vec<Attachment>,
    /// The same in an older form.
    #[serde(default, deserialize_with = "nested")]
    pub mount_instances: Vec<Attachment>,
    /// How many instances it is attached to.
    #[serde(
        default,
        rename = "MountInstanceNum",
        deserialize_with = "read::number"
    )]
    pub mounted_instances: Option<u32>,
    /// When it was attached.
    #[serde(default, rename = "AttachedTime", deserialize_with = "time")]
    pub attached_at: Option<DateTime<Utc>>,
    /// When it was last detached.
    #[serde(default, rename = "DetachedTime", deserialize_with = "time")]
    pub detached_at: Option<DateTime<Utc>>,
    /// When it was made.
    #[serde(default, rename = "CreationTime", deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    /// Until when it is paid for.
    #[serde(default, rename = "ExpiredTime", deserialize_with = "time")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The snapshot it was made of.
    #[serde(default, deserialize_with = "read::present")]
    pub source_snapshot_id: Option<SnapshotId>,
    /// The disk it was made of.
    #[serde(default, deserialize_with = "read::present")]
    pub source_disk_id: Option<DiskId>,
    /// What else it was made of.
    pub data_source: Option<DiskDataSource>,
    /// The image it was made of.
    #[serde(default, deserialize_with = "read::present")]
    pub image_id: Option<String>,
    /// The product of the marketplace that is on it.
    #[serde(default, deserialize_with = "read::present")]
    pub product_code: Option<String>,
    /// Its automatic snapshot policy.
    #[serde(default, deserialize_with = "read::present")]
    pub auto_snapshot_policy_id: Option<AutoSnapshotPolicyId>,
    /// Whether it has one.
    pub enable_automated_snapshot_policy: Option<bool>,
    /// Whether policies make snapshots of it.
    pub enable_auto_snapshot: Option<bool>,
    /// Whether automatic snapshots are deleted with it.
    pub delete_auto_snapshot: Option<bool>,
    /// Whether it is deleted with its instance.
    pub delete_with_instance: Option<bool>,
    /// Whether it can be detached.
    pub portable: Option<bool>,
    /// Whether it can be attached to several instances.
    #[serde(default, deserialize_with = "read::present")]
    pub multi_attach: Option<MultiAttach>,
    /// Whether it is encrypted.
    pub encrypted: Option<bool>,
    /// With which key.
    #[serde(default, rename = "KMSKeyId", deserialize_with = "read::present")]
    pub kms_key_id: Option<KmsKeyId>,
    /// How it is paid for.
    #[serde(default, rename = "DiskChargeType", deserialize_with = "read::present")]
    pub charge_type: Option<ChargeType>,
    /// Why it cannot be worked on.
    #[serde(default, deserialize_with = "nested")]
    pub operation_locks: Vec<DiskLock>,
    /// How many operations a second it allows.
    #[serde(default, rename = "IOPS", deserialize_with = "read::number")]
    pub iops: Option<u64>,
    /// The same for reads.
    #[serde(default, rename = "IOPSRead", deserialize_with = "read::number")]
    pub iops_read: Option<u64>,
    /// The same for writes.
    #[serde(default, rename = "IOPSWrite", deserialize_with = "read::number")]
    pub iops_write: Option<u64>,
    /// How many MB a second it allows.
    #[serde(default, rename = "Throughput", deserialize_with = "read::number")]
    pub throughput_mb: Option<u64>,
    /// The same for reads.
    #[serde(default, rename = "ThroughputRead", deserialize_with = "read::number")]
    pub throughput_read_mb: Option<u64>,
    /// The same for writes.
    #[serde(default, rename = "ThroughputWrite", deserialize_with = "read::number")]
    pub throughput_write_mb: Option<u64>,
    /// How many operations a second it has beyond its baseline.
    #[serde(default, deserialize_with = "read::number")]
    pub provisioned_iops: Option<u64>,
    /// Whether it may burst.
    pub bursting_enabled: Option<bool>,
    /// Its address on the bus of a bare metal instance.
    #[serde(default, deserialize_with = "read::present")]
    pub bdf_id: Option<String>,
    /// Its serial number.
    #[serde(default, deserialize_with = "read::present")]
    pub serial_number: Option<String>,
    /// The dedicated block storage cluster it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub storage_cluster_id: Option<String>,
    /// The storage set it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub storage_set_id: Option<String>,
    /// How many partitions the storage set has at most.
    #[serde(default, deserialize_with = "read::number")]
    pub storage_set_partition_number: Option<u32>,
    /// The resource group it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_group_id: Option<ResourceGroupId>,
    /// Its tags.
    #[serde(default, deserialize_with = "nested")]
    pub tags: Vec<Tag>,
}

/// An instance that a disk is attached to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Attachment {
    /// The instance.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_id: Option<InstanceId>,
    /// The disk's device on it.
    #[serde(default, deserialize_with = "read::present")]
    pub device: Option<String>,
    /// Since when.
    #[serde(default, rename = "AttachedTime", deserialize_with = "time")]
    pub attached_at: Option<DateTime<Utc>>,
}

/// In which zones the data of a regional disk is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DiskPlacement {
    /// The ids of the zones.
    #[serde(default, deserialize_with = "read::present")]
    pub zone_ids: Option<String>,
}

/// What a disk was made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DiskDataSource {
    /// Which one.
    #[serde(default, deserialize_with = "read::present")]
    pub id: Option<String>,
    /// Which kind of thing.
    #[serde(default, rename = "Type", deserialize_with = "read::present")]
    pub kind: Option<String>,
}

/// Why a disk cannot be worked on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DiskLock {
    /// The reason.
    #[serde(default, rename = "LockReason", deserialize_with = "read::present")]
    pub reason: Option<LockReason>,
}

/// A page of disks.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DiskPage {
    /// What support asks for.
    pub request_id: String,
    /// The disks.
    #[serde(default, deserialize_with = "nested")]
    pub disks: Vec<Disk>,
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
