//! Deleting a backup, with the snapshots that it names or without.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use super::Repository;
use super::begun::Begun;
use super::beside::read_volumes;
use crate::format::keys::Keys;
use crate::volumes::calls::after;
use crate::volumes::discard::discard_all;
use crate::volumes::{VolumeRecord, VolumeSnapshotter};
use crate::{Error, ErrorKind, Result};

/// How long the snapshots of a backup may take to be gone.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// What is to become of the snapshots of a backup.
#[derive(Debug, Clone, Copy)]
enum Data<'a> {
    /// They stay, and nobody knows of them any more.
    Stays,
    /// They go first, by these.
    Goes(&'a [Arc<dyn VolumeSnapshotter>]),
}

/// The snapshots of one writer.
#[derive(Debug, Default)]
pub(crate) struct Made {
    snapshotters: BTreeSet<String>,
    records: Vec<VolumeRecord>,
}

impl Repository {
    /// Deletes the backup `name`, its record first: what a crash leaves is not a backup.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when there is nothing of that name; [`ErrorKind::Invalid`] when there are snapshots of
    /// volumes, which would be left behind: see [`delete_with_volumes`](Self::delete_with_volumes). When the
    /// store does not let something go, as under a retention policy; what is left then is named.
    pub async fn delete(&self, name: &str) -> Result<()> {
        self.delete_and(name, Data::Goes(&[])).await
    }

    /// Deletes the backup `name` with the data of its volumes: the snapshots and their copies until they are gone, then
    /// the record, then all else. Whatever it is stopped by, it is run again and leaves nothing.
    ///
    /// Leftovers of a backup that was never finished go in the same way.
    ///
    /// # Errors
    /// Those of [`delete`](Self::delete); [`ErrorKind::Invalid`], before anything is deleted, when a snapshotter that
    /// made some of the data is not among `snapshotters`; [`ErrorKind::Volume`] when a storage refuses, and
    /// [`ErrorKind::Timeout`] when snapshots take longer to go than half an hour: the backup is still there then.
    pub async fn delete_with_volumes(
        &self,
        name: &str,
        snapshotters: &[Arc<dyn VolumeSnapshotter>],
    ) -> Result<()> {
        self.delete_and(name, Data::Goes(snapshotters)).await
    }

    /// Deletes the backup `name` and leaves the snapshots of its volumes where they are. Nothing says then whose they
    /// are, but their names.
    ///
    /// # Errors
    /// Those of [`delete`](Self::delete) about the store.
    pub async fn delete_keeping_volumes(&self, name: &str) -> Result<()> {
        self.delete_and(name, Data::Stays).await
    }

    async fn delete_and(&self, name: &str, data: Data<'_>) -> Result<()> {
        let keys = self.keys(name)?;
        let there = self.below(&keys).await?;
        if there.is_empty() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("delete backup `{name}`: there is no backup of that name"),
            ));
        }
        if let Data::Goes(snapshotters) = data {
            let made = self.made(name, &keys, &there).await?;
            discard_made(
                &format!("delete backup `{name}` with its volumes"),
                made,
                snapshotters,
            )
            .await?;
        }
        match self.store.delete(&keys.record()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => {
                return Err(Error::kept(format!("delete the record of `{name}`"), error));
            }
        }
        let left = self.below(&keys).await?;
        let step = format!("delete what lies below `{}`", keys.folder());
        self.delete_all(left, step).await
    }

    /// The snapshots of the backup `name`, and of whoever began to write one, by the uid of each.
    async fn made(
        &self,
        name: &str,
        keys: &Keys,
        there: &[Path],
    ) -> Result<BTreeMap<String, Made>> {
        let mut made = self.begun(keys, there).await?;
        // Without a record, what that file names is gone already, or was never committed and noted.
        if !(there.contains(&keys.volumes()) && there.contains(&keys.record())) {
            return Ok(made);
        }
        let unknown = |error: Error| {
            let message = format!(
                "delete backup `{name}`: which snapshots are its own is not known; put back what is missing, or leave them \
                 where they are, by `delete_keeping_volumes`"
            );
            Error::new(error.kind(), message).with_source(error)
        };
        let Some(record) = self.record(name).await.map_err(unknown)? else {
            return Ok(made);
        };
        let file = read_volumes(self.store.as_ref(), keys, &record).await;
        let file = file.map_err(unknown)?;
        let volumes = file.map_or_else(Vec::new, |file| file.volumes);
        let own = made.entry(record.uid().to_owned()).or_default();
        for record in volumes.into_iter().filter_map(|volume| volume.record) {
            own.snapshotters.insert(record.snapshotter.clone());
            own.records.push(record);
        }
        Ok(made)
    }

    /// Who may have begun snapshots and never committed them, as the notes among `there` say.
    pub(crate) async fn begun(
        &self,
        keys: &Keys,
        there: &[Path],
    ) -> Result<BTreeMap<String, Made>> {
        let mut made: BTreeMap<String, Made> = BTreeMap::new();
        for path in there.iter().filter(|path| keys.is_begun(path)) {
            if let Some(begun) = Begun::read(&self.store, path).await? {
                let of = made.entry(begun.uid).or_default();
                of.snapshotters.extend(begun.snapshotters);
            }
        }
        Ok(made)
    }

    /// Deletes these objects, as `step` of something.
    pub(crate) async fn delete_all(&self, paths: Vec<Path>, step: String) -> Result<()> {
        let paths = futures::stream::iter(paths.into_iter().map(Ok)).boxed();
        let mut deleted = self.store.delete_stream(paths);
        while let Some(result) = deleted.next().await {
            match result {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(Error::kept(step, error)),
            }
        }
        Ok(())
    }
}

/// Deletes what was made, by all `snapshotters` or, where one that is needed is missing, by none.
pub(crate) async fn discard_made(
    step: &str,
    made: BTreeMap<String, Made>,
    snapshotters: &[Arc<dyn VolumeSnapshotter>],
) -> Result<()> {
    let is_given = |name: &&String| snapshotters.iter().any(|it| it.name() == *name);
    let needed: BTreeSet<&String> = made.values().flat_map(|made| &made.snapshotters).collect();
    let missing: Vec<String> = needed
        .into_iter()
        .filter(|name| !is_given(name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        return Err(Error::invalid(format!(
            "{step}: there are snapshots of volumes, made by {}, which would be left behind; give that snapshotter, so \
             that it deletes them",
            missing.join(", ")
        )));
    }
    for (uid, made) in made {
        let own = snapshotters.iter();
        let own = own.filter(|it| made.snapshotters.contains(it.name()));
        let own: Vec<_> = own.cloned().collect();
        discard_all(&own, &uid, &made.records, after(PATIENCE)).await?;
    }
    Ok(())
}
