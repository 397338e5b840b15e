//! One conversion, from its turn to its end.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::ResourceExt as _;
use kube_backup_engine::volumes::{
    BackedUpVolume, Eligibility, SnapshotState, Volume, VolumeMethod, VolumeRecord,
    VolumeSnapshotter, plan_groups,
};

use super::targets::Targets;
use super::temporary::Temporary;
use crate::controller::context::Context;
use crate::controller::report::{Gone, Note, cut, fields_known, set};
use crate::controller::snapshotters::{disks, files};
use crate::controller::vaults::OpenLocation;
use crate::controller::work::{Attempt, Looks, Pauses, Work};
use crate::crds::{
    BackupLocation, ConvertToSnapshot, ConvertToSnapshotStatus, ConvertedVolume, VolumeConversion,
    condition, phase, to_time,
};
use crate::volumes::disks::DiskSnapshots;
use crate::volumes::files::FileBackups;

/// How long it may take, beside what is waited for in the cluster: a file system is copied for hours.
const COPYING: Duration = Duration::from_secs(4 * 60 * 60);
/// How long what was only needed on the way may take to be gone.
const CLEARING: Duration = Duration::from_secs(2 * 60);

/// Does the conversion that an object asks for.
pub(super) async fn run(context: Arc<Context>, conversion: Arc<ConvertToSnapshot>) {
    let job = Job {
        context: &context,
        conversion: &conversion,
        status: conversion.status.clone().unwrap_or_default(),
        location: None,
    };
    // An object that is gone needs no more words.
    let _ = job.run().await;
}

struct Job<'a> {
    context: &'a Context,
    conversion: &'a ConvertToSnapshot,
    status: ConvertToSnapshotStatus,
    /// Once it can be used.
    location: Option<Arc<BackupLocation>>,
}

/// All that claims are converted with.
struct Means {
    kept: Vec<BackedUpVolume>,
    claims: Vec<PersistentVolumeClaim>,
    targets: Targets,
    files: FileBackups,
    disks: DiskSnapshots,
    retain: Option<Duration>,
}

