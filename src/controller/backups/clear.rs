//! Clearing away what a stopped backup left.

use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::{Error, ErrorKind};

use crate::controller::context::Context;
use crate::controller::vaults::OpenLocation;

/// Thaws what the backup `name` with this uid left frozen when it was stopped, and deletes what else it left, its snapshots
/// first, and nothing of anybody else's: not a backup that was committed, and not what another writer of the same name is at.
pub(in crate::controller) async fn clear_leftovers(
    context: &Context,
    open: &OpenLocation,
    name: &str,
    uid: &str,
) -> Result<(), Error> {
    let snapshotters = open.snapshotters(context).await;
    let snapshotters =
        snapshotters.map_err(|why| Error::new(ErrorKind::Volume, why).with_retryable(true))?;
    let (client, repository) = (context.client.clone(), open.repository.clone());
    let left = Backup::new(client, repository, BackupSpec::named(name))
        .with_uid(uid)
        .with_snapshotters(snapshotters);
    match left.discard_unfinished().await {
        Ok(discarded) => {
            for warning in discarded.warnings {
                tracing::error!(name, warning, "an application may still be frozen");
            }
            Ok(())
        }
        Err(error) if !matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::Busy) => {
            Err(error)
        }
        Err(_) => Ok(()),
    }
}
