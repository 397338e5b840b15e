//! One restore, from its turn to its end.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::restore::{ResourceModifiers, Restore, RestoreReport};
use kube_backup_engine::{ErrorKind, RunOptions};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::adjust::adjusted;
use super::images;
use super::outcome::{failed, in_words, of_report, summary};
use super::source::{Missing, Source, source};
use super::specification::specification;
use crate::chain::chain;
use crate::controller::context::Context;
use crate::controller::metrics::Ended;
use crate::controller::report::{Estimate, Note, Written, cut, fields_known, set};
use crate::controller::vaults::{OpenLocation, Waited};
use crate::crds::{
    ApplicationRestore, ApplicationRestoreStatus, BackupLocation, RestoreProgress, condition,
    phase, to_time,
};

/// How often progress is written, if there is any.
const PROGRESS: Duration = Duration::from_secs(2);
/// Between two attempts, at most.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The object is gone: there is nobody to work for.
struct Gone;

/// Why an attempt came to nothing.
enum Attempt {
    /// The next one may pass.
    Again(String),
    /// No other one will.
    Never(String),
}

/// Does the restore that an object asks for.
pub(super) async fn run(context: Arc<Context>, restore: Arc<ApplicationRestore>) {
    let job = Job {
        context: &context,
        restore: &restore,
        status: restore.status.clone().unwrap_or_default(),
    };
    // An object that is gone needs no more words.
    let _ = job.run().await;
}

struct Job<'a> {
    context: &'a Context,
    restore: &'a ApplicationRestore,
    status: ApplicationRestoreStatus,
}

