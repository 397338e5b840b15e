//! Backing files up: a job for each round, begun as soon as the one before is done, and each once.

use std::collections::{BTreeMap, BTreeSet};

use alibaba_hbr::{ContainerClusterId, VaultId};
use chrono::TimeDelta;
use kube_backup_engine::Result;
use kube_backup_engine::volumes::{
    SnapshotGroup, SnapshotState, Volume, VolumeMethod, VolumeRecord, snapshot_name,
};

use super::jobs::{
    self, CAPACITY, CLASS, JOB, JOB_NAME, JOB_SIZE, NODE, PLACE, RETENTION, ROUND, Shown, VAULT_ID,
    attribute,
};
use super::judge::judge;
use super::mounts::{below_pods, volume_of};
use super::place::Place;
use super::rounds::turns;
use super::shared::{NAME, Shared};
use crate::volumes::failure::Failure;

/// Longer than a backup is under way: what an earlier call for it has begun is no older.
const LONGEST_BACKUP: TimeDelta = TimeDelta::days(7);

impl Shared {
    pub(super) async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        let mut records = self.planned(group);
        if let Place::Ready(vault) = self.vault().await? {
            let since = self.clock.now() - LONGEST_BACKUP;
            let shown = self.shown(&vault, Some(since)).await?;
            for record in &mut records {
                take_over(record, &vault, &shown);
            }
        }
        self.advance(&mut records).await?;
        Ok(records)
    }

    pub(super) async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        let mut records = records.to_vec();
        self.advance(&mut records).await?;
        Ok(records)
    }

    /// All that is there, or on its way, of a backup.
    pub(super) async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        let Some(vault) = self.known_vault().await? else {
            return Ok(Vec::new());
        };
        let shown = self.shown(&vault, None).await?;
        let mut found = BTreeMap::new();
        let own = shown
            .jobs
            .iter()
            .filter(|job| jobs::is_of_backup(job, backup_uid));
        for job in own {
            let places: BTreeSet<&str> = shown.places(job).collect();
            for place in &places {
                let Some(volume) = volume_of(place) else {
                    continue;
                };
                let name = snapshot_name(backup_uid, volume);
                let method = VolumeMethod::PodVolumeBackup;
                let mut record = VolumeRecord::found(NAME, method, backup_uid, &name);
                volume.clone_into(&mut record.volume.name);
                record.region = self.region();
                record.started_at = job.created_at;
                for (key, value) in [
                    (VAULT_ID, vault.to_string()),
                    (JOB, job.id.to_string()),
                    (JOB_SIZE, places.len().to_string()),
                    (PLACE, (*place).to_owned()),
                ] {
                    record.attributes.insert(key.to_owned(), value);
                }
                judge(&mut record, &shown, self.clock.now());
                // Of jobs that have left nothing, there is nothing.
                if !job.status.is_final() || record.handle.is_some() {
                    found.entry(name).or_insert(record);
                }
            }
        }
        Ok(found.into_values().collect())
    }

    /// Records of all members, with what their jobs are made of.
    fn planned(&self, group: &SnapshotGroup) -> Vec<VolumeRecord> {
        let volumes: Vec<&Volume> = group.members.iter().map(|it| &it.volume).collect();
        let now = self.clock.now();
        let turns = turns(&volumes, &self.nodes);
        let mut records = Vec::new();
        for (request, turn) in group.members.iter().zip(turns) {
            let mut record = VolumeRecord::of(NAME, VolumeMethod::PodVolumeBackup, group, request);
            // What one call takes is of no point in time.
            record.group = None;
            record.region = self.region();
            record.started_at = Some(now);
            let volume = &request.volume.volume;
            let place = turn.and_then(|turn| {
                let place = below_pods(volume, &turn.mount.pod.uid);
                let place = place.ok_or_else(|| "it has no place on its node".to_owned())?;
                Ok((turn, place))
            });
            match place {
                Ok((turn, place)) => {
                    let spec = volume.spec.as_ref();
                    let class = spec.and_then(|spec| spec.storage_class_name.clone());
                    let capacity = spec.and_then(|spec| spec.capacity.as_ref()?.get("storage"));
                    for (key, value) in [
                        (NODE, turn.mount.node),
                        (PLACE, place),
                        (ROUND, turn.round.to_string()),
                        (CLASS, class.unwrap_or_default()),
                        (
                            CAPACITY,
                            capacity.map(|it| it.0.clone()).unwrap_or_default(),
                        ),
                        (RETENTION, jobs::days(group.retain).to_string()),
                    ] {
                        record.attributes.insert(key.to_owned(), value);
                    }
                }
                Err(reason) => {
                    record.state = SnapshotState::failed(reason);
                    record.completed_at = Some(now);
                }
            }
            records.push(record);
        }
        name_jobs(group, &mut records);
        records
    }

    /// Brings records up to date, and begins the jobs whose turn it is.
    async fn advance(&self, records: &mut [VolumeRecord]) -> Result<()> {
        let vault = match self.vault().await? {
            Place::Ready(vault) => vault,
            Place::Pending => return Ok(()),
        };
        let mut of_vaults: BTreeMap<VaultId, Vec<&mut VolumeRecord>> = BTreeMap::new();
        for record in records {
            if has_no_job(record) {
                continue;
            }
            let own = attribute(record, VAULT_ID).map(VaultId::new);
            let own = own.unwrap_or_else(|| vault.clone());
            record
                .attributes
                .insert(VAULT_ID.to_owned(), own.to_string());
            of_vaults.entry(own).or_default().push(record);
        }
        for (vault, mut records) in of_vaults {
            let since = records
                .iter()
                .map(|record| record.started_at)
                .min()
                .flatten();
            let shown = self.shown(&vault, since).await?;
            let now = self.clock.now();
            for record in &mut records {
                judge(record, &shown, now);
            }
            self.begin_next(&vault, &mut records).await?;
        }
        Ok(())
    }

    /// Begins the job of the first round that has not begun, if those before it are done.
    async fn begin_next(&self, vault: &VaultId, records: &mut [&mut VolumeRecord]) -> Result<()> {
        let is_under_way = |it: &VolumeRecord| {
            it.state == SnapshotState::Pending && it.attributes.contains_key(JOB)
        };
        let mut backups: BTreeMap<String, Vec<&mut VolumeRecord>> = BTreeMap::new();
        for record in records {
            backups
                .entry(record.backup_uid.clone())
                .or_default()
                .push(record);
        }
        for mut records in backups.into_values() {
            if records.iter().any(|record| is_under_way(record)) {
                continue;
            }
            let waits = |it: &VolumeRecord| {
                it.state == SnapshotState::Pending && !it.attributes.contains_key(JOB)
            };
            let round = |it: &VolumeRecord| -> usize {
                attribute(it, ROUND)
                    .and_then(|round| round.parse().ok())
                    .unwrap_or_default()
            };
            let next = records
                .iter()
                .filter(|it| waits(it))
                .min_by_key(|it| round(it));
            let Some(name) = next
                .and_then(|next| attribute(next, JOB_NAME))
                .map(str::to_owned)
            else {
                continue;
            };
            let mut members: Vec<&mut VolumeRecord> = records
                .iter_mut()
                .filter(|it| attribute(it, JOB_NAME) == Some(&name))
                .map(|it| &mut **it)
                .collect();
            let size = members.first().and_then(|it| attribute(it, JOB_SIZE));
            // Those who ask for some of a job's volumes do not begin it.
            if size == Some(members.len().to_string().as_str())
                && let Place::Ready(cluster) = self.registered().await?
            {
                self.begin(vault, &cluster, &name, &mut members).await?;
            }
        }
        Ok(())
    }

    async fn begin(
        &self,
        vault: &VaultId,
        cluster: &ContainerClusterId,
        name: &str,
        records: &mut [&mut VolumeRecord],
    ) -> Result<()> {
        let volumes: Vec<_> = records
            .iter()
            .map(|record| jobs::resource(record))
            .collect();
        let days = records
            .first()
            .and_then(|it| attribute(it, RETENTION)?.parse().ok());
        let days = days.unwrap_or_else(|| jobs::days(None));
        let create = self
            .hbr
            .create_container_backup_job(vault, cluster, volumes, days);
        // ACK's own words, so that what people search for is found.
        let step = format!("HBR backup request failed: begin the job `{name}`");
        match create
            .job_name(name)
            .send()
            .await
            .map_err(Failure::of(step))
        {
            Ok(created) => {
                for record in records {
                    record
                        .attributes
                        .insert(JOB.to_owned(), created.job_id.to_string());
                }
                Ok(())
            }
            Err(failure) if failure.passes() || failure.code().is_none() => Err(failure.into()),
            Err(failure) => {
                let reason = failure.reason();
                let now = self.clock.now();
                for record in records {
                    record.state = SnapshotState::failed(reason.clone());
                    record.completed_at = Some(now);
                }
                Ok(())
            }
        }
    }
}

