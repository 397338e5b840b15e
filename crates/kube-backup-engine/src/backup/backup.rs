//! The steps of a backup, in their order.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, SubsecRound as _, Utc};
use object_store::path::Path;
use uuid::Uuid;

use super::collector::Collected;
use super::commit::{RecordInputs, commit};
use super::hooks::{HookResults, HookRunner};
use super::scope::Scope;
use super::sealing;
use super::side_files::write_results;
use super::spec::BackupSpec;
use super::writer::Archives;
use crate::cluster::connection::Connection;
use crate::cluster::reader::{ClusterReader, ListEncoding};
use crate::cluster::retry::{OnWait, Waiting};
use crate::cluster::writer::ClusterWriter;
use crate::deadline::Deadline;
use crate::format::keys::Keys;
use crate::printable::Printable;
use crate::repository::delete::discard_made;
use crate::repository::lease::Lease;
use crate::repository::writing::FileWriter;
use crate::seal::{Seal, SigningKey};
use crate::volumes::{VolumeRecord, VolumeSnapshotter};
use crate::{Digest, Error, ErrorKind, Files, Record, Repository, Result, Results, RunOptions};

/// How far a backup is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupProgress {
    /// Lists to read, once known.
    pub lists: usize,
    /// Lists read to their end.
    pub lists_done: usize,
    /// Objects packed.
    pub objects: u64,
    /// Snapshots that were asked for.
    pub volumes: usize,
    /// Snapshots that are complete, or have failed.
    pub volumes_done: usize,
    /// Bytes of volumes that are stored, as far as their storages say.
    pub volume_bytes: u64,
}

/// The result of a backup.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BackupReport {
    /// The committed record.
    pub record: Record,
    /// SHA-256 of the record's bytes. It covers all of the backup, as the record names the digests of all
    /// files: note it where the writers of the bucket have no hand, and
    /// [`OpenBackup::expecting`](crate::OpenBackup::expecting) it.
    pub record_sha256: Digest,
    /// The backup's seal, if it was [sealed](Backup::sealed_with).
    pub seal: Option<Seal>,
    /// Warnings and errors, as stored beside the archive.
    pub results: Results,
}

/// What an unfinished backup has left.
struct Leftovers {
    /// What came of thawing the applications that it froze.
    thawed: Option<HookResults>,
    /// Whether it was this very backup, and has begun snapshots.
    has_begun: bool,
}

/// Everything but the record, written.
struct Written {
    record: Record,
    /// The record, as it will be written.
    bytes: Vec<u8>,
    seal: Option<Seal>,
    results: Results,
}

impl fmt::Display for BackupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = &self.record.status;
        let objects = status
            .progress
            .map_or(0, |progress| progress.items_backed_up);
        writeln!(
            f,
            "Backup `{}`: {}, {objects} objects",
            self.record.name(),
            status.phase
        )?;
        writeln!(f, "  record SHA-256 {}", self.record_sha256)?;
        if let Some(seal) = &self.seal {
            writeln!(f, "  {seal}")?;
        }
        for message in self.results.errors.messages() {
            writeln!(f, "  error: {}", Printable(message))?;
        }
        for message in self.results.warnings.messages() {
            writeln!(f, "  warning: {}", Printable(message))?;
        }
        Ok(())
    }
}

type OnProgress = Box<dyn Fn(BackupProgress) + Send + Sync>;
type OnVolumes = Box<dyn Fn(&[VolumeRecord]) + Send + Sync>;
type Clock = Box<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A backup to be made.
///
/// ```no_run
/// # async fn example(client: kube::Client, repository: kube_backup_engine::Repository)
/// # -> Result<(), kube_backup_engine::Error> {
/// use kube_backup_engine::backup::{Backup, BackupSpec};
///
/// let report = Backup::new(client, repository, BackupSpec::named("nightly"))
///     .on_progress(|progress| println!("{} objects", progress.objects))
///     .run()
///     .await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
pub struct Backup {
    client: kube::Client,
    pub(super) repository: Repository,
    pub(super) spec: BackupSpec,
    pub(super) uid: Option<String>,
    key: Option<SigningKey>,
    pub(super) snapshotters: Vec<Arc<dyn VolumeSnapshotter>>,
    pub(super) options: RunOptions,
    encoding: ListEncoding,
    pub(super) clock: Clock,
    progress: Mutex<BackupProgress>,
    on_progress: OnProgress,
    on_volumes: OnVolumes,
    on_wait: Option<OnWait>,
}

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

