//! What there is of a backup in a region, found by its tags.

use std::collections::{BTreeMap, BTreeSet};

use alibaba_ecs_snapshot::{Client, Snapshot, SnapshotGroup, Tag};
use futures::TryStreamExt as _;
use kube_backup_engine::Result;
use kube_backup_engine::volumes::VolumeRecord;

use super::shared::Shared;
use super::tags::{self, BACKUP_UID};
use crate::volumes::failure::Failure;

/// A region, and the uid of a backup that has snapshots there.
pub(super) type Place = (Option<String>, String);

pub(super) fn place(record: &VolumeRecord) -> Place {
    (record.region.clone(), record.backup_uid.clone())
}

/// The groups and the single snapshots of a backup in one region.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) groups: Vec<SnapshotGroup>,
    /// The oldest first, without members of those groups.
    pub(super) snapshots: Vec<Snapshot>,
}

impl Inventory {
    /// The records of all that is there.
    pub(super) fn records(&self, region: Option<&str>) -> Vec<VolumeRecord> {
        let members = self.groups.iter().flat_map(|group| {
            group.snapshots.iter().filter_map(|member| {
                let disk = member.source_disk_id.as_ref()?.as_str();
                let mut record = tags::member_record(&group.tags, disk)?;
                record.group = group.name.as_ref().map(ToString::to_string);
                record.group_handle = Some(group.id.to_string());
                record.handle = Some(member.id.to_string());
                record.started_at = group.created_at;
                Some(record)
            })
        });
        let single = self.snapshots.iter().filter_map(|snapshot| {
            let mut record = tags::record(&snapshot.tags, snapshot.name.as_ref()?.as_str())?;
            record.handle = Some(snapshot.id.to_string());
            record.started_at = snapshot.created_at;
            Some(record)
        });
        let mut records: Vec<VolumeRecord> = members.chain(single).collect();
        for record in &mut records {
            record.region = region.map(str::to_owned);
        }
        records
    }

    /// The single snapshot of this name; the oldest, should there be several.
    pub(super) fn single(&self, name: &str) -> Option<&Snapshot> {
        let is_it = |it: &&Snapshot| it.name.as_ref().is_some_and(|it| it.as_str() == name);
        self.snapshots.iter().find(is_it)
    }

    /// Gives a record the handles that it lacks.
    pub(super) fn complete(&self, record: &mut VolumeRecord) {
        if record.handle.is_some() {
            return;
        }
        let region = record.region.clone();
        let found = self.records(region.as_deref());
        let of_own_group = |it: &&VolumeRecord| {
            it.name == record.name && (record.group.is_none() || it.group == record.group)
        };
        if let Some(found) = found.iter().find(of_own_group) {
            record.handle.clone_from(&found.handle);
            record.group_handle.clone_from(&found.group_handle);
        }
    }
}

impl Shared {
    /// Looks for all of a backup in a region.
    pub(super) async fn inventory(&self, ecs: &Client, backup_uid: &str) -> Result<Inventory> {
        let of_backup = || [Tag::new(BACKUP_UID, backup_uid)];
        let groups = ecs.describe_snapshot_groups().tags(of_backup()).items();
        let step = format!("find snapshot groups of the backup `{backup_uid}`");
        let mut groups: Vec<SnapshotGroup> =
            groups.try_collect().await.map_err(Failure::of(step))?;
        let snapshots = ecs.describe_snapshots().tags(of_backup()).items();
        let step = format!("find snapshots of the backup `{backup_uid}`");
        let mut snapshots: Vec<Snapshot> =
            snapshots.try_collect().await.map_err(Failure::of(step))?;
        // A filter that was not heeded would make other people's snapshots ours.
        let is_of_backup = |tags: &[Tag]| tags::value(tags, BACKUP_UID) == Some(backup_uid);
        groups.retain(|group| is_of_backup(&group.tags));
        let members: Vec<_> = groups.iter().flat_map(|group| &group.snapshots).collect();
        snapshots.retain(|snapshot| {
            is_of_backup(&snapshot.tags) && !members.iter().any(|member| member.id == snapshot.id)
        });
        groups.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        snapshots.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(Inventory { groups, snapshots })
    }

    /// The inventories of all these places.
    pub(super) async fn inventories(
        &self,
        places: BTreeSet<Place>,
    ) -> Result<BTreeMap<Place, Inventory>> {
        let mut found = BTreeMap::new();
        for (region, uid) in places {
            let ecs = self.ecs_in(region.as_deref())?;
            let inventory = self.inventory(&ecs, &uid).await?;
            found.insert((region, uid), inventory);
        }
        Ok(found)
    }

    /// All snapshots of a backup, in all regions that are known.
    pub(super) async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        let mut records = Vec::new();
        let home = self.ecs.region().cloned();
        for region in home.iter().chain(&self.other_regions) {
            let ecs = self.ecs_in(Some(region.as_str()))?;
            let inventory = self.inventory(&ecs, backup_uid).await?;
            records.extend(inventory.records(Some(region.as_str())));
        }
        self.refresh(&mut records).await?;
        Ok(records)
    }
}
