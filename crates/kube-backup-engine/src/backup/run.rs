//! The steps of a backup, in their order.

use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use object_store::path::Path;
use uuid::Uuid;

use super::backup::Backup;
use super::collector::Collected;
use super::commit::{RecordInputs, commit};
use super::hooks::HookRunner;
use super::leftovers::OwnSnapshots;
use super::report::BackupReport;
use super::scope::Scope;
use super::sealing;
use super::side_files::write_results;
use super::writer::Archives;
use crate::background::Background;
use crate::cluster::reader::ClusterReader;
use crate::cluster::writer::ClusterWriter;
use crate::format::keys::Keys;
use crate::repository::lease::Lease;
use crate::repository::writing::FileWriter;
use crate::seal::Seal;
use crate::{Digest, Error, ErrorKind, Files, Record, Result, Results};

/// What all steps of one run know.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) keys: &'a Keys,
    pub(super) uid: &'a str,
    pub(super) began: DateTime<Utc>,
    /// When the point in time of all lists was found out.
    pub(super) objects_at: DateTime<Utc>,
    /// Whether snapshots may have been begun.
    pub(super) begun: &'a AtomicBool,
}

/// Everything but the record, written.
struct Written {
    record: Record,
    /// The record, as it will be written.
    bytes: Vec<u8>,
    seal: Option<Seal>,
    results: Results,
}

impl Backup {
    /// Makes the backup. It exists once this returns it, whole; a failure, or dropping the future,
    /// leaves nothing that looks like a backup.
    ///
    /// Kinds that could not be read do not fail it: the record's phase is then
    /// [`Phase::PartiallyFailed`](crate::Phase::PartiallyFailed) and the results name them.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when there is another backup of this name, [`ErrorKind::Busy`] while
    /// another is being written under it, [`ErrorKind::Cancelled`] once it is
    /// [cancelled](Self::cancelled_by), [`ErrorKind::Cluster`] and [`ErrorKind::Store`] with the
    /// step that failed. What could not be cleaned up then, and what to do about it, is in
    /// [`Error::left_behind`].
    pub async fn run(self) -> Result<BackupReport> {
        let background = Background::default();
        let running = Box::pin(self.run_within(&background));
        background.scope(running).await
    }

    async fn run_within(&self, background: &Background) -> Result<BackupReport> {
        self.check()?;
        let name = &self.spec.name;
        let keys = self.repository.keys(name)?.encrypted(self.is_of_all());
        sealing::check_key(self.key.as_ref(), &self.repository, name, self.now())?;
        sealing::check_encryption(self.spec.encryption.as_ref(), &self.repository, name)?;
        if let Some(done) = self.committed_before().await? {
            let uid = done.record.uid();
            Lease::release_left(self.repository.store(), &keys, name, uid).await;
            return Ok(done);
        }
        let began = self.now();
        let connection = self.connection();
        let api = ClusterReader::new(connection.clone(), self.encoding);
        let deadline = self.deadline(&api);
        let step = |what: &str| format!("back up as `{name}`: {what}");
        let scope = deadline
            .within(
                &step("look at what the cluster has"),
                Scope::of(&api, &self.spec),
            )
            .await??;
        let objects_at = self.now();
        let random = || Uuid::new_v4().to_string();
        let uid = self.uid.clone().unwrap_or_else(random);
        let duration = self.options.lease_duration;
        let store = self.repository.store();
        self.note(&format!(
            "kube-backup-engine {}: backing up {} namespaces at resourceVersion {}, uid {uid}",
            env!("CARGO_PKG_VERSION"),
            scope.chosen.len(),
            scope.resource_version
        ));
        let taken = deadline
            .within(
                &step("take the lease on the name"),
                Lease::take(store, &keys, name, &uid, duration),
            )
            .await;
        if taken.is_err() {
            Lease::release_left(store, &keys, name, &uid).await;
        }
        let mut lease = taken??;
        let begun = AtomicBool::new(false);
        let run = Run {
            keys: &keys,
            uid: &uid,
            began,
            objects_at,
            begun: &begun,
        };
        let hooks = HookRunner::new(
            ClusterWriter::new(connection),
            self.spec.hooks.clone(),
            store,
            &keys,
        );
        let frozen = hooks.clone();
        lease.if_dropped(move || {
            Box::pin(async move {
                for left in frozen.thaw_left().await {
                    tracing::error!(left, "a backup that was dropped left something behind");
                }
            })
        });
        let outcome = async {
            // Another backup may have been committed between the first check and the lease.
            if let Some(done) = self.committed_before().await? {
                return Ok(done);
            }
            // Boxed, as what it waits for in turn: a future is as large as all that it may hold at once.
            let writing = Box::pin(self.write(&api, scope, &mut lease, run, &hooks));
            let written = deadline
                .within(&step("list and store the objects"), writing)
                .await??;
            let Written {
                record,
                bytes,
                seal,
                results,
            } = written;
            let record_sha256 = commit(&self.repository, &keys, &lease, &record, bytes).await?;
            Ok(BackupReport {
                record,
                record_sha256,
                seal,
                results,
            })
        };
        let outcome: Result<BackupReport> = outcome.await;
        background.finish().await;
        // Applications first, and the name last: whoever has it next may freeze them again.
        let mut left = Box::pin(lease.through(hooks.thaw_left())).await;
        left.extend(Box::pin(self.end_snapshots(run, &mut lease, outcome.is_ok())).await);
        if matches!(&outcome, Err(error) if error.kind() == ErrorKind::Cancelled) {
            left.extend(self.discard_written(&keys, &lease).await);
        }
        left.extend(lease.release().await);
        outcome.map_err(|error| left.into_iter().fold(error, Error::with_left_behind))
    }

