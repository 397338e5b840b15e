//! Clearing away what a stopped backup left.

use kube_backup_engine::{Error, ErrorKind, RunOptions};

use crate::controller::vaults::OpenLocation;

/// Deletes what the backup `name` with this uid left when it was stopped, and nothing of anybody else's: not a backup that was
/// committed, and not what another writer of the same name is at.
pub(in crate::controller) async fn clear_leftovers(
    open: &OpenLocation,
    name: &str,
    uid: &str,
) -> Result<(), Error> {
    let duration = RunOptions::default().lease_duration;
    match open
        .repository
        .discard_unfinished(name, uid, duration)
        .await
    {
        Err(error) if !matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::Busy) => {
            Err(error)
        }
        _ => Ok(()),
    }
}
