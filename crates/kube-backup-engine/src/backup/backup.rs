//! The steps of a backup, in their order.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound as _, Utc};
use k8s_openapi::api::core::v1::Pod;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::collector::{Collected, Collector, Stopped};
use super::commit::{RecordInputs, commit};
use super::hooks::{HookRunner, PodHooks};
use super::left_behind::LeftBehind;
use super::scope::{Scope, of_unmatched};
use super::sealing;
use super::side_files::write_results;
use super::spec::BackupSpec;
use super::writer::write_archive;
use crate::archive::write::Block;
use crate::cluster::connection::Connection;
use crate::cluster::list::{Item, ListReader};
use crate::cluster::reader::{ClusterReader, ListEncoding};
use crate::cluster::retry::{OnWait, Waiting};
use crate::cluster::writer::ClusterWriter;
use crate::deadline::Deadline;
use crate::format::keys::Keys;
use crate::kinds::names::PODS;
use crate::printable::Printable;
use crate::repository::lease::Lease;
use crate::repository::upload::ObjectUpload;
use crate::seal::{Seal, SigningKey};
use crate::{
    ArchiveFacts, Digest, Error, ErrorKind, Files, Record, Repository, Result, Results, RunOptions,
};

/// Blocks waiting to be compressed, and being compressed.
const BLOCKS_AHEAD: usize = 4;

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

