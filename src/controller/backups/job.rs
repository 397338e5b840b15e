//! One backup, from its turn to its end.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use kube::ResourceExt as _;
use kube_backup_engine::backup::{Backup, BackupReport};
use kube_backup_engine::{Results, RunOptions};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::outcome::{failed, in_words, may_pass, of_record, summary};
use super::specification::{Refused, SCHEDULE, specification};
use super::volumes;
use crate::controller::context::Context;
use crate::controller::report::{Estimate, Note, Written, cut, fields_known, set};
use crate::controller::vaults::{OpenLocation, SYNCED_FROM, Waited};
use crate::crds::{
    ApplicationBackup, ApplicationBackupStatus, BackupLocation, BackupProgress, condition, phase,
    to_time,
};

/// How often progress is written, if there is any.
const PROGRESS: Duration = Duration::from_secs(2);
/// Between two attempts, at most.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The object is gone: there is nobody to work for.
struct Gone;

/// Makes the backup that an object asks for, or finds out about the one that it stands for.
pub(super) async fn run(context: Arc<Context>, backup: Arc<ApplicationBackup>) {
    let job = Job {
        context: &context,
        backup: &backup,
        status: backup.status.clone().unwrap_or_default(),
    };
    // An object that is gone needs no more words.
    let _ = job.run().await;
}

