//! One backup, from its turn to its end.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use kube::ResourceExt as _;
use kube_backup_engine::backup::{
    Backup, BackupProgress as EngineProgress, BackupReport, BackupSpec,
};
use kube_backup_engine::volumes::VolumeSnapshotter;
use kube_backup_engine::{Results, RunOptions};
use tokio::sync::watch;
use tokio::time::Instant;

use super::outcome::{failed, in_words, may_pass, of_record, summary};
use super::specification::{Refused, specification};
use super::volumes;
use crate::controller::context::Context;
use crate::controller::report::{Estimate, Gone, Note, cut, fields_known, set};
use crate::controller::vaults::OpenLocation;
use crate::controller::work::{Attempt, Pauses, Work};
use crate::crds::{
    ApplicationBackup, ApplicationBackupStatus, BackupLocation, BackupProgress, SCHEDULE_LABEL,
    SYNCED_FROM, condition, phase, to_time,
};

/// How long the data of volumes may take beside what is asked of the API server, as Velero's `itemOperationTimeout`: a file system
/// is copied for hours.
const VOLUMES: Duration = Duration::from_secs(4 * 60 * 60);

/// How far a backup is.
#[derive(Clone, Copy, Debug)]
struct Seen {
    engine: EngineProgress,
    /// Bytes of volumes in all, as far as their storages say.
    bytes: u64,
    since: Estimate,
}

/// Makes the backup that an object asks for, or finds out about the one that it stands for.
pub(super) async fn run(context: Arc<Context>, backup: Arc<ApplicationBackup>) {
    let job = Job {
        context: &context,
        backup: &backup,
        status: backup.status.clone().unwrap_or_default(),
        location: None,
    };
    // An object that is gone needs no more words.
    let _ = job.run().await;
}

struct Job<'a> {
    context: &'a Context,
    backup: &'a ApplicationBackup,
    status: ApplicationBackupStatus,
    /// Once it can be used.
    location: Option<Arc<BackupLocation>>,
}