/// A record that never came to have a job.
fn has_no_job(record: &VolumeRecord) -> bool {
    let has_failed = matches!(record.state, SnapshotState::Failed { .. });
    has_failed && record.handle.is_none() && !record.attributes.contains_key(JOB)
}

/// Names the job of each round.
fn name_jobs(group: &SnapshotGroup, records: &mut [VolumeRecord]) {
    let mut rounds: BTreeMap<String, Vec<&mut VolumeRecord>> = BTreeMap::new();
    for record in records {
        if let Some(round) = attribute(record, ROUND).map(str::to_owned) {
            rounds.entry(round).or_default().push(record);
        }
    }
    for members in rounds.into_values() {
        let names = members.iter().map(|record| record.name.as_str());
        let name = jobs::name(&group.backup_name, &group.backup_uid, names);
        let size = members.len().to_string();
        for record in members {
            record.attributes.insert(JOB_NAME.to_owned(), name.clone());
            record.attributes.insert(JOB_SIZE.to_owned(), size.clone());
        }
    }
}

/// Takes a job of the backup that has the volume, and is under way or has kept it, for the one that is
/// asked for.
fn take_over(record: &mut VolumeRecord, vault: &VaultId, shown: &Shown) {
    let own = shown
        .jobs
        .iter()
        .filter(|job| jobs::is_of_backup(job, &record.backup_uid));
    for job in own {
        let places: BTreeSet<&str> = shown.places(job).collect();
        let place = places
            .iter()
            .find(|place| volume_of(place) == Some(&record.volume.name));
        let is_named = attribute(record, JOB_NAME) == job.name.as_deref();
        if place.is_none() && !is_named {
            continue;
        }
        let is_kept = || {
            let mut snapshots = shown.of_job(job).flat_map(|it| &it.paths);
            snapshots.any(|place| volume_of(place) == Some(&record.volume.name))
        };
        if !job.status.is_final() || is_kept() {
            if let Some(place) = place {
                record
                    .attributes
                    .insert(PLACE.to_owned(), (*place).to_owned());
                record
                    .attributes
                    .insert(JOB_SIZE.to_owned(), places.len().to_string());
            }
            record
                .attributes
                .insert(VAULT_ID.to_owned(), vault.to_string());
            record.attributes.insert(JOB.to_owned(), job.id.to_string());
            record.started_at = job.created_at.or(record.started_at);
            record.state = SnapshotState::Pending;
            record.completed_at = None;
            return;
        }
    }
}
