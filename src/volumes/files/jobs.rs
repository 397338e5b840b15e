//! Jobs, and how a record names the one it is in: jobs have no tags, so their names say whose they are.

use std::time::Duration;

use alibaba_hbr::{
    BackupJob, ContainerVolume, Filter, FilterKey, FilterOperator, HostPrefix, Snapshot,
    SnapshotQuery, SourceType, VaultId, VolumeInfo,
};
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use kube_backup_engine::Result;
use kube_backup_engine::volumes::VolumeRecord;
use sha2::{Digest as _, Sha256};

use super::mounts::{is_same, volume_of};
use super::shared::Shared;
use crate::volumes::failure::Failure;

/// Attributes of a record: the vault, the job and what it is called, and how many volumes it has.
pub(super) const VAULT_ID: &str = "vault";
pub(super) const JOB: &str = "job";
pub(super) const JOB_NAME: &str = "jobName";
pub(super) const JOB_SIZE: &str = "jobVolumes";
/// In which round the volume is read.
pub(super) const ROUND: &str = "round";
/// The node that it is read on, and where it is mounted there.
pub(super) const NODE: &str = "node";
pub(super) const PLACE: &str = "hostPrefix";
/// Its class and capacity, for Cloud Backup's console.
pub(super) const CLASS: &str = "storageClass";
pub(super) const CAPACITY: &str = "capacity";
/// For how many days it is kept.
pub(super) const RETENTION: &str = "retentionDays";
/// What a restore must name beside the snapshot's id.
pub(super) const HASH: &str = "snapshotHash";
/// That some of its files are not in it, of a backup that failed and can be restored from all the same.
pub(super) const PARTIAL: &str = "partial";

/// Kept for ever, as far as Cloud Backup can: it wants a number.
const FOR_EVER: u32 = 36_500;

/// By how much the clocks of services may differ.
const SLACK: TimeDelta = TimeDelta::hours(1);

/// Whole days, so that nothing goes before its time.
pub(super) fn days(retain: Option<Duration>) -> u32 {
    let days = retain.map(|retain| retain.as_secs().div_ceil(86_400));
    let days = days.map(|days| u32::try_from(days).unwrap_or(FOR_EVER));
    days.map_or(FOR_EVER, |days| days.clamp(1, FOR_EVER))
}

/// What the job of these volumes is called: as the backup center calls it, and whose it is.
pub(super) fn name<'n>(backup: &str, uid: &str, members: impl Iterator<Item = &'n str>) -> String {
    let mut hash = Sha256::new();
    for member in members {
        hash.update(member);
        hash.update(b"\n");
    }
    let mut digest = base16ct::lower::encode_string(&hash.finalize());
    digest.truncate(8);
    format!("{backup}{}{digest}", mark(uid))
}

/// What the names of all jobs of a backup have in them.
fn mark(uid: &str) -> String {
    format!("-hbr-{uid}-")
}

pub(super) fn is_of_backup(job: &BackupJob, uid: &str) -> bool {
    let name = job.name.as_deref().unwrap_or_default();
    let is_digest = |rest: &str| rest.len() == 8 && rest.bytes().all(|it| it.is_ascii_hexdigit());
    name.rsplit_once(&mark(uid))
        .is_some_and(|(_, rest)| is_digest(rest))
}

pub(super) fn attribute<'r>(record: &'r VolumeRecord, name: &str) -> Option<&'r str> {
    record.attributes.get(name).map(String::as_str)
}

/// The volume of a record, as a job names it.
pub(super) fn resource(record: &VolumeRecord) -> ContainerVolume {
    let text = |name: &str| attribute(record, name).unwrap_or_default().to_owned();
    let info = VolumeInfo {
        pv_name: record.volume.name.clone(),
        pv_size: text(CAPACITY),
        storage_class: text(CLASS),
        pvc_name: record.claim.name.clone(),
        namespace: record.claim.namespace.clone(),
    };
    let id = match record.volume.uid.is_empty() {
        true => &record.name,
        false => &record.volume.uid,
    };
    ContainerVolume::new(id.as_str(), info, text(NODE), HostPrefix::new(text(PLACE)))
}

/// What a vault shows: the jobs and the snapshots in it.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The newest first.
    pub(super) jobs: Vec<BackupJob>,
    pub(super) snapshots: Vec<Snapshot>,
}

impl Shown {
    /// The job that a record is in: by its id, by what it is called, or as one of its backup that has its
    /// volume.
    pub(super) fn job(&self, record: &VolumeRecord) -> Option<&BackupJob> {
        if let Some(id) = attribute(record, JOB) {
            return self.jobs.iter().find(|job| job.id.as_str() == id);
        }
        let mut own = self
            .jobs
            .iter()
            .filter(|job| is_of_backup(job, &record.backup_uid));
        let named = attribute(record, JOB_NAME);
        own.clone()
            .find(|job| named.is_some() && job.name.as_deref() == named)
            .or_else(|| own.find(|job| self.places(job).any(|place| has_volume(place, record))))
    }