impl Job<'_> {
    async fn run(mut self) -> Result<(), Gone> {
        let generation = self.backup.metadata.generation;
        self.status.observed_generation = generation;
        let spec = &self.backup.spec;
        let none = Default::default();
        let of_volumes = spec.pv_backup.as_ref().map_or(&none, |it| &it.unknown);
        let fields = [("", &spec.unknown), ("pvBackup.", of_volumes)];
        let unknown = fields_known(&mut self.status.conditions, generation, fields);
        if let (Some(unknown), None) = (unknown, &self.status.phase) {
            self.context
                .reporter
                .warning(self.backup, "UnknownFields", &unknown)
                .await;
        }
        self.status.from_schedule = self
            .backup
            .labels()
            .get(SCHEDULE_LABEL)
            .filter(|it| !it.is_empty())
            .cloned();
        let location = match self.location().await? {
            Ok(location) => location,
            Err(why) => return self.over(&why).await,
        };
        if let Some(uid) = self.backup.annotations().get(SYNCED_FROM).cloned() {
            return self.look_up(&location, &uid).await;
        }
        let tenant = self.backup.spec.included_namespaces.join(",");
        let mut turn = self.context.queues.backups.turn(&tenant).await;
        let resumed = self.status.phase.as_deref() == Some(phase::IN_PROGRESS);
        self.status.phase = Some(phase::IN_PROGRESS.to_owned());
        self.status.message = None;
        self.status
            .start_timestamp
            .get_or_insert_with(|| to_time(Utc::now()));
        self.status.source_cluster = Some(self.context.cluster.clone());
        self.write().await?;
        if !resumed {
            self.context
                .metrics
                .backup_begins(self.status.from_schedule.as_deref());
            self.context
                .reporter
                .normal(self.backup, "Started", "the backup begins")
                .await;
        }
        let began = Instant::now();
        self.location = Some(location);
        let time = self.context.settings.read().timeout;
        let within = match self.asks_for_volumes() {
            true => time + VOLUMES,
            false => time,
        };
        if let Err(why) = self.attempts(within, &mut turn).await? {
            failed(&mut self.status, &why);
        }
        self.finish(began.elapsed()).await
    }

    async fn location(&mut self) -> Result<Result<Arc<BackupLocation>, String>, Gone> {
        let name = &self.backup.spec.storage_location;
        if name.is_empty() {
            let why = "it names no BackupLocation: say which in storageLocation";
            return Ok(Err(why.to_owned()));
        }
        let within = self.context.settings.read().timeout;
        let wait = self.context.vaults.wait_for(name, within);
        self.vault(wait).await
    }

    /// Fills in the status of an object that stands for a backup found in a vault.
    async fn look_up(&mut self, location: &BackupLocation, uid: &str) -> Result<(), Gone> {
        let name = self.backup.name_any();
        let mut pauses = Pauses::default();
        loop {
            let read = async {
                let open = OpenLocation::of(self.context, location).await?;
                let record = open.repository.record(&name).await;
                let record = record.map_err(|error| error.chain())?;
                Ok::<_, String>(record.map(|record| (open, record)))
            };
            match read.await {
                Ok(Some((open, record))) if record.uid() == uid => {
                    of_record(&mut self.status, &record, &Results::default());
                    self.volumes(&open).await;
                    let phase = self.status.phase.clone().unwrap_or_default();
                    summary(
                        &mut self.status.conditions,
                        self.backup.metadata.generation,
                        &phase,
                        None,
                    );
                    self.write().await?;
                    self.context.metrics.backup_is(&self.status);
                    return Ok(());
                }
                Ok(_) => {
                    return self
                        .over("the backup that it stands for is in its vault no more")
                        .await;
                }
                Err(error) => {
                    tracing::warn!(name, error, "read the record of a backup that was found");
                }
            }
            pauses.pause().await;
        }
    }

    /// Where it goes, and what keeps the data of its volumes.
    async fn opened(&self) -> Result<(OpenLocation, Vec<Arc<dyn VolumeSnapshotter>>), Attempt> {
        let location = self.location.as_deref().ok_or_else(|| {
            // The vault is waited for first.
            Attempt::Again("its vault is not known yet".to_owned())
        })?;
        let open = OpenLocation::of(self.context, location).await;
        let open = open.map_err(Attempt::Again)?;
        if !open.is_writable {
            return Err(Attempt::Never(format!(
                "backups in `{}` can be restored, and not made, since its accessMode is ReadOnly",
                location.name_any()
            )));
        }
        // Rights on snapshots are only needed where they are asked for.
        let snapshotters = match self.asks_for_volumes() {
            true => {
                open.snapshotters_for(self.context, self.backup.annotations())
                    .await
            }
            false => Ok(Vec::new()),
        };
        Ok((open, snapshotters.map_err(Attempt::Again)?))
    }

    async fn specification(&self) -> Result<BackupSpec, Attempt> {
        let own = (&*self.context.cluster, &*self.context.namespace);
        let made = specification(&self.context.client, self.backup, own).await;
        made.map_err(|refused| match refused {
            Refused::Invalid(why) => Attempt::Never(why),
            Refused::NoNamespaces(why) => {
                Attempt::Never(format!("get target namespace failed: {why}"))
            }
            Refused::Cluster(why) => Attempt::Again(why),
        })
    }

    async fn prepared(
        &self,
        left: Duration,
    ) -> Result<(OpenLocation, Backup, watch::Receiver<Option<Seen>>), Attempt> {
        let (open, snapshotters) = self.opened().await?;
        let spec = self.specification().await?;
        let since = Estimate::from_now();
        let (sender, seen) = watch::channel(None);
        let of_volumes = sender.clone();
        let change = move |sender: &watch::Sender<Option<Seen>>, change: &dyn Fn(&mut Seen)| {
            sender.send_modify(|seen| change(seen.get_or_insert_with(|| Seen::since(since))));
        };
        let making = Backup::new(self.context.client.clone(), open.repository.clone(), spec)
            .with_uid(self.backup.uid().unwrap_or_default())
            .with_snapshotters(snapshotters)
            .with_options(RunOptions::default().with_deadline(left))
            .on_progress(move |progress| change(&sender, &|seen| seen.engine = progress))
            .on_volumes(move |volumes| {
                let bytes = volumes.iter().filter_map(|it| it.bytes_total).sum();
                change(&of_volumes, &|seen| seen.bytes = bytes);
            });
        Ok((open, making, seen))
    }

    async fn made(&mut self, open: &OpenLocation, report: &BackupReport) {
        of_record(&mut self.status, &report.record, &report.results);
        self.status.record_sha256 = Some(report.record_sha256.to_string());
        self.volumes(open).await;
    }

    /// Whether the data of volumes is to be in it.
    fn asks_for_volumes(&self) -> bool {
        let asked = self.backup.spec.pv_backup.as_ref();
        asked.is_some_and(|it| it.default_pv_backup)
    }

    /// Says what of which volume is in it, by what the vault has.
    async fn volumes(&mut self, open: &OpenLocation) {
        let name = self.backup.name_any();
        let (generation, asked) = (self.backup.metadata.generation, self.asks_for_volumes());
        match open.repository.volumes(&name).await {
            Ok(volumes) => volumes::tell(&mut self.status, generation, asked, &volumes),
            Err(error) => {
                tracing::warn!(
                    name,
                    error = error.chain(),
                    "read what a backup has of volumes"
                );
                let why = format!("what it has of volumes cannot be read: {}", error.chain());
                let note = Note {
                    holds: false,
                    reason: "Unreadable",
                    message: &why,
                };
                set(
                    &mut self.status.conditions,
                    condition::VOLUMES_BACKED_UP,
                    generation,
                    &note,
                );
            }
        }
    }

    /// Ends it without a backup.
    async fn over(&mut self, why: &str) -> Result<(), Gone> {
        failed(&mut self.status, why);
        self.finish(Duration::ZERO).await
    }

    /// Tells how it ended.
    async fn finish(&mut self, took: Duration) -> Result<(), Gone> {
        let phase = self.status.phase.clone().unwrap_or_default();
        let generation = self.backup.metadata.generation;
        let why = self.status.message.clone();
        summary(
            &mut self.status.conditions,
            generation,
            &phase,
            why.as_deref(),
        );
        let reporter = &self.context.reporter;
        match phase.as_str() {
            phase::COMPLETED => {
                let note = format!(
                    "{} objects are in the backup",
                    self.status.objects.unwrap_or_default()
                );
                reporter.normal(self.backup, "Completed", &note).await;
            }
            phase::PARTIALLY_FAILED => {
                let first = self
                    .status
                    .first_messages
                    .first()
                    .map_or("", String::as_str);
                let note = format!("PROCESS velero partially completed: {first}");
                reporter
                    .warning(self.backup, "PartiallyFailed", &note)
                    .await;
                if let Some(note) = volumes::missing(&self.status) {
                    reporter
                        .warning(self.backup, "VolumesNotBackedUp", &note)
                        .await;
                }
            }
            _ => {
                reporter
                    .warning(self.backup, "Failed", why.as_deref().unwrap_or_default())
                    .await;
            }
        }
        self.write().await?;
        self.context
            .metrics
            .backup_ended(&self.status, took.as_secs_f64());
        Ok(())
    }

    async fn write(&self) -> Result<(), Gone> {
        let reporter = &self.context.reporter;
        reporter.status(self.backup, &self.status).await
    }
}