/// One run of a backup.
#[derive(Clone, Copy)]
struct Run<'a> {
    keys: &'a Keys,
    hooks: &'a HookRunner,
    began: DateTime<Utc>,
    uid: &'a str,
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
    repository: Repository,
    spec: BackupSpec,
    uid: Option<String>,
    key: Option<SigningKey>,
    options: RunOptions,
    encoding: ListEncoding,
    clock: Clock,
    on_progress: OnProgress,
    on_wait: Option<OnWait>,
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
            options: RunOptions::default(),
            encoding: ListEncoding::default(),
            // The one place where a backup reads the wall clock.
            clock: Box::new(Utc::now),
            on_progress: Box::new(|_| {}),
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

    fn now(&self) -> DateTime<Utc> {
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
        self.spec.check()?;
        let name = &self.spec.name;
        let keys = self.repository.keys(name)?;
        if let Some(uid) = &self.uid {
            check_uid(uid)?;
        }
        sealing::check_key(self.key.as_ref(), &self.repository, name, self.now())?;
        if let Some(done) = self.committed_before().await? {
            return Ok(done);
        }
        let began = self.now();
        let connection = self.connection();
        let api = ClusterReader::new(connection.clone(), self.encoding);
        let deadline = Deadline::new(
            "backup",
            Some(self.options.backup_deadline()),
            "run it again, with a later deadline if the cluster needs more time",
            api.retries(),
        );
        let step = |what: &str| format!("back up as `{name}`: {what}");
        let scope = deadline
            .within(
                &step("look at what the cluster has"),
                Scope::of(&api, &self.spec),
            )
            .await??;
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
            let run = Run {
                keys: &keys,
                hooks: &hooks,
                began,
                uid: &uid,
            };
            let writing = self.write(&api, scope, &mut lease, run);
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
        let left = lease.release().await;
        outcome.map_err(|error| match left {
            Some(left) => error.with_left_behind(left),
            None => error,
        })
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
        let backup = self.repository.open_stored(stored).await?;
        let results = backup.results().await?;
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
    ) -> Result<Written> {
        let Run {
            keys,
            hooks,
            began,
            uid,
        } = run;
        let was_frozen = self.delete_leftovers(keys, lease).await?;
        let writing = async {
            if was_frozen && let Some(thawed) = hooks.thaw_noted().await? {
                thawed.note(&mut scope.results);
            }
            if !self.spec.hooks.is_empty() {
                let frozen = hooks
                    .freeze(self.hooked_pods(api, &scope, hooks).await?)
                    .await?;
                let (ran, note_removed) = frozen.thaw().await;
                ran.note(&mut scope.results);
                if let Err(error) = note_removed {
                    scope.results.warnings.velero.push(error.chain());
                }
            }
            let (resource_version, version) =
                (scope.resource_version.clone(), scope.version.clone());
            let ((archive, mut files), collected) =
                self.write_objects(api, scope, keys, began).await?;
            files.extend(self.write_side_files(keys, &collected).await?);
            let inputs = RecordInputs {
                spec: &self.spec,
                uid,
                began,
                completed: self.now(),
                version,
                archive,
                files,
                resource_version,
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

    /// The hooks of all Pods that are chosen.
    async fn hooked_pods(
        &self,
        api: &ClusterReader,
        scope: &Scope<'_>,
        hooks: &HookRunner,
    ) -> Result<Vec<PodHooks>> {
        let mut hooked = Vec::new();
        let mut jobs = scope.kinds.jobs(&scope.chosen, scope.namespaces.len());
        jobs.retain(|job| PODS.is(&job.resource.group_resource()));
        for job in jobs {
            let namespace = job.namespace.as_deref();
            let mut list = ListReader::new(api, &job.resource, namespace, None, None);
            let step = "list the Pods that have hooks";
            let refused = |failure| Error::cluster(step, failure);
            while let Some(items) = list.next().await.map_err(refused)? {
                for item in items {
                    let head = &item.head;
                    let namespace = head.namespace.as_deref().unwrap_or_default();
                    let is_chosen = !head.terminating
                        && scope.chosen.contains(namespace)
                        && scope.filter.wants_object(&head.name, &head.labels);
                    if is_chosen {
                        let pod = serde_json::from_slice(item.raw());
                        let pod: Pod = pod.map_err(|error| Error::cluster(step, error))?;
                        hooked.extend(hooks.hooks_of(&pod));
                    }
                }
            }
        }
        Ok(hooked)
    }

    /// Deletes what an unfinished backup left in the folder. Returns whether it has left applications frozen:
    /// the note of that stays until they are thawed.
    async fn delete_leftovers(&self, keys: &Keys, lease: &Lease) -> Result<bool> {
        let mut left = self.repository.below(keys).await?;
        let was_frozen = left.contains(&keys.frozen());
        left.retain(|path| *path != keys.lease() && *path != keys.frozen());
        if left.contains(&keys.record()) {
            // A writer that was suspended, and has woken up to commit.
            return Err(self.already_exists());
        }
        if left.is_empty() {
            return Ok(was_frozen);
        }
        lease.check().await?;
        let step = format!(
            "clear away what a backup that was never finished left below `{}`; choose another name, \
             since it is kept",
            keys.folder()
        );
        self.repository.delete_all(left, step).await?;
        Ok(was_frozen)
    }

    /// Lists, packs and uploads at the same time.
    async fn write_objects(
        &self,
        api: &ClusterReader,
        scope: Scope<'_>,
        keys: &Keys,
        began: DateTime<Utc>,
    ) -> Result<((ArchiveFacts, Files), Collected)> {
        let Scope {
            filter,
            kinds,
            namespaces,
            types,
            chosen,
            resource_version,
            results,
            ..
        } = scope;
        let filter = &filter;
        let jobs = kinds.jobs(&chosen, namespaces.len());
        let companions = kinds.companion_jobs(&chosen, namespaces.len());
        let lists = jobs.len() + companions.len();
        let progress = |collected: &Collected| {
            (self.on_progress)(BackupProgress {
                lists,
                lists_done: collected.lists_done,
                objects: collected.objects,
            });
        };
        let mtime = u64::try_from(began.timestamp()).unwrap_or_default();
        let first = Block::first(mtime)?;
        let (blocks, packed) = mpsc::channel(BLOCKS_AHEAD);
        let collector = Collector {
            api,
            filter,
            parallelism: self.options.backup_parallelism(),
            selector: self
                .spec
                .selection
                .label_selector
                .as_ref()
                .map(ToString::to_string),
            has_companions: !companions.is_empty(),
            resource_version,
            namespaces: chosen,
            mtime,
            blocks,
            collected: Mutex::new(Collected::new(
                results,
                *self.repository.limits(),
                self.spec
                    .selection
                    .is_of_objects()
                    .then(LeftBehind::default),
            )),
            progress: &progress,
        };
        let listing = async move {
            let listed = async {
                collector.read_in_order(first, &jobs, &companions).await?;
                if kinds.namespaces {
                    let selected = |item: &Item| {
                        kinds.empty_namespaces
                            && filter.wants_object(&item.head.name, &item.head.labels)
                    };
                    collector
                        .pack_namespaces(&namespaces, &types, selected)
                        .await?;
                }
                Ok::<_, Stopped>(())
            };
            let stopped = listed.await.is_err();
            let Collector { collected, .. } = collector;
            (
                collected
                    .into_inner()
                    .unwrap_or_else(PoisonError::into_inner),
                stopped,
            )
        };
        let writing = write_archive(self.repository.store(), keys, packed);
        let (written, (mut collected, stopped)) = tokio::join!(writing, listing);
        collected.count_left_out();
        let archive = written?;
        of_unmatched(&self.spec, &mut collected.results)
            .cluster
            .extend(filter.unmatched_objects());
        let idle = filter.idle_selectors();
        collected.results.warnings.cluster.extend(idle);
        if let Some(left_behind) = &collected.left_behind {
            let messages = left_behind.messages();
            collected.results.warnings.cluster.extend(messages);
        }
        if stopped {
            // Cannot happen: the writer of blocks stops only by failing, and that error was returned above.
            return Err(Error::internal(
                format!("write the archive of `{}`", self.spec.name),
                "nobody takes the objects",
            ));
        }
        Ok((archive, collected))
    }

    async fn write_side_files(&self, keys: &Keys, collected: &Collected) -> Result<Files> {
        let store = self.repository.store();
        let files = [
            (keys.resource_list(), collected.names.write()?),
            (keys.results(), write_results(&collected.results)?),
        ];
        let mut written = Files::new();
        for (path, bytes) in files {
            let name = keys.name_of(&path);
            let mut upload = ObjectUpload::new(store, path);
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