    /// All jobs that have copied the volume of a record for its backup: more than one where a job was not
    /// listed yet when it was looked for.
    pub(super) fn all_of<'s>(&'s self, record: &VolumeRecord) -> Vec<&'s BackupJob> {
        let named = attribute(record, JOB_NAME);
        let is_its = |job: &&BackupJob| {
            is_of_backup(job, &record.backup_uid)
                && (attribute(record, JOB) == Some(job.id.as_str())
                    || (named.is_some() && job.name.as_deref() == named)
                    || self.places(job).any(|place| has_volume(place, record)))
        };
        self.jobs.iter().filter(is_its).collect()
    }

    /// Where the volumes of a job are mounted.
    pub(super) fn places<'s>(&'s self, job: &'s BackupJob) -> impl Iterator<Item = &'s str> {
        let snapshots = self.of_job(job).flat_map(|snapshot| &snapshot.paths);
        job.paths.iter().chain(snapshots).map(String::as_str)
    }

    pub(super) fn of_job<'s>(&'s self, job: &'s BackupJob) -> impl Iterator<Item = &'s Snapshot> {
        let own = move |it: &&Snapshot| it.job_id.as_ref() == Some(&job.id);
        self.snapshots.iter().filter(own)
    }

    /// The snapshot of a record's volume that its job has left. The only one of a job of one volume is it,
    /// should it name no place.
    pub(super) fn snapshot<'s>(
        &'s self,
        record: &VolumeRecord,
        job: &'s BackupJob,
    ) -> Option<&'s Snapshot> {
        let is_its = |it: &&Snapshot| it.paths.iter().any(|place| is_of(place, record));
        let found = self.of_job(job).find(is_its);
        found.or_else(|| {
            let mut all = self.of_job(job);
            let only = all.next().filter(|it| it.paths.is_empty())?;
            let is_alone = attribute(record, JOB_SIZE) == Some("1") && all.next().is_none();
            is_alone.then_some(only)
        })
    }
}

/// Whether a place is where the volume of a record was read.
fn is_of(place: &str, record: &VolumeRecord) -> bool {
    match attribute(record, PLACE) {
        Some(own) => is_same(place, own),
        None => has_volume(place, record),
    }
}

fn has_volume(place: &str, record: &VolumeRecord) -> bool {
    !record.volume.name.is_empty() && volume_of(place) == Some(&record.volume.name)
}

impl Shared {
    /// The jobs and snapshots of a vault, those begun since then.
    pub(super) async fn shown(
        &self,
        vault: &VaultId,
        since: Option<DateTime<Utc>>,
    ) -> Result<Shown> {
        let since = since.map(|since| since - SLACK);
        let mut filters = vec![Filter::equal(FilterKey::VaultId, vault)];
        filters.extend(since.map(|since| {
            let from = FilterOperator::GreaterThanOrEqual;
            Filter::new(FilterKey::CreatedTime, from, [since.timestamp()])
        }));
        let jobs = self
            .hbr
            .describe_backup_jobs()
            .source_type(SourceType::Container);
        let jobs = jobs.filters(filters).page_size(99_u32).items();
        let step = format!("look at backup jobs of the vault `{vault}`");
        let mut jobs: Vec<BackupJob> = jobs.try_collect().await.map_err(Failure::of(step))?;
        let query = SnapshotQuery::in_vault(vault);
        let query = match since {
            Some(since) => query.completed_from(since),
            None => query,
        };
        let found = self.hbr.search_historical_snapshots(query);
        let found = found
            .source_type(SourceType::Container)
            .limit(100_u32)
            .items();
        let step = format!("look for backups in the vault `{vault}`");
        let mut snapshots: Vec<Snapshot> = found.try_collect().await.map_err(Failure::of(step))?;
        // A filter that was not heeded would show other vaults'.
        jobs.retain(|job| job.vault_id.as_ref().is_none_or(|it| it == vault));
        snapshots.retain(|it| it.vault_id.as_ref().is_none_or(|it| it == vault));
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at));
        Ok(Shown { jobs, snapshots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_say_whose_they_are() {
        let uid = "0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01";
        let name = name("nightly", uid, ["a", "b"].into_iter());
        assert!(name.starts_with("nightly-hbr-0b5ce1f0"), "{name}");
        let job = |name: &str| -> BackupJob {
            serde_json::from_value(
                serde_json::json!({"JobId": "job-1", "JobName": name, "Status": "CREATED"}),
            )
            .unwrap()
        };
        assert!(is_of_backup(&job(&name), uid));
        assert!(!is_of_backup(&job(&name), "0b5ce1f0"));
        assert!(!is_of_backup(&job("nightly-hbr"), uid));
        assert!(!is_of_backup(&job(&format!("{name}-x")), uid));
    }

    #[test]
    fn retentions_are_whole_days_within_bounds() {
        assert_eq!(days(None), FOR_EVER);
        assert_eq!(days(Some(Duration::from_secs(1))), 1);
        assert_eq!(days(Some(Duration::from_secs(30 * 86_400 + 1))), 31);
        assert_eq!(days(Some(Duration::MAX)), FOR_EVER);
    }
}