impl Job<'_> {
    async fn run(mut self) -> Result<(), Gone> {
        let generation = self.conversion.metadata.generation;
        self.status.observed_generation = generation;
        let unknown = [("", &self.conversion.spec.unknown)];
        let unknown = fields_known(&mut self.status.conditions, generation, unknown);
        if let (Some(unknown), None) = (unknown, &self.status.phase) {
            let reporter = &self.context.reporter;
            reporter
                .warning(self.conversion, "UnknownFields", &unknown)
                .await;
        }
        let within = self.context.settings.read().timeout;
        let vault = match self.vault_of_backup().await? {
            Ok(vault) => vault,
            Err(why) => return self.over(&why).await,
        };
        self.status.storage_location = Some(vault.clone());
        let wait = self.context.vaults.wait_for(&vault, within);
        self.location = match self.vault(wait).await? {
            Ok(location) => Some(location),
            Err(why) => return self.over(&why).await,
        };
        let mut turn = self.context.queues.conversions.turn("").await;
        let resumed = self.status.phase.as_deref() == Some(phase::IN_PROGRESS);
        self.status.phase = Some(phase::IN_PROGRESS.to_owned());
        self.status.message = None;
        self.status
            .start_timestamp
            .get_or_insert_with(|| to_time(Utc::now()));
        if self.status.volumes.is_empty() {
            let asked = &self.conversion.spec.convertedarg;
            self.status.volumes = asked.iter().map(begun).collect();
        }
        self.write().await?;
        if !resumed {
            let backup = &self.conversion.spec.backup_name;
            let note = format!("the conversion of backup `{backup}` begins");
            let reporter = &self.context.reporter;
            reporter.normal(self.conversion, "Started", &note).await;
        }
        if let Err(why) = self.attempts(within + COPYING, &mut turn).await? {
            self.gave_up(&why).await;
        }
        self.finish().await
    }

    /// What is still open has failed; where nothing is, something is left of what was only needed on the way.
    async fn gave_up(&mut self, why: &str) {
        let mut was_open = false;
        for volume in self.status.volumes.iter_mut().filter(|it| is_open(it)) {
            fail(volume, why);
            was_open = true;
        }
        if !was_open {
            let reporter = &self.context.reporter;
            reporter.warning(self.conversion, "NotClearedUp", why).await;
        }
    }

    /// Where the backup is: it is waited for until it is finished.
    async fn vault_of_backup(&mut self) -> Result<Result<String, String>, Gone> {
        let name = &self.conversion.spec.backup_name;
        if self.conversion.spec.convertedarg.is_empty() {
            return Ok(Err(
                "it names no claims: say in `convertedarg` which get which StorageClass".to_owned(),
            ));
        }
        let backups = self.context.backups();
        let mut pauses = Pauses::default();
        loop {
            let found = backups.get_opt(name).await;
            let why = match found {
                Err(error) => format!("look for it: {}", crate::chain::chain(&error)),
                Ok(None) => return Ok(Err(format!("there is no ApplicationBackup `{name}`"))),
                Ok(Some(backup)) => match backup.status.and_then(|it| it.phase).as_deref() {
                    Some(phase::COMPLETED | phase::PARTIALLY_FAILED) => {
                        return Ok(Ok(backup.spec.storage_location));
                    }
                    Some(phase::FAILED | phase::FAILED_VALIDATION) => {
                        return Ok(Err(format!(
                            "backup `{name}` failed: there is nothing to convert"
                        )));
                    }
                    _ => "it is not finished".to_owned(),
                },
            };
            let why = format!("backup `{name}`: {why}");
            self.waits("WaitsForBackup", &why).await?;
            pauses.pause().await;
        }
    }

    async fn means(&self) -> Result<Means, Attempt> {
        let location = self.location.as_deref().ok_or_else(|| {
            // It is waited for first.
            Attempt::Again("its vault is not known yet".to_owned())
        })?;
        let open = OpenLocation::of(self.context, location).await;
        let open = open.map_err(Attempt::Again)?;
        let name = &self.conversion.spec.backup_name;
        let opened = open.repository.open(name).await?;
        let kept = opened.volumes().await?;
        let claims = super::done::claims(&opened, &self.conversion.spec.convertedarg).await;
        let cloud = open.cloud_of_cluster(self.context);
        let (files, targets) = futures::join!(
            files(self.context, &cloud),
            Targets::of(&self.context.client)
        );
        let expires = opened.record().expires_at().ok().flatten();
        Ok(Means {
            kept,
            claims: claims?,
            targets: targets.map_err(Attempt::Again)?,
            files: files.map_err(Attempt::Again)?,
            disks: disks(self.context, &cloud, []).map_err(Attempt::Again)?,
            retain: expires.and_then(|at| (at - Utc::now()).to_std().ok()),
        })
    }

    /// Converts what is open, each alone, and notes each as it is done.
    async fn convert(&mut self, means: &Means, looks: Looks) -> Result<Vec<String>, Gone> {
        let (context, conversion) = (self.context, self.conversion);
        let open = self.status.volumes.iter().map(is_open);
        let asked = conversion.spec.convertedarg.iter().enumerate();
        let mut work: FuturesUnordered<_> = asked
            .zip(open)
            .filter(|(_, is_open)| *is_open)
            .map(|((at, wanted), _)| async move {
                (
                    at,
                    convert_one(context, conversion, means, wanted, looks).await,
                )
            })
            .collect();
        let mut again = Vec::new();
        while let Some((at, converted)) = work.next().await {
            let Some(volume) = self.status.volumes.get_mut(at) else {
                continue;
            };
            match converted {
                Ok(Converted { snapshot, told }) => {
                    volume.phase = phase::COMPLETED.to_owned();
                    volume.snapshot_id = snapshot.and_then(|it| it.handle).unwrap_or_default();
                    volume.message = cut(&told, 300);
                }
                Err(Attempt::Never(why)) => fail(volume, &why),
                // There is no time for another attempt.
                Err(Attempt::Again(why)) if looks.are_over() => fail(volume, &why),
                Err(Attempt::Again(why)) => {
                    again.push(why);
                    continue;
                }
            }
            self.write().await?;
        }
        Ok(again)
    }

    /// Takes away the claims on the way. What is noted by now is not put on them again.
    async fn clear(&self) -> Result<(), Attempt> {
        // Also where all of the time went to copies that came to nothing.
        let looks = Looks::for_no_longer_than(CLEARING);
        for wanted in &self.conversion.spec.convertedarg {
            let claim = claim_of(wanted);
            let temporary = Temporary::of(self.context, self.conversion, &claim, looks);
            temporary.remove().await?;
        }
        Ok(())
    }

    async fn over(&mut self, why: &str) -> Result<(), Gone> {
        self.status.message = Some(cut(why, 2000));
        self.finish().await
    }

    async fn finish(&mut self) -> Result<(), Gone> {
        let volumes = &self.status.volumes;
        let failed: Vec<String> = volumes
            .iter()
            .filter(|it| it.phase != phase::COMPLETED)
            .map(|it| {
                let (namespace, claim) = (&it.namespace, &it.persistent_volume_claim);
                format!("{namespace}/{claim}: {}", it.message)
            })
            .collect();
        let phase = match (failed.len(), volumes.len()) {
            (0, 1..) => phase::COMPLETED,
            (failed, all) if failed == all => phase::FAILED,
            _ => phase::PARTIALLY_FAILED,
        };
        if !failed.is_empty() {
            self.status.message = Some(cut(&failed.join("; "), 2000));
        }
        self.status.phase = Some(phase.to_owned());
        self.status.completion_timestamp = Some(to_time(Utc::now()));
        let (holds, reason) = match phase {
            phase::COMPLETED => (true, "Completed"),
            phase::FAILED => (false, "Failed"),
            _ => (false, "PartiallyFailed"),
        };
        let done = format!("{} volumes are converted", volumes.len());
        let message = self.status.message.clone().unwrap_or(done);
        let note = Note {
            holds,
            reason,
            message: &message,
        };
        let generation = self.conversion.metadata.generation;
        set(
            &mut self.status.conditions,
            condition::READY,
            generation,
            &note,
        );
        let reporter = &self.context.reporter;
        match holds {
            true => reporter.normal(self.conversion, reason, &message).await,
            false => reporter.warning(self.conversion, reason, &message).await,
        }
        self.write().await
    }

    async fn write(&self) -> Result<(), Gone> {
        let reporter = &self.context.reporter;
        reporter.status(self.conversion, &self.status).await
    }
}

