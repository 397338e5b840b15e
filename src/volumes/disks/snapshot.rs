//! Making snapshots: together where ECS can, one by one where not, and each once.

use std::collections::HashMap;

use alibaba_ecs_snapshot::{Disk, DiskId, derived_token};
use futures::TryStreamExt as _;
use kube_backup_engine::Result;
use kube_backup_engine::volumes::{SnapshotGroup, SnapshotState, VolumeMethod, VolumeRecord};

use super::details::{DISK, Details, TYPE, ZONE};
use super::inventory::Inventory;
use super::made::{self, RETENTION, SEPARATELY};
use super::shared::{NAME, Shared};
use super::{tags, volume};
use crate::volumes::failure::Failure;

/// What came of the attempt to cut disks together.
enum Together {
    Done,
    /// They cannot be, for this reason.
    Refused(String),
}

impl Shared {
    pub(super) async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        let known = self.look(group).await?;
        let mut records: Vec<VolumeRecord> = group
            .members
            .iter()
            .map(|request| {
                let method = VolumeMethod::NativeSnapshot;
                let mut record = VolumeRecord::of(NAME, method, group, request);
                let details = Details::of_volume(&request.volume);
                let disk = details.get(DISK).and_then(|id| known.get(id));
                let details = match disk {
                    Some(disk) => details.corrected_by(disk),
                    None => details,
                };
                record.attributes = details.attributes();
                if let Some(retain) = group.retain {
                    let days = made::days(retain).to_string();
                    record.attributes.insert(RETENTION.to_owned(), days);
                }
                record.region = self.ecs.region().map(ToString::to_string);
                record.started_at = Some(self.clock.now());
                record
            })
            .collect();
        let there = self.inventory(&self.ecs, &group.backup_uid).await?;
        take_over(&there, group, &mut records);
        self.make(group, &known, &mut records).await?;
        // A look that fails now is made again when they are polled: nobody is kept frozen for it.
        if let Err(error) = self.fill_in(group, &mut records).await
            && !error.is_retryable()
        {
            return Err(error);
        }
        Ok(records)
    }

    /// What ECS says of the disks, where it is to be asked.
    async fn look(&self, group: &SnapshotGroup) -> Result<HashMap<String, Disk>> {
        if !self.looks_at_disks {
            return Ok(HashMap::new());
        }
        let ids = group.members.iter();
        let ids: Vec<DiskId> = ids
            .filter_map(|request| volume::disk_id(&request.volume))
            .map(DiskId::from)
            .collect();
        let mut found = HashMap::new();
        for ids in ids.chunks(100) {
            let disks = self.ecs.describe_disks().disk_ids(ids).items();
            let disks: Vec<Disk> = disks
                .try_collect()
                .await
                .map_err(Failure::of("look at the disks of a backup"))?;
            found.extend(disks.into_iter().map(|disk| (disk.id.to_string(), disk)));
        }
        Ok(found)
    }

    /// Makes what is not there yet.
    async fn make(
        &self,
        group: &SnapshotGroup,
        known: &HashMap<String, Disk>,
        records: &mut [VolumeRecord],
    ) -> Result<()> {
        let nothing_is_there = records.iter().all(|record| !is_begun(record));
        if group.members.len() > 1 && nothing_is_there {
            let fit = fit_for_group(known, records);
            if fit.len() > 1
                && let Together::Refused(reason) = self.together(group, records, &fit).await?
            {
                for record in records.iter_mut() {
                    let reason = (SEPARATELY.to_owned(), reason.clone());
                    record.attributes.extend([reason]);
                }
            }
        }
        let mut passing = None;
        for record in records.iter_mut().filter(|record| !is_begun(record)) {
            record.group = None;
            match self.alone(group, record).await {
                Ok(()) => {}
                Err(failure) if failure.passes() => passing = Some(failure),
                Err(failure) => {
                    record.state = SnapshotState::failed(failure.reason());
                    record.completed_at = Some(self.clock.now());
                }
            }
        }
        passing.map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Cuts those of the records that are `fit` together.
    async fn together(
        &self,
        group: &SnapshotGroup,
        records: &mut [VolumeRecord],
        fit: &[usize],
    ) -> Result<Together> {
        let members = fit.iter().map(|at| &records[*at]);
        let members: Vec<(&str, &VolumeRecord)> = members
            .filter_map(|record| Some((record.attributes.get(DISK)?.as_str(), record)))
            .collect();
        let disks: Vec<DiskId> = members.iter().map(|(disk, _)| DiskId::new(*disk)).collect();
        let tags = tags::of_group(group, &self.cluster, members);
        let token = format!("{} {}", group.name, disks.len());
        let call = self
            .ecs
            .create_snapshot_group()
            .disk_ids(disks)
            .name(group.name.as_str())
            .description(format!("backup {}", group.backup_uid))
            .tags(tags)
            .client_token(derived_token(&token, &group.backup_uid));
        let step = format!("make the snapshot group `{}`", group.name);
        match call.send().await.map_err(Failure::of(step)) {
            Ok(made) => {
                for at in fit {
                    records[*at].group_handle = Some(made.snapshot_group_id.to_string());
                }
                Ok(Together::Done)
            }
            Err(failure) if failure.is_denial() => {
                let now = self.clock.now();
                for at in fit {
                    records[*at].state = SnapshotState::failed(failure.reason());
                    records[*at].completed_at = Some(now);
                }
                Ok(Together::Done)
            }
            Err(failure) if failure.passes() || failure.code().is_none() => Err(failure.into()),
            Err(failure) => Ok(Together::Refused(failure.reason())),
        }
    }

    /// Cuts one disk.
    async fn alone(&self, group: &SnapshotGroup, record: &mut VolumeRecord) -> Result<(), Failure> {
        let disk = record.attributes.get(DISK).cloned().unwrap_or_default();
        let tags = tags::of_snapshot(record, &group.backup_name, &self.cluster, &group.labels);
        let mut call = self
            .ecs
            .create_snapshot(disk.as_str())
            .snapshot_name(record.name.as_str())
            .description(made::description(record))
            .tags(tags)
            .client_token(derived_token(&record.name, &record.backup_uid));
        if let Some(retain) = group.retain {
            call = call.retention_days(made::days(retain));
        }
        let step = format!(
            "make a snapshot of the disk `{disk}` of claim `{}`",
            record.claim
        );
        let made = call.send().await.map_err(Failure::of(step))?;
        record.handle = Some(made.snapshot_id.to_string());
        Ok(())
    }

    /// Asks ECS what became of what was made.
    async fn fill_in(&self, group: &SnapshotGroup, records: &mut [VolumeRecord]) -> Result<()> {
        let has_nameless = records
            .iter()
            .any(|record| record.group_handle.is_some() && record.handle.is_none());
        if has_nameless {
            let there = self.inventory(&self.ecs, &group.backup_uid).await?;
            for record in records.iter_mut() {
                if record.group_handle.is_some() {
                    there.complete(record);
                }
            }
        }
        self.refresh(records).await
    }
}