impl Work for Job<'_> {
    type Progress = Seen;

    async fn progress(&mut self, seen: Seen) -> Result<(), Gone> {
        let progress = Some(seen.into_status());
        if self.status.progress == progress {
            return Ok(());
        }
        self.status.progress = progress;
        self.write().await
    }

    async fn waits(&mut self, reason: &'static str, why: &str) -> Result<(), Gone> {
        if self.status.phase.is_none() {
            self.status.phase = Some(phase::NEW.to_owned());
        }
        self.status.message = Some(cut(&format!("it waits for its vault: {why}"), 2000));
        let reporter = &self.context.reporter;
        let conditions = &mut self.status.conditions;
        reporter.waits(self.backup, conditions, reason, why).await;
        self.write().await
    }

    async fn tried_again(&mut self, why: &str) -> Result<(), Gone> {
        let name = self.backup.name_any();
        tracing::warn!(name, why, "a backup is tried again");
        self.status.message = Some(cut(&format!("it is tried again: {why}"), 2000));
        self.write().await
    }

    async fn attempt(&mut self, left: Duration) -> Result<Result<(), Attempt>, Gone> {
        let (open, making, seen) = match self.prepared(left).await {
            Ok(prepared) => prepared,
            Err(attempt) => return Ok(Err(attempt)),
        };
        Ok(match self.with_progress(seen, making.run()).await? {
            Ok(report) => {
                self.made(&open, &report).await;
                Ok(())
            }
            Err(error) if may_pass(&error) => Err(Attempt::Again(in_words(&error))),
            Err(error) => Err(Attempt::Never(in_words(&error))),
        })
    }
}

impl Seen {
    fn since(since: Estimate) -> Self {
        Self {
            engine: EngineProgress::default(),
            bytes: 0,
            since,
        }
    }

    fn into_status(self) -> BackupProgress {
        let Self {
            engine,
            bytes,
            since,
        } = self;
        let [lists, lists_done, volumes, volumes_done] = [
            engine.lists,
            engine.lists_done,
            engine.volumes,
            engine.volumes_done,
        ]
        .map(|count| count as u64);
        // Once all objects are read, it is the bytes that are waited for, where it is known how many there are.
        let (percent, end) = match lists > 0 && lists_done == lists && volumes_done < volumes {
            true if bytes > 0 => since.of(engine.volume_bytes.min(bytes - 1), bytes),
            true => since.of(volumes_done, volumes),
            false => since.of(lists_done, lists),
        };
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let told = |it: u64| (volumes > 0).then(|| count(it));
        BackupProgress {
            lists: count(lists),
            lists_done: count(lists_done),
            objects: count(engine.objects),
            volumes: told(volumes),
            volumes_done: told(volumes_done),
            volume_bytes_done: told(engine.volume_bytes),
            volume_bytes: told(bytes),
            percent,
            estimated_completion_timestamp: end,
        }
    }
}
