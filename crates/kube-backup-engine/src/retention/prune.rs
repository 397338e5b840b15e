//! Deletes what a plan says, so that nothing is left over wherever it is cut off.
//!
//! For each backup, in this order:
//!
//! 1. the lease on its name, under a uid of its own: it keeps writers of that name away, and tells whoever comes after a
//!    crash that this is a deletion to be finished, and neither a backup that is being written nor another program's;
//! 2. the snapshots of its volumes and their copies, while its record still names them;
//! 3. its record: now it is no backup any more;
//! 4. everything else of it, and last the lease.
//!
//! A crash before 3 leaves a backup that is deleted again, and one after it a folder that the next pass finds by the lease.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use object_store::path::Path;
use serde::Serialize;

use super::{PrunePlan, Verdict};
use crate::format::keys::{LEASE_SUFFIX, RECORD};
use crate::format::names::PRUNE;
use crate::printable::Printable;
use crate::repository::delete::Deletion;
use crate::repository::lease::Lease;
use crate::volumes::VolumeSnapshotter;
use crate::{Error, ErrorKind, Repository, Result, RunOptions};

/// How long the snapshots of a backup are waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// Carries out [`PrunePlan`]s in a repository.
///
/// ```no_run
/// # use kube_backup_engine::Repository;
/// # use kube_backup_engine::retention::RetentionPolicy;
/// # async fn example(repository: Repository, policy: RetentionPolicy) -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::retention::{Candidate, Prune};
///
/// let records = repository.list().await?.records;
/// let backups: Vec<Candidate> = records.iter().map(Candidate::of).collect();
/// let plan = policy.apply(&backups, chrono::Utc::now())?;
/// println!("{plan}"); // a dry run ends here
///
/// let report = Prune::new(repository).run(&plan).await?;
/// println!("{report}"); // what could not be deleted is named, and the next pass tries again
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Prune {
    repository: Repository,
    snapshotters: Vec<Arc<dyn VolumeSnapshotter>>,
    snapshot_timeout: Duration,
    lease_duration: Duration,
}

/// What became of a pass.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PruneReport {
    /// Each backup that was to be deleted, in the order of the plan.
    pub backups: Vec<Pruned>,
    /// Each deletion that a pass before this one had not finished.
    pub finished: Vec<Pruned>,
}

/// What became of a deletion.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Pruned {
    /// The backup's name.
    pub name: String,
    /// How far it came.
    pub state: PrunedState,
    /// Snapshots of volumes that were deleted.
    pub snapshots: usize,
    /// Why it came no further, with the causes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How far a deletion came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum PrunedState {
    /// There is nothing left of it.
    Deleted,
    /// There was nothing of it, or there is another backup of its name: it was deleted before.
    Gone,
    /// Its snapshots are going, and take their time; the next pass goes on.
    Going,
    /// The store does not let it go, as under a retention policy of the bucket. It stays a backup, if it still was one.
    Locked,
    /// It failed. The next pass tries again.
    Failed,
}

impl Prune {
    /// Deletes backups of this repository. Those with snapshots of volumes need their
    /// [snapshotters](Self::with_snapshotter).
    #[must_use]
    pub fn new(repository: Repository) -> Self {
        Self {
            repository,
            snapshotters: Vec::new(),
            snapshot_timeout: PATIENCE,
            lease_duration: RunOptions::default().lease_duration,
        }
    }

    /// Deletes snapshots by this one, instead of one of the same name. A backup whose snapshots no snapshotter knows is
    /// not deleted; one that has made none is not asked.
    #[must_use]
    pub fn with_snapshotter(mut self, snapshotter: Arc<dyn VolumeSnapshotter>) -> Self {
        self.snapshotters
            .retain(|it| it.name() != snapshotter.name());
        self.snapshotters.push(snapshotter);
        self
    }

    /// Waits for as long as this until the snapshots of a backup are gone; five minutes unless set. Its record is
    /// deleted after them, since nothing else names them.
    #[must_use]
    pub fn with_snapshot_timeout(mut self, timeout: Duration) -> Self {
        self.snapshot_timeout = timeout;
        self
    }

    /// Uses another lease duration than the default: the one that all writers of the repository use.
    #[must_use]
    pub fn with_lease_duration(mut self, duration: Duration) -> Self {
        self.lease_duration = duration;
        self
    }

    /// Finishes what passes before left unfinished, and deletes what `plan` says, one after another. What fails is
    /// named in the report, and takes nothing with it.
    ///
    /// # Errors
    /// When the repository cannot be listed.
    pub async fn run(&self, plan: &PrunePlan) -> Result<PruneReport> {
        let mut report = PruneReport::default();
        for name in self.unfinished().await? {
            let outcome = self.finish(&name).await;
            report
                .finished
                .push(Pruned::of(name, 0, outcome.map(|()| PrunedState::Deleted)));
        }
        for doomed in plan.with(Verdict::Delete) {
            let mut snapshots = 0;
            let outcome = self.delete(&doomed.name, &doomed.uid, &mut snapshots).await;
            report
                .backups
                .push(Pruned::of(doomed.name.clone(), snapshots, outcome));
        }
        Ok(report)
    }

    /// Deletes one backup, told by its uid from others of its name, with the snapshots of its volumes: for somebody who asked for it,
    /// and not by a plan.
    pub async fn delete_one(&self, name: &str, uid: &str) -> Pruned {
        let mut snapshots = 0;
        let outcome = self.delete(name, uid, &mut snapshots).await;
        Pruned::of(name.to_owned(), snapshots, outcome)
    }

