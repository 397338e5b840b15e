//! `backup create`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::engine::backup::{Backup, BackupProgress, BackupSpec};
use ack_backup_center::engine::{Phase, RunOptions};
use clap::Args;

use crate::chosen::{Chosen, duration, label, specification};
use crate::cluster;
use crate::exit::{Done, Result};
use crate::location::repository;
use crate::output::Output;
use crate::place::Place;
use crate::progress::Progress;
use crate::protection::Protection;
use crate::stop::Stop;
use crate::volumes::snapshotters;

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The backup's name: lower-case letters, digits, `-` and `.`.
    name: String,
    /// A specification in the fields of Velero's BackupSpec, as YAML or JSON; flags are added to it.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    #[command(flatten)]
    chosen: Chosen,
    /// Labels of the backup.
    #[arg(long, value_delimiter = ',', value_name = "NAME=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// How long it is worth keeping, as `720h`.
    #[arg(long, value_parser = duration)]
    ttl: Option<Duration>,
    /// Whether the data of volumes is kept, by snapshots of their CSI drivers or, with --region, of cloud disks.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false)]
    snapshot_volumes: bool,
    /// How long CSI snapshots may take to be cut, as `10m`.
    #[arg(long, value_parser = duration)]
    csi_snapshot_timeout: Option<Duration>,
    /// How long snapshots may take to be complete, as `4h`.
    #[arg(long, value_parser = duration)]
    item_operation_timeout: Option<Duration>,
    #[command(flatten)]
    protection: Protection,
    /// How many lists are read at once.
    #[arg(long)]
    parallelism: Option<usize>,
    /// How long all of it may take; a day, if not given.
    #[arg(long, value_parser = duration)]
    timeout: Option<Duration>,
    /// Say what it would hold, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Velero's flag. This program makes the backup itself, and waits for its end with or without it.
    #[arg(long, short)]
    wait: bool,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    output: Output,
}

impl Create {
    pub(crate) async fn run(self, place: &Place, stop: &Stop) -> Result<Done> {
        let spec = self.specification()?;
        let key = self.protection.signing_key()?;
        let repository = repository(place)?;
        let cluster = cluster::connect(place).await?;
        let mut options = RunOptions::default();
        if let Some(timeout) = self.timeout {
            options = options.with_deadline(timeout);
        }
        if let Some(parallelism) = self.parallelism {
            options = options.with_parallelism(parallelism);
        }
        let progress = Arc::new(Progress::new(
            &format!("backup `{}`", self.name),
            "lists",
            self.quiet,
        ));
        let (bar, waits) = (Arc::clone(&progress), Arc::clone(&progress));
        let mut backup = Backup::new(cluster.clone(), repository, spec)
            .with_options(options)
            .cancelled_by(stop.asked())
            .on_progress(move |at| show(&bar, at))
            .on_wait(move |waiting| waits.say(&format!("waiting for the API server: {waiting}")));
        if self.snapshot_volumes {
            backup = backup.with_snapshotters(snapshotters(&cluster, place).await?);
        }
        if let Some(key) = key {
            backup = backup.sealed_with(key);
        }
        if self.dry_run {
            let plan = stop.or(async { Ok(backup.plan().await?) }).await?;
            drop(progress);
            self.output.print(&plan, || plan.to_string())?;
            return Ok(Done::Whole);
        }
        let report = backup.run().await?;
        drop(progress);
        self.output.print(&report, || report.to_string())?;
        Ok(match report.record.status.phase {
            Phase::Completed => Done::Whole,
            _ => Done::Partly,
        })
    }

    fn specification(&self) -> Result<BackupSpec> {
        let mut spec = match &self.spec {
            None => BackupSpec::named(&self.name),
            Some(path) => BackupSpec {
                name: self.name.clone(),
                ..specification(path)?
            },
        };
        self.chosen.apply(&mut spec.selection)?;
        spec.labels.extend(self.labels.iter().cloned());
        spec.ttl = self.ttl.or(spec.ttl);
        if self.snapshot_volumes {
            spec.volumes.snapshot_volumes = Some(true);
        }
        let volumes = &mut spec.volumes;
        volumes.csi_snapshot_timeout = self.csi_snapshot_timeout.or(volumes.csi_snapshot_timeout);
        volumes.item_operation_timeout = self
            .item_operation_timeout
            .or(volumes.item_operation_timeout);
        if let Some(encryption) = self.protection.encryption()? {
            spec.encryption = Some(encryption);
        }
        Ok(spec)
    }
}

fn show(progress: &Progress, at: BackupProgress) {
    let mut message = format!("{} objects", at.objects);
    if at.volumes > 0 {
        message = format!(
            "{message}, {} of {} volumes, {} bytes of them",
            at.volumes_done, at.volumes, at.volume_bytes
        );
    }
    progress.at(at.lists_done as u64, at.lists as u64, &message);
}