impl fmt::Debug for Backup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backup")
            .field("spec", &self.spec)
            .field("uid", &self.uid)
            .field("key", &self.key)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Backup {
    /// A backup of the cluster that `client` connects to into `repository`.
    pub fn new(client: kube::Client, repository: Repository, spec: BackupSpec) -> Self {
        Self {
            client,
            repository,
            spec,
            uid: None,
            key: None,
            snapshotters: Vec::new(),
            options: RunOptions::default(),
            encoding: ListEncoding::default(),
            // The one place where a backup reads the wall clock.
            clock: Box::new(Utc::now),
            progress: Mutex::default(),
            on_progress: Box::new(|_| {}),
            on_volumes: Box::new(|_| {}),
            on_wait: None,
        }
    }

    /// Gives the backup this uid, that of the object that asked for it for one: letters, digits and `-`,
    /// at most 63. Unless set, it is a random one.
    ///
    /// A run that finds the record of its own uid is done and returns it, so that whoever was stopped
    /// before it could note the outcome runs the same backup again.
    #[must_use]
    pub fn with_uid(mut self, uid: impl Into<String>) -> Self {
        self.uid = Some(uid.into());
        self
    }

    /// Seals the backup with this key, for the [trust](Repository::with_trust) of its repository: see
    /// [`seal`](crate::seal).
    #[must_use]
    pub fn sealed_with(mut self, key: SigningKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Keeps the data of volumes by these, each volume by the first that can take it as the
    /// [specification](super::VolumeSpec) asks. Without any, claims come back empty.
    ///
    /// What became of each volume is in [`OpenBackup::volumes`](crate::OpenBackup::volumes). A volume that fails makes
    /// the backup partially failed by its name, and takes nothing from the others.
    #[must_use]
    pub fn with_snapshotters(mut self, snapshotters: Vec<Arc<dyn VolumeSnapshotter>>) -> Self {
        self.snapshotters = snapshotters;
        self
    }

    /// How to run it.
    #[must_use]
    pub fn with_options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }

    /// Reads the time from `clock`, that of the machine unless set. What is waited for goes by tokio's
    /// clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(0)
    }

    /// Whether the API server may compress its lists.
    #[must_use]
    pub fn with_list_encoding(mut self, encoding: ListEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Calls `report` whenever there is progress, a few times a page.
    #[must_use]
    pub fn on_progress(mut self, report: impl Fn(BackupProgress) + Send + Sync + 'static) -> Self {
        self.on_progress = Box::new(report);
        self
    }

    /// Calls `report` with all snapshots whenever something was heard of them: how far each is, in bytes where its
    /// storage says so.
    #[must_use]
    pub fn on_volumes(mut self, report: impl Fn(&[VolumeRecord]) + Send + Sync + 'static) -> Self {
        self.on_volumes = Box::new(report);
        self
    }

    /// Changes what is known of the progress, and reports it.
    pub(super) fn report_progress(&self, change: impl FnOnce(&mut BackupProgress)) {
        let progress = {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut progress);
            *progress
        };
        (self.on_progress)(progress);
    }

    pub(super) fn report_volumes(&self, records: &[VolumeRecord]) {
        (self.on_volumes)(records);
        self.report_progress(|progress| {
            progress.volumes = records.len();
            progress.volumes_done = records.iter().filter(|it| it.state.is_final()).count();
            progress.volume_bytes = records.iter().filter_map(|it| it.bytes_done).sum();
        });
    }

    /// Calls `report` whenever a request to the API server has failed and is about to be tried again.
    #[must_use]
    pub fn on_wait(mut self, report: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.on_wait = Some(Arc::new(report));
        self
    }

    /// Makes the backup. It exists once this returns it, whole; a failure, or dropping the future,
    /// leaves nothing that looks like a backup.
    ///
    /// Kinds that could not be read do not fail it: the record's phase is then
    /// [`Phase::PartiallyFailed`](crate::Phase::PartiallyFailed) and the results name them.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] when there is another backup of this name, [`ErrorKind::Busy`] while
    /// another is being written under it, [`ErrorKind::Cluster`] and [`ErrorKind::Store`] with the
    /// step that failed. What could not be cleaned up then, and what to do about it, is in
    /// [`Error::left_behind`].
    pub async fn run(self) -> Result<BackupReport> {
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
        let mut lease = deadline
            .within(
                &step("take the lease on the name"),
                Lease::take(store, &keys, name, &uid, duration),
            )
            .await??;
        let begun = AtomicBool::new(false);
        let run = Run {
            keys: &keys,
            uid: &uid,
            began,
            objects_at,
            begun: &begun,
        };
        let outcome = async {
            // Another backup may have been committed between the first check and the lease.
            if let Some(done) = self.committed_before().await? {
                return Ok(done);
            }
            let hooks = HookRunner::new(
                ClusterWriter::new(connection),
                self.spec.hooks.clone(),
                store,
                &keys,
            );
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
        let snapshots_left = Box::pin(self.end_snapshots(run, outcome.is_ok())).await;
        let left = [snapshots_left, lease.release().await];
        outcome.map_err(|error| {
            let left = left.into_iter().flatten();
            left.fold(error, Error::with_left_behind)
        })
    }

    /// Whether it can be run at all, as far as it says itself.
    pub(super) fn check(&self) -> Result<()> {
        self.spec.check()?;
        let refuse = |why: String| {
            let name = &self.spec.name;
            Err(Error::invalid(format!("plan backup `{name}`: {why}")))
        };
        if let Some(field) = self
            .spec
            .volumes
            .asks()
            .filter(|_| self.snapshotters.is_empty())
        {
            return refuse(format!(
                "`{field}` asks for the data of volumes, and there is nothing to keep it; give a snapshotter by \
                 `with_snapshotters`, or leave it out"
            ));
        }
        let mut names: Vec<&str> = self.snapshotters.iter().map(|it| it.name()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!(
                "there are two snapshotters called `{}`; give one of them",
                twice[0]
            ));
        }
        self.uid.as_deref().map_or(Ok(()), check_uid)
    }

    pub(super) fn deadline(&self, api: &ClusterReader) -> Deadline {
        Deadline::new(
            "backup",
            Some(self.options.backup_deadline()),
            "run it again, with a later deadline if the cluster needs more time",
            api.retries(),
        )
    }

    pub(super) fn reader(&self) -> ClusterReader {
        ClusterReader::new(self.connection(), self.encoding)
    }

    fn connection(&self) -> Connection {
        let timeouts = self.options.timeouts();
        Connection::new(self.client.clone(), timeouts, self.on_wait.clone())
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

    fn already_exists(&self) -> Error {
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
        let left = Box::pin(self.delete_leftovers(run, lease, hooks)).await?;
        let Run {
            keys, uid, began, ..
        } = run;
        let writing = async {
            if let Some(thawed) = left.thawed {
                thawed.note(&mut scope.results);
            }
            let beginning = self.begin_snapshots(api, &mut scope, run, hooks, left.has_begun);
            let (mut snapshots, frozen) = Box::pin(beginning).await?;
            let (resource_version, version) =
                (scope.resource_version.clone(), scope.version.clone());
            let complete = async {
                if let Some(snapshots) = &mut snapshots {
                    Box::pin(snapshots.complete()).await;
                }
                let mut results = Results::default();
                if let Some(frozen) = frozen {
                    Self::thaw(frozen, &mut results).await;
                }
                Ok(results)
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
        tokio::select! {
            written = writing => written,
            Err(lost) = lease.keep(self.options.lease_duration) => Err(lost),
        }
    }

    /// Thaws what an unfinished backup left frozen, and deletes what it left in the folder, snapshots that it began
    /// first.
    async fn delete_leftovers(
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

/// A uid becomes part of keys and of the names of snapshots.
fn check_uid(uid: &str) -> Result<()> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let ends = [uid.bytes().next(), uid.bytes().last()];
    let fine = uid.len() <= 63
        && uid.bytes().all(inner)
        && ends
            .iter()
            .all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()));
    if fine {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "use `{uid}` as the uid of a backup: it takes letters, digits and `-`, at most 63, and begins and \
         ends with a letter or digit"
    )))
}
