//! What a backup says of each volume: `<name>-volumes.json.gz`.

use std::fmt;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::PersistentVolume;
use serde::{Deserialize, Serialize};

use super::{ObjectRef, SnapshotState, Volume, VolumeMethod, VolumeRecord};

/// What a backup says of all volumes of its claims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BackedUpVolumes {
    /// The form of this file: 1.
    pub format_version: u32,
    /// The point in time of the objects, by the writer's clock.
    pub objects_at: DateTime<Utc>,
    /// When each group was cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<Cut>,
    /// An entry for each claim, by namespace and name.
    pub volumes: Vec<BackedUpVolume>,
}

/// The one form that there is of [`BackedUpVolumes`].
pub(crate) const FORMAT_VERSION: u32 = 1;

impl BackedUpVolumes {
    /// These volumes, beside objects of this time.
    #[must_use]
    pub fn new(objects_at: DateTime<Utc>, mut volumes: Vec<BackedUpVolume>) -> Self {
        let key = |it: &BackedUpVolume| (it.claim.namespace.clone(), it.claim.name.clone());
        volumes.sort_by_key(key);
        Self {
            format_version: FORMAT_VERSION,
            objects_at,
            cuts: Cut::of(objects_at, &volumes),
            volumes,
        }
    }
}

/// The point in time that a group of snapshots is of, or a snapshot that stands alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Cut {
    /// The group, or the snapshot that is in none.
    pub name: String,
    /// The name of the snapshotter that cut it.
    pub snapshotter: String,
    /// When it was cut, by the storage's clock.
    pub cut_at: DateTime<Utc>,
    /// Seconds from the point in time of the objects until then; negative if it was cut before.
    pub seconds_after_objects: i64,
    /// The volumes whose data is of then.
    pub volumes: Vec<String>,
}

impl Cut {
    fn of(objects_at: DateTime<Utc>, volumes: &[BackedUpVolume]) -> Vec<Self> {
        let mut cuts: Vec<Self> = Vec::new();
        for (record, cut_at) in volumes
            .iter()
            .filter_map(|volume| volume.record.as_ref())
            .filter_map(|record| record.cut_at.map(|cut_at| (record, cut_at)))
        {
            let name = record.group.as_ref().unwrap_or(&record.name);
            let is_same = |cut: &&mut Self| {
                cut.name == *name && cut.snapshotter == record.snapshotter && cut.cut_at == cut_at
            };
            match cuts.iter_mut().find(is_same) {
                Some(cut) => cut.volumes.push(record.volume.name.clone()),
                None => cuts.push(Self {
                    name: name.clone(),
                    snapshotter: record.snapshotter.clone(),
                    cut_at,
                    seconds_after_objects: (cut_at - objects_at).num_seconds(),
                    volumes: vec![record.volume.name.clone()],
                }),
            }
        }
        cuts.sort_by(|a, b| (a.cut_at, &a.name).cmp(&(b.cut_at, &b.name)));
        cuts
    }
}

/// A claim of a backup, its volume, and what became of the data in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BackedUpVolume {
    /// The claim.
    pub claim: ObjectRef,
    /// The volume that was bound to it; its name is empty where none was.
    #[serde(default)]
    pub volume: ObjectRef,
    /// What the volume was like, for when its object is not in the archive.
    #[serde(default)]
    pub facts: VolumeFacts,
    /// What was decided before anything was done.
    pub decision: VolumeDecision,
    /// The snapshot, once one was asked for; [failed](SnapshotState::Failed) where there is none to restore
    /// from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<VolumeRecord>,
    /// What someone who restores it should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl BackedUpVolume {
    /// A claim with its volume, and what was decided about it.
    #[must_use]
    pub fn new(volume: &Volume, decision: VolumeDecision) -> Self {
        Self {
            claim: volume.claim_ref(),
            volume: volume.volume_ref(),
            facts: VolumeFacts::of(&volume.volume),
            decision,
            record: None,
            warnings: Vec::new(),
        }
    }

    /// The same, with its snapshot.
    #[must_use]
    pub fn with_record(mut self, record: VolumeRecord) -> Self {
        self.record = Some(record);
        self
    }

    /// The snapshot, where there is one that the volume can be restored from.
    #[must_use]
    pub fn restorable(&self) -> Option<&VolumeRecord> {
        let record = self.record.as_ref()?;
        record.state.is_restorable().then_some(record)
    }

    /// Why its data cannot come back, for people; `None` where it can.
    #[must_use]
    pub fn missing_because(&self) -> Option<String> {
        if let VolumeDecision::Skipped { reason } = &self.decision {
            return Some(reason.clone());
        }
        match self.record.as_ref().map(|record| &record.state) {
            Some(SnapshotState::Ready | SnapshotState::Complete) => None,
            Some(SnapshotState::Failed { reason }) => Some(reason.clone()),
            Some(SnapshotState::Pending) => Some("its snapshot was never ready".to_owned()),
            None => Some("no snapshot was made of it".to_owned()),
        }
    }
}

/// Which method takes the data of a volume and why, or why none does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
#[non_exhaustive]
pub enum VolumeDecision {
    /// A snapshotter takes it.
    #[serde(rename_all = "camelCase")]
    Taken {
        /// Its [name](super::VolumeSnapshotter::name).
        snapshotter: String,
        /// How it keeps the data.
        method: VolumeMethod,
        /// Why this one, for people.
        reason: String,
    },
    /// None does: the claim comes back empty.
    #[serde(rename_all = "camelCase")]
    Skipped {
        /// Why not, for people.
        reason: String,
    },
}

impl VolumeDecision {
    /// Skipped for this reason.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for VolumeDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken {
                snapshotter,
                reason,
                ..
            } => write!(f, "{snapshotter}: {reason}"),
            Self::Skipped { reason } => write!(f, "skipped: {reason}"),
        }
    }
}

/// What a volume was like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct VolumeFacts {
    /// Its CSI driver; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub driver: String,
    /// What the driver calls it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub handle: String,
    /// Its capacity in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// Its storage class; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub storage_class: String,
    /// Its access modes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_modes: Vec<String>,
    /// `Filesystem` or `Block`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub volume_mode: String,
    /// Its file system, where the driver was told one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fs_type: String,
}

impl VolumeFacts {
    /// Those of `volume`.
    #[must_use]
    pub fn of(volume: &PersistentVolume) -> Self {
        let spec = volume.spec.clone().unwrap_or_default();
        let csi = spec.csi.clone().unwrap_or_default();
        Self {
            driver: csi.driver,
            handle: csi.volume_handle,
            capacity: super::volume::capacity_of(volume),
            storage_class: spec.storage_class_name.unwrap_or_default(),
            access_modes: spec.access_modes.unwrap_or_default(),
            volume_mode: spec.volume_mode.unwrap_or_else(|| "Filesystem".to_owned()),
            fs_type: csi.fs_type.unwrap_or_default(),
        }
    }
}
