//! What a backup that was never finished left under its name.

use uuid::Uuid;

use super::backup::Backup;
use super::hooks::{HookResults, HookRunner};
use super::report::Discarded;
use crate::cluster::writer::ClusterWriter;
use crate::format::keys::Keys;
use crate::repository::delete::{PATIENCE, discard_made};
use crate::repository::lease::Lease;
use crate::volumes::calls::after;
use crate::{Error, ErrorKind, Result};

/// What an unfinished backup has left.
#[derive(Default)]
pub(super) struct Leftovers {
    was_there: bool,
    /// What came of thawing the applications that it froze.
    pub(super) thawed: Option<HookResults>,
    /// Whether it was this very backup, and has begun snapshots.
    pub(super) has_begun: bool,
}

/// What becomes of the snapshots that an earlier run of this very backup has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnSnapshots {
    /// This run goes on with them.
    Stay,
    /// They go, like those of others.
    Go,
}

impl Backup {
    /// Gives up what runs of this name left that were stopped before they had committed: of this backup, told by its
    /// [uid](Self::with_uid), or of one whose writer is gone, which is told as long as
    /// [`lease_duration`](crate::RunOptions::lease_duration) takes. Applications that they froze are thawed; snapshots that
    /// they began are deleted, by those of the [snapshotters](Self::with_snapshotters) that have made some; then all else goes.
    ///
    /// For whoever will not run it again: [`run`](Self::run) does as much before it writes anything. A backup that was
    /// committed stays, and so does what a living writer is at. Of the specification, only its name and its hooks mean
    /// something here.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] while another backup is being written under the name, [`ErrorKind::AlreadyExists`] when there is a
    /// backup of it; [`ErrorKind::Invalid`], before anything is deleted, when a snapshotter that has begun snapshots was
    /// not given; and whatever the store, the cluster and the snapshotters fail with.
    pub async fn discard_unfinished(self) -> Result<Discarded> {
        self.check()?;
        let name = &self.spec.name;
        let keys = self.repository.keys(name)?;
        if self.repository.below(&keys).await?.is_empty() {
            return Ok(Discarded::default());
        }
        let store = self.repository.store();
        let random = || Uuid::new_v4().to_string();
        let uid = self.uid.clone().unwrap_or_else(random);
        let duration = self.options.lease_duration;
        let mut lease = Lease::take(store, &keys, name, &uid, duration).await?;
        let api = ClusterWriter::new(self.connection());
        let hooks = HookRunner::new(api, self.spec.hooks.clone(), store, &keys);
        let clearing = self.delete_leftovers(&keys, &uid, &mut lease, &hooks, OwnSnapshots::Go);
        let cleared = Box::pin(clearing).await;
        let remains = lease.release().await;
        match (cleared, remains) {
            (Ok(left), None) => Ok(Discarded {
                was_there: left.was_there,
                warnings: left.thawed.map_or_else(Vec::new, |thawed| {
                    let failures = thawed.failures.iter();
                    failures.map(ToString::to_string).collect()
                }),
            }),
            (Ok(_), Some(remains)) => Err(Error::new(
                ErrorKind::Store,
                format!("give up what is unfinished of `{name}`"),
            )
            .with_left_behind(remains)),
            (Err(error), remains) => Err(remains.into_iter().fold(error, Error::with_left_behind)),
        }
    }

    /// Thaws what unfinished backups left frozen, and deletes what they left in the folder, snapshots that they began
    /// first.
    pub(super) async fn delete_leftovers(
        &self,
        keys: &Keys,
        uid: &str,
        lease: &mut Lease,
        hooks: &HookRunner,
        own: OwnSnapshots,
    ) -> Result<Leftovers> {
        let mut left = self.repository.below(keys).await?;
        let was_frozen = left.contains(&keys.frozen());
        left.retain(|path| *path != keys.lease() && *path != keys.frozen());
        if left.contains(&keys.record()) {
            // A writer that was suspended, and has woken up to commit.
            return Err(self.already_exists());
        }
        if left.is_empty() && !was_frozen {
            return Ok(Leftovers::default());
        }
        lease.check().await?;
        let step = format!(
            "clear away what a backup that was never finished left below `{}`; choose another name, \
             since it is kept",
            keys.folder()
        );
        let mut begun = self.repository.begun(keys, &left).await?;
        let mut has_begun = false;
        if own == OwnSnapshots::Stay {
            has_begun = begun.remove(uid).is_some();
            let own_note = keys.begun(uid);
            left.retain(|path| *path != own_note);
        }
        let clearing = Box::pin(async {
            let thawed = match was_frozen {
                true => hooks.thaw_noted().await?,
                false => None,
            };
            discard_made(&step, begun, &self.snapshotters, after(PATIENCE)).await?;
            Ok(thawed)
        });
        let thawed = lease.during(clearing).await?;
        lease.check().await?;
        self.repository.delete_all(left, step).await?;
        Ok(Leftovers {
            was_there: true,
            thawed,
            has_begun,
        })
    }
}
