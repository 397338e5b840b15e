//! Looking at snapshots.

use std::collections::{BTreeMap, HashMap};

use alibaba_ecs_snapshot::{Client, Snapshot, SnapshotId};
use kube_backup_engine::Result;
use kube_backup_engine::volumes::{SnapshotState, VolumeRecord};

use super::inventory::place;
use super::judge::{judge, judge_absent};
use super::shared::Shared;
use crate::volumes::failure::Failure;

/// Most ids of one call.
const MOST_IDS: usize = 100;

impl Shared {
    pub(super) async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        let mut records = records.to_vec();
        let is_nameless = |it: &&VolumeRecord| it.handle.is_none() && !is_refused(it);
        let places = records.iter().filter(is_nameless).map(place).collect();
        let inventories = self.inventories(places).await?;
        for record in &mut records {
            if let Some(inventory) = inventories.get(&place(record)) {
                inventory.complete(record);
            }
        }
        self.refresh(&mut records).await?;
        Ok(records)
    }

    /// Brings records up to date, by one call for a hundred of a region.
    pub(super) async fn refresh(&self, records: &mut [VolumeRecord]) -> Result<()> {
        let mut ids: BTreeMap<Option<String>, Vec<SnapshotId>> = BTreeMap::new();
        for record in records.iter() {
            if let Some(handle) = &record.handle {
                let of_region = ids.entry(record.region.clone()).or_default();
                of_region.push(SnapshotId::new(handle));
            }
        }
        let mut found = HashMap::new();
        for (region, ids) in ids {
            let ecs = self.ecs_in(region.as_deref())?;
            for snapshot in describe(&ecs, &ids).await? {
                found.insert((region.clone(), snapshot.id.to_string()), snapshot);
            }
        }
        let now = self.clock.now();
        for record in records {
            if is_refused(record) {
                continue;
            }
            let handle = record.handle.clone().unwrap_or_default();
            match found.get(&(record.region.clone(), handle)) {
                Some(snapshot) => judge(record, snapshot, now),
                None => judge_absent(record, now),
            }
        }
        Ok(())
    }
}

/// Whether ECS has refused to make it: there is nothing to look at.
fn is_refused(record: &VolumeRecord) -> bool {
    let has_failed = matches!(record.state, SnapshotState::Failed { .. });
    has_failed && record.handle.is_none() && record.group_handle.is_none()
}

/// The snapshots of these ids that there are.
pub(super) async fn describe(ecs: &Client, ids: &[SnapshotId]) -> Result<Vec<Snapshot>> {
    let mut found = Vec::new();
    for ids in ids.chunks(MOST_IDS) {
        let call = ecs.describe_snapshots().snapshot_ids(ids);
        let page = call.max_results(100_u32).send().await;
        let page = page.map_err(Failure::of("look at snapshots"))?;
        let known = |snapshot: &Snapshot| ids.contains(&snapshot.id);
        found.extend(page.snapshots.into_iter().filter(known));
    }
    Ok(found)
}
