//! One restore, from its turn to its end.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, ResourceExt as _};
use kube_backup_engine::restore::{ResourceModifiers, Restore, RestoreProgress as EngineProgress};
use kube_backup_engine::volumes::{BackedUpVolume, VolumeRecord};
use kube_backup_engine::{Error, ErrorKind, RunOptions};
use tokio::sync::watch;
use tokio::time::Instant;

use super::adjust::adjusted;
use super::convert::converted;
use super::images;
use super::outcome::{failed, in_words, of_report, summary};
use super::source::{Missing, Source, source};
use super::specification::specification;
use crate::chain::chain;
use crate::controller::context::Context;
use crate::controller::conversions::{self, Targets};
use crate::controller::metrics::Ended;
use crate::controller::report::{Estimate, Gone, cut, fields_known};
use crate::controller::vaults::OpenLocation;
use crate::controller::work::{Attempt, Pauses, Work};
use crate::crds::{
    ApplicationRestore, ApplicationRestoreStatus, BackupLocation, RestoreProgress, phase, to_time,
};

/// Does the restore that an object asks for.
pub(super) async fn run(context: Arc<Context>, restore: Arc<ApplicationRestore>) {
    let job = Job {
        context: &context,
        restore: &restore,
        status: restore.status.clone().unwrap_or_default(),
        from: None,
    };
    // An object that is gone needs no more words.
    let _ = job.run().await;
}

struct Job<'a> {
    context: &'a Context,
    restore: &'a ApplicationRestore,
    status: ApplicationRestoreStatus,
    /// The backup, and the vault that it is in, once both are known.
    from: Option<(Source, Arc<BackupLocation>)>,
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
        let wait = self.context.vaults.wait_for(&source.vault, within);
        let location = match self.vault(wait).await? {
            Ok(location) => location,
            Err(why) => return self.over(&why).await,
        };
        let tenant = self.restore.spec.included_namespaces.join(",");
        let mut turn = self.context.queues.restores.turn(&tenant).await;
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
        self.from = Some((source, location));
        if let Err(why) = self.attempts(within, &mut turn).await? {
            failed(&mut self.status, &why);
        }
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
        let mut pauses = Pauses::default();
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
            pauses.pause().await;
        }
    }

    /// The engine's restore, with everything that is asked for.
    async fn prepared(&self, left: Duration) -> Result<Restore, Attempt> {
        let (source, location) = self.from.as_ref().ok_or_else(|| {
            // Both are waited for first.
            Attempt::Again("its backup is not known yet".to_owned())
        })?;
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
                _ => failed_at(&error),
            })?;
        // Rights on snapshots are only needed where there are any.
        let kept = opened.volumes().await.map_err(|error| failed_at(&error))?;
        let snapshotters = match kept.is_empty() {
            true => Ok(Vec::new()),
            false => open.snapshotters(self.context).await,
        };
        let options = RunOptions::default().with_deadline(left);
        let restore = Restore::new(self.context.client.clone(), opened, spec)
            .with_uid(self.restore.uid().unwrap_or_default())
            .with_options(options)
            .with_snapshotters(snapshotters.map_err(Attempt::Again)?);
        let restore = adjusted(restore, &self.restore.spec);
        let restore =
            images::changed(restore, self.context)
                .await
                .map_err(|refused| match refused {
                    images::Refused::Cluster(why) => Attempt::Again(why),
                    images::Refused::Invalid(why) => Attempt::Never(why),
                })?;
        let restore = self.converted(restore, &open, &kept).await?;
        self.modified(restore).await
    }

    /// The same, with claims as they are asked for here, or by conversions of the backup.
    async fn converted(
        &self,
        restore: Restore,
        open: &OpenLocation,
        kept: &[BackedUpVolume],
    ) -> Result<Restore, Attempt> {
        let spec = &self.restore.spec;
        let mut wanted = spec.convertedarg.clone();
        let mut records = Vec::new();
        if !kept.is_empty() && !spec.app_restore_only {
            let backup = self.status.backup_name.as_deref().unwrap_or_default();
            let done = conversions::of_backup(self.context, open, backup).await?;
            // What is asked for here takes the place of what was converted.
            let is_asked_for = |record: &VolumeRecord| {
                let claim = (&record.claim.namespace, &record.claim.name);
                let mut asked = spec.convertedarg.iter();
                asked.any(|it| (&it.namespace, &it.persistent_volume_claim) == claim)
            };
            records = done.records;
            records.retain(|record| !is_asked_for(record));
            wanted.extend(done.wanted);
        }
        if wanted.is_empty() {
            return Ok(restore);
        }
        let targets = Targets::of(&self.context.client).await;
        let targets = targets.map_err(Attempt::Again)?;
        let mapping = spec.storage_class_mapping.clone();
        let restore = restore.with_records(records);
        Ok(converted(restore, wanted, targets, kept, mapping))
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
        let reporter = &self.context.reporter;
        reporter.status(self.restore, &self.status).await
    }
}

/// Whether what failed may pass by itself; its own deadline does not.
fn failed_at(error: &Error) -> Attempt {
    let why = in_words(error);
    match error.kind() != ErrorKind::Timeout && error.is_retryable() {
        true => Attempt::Again(why),
        false => Attempt::Never(why),
    }
}

impl Work for Job<'_> {
    type Progress = (EngineProgress, Estimate);

    async fn progress(&mut self, (seen, since): (EngineProgress, Estimate)) -> Result<(), Gone> {
        let (percent, end) = since.of(seen.done as u64, seen.total as u64);
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let progress = Some(RestoreProgress {
            total: count(seen.total),
            done: count(seen.done),
            percent,
            estimated_completion_timestamp: end,
        });
        if self.status.progress == progress {
            return Ok(());
        }
        self.status.progress = progress;
        self.write().await
    }

    async fn waits(&mut self, reason: &'static str, why: &str) -> Result<(), Gone> {
        let message = Some(cut(&format!("it waits: {why}"), 2000));
        if self.status.message == message {
            return Ok(());
        }
        self.status.message = message;
        if self.status.phase.is_none() {
            self.status.phase = Some(phase::NEW.to_owned());
        }
        let reporter = &self.context.reporter;
        let conditions = &mut self.status.conditions;
        reporter.waits(self.restore, conditions, reason, why).await;
        self.write().await
    }

    async fn tried_again(&mut self, why: &str) -> Result<(), Gone> {
        let name = self.restore.name_any();
        tracing::warn!(name, why, "a restore is tried again");
        self.status.message = Some(cut(&format!("it is tried again: {why}"), 2000));
        self.write().await
    }

    async fn attempt(&mut self, left: Duration) -> Result<Result<(), Attempt>, Gone> {
        let restore = match self.prepared(left).await {
            Ok(restore) => restore,
            Err(attempt) => return Ok(Err(attempt)),
        };
        let (sender, seen) = watch::channel(None);
        let since = Estimate::from_now();
        let restore = restore.on_progress(move |progress| {
            sender.send_replace(Some((progress, since)));
        });
        Ok(match self.with_progress(seen, restore.run()).await? {
            Ok(report) => {
                of_report(&mut self.status, &report);
                Ok(())
            }
            Err(error) => Err(failed_at(&error)),
        })
    }
}
