//! Velero's `<name>-volumeinfo.json.gz`: an array with one of these for each volume of a backup
//! (internal/volume/volumes_information.go), so that its tools show what ours keeps.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{SnapshotState, Volume, VolumeMethod, VolumeRecord};

/// What Velero notes of a volume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeInfo {
    /// The claim's name.
    #[serde(default, rename = "pvcName", skip_serializing_if = "String::is_empty")]
    pub pvc_name: String,
    /// The claim's namespace.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pvc_namespace: String,
    /// The volume's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pv_name: String,
    /// How its data is kept; `None` where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_method: Option<VolumeMethod>,
    /// Whether a snapshot was moved into the bucket.
    #[serde(default)]
    pub snapshot_data_moved: bool,
    /// Whether the snapshot stays after that.
    #[serde(default)]
    pub preserve_local_snapshot: bool,
    /// Whether its data is not kept.
    #[serde(default)]
    pub skipped: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub skipped_reason: String,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<DateTime<Utc>>,
    /// `succeeded` or `failed`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result: String,
    /// Of a snapshot made by a CSI driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csi_snapshot_info: Option<CsiSnapshotInfo>,
    /// Of a snapshot made by the storage's own API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_snapshot_info: Option<NativeSnapshotInfo>,
    /// Of a copy of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvb_info: Option<PodVolumeInfo>,
    /// Of the volume itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pv_info: Option<PersistentVolumeInfo>,
}

/// A CSI snapshot, in a [`VolumeInfo`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CsiSnapshotInfo {
    /// The driver's handle.
    #[serde(default)]
    pub snapshot_handle: String,
    /// The least a volume made from it must hold.
    #[serde(default)]
    pub size: i64,
    /// The driver.
    #[serde(default)]
    pub driver: String,
    /// Name of its VolumeSnapshotContent.
    #[serde(default)]
    pub vsc_name: String,
    /// Whether it can be used. Capitalised on the wire.
    #[serde(
        default,
        rename = "ReadyToUse",
        skip_serializing_if = "Option::is_none"
    )]
    pub ready_to_use: Option<bool>,
    /// The handle of its group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub volume_group_snapshot_handle: String,
}

/// A native snapshot, in a [`VolumeInfo`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NativeSnapshotInfo {
    /// The storage's handle.
    #[serde(default)]
    pub snapshot_handle: String,
    /// The type of the volume.
    #[serde(default)]
    pub volume_type: String,
    /// Its zone.
    #[serde(default, rename = "volumeAZ")]
    pub volume_az: String,
    /// Its provisioned operations a second.
    #[serde(default)]
    pub iops: String,
    /// `New`, `Completed` or `Failed`. Capitalised on the wire.
    #[serde(default, rename = "Phase", skip_serializing_if = "String::is_empty")]
    pub phase: String,
}

/// A copy of files, in a [`VolumeInfo`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PodVolumeInfo {
    /// The handle of the copy.
    #[serde(default)]
    pub snapshot_handle: String,
    /// Bytes copied.
    #[serde(default)]
    pub size: i64,
    /// What copied them.
    #[serde(default)]
    pub uploader_type: String,
    /// The volume's name in the Pod.
    #[serde(default)]
    pub volume_name: String,
    /// The Pod's name.
    #[serde(default)]
    pub pod_name: String,
    /// The Pod's namespace.
    #[serde(default)]
    pub pod_namespace: String,
    /// The node it ran on.
    #[serde(default)]
    pub node_name: String,
    /// `New`, `InProgress`, `Completed` or `Failed`. Capitalised on the wire.
    #[serde(default, rename = "Phase", skip_serializing_if = "String::is_empty")]
    pub phase: String,
}

/// A volume's own settings, in a [`VolumeInfo`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PersistentVolumeInfo {
    /// Its reclaim policy.
    #[serde(default)]
    pub reclaim_policy: String,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

impl VolumeInfo {
    fn of(volume: &Volume) -> Self {
        let claim = volume.claim_ref();
        let spec = volume.volume.spec.as_ref();
        Self {
            pvc_name: claim.name,
            pvc_namespace: claim.namespace,
            pv_name: volume.name().to_owned(),
            pv_info: Some(PersistentVolumeInfo {
                reclaim_policy: spec
                    .and_then(|spec| spec.persistent_volume_reclaim_policy.clone())
                    .unwrap_or_default(),
                labels: volume.volume.metadata.labels.clone().unwrap_or_default(),
            }),
            ..Self::default()
        }
    }

    /// A volume whose data is not kept, for a reason that people read.
    pub fn skipped(volume: &Volume, reason: impl Into<String>) -> Self {
        Self {
            skipped: true,
            skipped_reason: reason.into(),
            ..Self::of(volume)
        }
    }

    /// A volume with its snapshot.
    #[must_use]
    pub fn kept(volume: &Volume, record: &VolumeRecord) -> Self {
        let handle = record.handle.clone().unwrap_or_default();
        let size = i64::try_from(record.restore_size.unwrap_or_default()).unwrap_or(i64::MAX);
        let attribute = |name: &str| record.attributes.get(name).cloned().unwrap_or_default();
        let phase = record.state.velero_phase();
        let mut info = Self::of(volume);
        info.backup_method = Some(record.method);
        info.start_timestamp = record.started_at;
        info.completion_timestamp = record.completed_at;
        match record.state {
            SnapshotState::Failed { .. } => info.result = "failed".into(),
            SnapshotState::Ready | SnapshotState::Complete => info.result = "succeeded".into(),
            SnapshotState::Pending => {}
        }
        match record.method {
            VolumeMethod::CsiSnapshot => {
                info.csi_snapshot_info = Some(CsiSnapshotInfo {
                    snapshot_handle: handle,
                    size,
                    driver: volume
                        .csi()
                        .map(|(driver, _)| driver.to_owned())
                        .unwrap_or_default(),
                    vsc_name: record.name.clone(),
                    ready_to_use: Some(record.state.is_restorable()),
                    volume_group_snapshot_handle: record.group_handle.clone().unwrap_or_default(),
                });
            }
            VolumeMethod::NativeSnapshot => {
                info.native_snapshot_info = Some(NativeSnapshotInfo {
                    snapshot_handle: handle,
                    volume_type: attribute("type"),
                    volume_az: attribute("zone"),
                    iops: attribute("iops"),
                    phase: phase.into(),
                });
            }
            VolumeMethod::PodVolumeBackup => {
                let mount = volume.mounts.first();
                info.pvb_info = Some(PodVolumeInfo {
                    snapshot_handle: handle,
                    size: i64::try_from(record.bytes_done.unwrap_or_default()).unwrap_or(i64::MAX),
                    uploader_type: record.snapshotter.clone(),
                    volume_name: mount.map(|mount| mount.volume.clone()).unwrap_or_default(),
                    pod_name: mount
                        .map(|mount| mount.pod.name.clone())
                        .unwrap_or_default(),
                    pod_namespace: mount
                        .map(|mount| mount.pod.namespace.clone())
                        .unwrap_or_default(),
                    node_name: mount.map(|mount| mount.node.clone()).unwrap_or_default(),
                    phase: phase.into(),
                });
            }
        }
        info
    }
}
