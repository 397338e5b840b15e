//! Cutting snapshots: what a disk holds at one instant.

use std::io;

use chrono::{DateTime, Utc};

use super::categories;
use super::records::snapshot::{PlannedCopy, Snapshot};
use super::regions;
use super::state::State;
use super::tag::Tags;

/// What a new snapshot is to be.
#[derive(Clone, Debug, Default)]
pub(super) struct NewSnapshot {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) retention: Option<u32>,
    pub(super) is_automatic: bool,
    pub(super) group: Option<String>,
    pub(super) copy_to: Option<PlannedCopy>,
    pub(super) resource_group: Option<String>,
    pub(super) tags: Tags,
}

/// The image of what a disk holds now, under the id of the snapshot that is the first to have it.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) snapshot_id: String,
    image: String,
    held_bytes: u64,
}

impl Cut {
    /// Copies what a disk holds now. `None` where there is no such disk.
    pub(super) fn of(state: &mut State, disk: &str) -> io::Result<Option<Self>> {
        let Some(disk) = state.records.disks.get(disk) else {
            return Ok(None);
        };
        let id = regions::new_id("s", &disk.region);
        state.images.copy(&disk.id, &id, disk.size())?;
        let held_bytes = state.images.held(&id)?;
        Ok(Some(Self {
            image: id.clone(),
            snapshot_id: id,
            held_bytes,
        }))
    }

    /// The same bytes for another snapshot of the disk.
    pub(super) fn again(&self, region: &str) -> Self {
        Self {
            snapshot_id: regions::new_id("s", region),
            ..self.clone()
        }
    }

    /// Enters the snapshot of a disk, begun at this time.
    pub(super) fn enter(self, state: &mut State, disk: &str, at: DateTime<Utc>, new: NewSnapshot) {
        let number = state.next_number();
        let Some(disk) = state.records.disks.get_mut(disk) else {
            return;
        };
        let link = disk
            .link
            .get_or_insert_with(|| regions::new_id("sl", &disk.region));
        let snapshot = Snapshot {
            id: self.snapshot_id.clone(),
            number,
            region: disk.region.clone(),
            name: new.name,
            description: new.description,
            image: self.image,
            held_bytes: self.held_bytes,
            created: at,
            modified: at,
            takes_millis: state.limits.snapshot_takes.num_milliseconds(),
            fails: disk.snapshots_fail,
            at_once: categories::is_essd(&disk.category),
            is_automatic: new.is_automatic,
            archived: false,
            retention: new.retention,
            source_disk: disk.id.clone(),
            source_category: disk.category.clone(),
            source_is_system: disk.is_system,
            source_size_gib: disk.size_gib,
            link: link.clone(),
            instance: disk.attached.as_ref().map(|it| it.instance.clone()),
            group: new.group,
            copied_from: None,
            copy_to: new.copy_to,
            encrypted: disk.encrypted,
            kms_key: disk.kms_key.clone(),
            lock: None,
            resource_group: new.resource_group,
            tags: new.tags,
        };
        state.records.snapshots.insert(self.snapshot_id, snapshot);
    }
}

/// What a copy in another region is to be.
#[derive(Clone, Debug)]
pub(super) struct NewCopy {
    pub(super) region: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) retention: Option<u32>,
    pub(super) encrypted: bool,
    pub(super) kms_key: Option<String>,
    pub(super) resource_group: Option<String>,
    pub(super) tags: Tags,
}

/// Enters a copy of a snapshot in another region, begun at this time. It has the same image.
pub(super) fn copy(
    state: &mut State,
    original: &Snapshot,
    at: DateTime<Utc>,
    new: NewCopy,
) -> String {
    let id = regions::new_id("s", &new.region);
    // The copies of one disk in a region are a chain too.
    let mut others = state.records.snapshots.values();
    let chain = others.find(|it| it.region == new.region && it.source_disk == original.source_disk);
    let link = match chain {
        Some(other) => other.link.clone(),
        None => regions::new_id("sl", &new.region),
    };
    let copy = Snapshot {
        id: id.clone(),
        number: state.next_number(),
        name: new.name,
        description: new.description,
        created: at,
        modified: at,
        takes_millis: state.limits.snapshot_takes.num_milliseconds(),
        fails: false,
        // "Available turns true early" is said of snapshots of disks; that a copy has to be whole
        // first is inferred.
        at_once: false,
        archived: false,
        retention: new.retention,
        link,
        instance: None,
        group: None,
        copied_from: Some((original.region.clone(), original.id.clone())),
        copy_to: None,
        encrypted: new.encrypted,
        kms_key: new.kms_key,
        lock: None,
        resource_group: new.resource_group,
        tags: new.tags,
        region: new.region,
        ..original.clone()
    };
    state.records.snapshots.insert(id.clone(), copy);
    id
}
