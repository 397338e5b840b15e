//! Deleting the snapshots of a backup until they are gone.

use std::sync::Arc;

use tokio::time::Instant;

use super::calls::{Pause, persist};
use super::{VolumeRecord, VolumeSnapshotter};
use crate::{Error, ErrorKind, Result};

/// Deletes `records`, whoever made them, and waits until they are gone; copies elsewhere first.
pub(crate) async fn discard(
    snapshotter: &dyn VolumeSnapshotter,
    records: Vec<VolumeRecord>,
    until: Instant,
) -> Result<()> {
    // A copy has the name of what it was made from, and is in no group.
    let (copies, originals): (Vec<_>, Vec<_>) = {
        let is_copy = |it: &VolumeRecord| {
            it.group.is_none()
                && records.iter().any(|other| {
                    other.name == it.name && other.region != it.region && other.group.is_some()
                })
        };
        records.iter().cloned().partition(is_copy)
    };
    for records in [copies, originals] {
        let Some(first) = records.first() else {
            continue;
        };
        let step = format!(
            "discard snapshot `{}` and {} more by `{}`",
            first.name,
            records.len() - 1,
            snapshotter.name()
        );
        let mut pause = Pause::default();
        while !persist(&step, until, || snapshotter.delete(&records)).await? {
            if Instant::now() >= until {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!("{step}: they are still going; run it again"),
                ));
            }
            pause.wait(until).await;
        }
    }
    Ok(())
}

/// Deletes all that `snapshotters` have made for the backup `uid`: what is `noted`, and what they find. An error of
/// one does not keep the others from it. Returns how many snapshots there were.
pub(crate) async fn discard_all(
    snapshotters: &[Arc<dyn VolumeSnapshotter>],
    uid: &str,
    noted: &[VolumeRecord],
    until: Instant,
) -> Result<usize> {
    let each = snapshotters.iter().map(|snapshotter| async move {
        let step = format!(
            "find the snapshots of backup `{uid}` by `{}`",
            snapshotter.name()
        );
        let mut found = persist(&step, until, || snapshotter.find(uid)).await?;
        // What is found of another backup is not ours to delete.
        found.retain(|it| it.backup_uid == uid && it.snapshotter == snapshotter.name());
        let is_found = |noted: &VolumeRecord| {
            found
                .iter()
                .any(|it| it.name == noted.name && it.region == noted.region)
        };
        let own = noted
            .iter()
            .filter(|it| it.snapshotter == snapshotter.name());
        let missing: Vec<_> = own.filter(|it| !is_found(it)).cloned().collect();
        // What was noted and is not found may be slow to show: deleting what is gone does no harm.
        found.extend(missing);
        let count = found.len();
        discard(snapshotter.as_ref(), found, until).await?;
        Ok(count)
    });
    let results = futures::future::join_all(each).await;
    results.into_iter().sum()
}
