//! Which volumes are snapshotted together, and what everything is called.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Eligibility, Volume, VolumeSnapshotter};
use crate::format::names;

/// A volume to be snapshotted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SnapshotRequest {
    /// What the snapshot is called. Follows from the uid of the backup and the name of the volume: 2 to 63
    /// lower-case letters, digits and `-`, beginning with a letter.
    pub name: String,
    /// The volume.
    pub volume: Volume,
}

/// Volumes to be snapshotted by one call, of one point in time where there is more than one and
/// [`Capabilities::groups`](super::Capabilities::groups) says so.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SnapshotGroup {
    /// What the group is called, as [`SnapshotRequest::name`] is.
    pub name: String,
    /// The backup's uid.
    pub backup_uid: String,
    /// The backup's name, for people.
    pub backup_name: String,
    /// How long the snapshots are worth keeping, for storage that deletes by itself.
    pub retain: Option<Duration>,
    /// What else the snapshots are to be labelled with, for people and bills.
    pub labels: BTreeMap<String, String>,
    /// Its members, at least one.
    pub members: Vec<SnapshotRequest>,
}

impl SnapshotGroup {
    /// The same, for storage that deletes by itself after this time.
    #[must_use]
    pub fn retained_for(mut self, retain: Option<Duration>) -> Self {
        self.retain = retain;
        self
    }

    /// The same, labelled.
    #[must_use]
    pub fn labelled(mut self, labels: BTreeMap<String, String>) -> Self {
        self.labels = labels;
        self
    }
}

/// What the snapshot of `volume` for the backup `backup_uid` is called.
#[must_use]
pub fn snapshot_name(backup_uid: &str, volume: &str) -> String {
    names::snapshot(backup_uid, volume)
}

/// The groups in which `snapshotter` is to snapshot `volumes`, all of which are eligible: as few as its
/// limits allow, and the same ones whatever the order of `volumes`.
///
/// What is split only since a limit forces it is of more than one point in time; the caller says so. Volumes that
/// are not eligible are left out.
pub fn plan_groups(
    snapshotter: &dyn VolumeSnapshotter,
    backup_name: &str,
    backup_uid: &str,
    volumes: impl IntoIterator<Item = Volume>,
) -> Vec<SnapshotGroup> {
    let capabilities = snapshotter.capabilities();
    let limits = capabilities.groups;
    let mut seen = BTreeSet::new();
    let mut together: BTreeMap<String, Vec<Volume>> = BTreeMap::new();
    let mut alone = Vec::new();
    for volume in volumes {
        let Eligibility::Eligible { group } = snapshotter.eligibility(&volume) else {
            continue;
        };
        if !seen.insert(volume.name().to_owned()) {
            continue;
        }
        match group {
            Some(group) if limits.is_some() => together.entry(group).or_default().push(volume),
            _ => alone.push(vec![volume]),
        }
    }
    if capabilities.batches && alone.len() > 1 {
        let mut batch: Vec<Volume> = alone.into_iter().flatten().collect();
        batch.sort_by(|a, b| a.name().cmp(b.name()));
        alone = vec![batch];
    }
    let mut sets = alone;
    for (_, mut volumes) in together {
        volumes.sort_by(|a, b| a.name().cmp(b.name()));
        let mut set: Vec<Volume> = Vec::new();
        let mut bytes = 0_u64;
        for volume in volumes {
            let size = volume.capacity().unwrap_or_default();
            let is_full = limits.is_some_and(|limits| {
                set.len() >= limits.volumes || bytes.saturating_add(size) > limits.bytes
            });
            if is_full && !set.is_empty() {
                sets.push(std::mem::take(&mut set));
                bytes = 0;
            }
            bytes = bytes.saturating_add(size);
            set.push(volume);
        }
        sets.push(set);
    }
    sets.sort_by(|a, b| a[0].name().cmp(b[0].name()));
    let group = |volumes: Vec<Volume>| SnapshotGroup {
        name: names::snapshot_group(backup_uid, volumes.iter().map(Volume::name)),
        backup_uid: backup_uid.to_owned(),
        backup_name: backup_name.to_owned(),
        retain: None,
        labels: BTreeMap::new(),
        members: volumes
            .into_iter()
            .map(|volume| SnapshotRequest {
                name: names::snapshot(backup_uid, volume.name()),
                volume,
            })
            .collect(),
    };
    sets.into_iter().map(group).collect()
}
