//! Whole instances: how they are backed up, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::{RegionId, SnapshotId};
use crate::read;

/// How a whole instance is backed up.
///
/// ```
/// use alibaba_hbr::InstanceBackupDetail;
///
/// let mut detail = InstanceBackupDetail::default();
/// detail.snapshot_group = Some(true);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InstanceBackupDetail {
    /// Only these disks; all of them, where there are none.
    pub disk_id_list: Vec<String>,
    /// Whether the snapshots of the disks are of one point in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_group: Option<bool>,
    /// Whether a copy is made in another region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub do_copy: Option<bool>,
    /// The region of that copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_region_id: Option<RegionId>,
    /// For how many days that copy is kept.
    #[serde(
        skip_serializing_if = "Option::is_none",
        rename = "destinationRetention"
    )]
    pub destination_retention_days: Option<u32>,
    /// Whether applications are brought to a consistent state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_consistent: Option<bool>,
    /// The script that stops applications before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_script_path: Option<String>,
    /// The script that lets them go on afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_script_path: Option<String>,
    /// Whether Windows brings its applications to a consistent state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_writers: Option<bool>,
    /// Whether Linux stops writing to its file systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_fs_freeze: Option<bool>,
    /// For how many seconds writing may be stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_in_seconds: Option<u32>,
    /// Any other members.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// What the backup of a whole instance has made.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct InstanceBackup {
    /// Why the copy in the other region failed.
    #[serde(default, deserialize_with = "read::present")]
    pub destination_native_snapshot_error_message: Option<String>,
    /// The ECS snapshot in the other region.
    #[serde(default, deserialize_with = "read::present")]
    pub destination_native_snapshot_id: Option<String>,
    /// How much of the copy in the other region is done.
    pub destination_native_snapshot_progress: Option<u32>,
    /// The status of the copy in the other region.
    #[serde(default, deserialize_with = "read::present")]
    pub destination_native_snapshot_status: Option<String>,
    /// For how many days the copy in the other region is kept.
    #[serde(rename = "DestinationRetention")]
    pub destination_retention_days: Option<i64>,
    /// The backup snapshot in the other region.
    #[serde(default, deserialize_with = "read::present")]
    pub destination_snapshot_id: Option<SnapshotId>,
    /// The ECS snapshots of the disks.
    #[serde(
        default,
        rename = "DiskNativeSnapshotIdList",
        deserialize_with = "read::list"
    )]
    pub disk_native_snapshot_ids: Vec<String>,
    /// Whether a copy is made in another region.
    pub do_copy: Option<bool>,
    /// What is known of the instances, by their ids.
    #[serde(default)]
    pub instance_infos: Map<String, Value>,
    /// The ECS snapshot or image.
    #[serde(default, deserialize_with = "read::present")]
    pub native_snapshot_id: Option<String>,
}
