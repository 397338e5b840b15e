//! Deleting a backup, with the snapshots that it names or without.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use tokio::time::Instant;

use super::Repository;
use super::begun::Begun;
use super::beside::read_volumes;
use crate::format::keys::Keys;
use crate::volumes::calls::after;
use crate::volumes::discard::discard_all;
use crate::volumes::{VolumeRecord, VolumeSnapshotter};
use crate::{Error, ErrorKind, Result};

/// How long the snapshots of a backup may take to be gone.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30 * 60);

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
    /// volumes, which would be left behind: see [`delete_with_volumes`](Self::delete_with_volumes), and when there is
    /// no backup, and applications that an unfinished one froze may still be: see
    /// [`discard_unfinished`](crate::backup::Backup::discard_unfinished). When the store does not let something go, as
    /// under a retention policy; what is left then is named.
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
    /// Those of [`delete`](Self::delete) about the store, and about applications that may be frozen.
    pub async fn delete_keeping_volumes(&self, name: &str) -> Result<()> {
        self.delete_and(name, Data::Stays).await
    }

    /// The names of the snapshotters that have made data of the backup `name`, or may have begun some and never finished it:
    /// [`delete_with_volumes`](Self::delete_with_volumes) needs them. Without any, [`delete`](Self::delete) does.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when no backup can have the name, and those of `delete` where they are not known.
    pub async fn snapshotters_of(&self, name: &str) -> Result<BTreeSet<String>> {
        let deletion = Deletion::new(self, name)?;
        let there = self.below(&deletion.keys).await?;
        let made = deletion.made(&there).await?;
        let names = made.into_values().flat_map(|made| made.snapshotters);
        Ok(names.collect())
    }

    async fn delete_and(&self, name: &str, data: Data<'_>) -> Result<()> {
        let deletion = Deletion::new(self, name)?;
        let there = self.below(&deletion.keys).await?;
        if there.is_empty() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("delete backup `{name}`: there is no backup of that name"),
            ));
        }
        deletion.check_thawed(&there)?;
        if let Data::Goes(snapshotters) = data {
            deletion.data(&there, snapshotters, PATIENCE).await?;
        }
        deletion.record().await?;
        deletion.rest(None).await
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

/// The one way in which a backup is deleted: [data](Self::data), [record](Self::record), [rest](Self::rest).
#[derive(Debug)]
pub(crate) struct Deletion<'a> {
    repository: &'a Repository,
    name: &'a str,
    pub(crate) keys: Keys,
}

impl<'a> Deletion<'a> {
    pub(crate) fn new(repository: &'a Repository, name: &'a str) -> Result<Self> {
        let keys = repository.keys(name)?;
        Ok(Self {
            repository,
            name,
            keys,
        })
    }

    /// Refuses to forget which applications are to be thawed: no cluster is at hand here. Whoever committed a backup
    /// has thawed them before.
    fn check_thawed(&self, there: &[Path]) -> Result<()> {
        let name = self.name;
        let note = self.keys.frozen();
        if there.contains(&self.keys.record()) || !there.contains(&note) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "delete backup `{name}`: it was never finished, and applications that `{note}` names may still be frozen; \
             run it again, or give it up by `discard_unfinished`: both thaw them"
        )))
    }

    /// Deletes the snapshots of all that is `there`, waits until they are gone, for no longer than `patience`, and returns how many there were.
    pub(crate) async fn data(
        &self,
        there: &[Path],
        snapshotters: &[Arc<dyn VolumeSnapshotter>],
        patience: Duration,
    ) -> Result<usize> {
        let made = self.made(there).await?;
        let name = self.name;
        let step = format!("delete backup `{name}` with its volumes");
        discard_made(&step, made, snapshotters, after(patience)).await
    }

    /// Deletes the record: there is no backup any more.
    pub(crate) async fn record(&self) -> Result<()> {
        match self.repository.store.delete(&self.keys.record()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => {
                let step = format!("delete the record of `{}`", self.name);
                Err(Error::kept(step, error))
            }
        }
    }

    /// Deletes everything else, but what is `kept`.
    pub(crate) async fn rest(&self, kept: Option<&Path>) -> Result<()> {
        let mut left = self.repository.below(&self.keys).await?;
        left.retain(|path| Some(path) != kept);
        let step = format!("delete what lies below `{}`", self.keys.folder());
        self.repository.delete_all(left, step).await
    }

    /// The snapshots of the backup, and of whoever began to write one of its name, by the uid of each.
    async fn made(&self, there: &[Path]) -> Result<BTreeMap<String, Made>> {
        let Self {
            repository,
            name,
            keys,
        } = self;
        let mut made = repository.begun(keys, there).await?;
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
        let Some(record) = repository.record(name).await.map_err(unknown)? else {
            return Ok(made);
        };
        let file = read_volumes(repository.store.as_ref(), keys, &record).await;
        let file = file.map_err(unknown)?;
        let volumes = file.map_or_else(Vec::new, |file| file.volumes);
        let own = made.entry(record.uid().to_owned()).or_default();
        for record in volumes.into_iter().filter_map(|volume| volume.record) {
            own.snapshotters.insert(record.snapshotter.clone());
            own.records.push(record);
        }
        Ok(made)
    }
}

/// Deletes what was made, by all `snapshotters` or, where one that is needed is missing, by none. Returns how many
/// snapshots there were.
pub(crate) async fn discard_made(
    step: &str,
    made: BTreeMap<String, Made>,
    snapshotters: &[Arc<dyn VolumeSnapshotter>],
    until: Instant,
) -> Result<usize> {
    let is_given = |name: &&String| snapshotters.iter().any(|it| it.name() == *name);
    let needed: BTreeSet<&String> = made.values().flat_map(|made| &made.snapshotters).collect();
    let missing: Vec<String> = needed
        .into_iter()
        .filter(|name| !is_given(name))
        .map(|name| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        let are = if missing.len() == 1 { "is" } else { "are" };
        return Err(Error::invalid(format!(
            "{step}: there are snapshots of volumes, made by {}, which {are} not set up here; give that snapshotter, or they \
             would be left behind",
            missing.join(", ")
        )));
    }
    let mut count = 0;
    for (uid, made) in made {
        let own = snapshotters.iter();
        let own = own.filter(|it| made.snapshotters.contains(it.name()));
        let own: Vec<_> = own.cloned().collect();
        count += discard_all(&own, &uid, &made.records, until).await?;
    }
    Ok(count)
}
