//! What a snapshotter can do, as data.

use serde::{Deserialize, Serialize};

/// How the data of a volume is kept, in Velero's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum VolumeMethod {
    /// A snapshot made by the storage's own API.
    NativeSnapshot,
    /// A snapshot made by a CSI driver.
    #[serde(rename = "CSISnapshot")]
    CsiSnapshot,
    /// A copy of the files, read through the mount of a Pod.
    PodVolumeBackup,
}

/// How large a group of one point in time may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupLimits {
    /// Most volumes.
    pub volumes: usize,
    /// Most bytes, by the capacities of the volumes.
    pub bytes: u64,
}

impl GroupLimits {
    /// Groups of up to so many volumes and bytes.
    #[must_use]
    pub fn new(volumes: usize, bytes: u64) -> Self {
        Self { volumes, bytes }
    }
}

/// What a [`VolumeSnapshotter`](super::VolumeSnapshotter) can do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// How it keeps data.
    pub method: VolumeMethod,
    /// Whether a snapshot is of one point in time, so that a frozen application may be thawed once it is cut. A
    /// copy of files is not: it reads until it is done.
    pub point_in_time: bool,
    /// Snapshots of several volumes of one point in time.
    pub groups: Option<GroupLimits>,
    /// Volumes that are of no point in time are given to one call all the same, all of a backup's: for
    /// what does its work in jobs, and a volume of a node after the other.
    pub batches: bool,
    /// Copies to other regions.
    pub cross_region: bool,
    /// Volumes with `volumeMode: Block`.
    pub block: bool,
    /// Keys of node affinity that bind its volumes to a place. They are rewritten when a volume is
    /// restored elsewhere.
    pub topology_keys: Vec<String>,
}

impl Capabilities {
    /// One volume at a time, in its place, no more than the method says.
    #[must_use]
    pub fn of(method: VolumeMethod) -> Self {
        Self {
            method,
            point_in_time: method != VolumeMethod::PodVolumeBackup,
            groups: None,
            batches: false,
            cross_region: false,
            block: false,
            topology_keys: Vec::new(),
        }
    }
}
