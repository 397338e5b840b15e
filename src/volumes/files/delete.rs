//! Deleting: jobs that are under way are cancelled, backups that are there are deleted, both only where the
//! account allows it.

use std::collections::BTreeMap;

use alibaba_hbr::{BackupJob, BackupJobId, Snapshot, SourceType, VaultId};
use kube_backup_engine::volumes::VolumeRecord;
use kube_backup_engine::{Error, ErrorKind, Result};

use super::jobs::{JOB, Shown, VAULT_ID, attribute, is_of_backup};
use super::shared::{Shared, Wanted};
use crate::volumes::failure::Failure;

impl Shared {
    pub(super) async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        let known = self.known_vault().await?;
        let mut of_vaults: BTreeMap<VaultId, Vec<&VolumeRecord>> = BTreeMap::new();
        for record in records {
            let own = attribute(record, VAULT_ID).map(VaultId::new);
            if let Some(vault) = own.or_else(|| known.clone()) {
                of_vaults.entry(vault).or_default().push(record);
            }
        }
        let mut all_gone = true;
        for (vault, records) in of_vaults {
            let begun = records.iter().map(|record| record.started_at);
            let shown = self.shown(&vault, begun.min().flatten()).await?;
            all_gone &= self.delete_in(&vault, &shown, &records).await?;
        }
        Ok(all_gone)
    }

    async fn delete_in(
        &self,
        vault: &VaultId,
        shown: &Shown,
        records: &[&VolumeRecord],
    ) -> Result<bool> {
        let mut of_jobs: BTreeMap<&BackupJobId, (&BackupJob, Vec<&VolumeRecord>)> = BTreeMap::new();
        for record in records {
            if let Some(job) = shown.job(record) {
                check_own(record, job)?;
            }
            for job in shown.all_of(record) {
                let of_job = of_jobs.entry(&job.id).or_insert_with(|| (job, Vec::new()));
                of_job.1.push(record);
            }
        }
        let mut all_gone = true;
        for (job, records) in of_jobs.into_values() {
            if !job.status.is_final() {
                all_gone = false;
                self.cancel(vault, shown, job, &records).await?;
                continue;
            }
            for record in records {
                if let Some(snapshot) = shown.snapshot(record, job) {
                    self.delete_one(vault, snapshot).await?;
                }
            }
        }
        Ok(all_gone)
    }

    /// Cancels a job of which nothing else is wanted; another one ends by itself.
    async fn cancel(
        &self,
        vault: &VaultId,
        shown: &Shown,
        job: &BackupJob,
        records: &[&VolumeRecord],
    ) -> Result<()> {
        let volumes = shown
            .places(job)
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        if self.cancels == Wanted::No || records.len() < volumes {
            return Ok(());
        }
        let step = format!("cancel the backup job `{}`", job.id);
        let cancel = self.hbr.cancel_backup_job(&job.id).vault_id(vault);
        match cancel.send().await.map_err(Failure::of(step)) {
            Err(failure) if failure.is_denial() && self.cancels == Wanted::WhereAllowed => Ok(()),
            Err(failure) if failure.is_denial() || failure.passes() => Err(failure.into()),
            // It has ended meanwhile.
            _ => Ok(()),
        }
    }

    async fn delete_one(&self, vault: &VaultId, snapshot: &Snapshot) -> Result<()> {
        // Without the right to delete, it goes when its retention is over.
        if self.deletes == Wanted::No {
            return Ok(());
        }
        let step = format!(
            "delete the backup `{}` from the vault `{vault}`",
            snapshot.id
        );
        let delete = self.hbr.delete_snapshot(&snapshot.id).vault_id(vault);
        let delete = delete.source_type(SourceType::Container);
        match delete.send().await.map_err(Failure::of(step)) {
            Err(failure) if failure.code() == Some("SnapshotNotExist") => Ok(()),
            Err(failure) if failure.is_denial() && self.deletes == Wanted::WhereAllowed => Ok(()),
            Err(failure) => Err(failure.into()),
            Ok(_) => Ok(()),
        }
    }
}

/// Refuses to touch a job that a record names and that is not its backup's.
fn check_own(record: &VolumeRecord, job: &BackupJob) -> Result<()> {
    if is_of_backup(job, &record.backup_uid) {
        return Ok(());
    }
    let text = format!(
        "delete the files of claim `{}`: the job `{}` is not of the backup `{}`; it stays",
        record.claim,
        attribute(record, JOB).unwrap_or_default(),
        record.backup_uid
    );
    Err(Error::new(ErrorKind::Volume, text))
}