impl Work for Job<'_> {
    /// Each volume is noted as it is done.
    type Progress = ();

    async fn progress(&mut self, (): ()) -> Result<(), Gone> {
        Ok(())
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
        reporter
            .waits(self.conversion, conditions, reason, why)
            .await;
        self.write().await
    }

    async fn tried_again(&mut self, why: &str) -> Result<(), Gone> {
        let name = self.conversion.name_any();
        tracing::warn!(name, why, "a conversion is tried again");
        self.status.message = Some(cut(&format!("it is tried again: {why}"), 2000));
        self.write().await
    }

    async fn attempt(&mut self, left: Duration) -> Result<Result<(), Attempt>, Gone> {
        let looks = Looks::for_no_longer_than(left);
        let means = match self.means().await {
            Ok(means) => means,
            Err(attempt) => return Ok(Err(attempt)),
        };
        let again = self.convert(&means, looks).await?;
        if !again.is_empty() {
            return Ok(Err(Attempt::Again(again.join("; "))));
        }
        self.status.message = None;
        Ok(self.clear().await)
    }
}

/// What came of a claim.
struct Converted {
    /// Of a disk.
    snapshot: Option<VolumeRecord>,
    /// What is not as it was.
    told: String,
}

/// Converts a claim. Made again, it goes on with what it has made.
async fn convert_one(
    context: &Context,
    conversion: &ConvertToSnapshot,
    means: &Means,
    wanted: &VolumeConversion,
    looks: Looks,
) -> Result<Converted, Attempt> {
    let never = |why: String| Attempt::Never(why);
    let (record, claim) = kept(means, wanted).map_err(never)?;
    let bytes = record.restore_size.unwrap_or_default();
    let adjusted = means.targets.convert(claim, wanted, bytes);
    let adjusted = adjusted.map_err(|refused| Attempt::Never(refused.to_string()))?;
    let told = adjusted.warnings.join("; ");
    if !means.targets.is_disk(wanted) {
        // There are no snapshots of it: the restore copies the files into the class that was asked for.
        return Ok(Converted {
            snapshot: None,
            told,
        });
    }
    let temporary = Temporary::of(context, conversion, &claim_of(wanted), looks);
    let filled = temporary.filled(&adjusted.claim, record, &means.files);
    let (filled, volume) = filled.await?;
    let volume = Volume::new(volume, filled);
    if let Eligibility::Refused(why) = means.disks.eligibility(&volume) {
        return Err(Attempt::Never(why));
    }
    let uid = conversion.uid().unwrap_or_default();
    let name = conversion.name_any();
    let mut groups = plan_groups(&means.disks, &name, &uid, [volume]);
    let group = groups
        .pop()
        .ok_or_else(|| Attempt::Never("its disk cannot be snapshotted".to_owned()))?;
    let group = group.retained_for(means.retain);
    let begun = means.disks.snapshot(&group).await?;
    let look = || async {
        let mut records = means.disks.poll(&begun).await?;
        match records.pop() {
            // The disk goes: all of it is to be kept.
            Some(record) if record.state == SnapshotState::Complete => Ok(Some(record)),
            Some(VolumeRecord {
                state: SnapshotState::Failed { reason },
                ..
            }) => Err(Attempt::Never(reason)),
            _ => Ok(None),
        }
    };
    let snapshot = looks.until_there("snapshot the disk that the files are on", look);
    Ok(Converted {
        snapshot: Some(snapshot.await?),
        told,
    })
}

