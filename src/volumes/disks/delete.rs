//! Deleting snapshots: those of the backup, and no others.

use std::collections::BTreeSet;

use alibaba_ecs_snapshot::{Client, Snapshot, SnapshotGroupId, SnapshotId};
use kube_backup_engine::volumes::VolumeRecord;
use kube_backup_engine::{Error, ErrorKind, Result};

use super::inventory::{Inventory, place};
use super::judge::stranger;
use super::poll::describe;
use super::shared::Shared;
use super::tags::{self, BACKUP_UID};
use crate::volumes::failure::Failure;

/// What is to go, of one backup in one region.
#[derive(Debug, Default)]
struct Doomed {
    groups: BTreeSet<SnapshotGroupId>,
    /// Those of the groups among them.
    snapshots: BTreeSet<SnapshotId>,
}

impl Shared {
    pub(super) async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        let places = records.iter().map(place).collect();
        let inventories = self.inventories(places).await?;
        let mut all_gone = true;
        for ((region, uid), inventory) in inventories {
            let ecs = self.ecs_in(region.as_deref())?;
            let is_here = |it: &&VolumeRecord| it.region == region && it.backup_uid == uid;
            let own: Vec<&VolumeRecord> = records.iter().filter(is_here).collect();
            let doomed = doomed(&ecs, &inventory, &own).await?;
            all_gone &= delete_all(&ecs, &inventory, doomed).await?;
        }
        Ok(all_gone)
    }
}

/// What the records name and tags show to be of their backup.
async fn doomed(ecs: &Client, inventory: &Inventory, records: &[&VolumeRecord]) -> Result<Doomed> {
    let names: BTreeSet<&str> = records.iter().map(|record| record.name.as_str()).collect();
    let mut doomed = Doomed::default();
    let mut known = BTreeSet::new();
    for found in inventory.records(None) {
        let handle = found.handle.unwrap_or_default();
        if names.contains(found.name.as_str()) {
            doomed.snapshots.insert(SnapshotId::new(&handle));
        }
        known.insert(handle);
    }
    for group in &inventory.groups {
        let mut members = group.snapshots.iter();
        if members.all(|member| doomed.snapshots.contains(&member.id)) {
            doomed.groups.insert(group.id.clone());
        }
    }
    // What was tagged otherwise since then is looked at by its id.
    let mut ids = Vec::new();
    for record in records {
        ids.extend(
            record
                .handle
                .as_ref()
                .filter(|it| !known.contains(*it))
                .map(SnapshotId::new),
        );
    }
    for snapshot in describe(ecs, &ids).await? {
        let is_of = |it: &&&VolumeRecord| it.handle.as_deref() == Some(snapshot.id.as_str());
        if let Some(record) = records.iter().find(is_of) {
            check_own(record, &snapshot)?;
            doomed.snapshots.insert(snapshot.id);
        }
    }
    Ok(doomed)
}

/// Refuses to delete what a record names and nothing shows to be of its backup.
fn check_own(record: &VolumeRecord, snapshot: &Snapshot) -> Result<()> {
    let uid = tags::value(&snapshot.tags, BACKUP_UID);
    let is_named = snapshot
        .name
        .as_ref()
        .is_some_and(|it| it.as_str() == record.name);
    let problem = stranger(record, snapshot);
    let problem = problem.or_else(|| {
        let is_shown = uid == Some(&record.backup_uid) || is_named;
        (!is_shown).then(|| "neither its name nor its tags say so".to_owned())
    });
    match problem {
        None => Ok(()),
        Some(problem) => Err(Error::new(
            ErrorKind::Volume,
            format!(
                "delete the snapshot `{}`: it is not of the backup `{}`: {problem}; it stays",
                snapshot.id, record.backup_uid
            ),
        )),
    }
}

async fn delete_all(ecs: &Client, inventory: &Inventory, doomed: Doomed) -> Result<bool> {
    let mut waits = false;
    let mut in_groups = BTreeSet::new();
    for id in doomed.groups {
        let members = inventory.groups.iter().filter(|group| group.id == id);
        in_groups.extend(
            members
                .flat_map(|group| &group.snapshots)
                .map(|it| it.id.clone()),
        );
        let step = format!("delete the snapshot group `{id}`");
        let deleted = ecs.delete_snapshot_group(id).send_if_exists().await;
        match deleted.map_err(Failure::of(step)) {
            Ok(_) => {}
            Err(failure) if failure.passes() && failure.code().is_some() => waits = true,
            Err(failure) => return Err(failure.into()),
        }
    }
    // Members that a group kept say by themselves why.
    let left: Vec<SnapshotId> = doomed.snapshots.iter().cloned().collect();
    let left = match in_groups.is_empty() {
        true => left,
        false => describe(ecs, &left)
            .await?
            .into_iter()
            .map(|it| it.id)
            .collect(),
    };
    for id in left {
        let step = format!("delete the snapshot `{id}`");
        let deleted = ecs.delete_snapshot(id).force(true).send_if_exists().await;
        match deleted.map_err(Failure::of(step)) {
            Ok(_) => {}
            Err(failure) if failure.passes() && failure.code().is_some() => waits = true,
            Err(failure) => return Err(failure.into()),
        }
    }
    let ids: Vec<SnapshotId> = doomed.snapshots.into_iter().collect();
    let is_gone = ids.is_empty() || describe(ecs, &ids).await?.is_empty();
    Ok(is_gone && !waits)
}