    /// What an earlier run of this very backup came to; `None` when there is no backup of the name yet.
    async fn committed_before(&self) -> Result<Option<BackupReport>> {
        let name = &self.spec.name;
        let Some(stored) = self.repository.stored_record(name).await? else {
            return Ok(None);
        };
        if self.uid.as_deref() != Some(stored.record.uid()) {
            return Err(self.already_exists());
        }
        let backup = self.repository.open_stored_to_report(stored).await?;
        let results = match backup.results().await {
            // Who makes backups need not be able to read them.
            Err(error) if error.kind() == ErrorKind::Locked => {
                let mut results = Results::default();
                let warnings = &mut results.warnings.velero;
                warnings.push(format!(
                    "the results of that run are not known here: {error}"
                ));
                Some(results)
            }
            results => results?,
        };
        Ok(Some(BackupReport {
            record: backup.record().clone(),
            record_sha256: backup.record_sha256(),
            seal: backup.seal().cloned(),
            results: results.unwrap_or_default(),
        }))
    }

    pub(super) fn already_exists(&self) -> Error {
        let name = &self.spec.name;
        Error::new(
            ErrorKind::AlreadyExists,
            format!("back up as `{name}`: there is a backup of that name; choose another name"),
        )
    }

    /// Writes everything but the record, for as long as the lease is held.
    async fn write(
        &self,
        api: &ClusterReader,
        mut scope: Scope<'_>,
        lease: &mut Lease,
        run: Run<'_>,
        hooks: &HookRunner,
    ) -> Result<Written> {
        let Run {
            keys, uid, began, ..
        } = run;
        let clearing = self.delete_leftovers(keys, uid, lease, hooks, OwnSnapshots::Stay);
        let left = Box::pin(clearing).await?;
        let writing = async {
            if let Some(thawed) = left.thawed {
                thawed.note(&mut scope.results);
            }
            let beginning = self.begin_snapshots(api, &mut scope, run, hooks, left.has_begun);
            let (mut snapshots, copied) = Box::pin(beginning).await?;
            let (resource_version, version) =
                (scope.resource_version.clone(), scope.version.clone());
            let complete = async {
                match &mut snapshots {
                    Some(snapshots) => {
                        let completing = Self::complete_snapshots(snapshots, hooks, copied);
                        Ok(Box::pin(completing).await)
                    }
                    None => Ok(Results::default()),
                }
            };
            let objects = Box::pin(self.write_objects(api, scope, keys, began));
            let ((archives, mut collected), thawed) =
                futures::future::try_join(objects, complete).await?;
            let Archives {
                archive,
                encryption,
                mut files,
            } = archives;
            collected.results.absorb(thawed);
            let mut side_files = Vec::new();
            let volumes = snapshots.map(|snapshots| {
                self.end_of_volumes(snapshots, run, &mut collected, &mut side_files)
            });
            let volumes = volumes.transpose()?;
            self.note_collected(&collected, archive.size);
            files.extend(self.write_side_files(keys, &collected, side_files).await?);
            let inputs = RecordInputs {
                spec: &self.spec,
                uid,
                began,
                completed: self.now(),
                version,
                archive,
                encryption,
                files,
                resource_version,
                volumes,
                hooks: hooks.counts(),
            };
            let record = inputs.into_record(&collected)?;
            let bytes = record.write()?;
            let seal = match &self.key {
                Some(key) => {
                    let sha256 = Digest::of(&bytes);
                    let sealing =
                        sealing::seal(key, &self.repository, keys, &record, sha256, self.now());
                    Some(sealing.await?)
                }
                None => None,
            };
            Ok(Written {
                record,
                bytes,
                seal,
                results: collected.results,
            })
        };
        lease.during(writing).await
    }

    /// Deletes what a backup that was cancelled has written. Returns what stays, for people.
    async fn discard_written(&self, keys: &Keys, lease: &Lease) -> Option<String> {
        let discarding = async {
            lease.check().await?;
            let mut written = self.repository.below(keys).await?;
            let is_committed = written.contains(&keys.record());
            // What is still frozen, or was begun and not deleted, is for the next run.
            written.retain(|path| {
                *path != keys.lease() && *path != keys.frozen() && !keys.is_begun(path)
            });
            if is_committed {
                return Ok(());
            }
            let step = format!("delete what was written below `{}`", keys.folder());
            self.repository.delete_all(written, step).await
        };
        let discarded: Result<()> = discarding.await;
        discarded.err().map(|error| error.chain())
    }

    fn note_collected(&self, collected: &Collected, archive: u64) {
        for (kind, count) in collected.names.counts() {
            self.note(&format!("{count} objects of {kind}"));
        }
        self.note(&format!(
            "{} objects in an archive of {archive} bytes",
            collected.objects
        ));
        self.log.add_results(self.now(), &collected.results);
    }

    async fn write_side_files(
        &self,
        keys: &Keys,
        collected: &Collected,
        of_volumes: Vec<(Path, Bytes)>,
    ) -> Result<Files> {
        let store = self.repository.store();
        let files = [
            (keys.resource_list(), collected.names.write()?),
            (keys.results(), write_results(&collected.results)?),
            (keys.log(), self.log.write()?),
        ];
        let mut written = Files::new();
        for (path, bytes) in of_volumes.into_iter().chain(files) {
            let name = keys.name_of(&path);
            let recipients = self.recipients().filter(|_| keys.is_encrypted_file(&path));
            let mut upload = FileWriter::new(store, path, recipients)?;
            upload.push(bytes).await?;
            written.insert(name, upload.finish().await?.facts());
        }
        Ok(written)
    }
}