/// What the backup has of a claim: its files, and the claim itself.
fn kept<'m>(
    means: &'m Means,
    wanted: &VolumeConversion,
) -> Result<(&'m VolumeRecord, PersistentVolumeClaim), String> {
    let (namespace, name) = (&wanted.namespace, &wanted.persistent_volume_claim);
    let mut all = means.kept.iter();
    let found = all.find(|it| (&it.claim.namespace, &it.claim.name) == (namespace, name));
    let found = found.ok_or_else(|| "the backup has no data of such a claim".to_owned())?;
    let class = &found.facts.storage_class;
    if !wanted.storage_class.is_empty() && wanted.storage_class != *class {
        return Err(format!(
            "its storage class in the backup is `{class}`, and not `{}`",
            wanted.storage_class
        ));
    }
    let why = || found.missing_because().unwrap_or_default();
    let record = found.record.as_ref().ok_or_else(why)?;
    if record.method != VolumeMethod::PodVolumeBackup {
        return Err(format!(
            "its data is a snapshot by `{}` already, which a restore takes: use `storageClassMapping` there for another class",
            record.snapshotter
        ));
    }
    if record.handle.is_none() {
        return Err(why());
    }
    let is_it = |it: &&PersistentVolumeClaim| {
        it.namespace().as_ref() == Some(namespace) && it.name_any() == *name
    };
    let claim = means.claims.iter().find(is_it).cloned();
    let claim = claim.ok_or_else(|| "the claim itself is not in the backup".to_owned())?;
    Ok((record, claim))
}

fn claim_of(wanted: &VolumeConversion) -> kube_backup_engine::volumes::ObjectRef {
    kube_backup_engine::volumes::ObjectRef {
        namespace: wanted.namespace.clone(),
        name: wanted.persistent_volume_claim.clone(),
        uid: String::new(),
    }
}

fn begun(wanted: &VolumeConversion) -> ConvertedVolume {
    ConvertedVolume {
        namespace: wanted.namespace.clone(),
        persistent_volume_claim: wanted.persistent_volume_claim.clone(),
        storage_class: wanted.convert_to_storage_class_type.clone(),
        phase: phase::IN_PROGRESS.to_owned(),
        ..ConvertedVolume::default()
    }
}

fn is_open(volume: &ConvertedVolume) -> bool {
    volume.phase == phase::IN_PROGRESS
}

fn fail(volume: &mut ConvertedVolume, why: &str) {
    volume.phase = phase::FAILED.to_owned();
    volume.message = cut(why, 1000);
}