    async fn delete(&self, name: &str, uid: &str, snapshots: &mut usize) -> Result<PrunedState> {
        if !self.is_there(name, uid).await? {
            return Ok(PrunedState::Gone);
        }
        let deletion = Deletion::new(&self.repository, name)?;
        let mut lease = self.lease(&deletion, name).await?;
        // Nobody else writes under the name from here on.
        if !self.is_there(name, uid).await? {
            lease.release().await;
            return Ok(PrunedState::Gone);
        }
        let data = async {
            let there = self.repository.below(&deletion.keys).await?;
            deletion
                .data(&there, &self.snapshotters, self.snapshot_timeout)
                .await
        };
        // Snapshots may take their time.
        let deleted = match lease.during(data).await {
            Ok(count) => {
                *snapshots = count;
                lease.check().await?;
                deletion.record().await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = deleted {
            lease.release().await;
            return Err(error);
        }
        delete_rest(&deletion, lease).await?;
        Ok(PrunedState::Deleted)
    }

    /// Whether the backup that was meant is there: a plan is not of whatever has its name by now.
    async fn is_there(&self, name: &str, uid: &str) -> Result<bool> {
        let stored = self.repository.stored_record(name).await?;
        Ok(stored.is_some_and(|stored| stored.record.uid() == uid))
    }

    async fn lease(&self, deletion: &Deletion<'_>, name: &str) -> Result<Lease> {
        Lease::take(
            self.repository.store(),
            &deletion.keys,
            name,
            PRUNE,
            self.lease_duration,
        )
        .await
    }

    /// Names that have a lease of a deletion, and no record.
    async fn unfinished(&self) -> Result<Vec<String>> {
        let folder = self.repository.folder();
        let mut found: BTreeMap<String, (bool, bool)> = BTreeMap::new();
        let mut keys = self.repository.store().list(Some(&folder));
        while let Some(object) = keys
            .try_next()
            .await
            .map_err(|error| Error::store("list backups", error))?
        {
            let Some((name, file)) = name_and_file(&folder, &object.location) else {
                continue;
            };
            if file == RECORD {
                found.entry(name).or_default().0 = true;
            } else if file.strip_suffix(LEASE_SUFFIX) == Some(&name) {
                found.entry(name).or_default().1 = true;
            }
        }
        let mut unfinished = Vec::new();
        for (name, (has_record, has_lease)) in found {
            // Names that no backup has are not ours.
            let Ok(keys) = self.repository.keys(&name) else {
                continue;
            };
            if has_lease
                && !has_record
                && Lease::is_held_by(self.repository.store(), &keys, &name, PRUNE).await?
            {
                unfinished.push(name);
            }
        }
        Ok(unfinished)
    }

    async fn finish(&self, name: &str) -> Result<()> {
        let deletion = Deletion::new(&self.repository, name)?;
        let lease = self.lease(&deletion, name).await?;
        delete_rest(&deletion, lease).await
    }
}

/// Everything but the lease, and then the lease.
async fn delete_rest(deletion: &Deletion<'_>, lease: Lease) -> Result<()> {
    lease.check().await?;
    deletion.rest(Some(&deletion.keys.lease())).await?;
    match lease.release().await {
        None => Ok(()),
        Some(left) => Err(Error::new(ErrorKind::Store, left)),
    }
}

/// The backup's name, and the file in its folder.
fn name_and_file(folder: &Path, key: &Path) -> Option<(String, String)> {
    let mut parts = key.prefix_match(folder)?;
    let (name, file) = (parts.next()?, parts.next()?);
    Some((name.as_ref().to_owned(), file.as_ref().to_owned()))
}

impl Pruned {
    fn of(name: String, snapshots: usize, outcome: Result<PrunedState>) -> Self {
        match outcome {
            Ok(state) => Self {
                name,
                state,
                snapshots,
                error: None,
            },
            Err(error) => Self {
                name,
                state: match error.kind() {
                    _ if error.is_refused_by_store() => PrunedState::Locked,
                    ErrorKind::Timeout => PrunedState::Going,
                    _ => PrunedState::Failed,
                },
                snapshots,
                error: Some(error.chain()),
            },
        }
    }
}

/// A line for each backup.
impl fmt::Display for PruneReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deleted = self
            .backups
            .iter()
            .filter(|it| it.state == PrunedState::Deleted)
            .count();
        write!(f, "{deleted} of {} backups deleted", self.backups.len())?;
        for (pruned, before) in self
            .finished
            .iter()
            .map(|it| (it, true))
            .chain(self.backups.iter().map(|it| (it, false)))
        {
            let state = match pruned.state {
                PrunedState::Deleted if before => "finished",
                PrunedState::Deleted => "deleted",
                PrunedState::Gone => "gone",
                PrunedState::Going => "going",
                PrunedState::Locked => "locked",
                PrunedState::Failed => "failed",
            };
            write!(f, "\n  {state:<9}{}", Printable(&pruned.name))?;
            if pruned.snapshots > 0 {
                write!(f, ", {} snapshots", pruned.snapshots)?;
            }
            if let Some(error) = &pruned.error {
                write!(f, ": {error}")?;
            }
        }
        Ok(())
    }
}