impl Job<'_> {
    async fn run(mut self) -> Result<(), Gone> {
        let generation = self.restore.metadata.generation;
        self.status.observed_generation = generation;
        let unknown = fields_known(
            &mut self.status.conditions,
            generation,
            [("", &self.restore.spec.unknown)],
        );
        if let (Some(unknown), None) = (unknown, &self.status.phase) {
            self.context
                .reporter
                .warning(self.restore, "UnknownFields", &unknown)
                .await;
        }
        let within = self.context.settings.read().timeout;
        let end = Instant::now() + within;
        let Some(source) = self.source(end).await? else {
            return Ok(());
        };
        let Some(location) = self.vault(&source, within).await? else {
            return Ok(());
        };
        let tenant = self.restore.spec.included_namespaces.join(",");
        let _place = self.context.queues.restores.place(&tenant).await;
        let resumed = self.status.phase.as_deref() == Some(phase::IN_PROGRESS);
        self.status.phase = Some(phase::IN_PROGRESS.to_owned());
        self.status.message = None;
        self.status
            .start_timestamp
            .get_or_insert_with(|| to_time(Utc::now()));
        self.write().await?;
        if !resumed {
            self.context.metrics.restore_begins();
            let note = format!("the restore of backup `{}` begins", source.backup);
            self.context
                .reporter
                .normal(self.restore, "Started", &note)
                .await;
        }
        self.attempts(&source, &location).await?;
        self.finish().await
    }

    /// The backup. The one that was found first stays it, also for the next controller: a plan may have a newer one by then.
    async fn source(&mut self, end: Instant) -> Result<Option<Source>, Gone> {
        if let (Some(backup), Some(vault)) =
            (&self.status.backup_name, &self.status.storage_location)
        {
            return Ok(Some(Source {
                backup: backup.clone(),
                vault: vault.clone(),
            }));
        }
        let mut pause = Duration::from_secs(1);
        loop {
            let why = match source(self.context, self.restore).await {
                Ok(source) => {
                    self.status.backup_name = Some(source.backup.clone());
                    self.status.storage_location = Some(source.vault.clone());
                    self.write().await?;
                    return Ok(Some(source));
                }
                Err(Missing::Wait(why)) if Instant::now() < end => why,
                Err(Missing::Wait(why) | Missing::Never(why)) => {
                    self.over(&why).await?;
                    return Ok(None);
                }
            };
            self.waits("WaitsForBackup", &why).await?;
            sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn vault(
        &mut self,
        source: &Source,
        within: Duration,
    ) -> Result<Option<Arc<BackupLocation>>, Gone> {
        let mut wait = self.context.vaults.wait_for(&source.vault, within);
        loop {
            match wait.next().await {
                Waited::Usable(location) => return Ok(Some(location)),
                Waited::Still(why) => self.waits("WaitsForVault", &why).await?,
                Waited::Over(why) => {
                    self.over(&why).await?;
                    return Ok(None);
                }
            }
        }
    }

    /// Says what it waits for, if that is something else than before.
    async fn waits(&mut self, reason: &'static str, why: &str) -> Result<(), Gone> {
        let message = Some(cut(&format!("it waits: {why}"), 2000));
        if self.status.message == message {
            return Ok(());
        }
        self.status.message = message;
        if self.status.phase.is_none() {
            self.status.phase = Some(phase::NEW.to_owned());
        }
        let note = Note {
            holds: false,
            reason,
            message: why,
        };
        set(
            &mut self.status.conditions,
            condition::READY,
            self.restore.metadata.generation,
            &note,
        );
        let reporter = &self.context.reporter;
        reporter.normal(self.restore, reason, why).await;
        self.write().await
    }

    /// Tries until it is done, cannot be done, or the time is over; the status says which.
    async fn attempts(&mut self, source: &Source, location: &BackupLocation) -> Result<(), Gone> {
        let end = Instant::now() + self.context.settings.read().timeout;
        let mut pause = Duration::from_secs(1);
        loop {
            let left = end
                .saturating_duration_since(Instant::now())
                .max(Duration::from_secs(1));
            let why = match self.attempt(source, location, left).await? {
                Ok(report) => {
                    of_report(&mut self.status, &report);
                    return Ok(());
                }
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
                name = self.restore.name_any(),
                why,
                "a restore is tried again"
            );
            self.status.message = Some(cut(&format!("it is tried again: {why}"), 2000));
            self.write().await?;
            sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    async fn attempt(
        &mut self,
        source: &Source,
        location: &BackupLocation,
        left: Duration,
    ) -> Result<Result<RestoreReport, Attempt>, Gone> {
        let restore = match self.prepared(source, location, left).await {
            Ok(restore) => restore,
            Err(attempt) => return Ok(Err(attempt)),
        };
        let (sender, mut progress) = watch::channel(None);
        let restoring = restore
            .on_progress(move |progress| {
                sender.send_replace(Some(progress));
            })
            .run();
        let mut restoring = std::pin::pin!(restoring);
        let estimate = Estimate::from_now();
        let mut tick = interval(PROGRESS);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let done = loop {
            tokio::select! {
                done = &mut restoring => break done,
                _ = tick.tick() => {}
            }
            let seen = *progress.borrow_and_update();
            if let Some(seen) = seen {
                let (percent, end) = estimate.of(seen.done as u64, seen.total as u64);
                let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
                let progress = Some(RestoreProgress {
                    total: count(seen.total),
                    done: count(seen.done),
                    percent,
                    estimated_completion_timestamp: end,
                });
                if self.status.progress != progress {
                    self.status.progress = progress;
                    self.write().await?;
                }
            }
        };
        Ok(done.map_err(|error| {
            let again = error.kind() != ErrorKind::Timeout && error.is_retryable();
            let why = in_words(&error);
            if again {
                Attempt::Again(why)
            } else {
                Attempt::Never(why)
            }
        }))
    }

    /// The engine's restore, with everything that is asked for.
    async fn prepared(
        &self,
        source: &Source,
        location: &BackupLocation,
        left: Duration,
    ) -> Result<Restore, Attempt> {
        let open = OpenLocation::of(self.context, location)
            .await
            .map_err(Attempt::Again)?;
        let spec = specification(self.restore, &self.context.namespace).map_err(Attempt::Never)?;
        let opened = open
            .repository
            .open(&source.backup)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => Attempt::Never(format!(
                    "there is no backup `{}` in vault `{}`",
                    source.backup, source.vault
                )),
                _ if error.is_retryable() => Attempt::Again(in_words(&error)),
                _ => Attempt::Never(in_words(&error)),
            })?;
        let options = RunOptions::default().with_deadline(left);
        let restore = Restore::new(self.context.client.clone(), opened, spec)
            .with_uid(self.restore.uid().unwrap_or_default())
            .with_options(options)
            .with_snapshotters(open.snapshotters(self.context).map_err(Attempt::Again)?);
        let restore = adjusted(restore, &self.restore.spec);
        let restore =
            images::changed(restore, self.context)
                .await
                .map_err(|refused| match refused {
                    images::Refused::Cluster(why) => Attempt::Again(why),
                    images::Refused::Invalid(why) => Attempt::Never(why),
                })?;
        self.modified(restore).await
    }

    /// The same, with the rules of a ConfigMap.
    async fn modified(&self, restore: Restore) -> Result<Restore, Attempt> {
        let Some(reference) = &self.restore.spec.resource_modifier else {
            return Ok(restore);
        };
        let name = &reference.name;
        let maps =
            Api::<ConfigMap>::namespaced(self.context.client.clone(), &self.context.namespace);
        let map = maps.get_opt(name).await;
        let map = map.map_err(|error| {
            Attempt::Again(format!("read ConfigMap `{name}`: {}", chain(&error)))
        })?;
        let map = map.ok_or_else(|| {
            Attempt::Never(format!(
                "there is no ConfigMap `{name}` with rules that change objects"
            ))
        })?;
        let mut texts = map.data.unwrap_or_default().into_values();
        let (Some(text), None) = (texts.next(), texts.next()) else {
            return Err(Attempt::Never(format!(
                "ConfigMap `{name}` with rules that change objects is to hold one key"
            )));
        };
        let rules = ResourceModifiers::read(&text)
            .map_err(|error| Attempt::Never(format!("ConfigMap `{name}`: {}", error.chain())))?;
        Ok(
            restore.with_transform("resource modifiers", move |id, object| {
                rules.apply(id, object)
            }),
        )
    }

    /// Ends it before it began.
    async fn over(&mut self, why: &str) -> Result<(), Gone> {
        failed(&mut self.status, why);
        self.finish().await
    }

    /// Tells how it ended.
    async fn finish(&mut self) -> Result<(), Gone> {
        let phase = self.status.phase.clone().unwrap_or_default();
        let why = self.status.message.clone();
        summary(
            &mut self.status.conditions,
            self.restore.metadata.generation,
            &phase,
            why.as_deref(),
        );
        let reporter = &self.context.reporter;
        match phase.as_str() {
            phase::COMPLETED => {
                let count: i64 = self.status.outcomes.values().sum();
                reporter
                    .normal(
                        self.restore,
                        "Completed",
                        &format!("{count} objects of the backup were looked at"),
                    )
                    .await;
            }
            phase::PARTIALLY_FAILED => {
                let first = self
                    .status
                    .first_messages
                    .first()
                    .map_or("", String::as_str);
                let note = format!("PROCESS velero partially completed: {first}");
                reporter
                    .warning(self.restore, "PartiallyFailed", &note)
                    .await;
            }
            _ => {
                reporter
                    .warning(self.restore, "Failed", why.as_deref().unwrap_or_default())
                    .await;
            }
        }
        self.write().await?;
        self.context.metrics.restore_ended(Ended::of(&phase));
        Ok(())
    }

    async fn write(&self) -> Result<(), Gone> {
        match self
            .context
            .reporter
            .status(self.restore, &self.status)
            .await
        {
            Written::Done => Ok(()),
            Written::Gone => Err(Gone),
        }
    }
}
