//! What a backup that was never finished left under its name.

use super::backup::Backup;
use super::hooks::{HookResults, HookRunner};
use super::run::Run;
use crate::Result;
use crate::repository::delete::discard_made;
use crate::repository::lease::Lease;

/// What an unfinished backup has left.
pub(super) struct Leftovers {
    /// What came of thawing the applications that it froze.
    pub(super) thawed: Option<HookResults>,
    /// Whether it was this very backup, and has begun snapshots.
    pub(super) has_begun: bool,
}
impl Backup {
    /// Thaws what an unfinished backup left frozen, and deletes what it left in the folder, snapshots that it began
    /// first.
    pub(super) async fn delete_leftovers(
        &self,
        run: Run<'_>,
        lease: &mut Lease,
        hooks: &HookRunner,
    ) -> Result<Leftovers> {
        let Run { keys, uid, .. } = run;
        let mut left = self.repository.below(keys).await?;
        let was_frozen = left.contains(&keys.frozen());
        left.retain(|path| *path != keys.lease() && *path != keys.frozen());
        if left.contains(&keys.record()) {
            // A writer that was suspended, and has woken up to commit.
            return Err(self.already_exists());
        }
        if left.is_empty() && !was_frozen {
            return Ok(Leftovers {
                thawed: None,
                has_begun: false,
            });
        }
        lease.check().await?;
        let step = format!(
            "clear away what a backup that was never finished left below `{}`; choose another name, \
             since it is kept",
            keys.folder()
        );
        let mut begun = self.repository.begun(keys, &left).await?;
        let has_begun = begun.remove(uid).is_some();
        let clearing = Box::pin(async {
            let thawed = match was_frozen {
                true => hooks.thaw_noted().await?,
                false => None,
            };
            discard_made(&step, begun, &self.snapshotters).await?;
            Ok(thawed)
        });
        let thawed: Result<Option<HookResults>> = tokio::select! {
            cleared = clearing => cleared,
            Err(lost) = lease.keep(self.options.lease_duration) => return Err(lost),
        };
        let thawed = thawed?;
        let own_note = keys.begun(uid);
        left.retain(|path| *path != own_note);
        self.repository.delete_all(left, step).await?;
        Ok(Leftovers { thawed, has_begun })
    }
}
