//! What a restored claim or volume is made from.

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use serde_json::Value;

use super::Mount;

/// The claim that is to hold the data again, and where.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RestoreTarget {
    /// The restore's uid. What is made for it is named after it, and after the claim.
    pub restore_uid: String,
    /// The claim as it will be created: namespace, name, class, size and access modes are those of the
    /// target.
    pub claim: PersistentVolumeClaim,
    /// The volume as it stands in the backup.
    pub volume: Option<PersistentVolume>,
    /// The region of the target, where there are regions.
    pub region: Option<String>,
    /// Zones of the nodes that can run what the claim is for, the preferred ones first.
    pub zones: Vec<String>,
    /// Whether the target serves CSI snapshots (`snapshot.storage.k8s.io/v1`).
    pub serves_snapshots: bool,
}

impl RestoreTarget {
    /// A claim of a cluster without regions, zones and CSI snapshots.
    pub fn new(restore_uid: impl Into<String>, claim: PersistentVolumeClaim) -> Self {
        Self {
            restore_uid: restore_uid.into(),
            claim,
            volume: None,
            region: None,
            zones: Vec::new(),
            serves_snapshots: false,
        }
    }
}

/// A claim as its storage can provide it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AdjustedClaim {
    /// The claim.
    pub claim: PersistentVolumeClaim,
    /// What was changed in it and why, each a sentence for people.
    pub warnings: Vec<String>,
}

impl AdjustedClaim {
    /// A claim that can be provided as it is.
    #[must_use]
    pub fn unchanged(claim: PersistentVolumeClaim) -> Self {
        Self {
            claim,
            warnings: Vec::new(),
        }
    }

    /// A claim with what was changed in it.
    #[must_use]
    pub fn changed(claim: PersistentVolumeClaim, warnings: Vec<String>) -> Self {
        Self { claim, warnings }
    }
}

/// A claim's `dataSource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSource {
    /// Its API group: `snapshot.storage.k8s.io`.
    pub api_group: String,
    /// Its kind: `VolumeSnapshot`.
    pub kind: String,
    /// Its name, in the namespace of the claim.
    pub name: String,
}

/// What a restored claim is made from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RestoreSource {
    /// Something has to be there first, and is on its way: ask again.
    Pending {
        /// What is waited for, for people.
        reason: String,
    },
    /// A claim with a `dataSource`, provisioned like any other.
    DataSource {
        /// What is to be created before the claim, in this order: a static VolumeSnapshotContent and its
        /// VolumeSnapshot.
        objects: Vec<Value>,
        /// What the claim names.
        data_source: DataSource,
        /// The least that the claim must request, in bytes.
        at_least: Option<u64>,
    },
    /// A volume that is made, with the data in it: the object to be created, bound to the claim.
    Volume(Box<PersistentVolume>),
    /// An empty claim, provisioned like any other, that is [filled](super::VolumeSnapshotter::fill) once a
    /// Pod has it mounted.
    Fill {
        /// The least that the claim must request, in bytes.
        at_least: Option<u64>,
    },
}

/// A mounted volume that is to be filled.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FillTarget {
    /// The restore's uid.
    pub restore_uid: String,
    /// The claim.
    pub claim: PersistentVolumeClaim,
    /// The volume bound to it.
    pub volume: PersistentVolume,
    /// Where it is mounted.
    pub mount: Mount,
}

impl FillTarget {
    /// The volume of `claim`, mounted there.
    pub fn new(
        restore_uid: impl Into<String>,
        claim: PersistentVolumeClaim,
        volume: PersistentVolume,
        mount: Mount,
    ) -> Self {
        Self {
            restore_uid: restore_uid.into(),
            claim,
            volume,
            mount,
        }
    }
}

/// How far the filling of a volume is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FillState {
    /// It goes on: ask again.
    Running {
        /// Bytes brought back so far.
        bytes_done: Option<u64>,
        /// Bytes in all.
        bytes_total: Option<u64>,
    },
    /// The data is back.
    Done,
    /// It is not, or not all of it, and will not be.
    Failed {
        /// Why, for people.
        reason: String,
    },
}