fn is_begun(record: &VolumeRecord) -> bool {
    let has_failed = matches!(record.state, SnapshotState::Failed { .. });
    record.handle.is_some() || record.group_handle.is_some() || has_failed
}

/// Takes what is there already for what an earlier call has made.
fn take_over(there: &Inventory, group: &SnapshotGroup, records: &mut [VolumeRecord]) {
    for record in records.iter_mut() {
        let found = there.records(record.region.as_deref());
        let own = found.iter().filter(|it| it.name == record.name);
        let in_group = own
            .clone()
            .find(|it| it.group.as_ref() == Some(&group.name));
        if let Some(found) = in_group.or_else(|| own.clone().find(|it| it.group.is_none())) {
            record.group.clone_from(&found.group);
            record.group_handle.clone_from(&found.group_handle);
            record.handle.clone_from(&found.handle);
            record.started_at = found.started_at.or(record.started_at);
        }
    }
}

/// Those of the records whose disks a group can take, by what ECS says of them: one that is not there, was
/// never attached or is of another zone would have the whole group refused. Where ECS was not asked, all.
fn fit_for_group(known: &HashMap<String, Disk>, records: &[VolumeRecord]) -> Vec<usize> {
    let all = (0..records.len()).collect::<Vec<_>>();
    if known.is_empty() {
        return all;
    }
    let zone = |at: &usize| records[*at].attributes.get(ZONE);
    let is_fit = |at: &usize| {
        let attributes = &records[*at].attributes;
        let disk = attributes.get(DISK).and_then(|id| known.get(id));
        let category = attributes.get(TYPE);
        disk.is_some_and(|disk| {
            let is_shared = disk.multi_attach.as_ref();
            let is_shared = is_shared.is_some_and(|it| it.as_str() != "Disabled");
            let is_locked = !disk.operation_locks.is_empty();
            let was_attached = disk.instance_id.is_some()
                || disk.attached_at.is_some()
                || disk.detached_at.is_some()
                || !disk.attachments.is_empty();
            was_attached && !is_shared && !is_locked
        }) && category.is_some_and(|category| volume::has_groups(category))
    };
    let fit: Vec<usize> = all.into_iter().filter(is_fit).collect();
    // Those of the zone that most of them are in.
    let zones = fit.iter().map(zone);
    let count = |zone: Option<&String>| zones.clone().filter(|it| *it == zone).count();
    let most = zones
        .clone()
        .max_by_key(|zone| (count(*zone), zone.cloned()));
    match most {
        Some(most) => fit.into_iter().filter(|at| zone(at) == most).collect(),
        None => fit,
    }
}
