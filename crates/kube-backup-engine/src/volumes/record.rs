//! What is noted of a snapshot.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ObjectRef, SnapshotGroup, SnapshotRequest, VolumeMethod};

/// How far a snapshot is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", tag = "phase")]
#[non_exhaustive]
pub enum SnapshotState {
    /// It was asked for; it cannot be restored from yet.
    #[default]
    Pending,
    /// It can be restored from in its place, though its data may still be on the way to where it is kept.
    Ready,
    /// All of it is kept: it can be copied, and its volume may go.
    Complete,
    /// There is none, or none that can be restored from.
    #[serde(rename_all = "camelCase")]
    Failed {
        /// Why, for people.
        reason: String,
    },
}

impl SnapshotState {
    /// Failed for this reason.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
        }
    }

    /// Whether it will not change any more by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Complete | Self::Failed { .. })
    }

    /// Velero's word for it (internal/volume/native_snapshot.go): complete is to it what can be restored from.
    pub(crate) fn velero_phase(&self) -> &'static str {
        match self {
            Self::Pending => "New",
            Self::Ready | Self::Complete => "Completed",
            Self::Failed { .. } => "Failed",
        }
    }

    /// Whether a volume can be made from it.
    #[must_use]
    pub fn is_restorable(&self) -> bool {
        matches!(self, Self::Ready | Self::Complete)
    }
}

/// A snapshot: what is needed to find, poll, copy, restore and delete it, and what people want to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeRecord {
    /// The [name](super::VolumeSnapshotter::name) of the snapshotter that made it.
    pub snapshotter: String,
    /// How the data is kept.
    pub method: VolumeMethod,
    /// The uid of its backup.
    pub backup_uid: String,
    /// What it is called, where its storage knows names.
    pub name: String,
    /// What its group is called; `None` when it is of a point in time of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The claim.
    pub claim: ObjectRef,
    /// The volume.
    pub volume: ObjectRef,
    /// What the storage calls it; `None` until the storage has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// What the storage calls its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_handle: Option<String>,
    /// The region it is in, where there are regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How far it is.
    pub state: SnapshotState,
    /// When it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// The point in time that its data is of, once that has passed: an application may be thawed then. `None` for
    /// methods whose data is of no single point in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_at: Option<DateTime<Utc>>,
    /// When it became complete, or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// The least a volume made from it must hold, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_size: Option<u64>,
    /// Bytes stored so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_done: Option<u64>,
    /// Bytes to be stored in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
    /// What the snapshotter alone understands: the category of a disk, the vault of a copy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

impl VolumeRecord {
    /// The attribute in which a CSI driver's snapshots name their VolumeSnapshotClass.
    pub const SNAPSHOT_CLASS: &'static str = "class";

    /// The attribute with what the storage last complained of, while it still tries: worth telling of a snapshot that
    /// is given up.
    pub const LAST_ERROR: &'static str = "lastError";

    /// The record of a snapshot that was found in its storage, of which no more is known than this.
    pub fn found(
        snapshotter: impl Into<String>,
        method: VolumeMethod,
        backup_uid: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            snapshotter: snapshotter.into(),
            method,
            backup_uid: backup_uid.into(),
            name: name.into(),
            group: None,
            claim: ObjectRef::default(),
            volume: ObjectRef::default(),
            handle: None,
            group_handle: None,
            region: None,
            state: SnapshotState::Pending,
            started_at: None,
            cut_at: None,
            completed_at: None,
            restore_size: None,
            bytes_done: None,
            bytes_total: None,
            attributes: BTreeMap::new(),
        }
    }

    /// The record of a snapshot that `snapshotter` is asked for.
    pub fn of(
        snapshotter: impl Into<String>,
        method: VolumeMethod,
        group: &SnapshotGroup,
        request: &SnapshotRequest,
    ) -> Self {
        Self {
            group: (group.members.len() > 1).then(|| group.name.clone()),
            claim: request.volume.claim_ref(),
            volume: request.volume.volume_ref(),
            ..Self::found(snapshotter, method, &group.backup_uid, &request.name)
        }
    }
}