struct Job<'a> {
    context: &'a Context,
    backup: &'a ApplicationBackup,
    status: ApplicationBackupStatus,
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
            .get(SCHEDULE)
            .filter(|it| !it.is_empty())
            .cloned();
        let Some(location) = self.vault().await? else {
            return Ok(());
        };
        if let Some(uid) = self.backup.annotations().get(SYNCED_FROM).cloned() {
            return self.look_up(&location, &uid).await;
        }
        let tenant = self.backup.spec.included_namespaces.join(",");
        let _place = self.context.queues.backups.place(&tenant).await;
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
        self.attempts(&location).await?;
        self.finish(began.elapsed()).await
    }

    /// The vault, once it can be used; nothing when the time is over, which is told then.
    async fn vault(&mut self) -> Result<Option<Arc<BackupLocation>>, Gone> {
        let name = self.backup.spec.storage_location.clone();
        if name.is_empty() {
            self.over("it names no BackupLocation: say which in storageLocation")
                .await?;
            return Ok(None);
        }
        let within = self.context.settings.read().timeout;
        let mut wait = self.context.vaults.wait_for(&name, within);
        loop {
            let why = match wait.next().await {
                Waited::Usable(location) => return Ok(Some(location)),
                Waited::Still(why) => why,
                Waited::Over(why) => {
                    self.over(&why).await?;
                    return Ok(None);
                }
            };
            if self.status.phase.is_none() {
                self.status.phase = Some(phase::NEW.to_owned());
            }
            self.status.message = Some(cut(&format!("it waits for its vault: {why}"), 2000));
            let note = Note {
                holds: false,
                reason: "WaitsForVault",
                message: &why,
            };
            set(
                &mut self.status.conditions,
                condition::READY,
                self.backup.metadata.generation,
                &note,
            );
            let reporter = &self.context.reporter;
            reporter.normal(self.backup, note.reason, &why).await;
            self.write().await?;
        }
    }

    /// Fills in the status of an object that stands for a backup found in a vault.
    async fn look_up(&mut self, location: &BackupLocation, uid: &str) -> Result<(), Gone> {
        let name = self.backup.name_any();
        let mut pause = Duration::from_secs(1);
        loop {
            let read = async {
                let open = OpenLocation::of(self.context, location).await?;
                open.repository
                    .record(&name)
                    .await
                    .map_err(|error| error.chain())
            };
            match read.await {
                Ok(Some(record)) if record.uid() == uid => {
                    of_record(&mut self.status, &record, &Results::default());
                    if let Ok(open) = OpenLocation::of(self.context, location).await {
                        self.volumes(&open).await;
                    }
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
            sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// Tries until it is made, cannot be made, or the time is over; the status says which.
    async fn attempts(&mut self, location: &BackupLocation) -> Result<(), Gone> {
        let end = Instant::now() + self.context.settings.read().timeout;
        let mut pause = Duration::from_secs(1);
        loop {
            let left = end
                .saturating_duration_since(Instant::now())
                .max(Duration::from_secs(1));
            let why = match self.attempt(location, left).await? {
                Ok(()) => return Ok(()),
                Err(Attempt::Never(why)) => {
                    failed(&mut self.status, &why);
                    return Ok(());
                }
                Err(Attempt::Again(why)) => why,
            };
            if Instant::now() + pause >= end {
                failed(&mut self.status, &why);
                return Ok(());
            }
            tracing::warn!(
                name = self.backup.name_any(),
                why,
                "a backup is tried again"
            );
            self.status.message = Some(cut(&format!("it is tried again: {why}"), 2000));
            self.write().await?;
            sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn attempt(
        &mut self,
        location: &BackupLocation,
        left: Duration,
    ) -> Result<Result<(), Attempt>, Gone> {
        let open = match OpenLocation::of(self.context, location).await {
            Ok(open) if open.is_writable => open,
            Ok(_) => {
                let why = format!(
                    "backups in `{}` can be restored, and not made, since its accessMode is ReadOnly",
                    location.name_any()
                );
                return Ok(Err(Attempt::Never(why)));
            }
            Err(why) => return Ok(Err(Attempt::Again(why))),
        };
        let made = specification(
            &self.context.client,
            self.backup,
            (&self.context.cluster, &self.context.namespace),
        )
        .await;
        let spec = match made {
            Ok(spec) => spec,
            Err(Refused::Invalid(why)) => return Ok(Err(Attempt::Never(why))),
            Err(Refused::NoNamespaces(why)) => {
                return Ok(Err(Attempt::Never(format!(
                    "get target namespace failed: {why}"
                ))));
            }
            Err(Refused::Cluster(why)) => return Ok(Err(Attempt::Again(why))),
        };
        let uid = self.backup.uid().unwrap_or_default();
        let (sender, mut progress) = watch::channel(None);
        // Rights on snapshots are only needed where they are asked for.
        let snapshotters = match self.asks_for_volumes() {
            true => open.snapshotters(self.context),
            false => Ok(Vec::new()),
        };
        let snapshotters = match snapshotters {
            Ok(snapshotters) => snapshotters,
            Err(why) => return Ok(Err(Attempt::Again(why))),
        };
        let making = Backup::new(self.context.client.clone(), open.repository.clone(), spec)
            .with_uid(uid)
            .with_snapshotters(snapshotters)
            .with_options(RunOptions::default().with_deadline(left))
            .on_progress(move |progress| {
                sender.send_replace(Some(progress));
            })
            .run();
        let mut making = std::pin::pin!(making);
        let estimate = Estimate::from_now();
        let mut tick = interval(PROGRESS);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let made = loop {
            tokio::select! {
                made = &mut making => break made,
                _ = tick.tick() => {}
            }
            let seen = *progress.borrow_and_update();
            if let Some(seen) = seen {
                let (done, lists) = (seen.lists_done as u64, seen.lists as u64);
                let (percent, end) = estimate.of(done, lists);
                let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
                let progress = Some(BackupProgress {
                    lists: count(lists),
                    lists_done: count(done),
                    objects: count(seen.objects),
                    percent,
                    estimated_completion_timestamp: end,
                });
                if self.status.progress != progress {
                    self.status.progress = progress;
                    self.write().await?;
                }
            }
        };
        Ok(match made {
            Ok(report) => {
                self.made(&open, &report).await;
                Ok(())
            }
            Err(error) if may_pass(&error) => Err(Attempt::Again(in_words(&error))),
            Err(error) => Err(Attempt::Never(in_words(&error))),
        })
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
        match self
            .context
            .reporter
            .status(self.backup, &self.status)
            .await
        {
            Written::Done => Ok(()),
            Written::Gone => Err(Gone),
        }
    }
}

/// Why an attempt came to nothing.
enum Attempt {
    /// The next one may pass.
    Again(String),
    /// No other one will.
    Never(String),
}
