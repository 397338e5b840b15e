//! All of Cloud Backup: its records, what vaults hold, and where data comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

use super::contents::repository::Repository;
use super::records::{Cluster, Records, Snapshot};
use crate::directory::store::Directory;
use crate::journal::Journal;
use crate::objects::Objects;
use crate::openapi::error::ApiError;

/// How long a vault is being made.
pub(super) const VAULT_TIME: TimeDelta = TimeDelta::seconds(2);
/// How long a backup client takes to come up in a cluster that was registered.
pub(super) const AGENT_TIME: TimeDelta = TimeDelta::seconds(2);
/// How much a job copies in a second, unless a setting or the job says otherwise.
pub(super) const USUAL_SPEED: u64 = 64 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Hbr {
    pub(super) directory: Directory,
    pub(super) shared: Arc<Shared>,
    pub(super) objects: Option<Arc<dyn Objects>>,
    pub(super) speed: u64,
}

/// What the handle of the running service has too.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) kept: Mutex<Kept>,
    pub(super) repository: Repository,
    pub(super) folders: Mutex<Folders>,
}

/// The records, and the file in which changes of them are written down.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) records: Records,
    pub(super) journal: Journal,
}

/// Where the files of nodes and file systems are.
#[derive(Clone, Debug, Default)]
pub(super) struct Folders {
    /// Of nodes and instances, their root directories.
    pub(super) nodes: BTreeMap<String, PathBuf>,
    /// Of nodes, where the backup client finds what Pods mount, unless it is where it usually is.
    pub(super) pods: BTreeMap<String, String>,
    pub(super) file_systems: BTreeMap<String, PathBuf>,
}

impl Shared {
    /// Changes the records, and writes down what has changed.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Records) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let kept = &mut *self.kept.lock();
        let result = change(&mut kept.records);
        let committed = kept.journal.commit(&mut kept.records);
        committed.map_err(|error| ApiError::internal(&error))?;
        result
    }

    /// Removes from the vaults what no snapshot needs.
    pub(super) fn sweep(&self, records: &Records) -> Result<(), ApiError> {
        let snapshots: Vec<_> = records
            .snapshots
            .values()
            .map(|it| (it.vault.clone(), it.id.clone()))
            .collect();
        self.repository
            .keep_only(&snapshots)
            .map_err(|error| ApiError::internal(&error))
    }
}

impl Records {
    /// Jobs, snapshots, plans and policies are listed in the order of their making.
    pub(super) fn next_serial(&self) -> u64 {
        let jobs = self.backup_jobs.values().map(|it| it.serial);
        let restores = self.restore_jobs.values().map(|it| it.serial);
        let snapshots = self.snapshots.values().map(|it| it.serial);
        let plans = self.plans.values().map(|it| it.serial);
        let policies = self.policies.values().map(|it| it.serial);
        let all = jobs.chain(restores).chain(snapshots).chain(plans);
        all.chain(policies).max().unwrap_or(0) + 1
    }

    /// `READY` once the backup client runs in the cluster, `MISS` before, and where somebody has
    /// stopped it.
    pub(super) fn agent_status(&self, cluster: &Cluster, now: DateTime<Utc>) -> &'static str {
        let is_up = now >= cluster.created_at + AGENT_TIME;
        match is_up && !self.stopped_agents.contains(&cluster.identifier) {
            true => "READY",
            false => "MISS",
        }
    }

    /// The snapshots that are there, the oldest first.
    pub(super) fn snapshots_at(&self, now: DateTime<Utc>) -> Vec<&Snapshot> {
        let all = self.snapshots.values();
        let mut there: Vec<_> = all
            .filter(|it| it.completed_at <= now && !self.is_expired(it, now))
            .collect();
        there.sort_by_key(|it| (it.completed_at, it.serial));
        there
    }

    pub(super) fn is_expired(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> bool {
        let is_old = snapshot.expires_at().is_some_and(|end| end <= now);
        is_old && !(snapshot.keep_latest && self.is_latest_of_its_plan(snapshot, now))
    }

    fn is_latest_of_its_plan(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> bool {
        let newer = |other: &&Snapshot| {
            other.plan == snapshot.plan
                && other.source == snapshot.source
                && other.completed_at <= now
                && (other.completed_at, other.serial) > (snapshot.completed_at, snapshot.serial)
        };
        !self.snapshots.values().any(|it| newer(&it))
    }
}

impl Snapshot {
    /// When it is gone.
    pub(super) fn expires_at(&self) -> Option<DateTime<Utc>> {
        let days = TimeDelta::try_days(self.retention_days)?;
        self.completed_at.checked_add_signed(days)
    }
}
