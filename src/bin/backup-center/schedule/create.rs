//! `schedule create`.

use std::time::Duration;

use ack_backup_center::crds::{
    ApplicationBackupSpec, BackupSchedule, BackupScheduleSpec, GoDuration,
};
use clap::Args;
use kube::api::PostParams;

use super::plan::{At, failure};
use crate::chosen::{Named, duration};
use crate::exit::{Done, Result};
use crate::output::print_bytes;
use crate::place::Place;

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The plan's name.
    name: String,
    /// When: `0 1 * * *`, `@daily`, or an interval such as `6h`.
    #[arg(long)]
    schedule: String,
    /// The vault (BackupLocation) that its backups go to.
    #[arg(long, value_name = "NAME")]
    storage_location: String,
    /// The time zone of the schedule, as `Asia/Shanghai`; UTC, if not given.
    #[arg(long, default_value = "")]
    time_zone: String,
    #[command(flatten)]
    named: Named,
    /// How long each backup is kept, as `720h`.
    #[arg(long, value_parser = duration)]
    ttl: Option<Duration>,
    /// Have it wait.
    #[arg(long)]
    paused: bool,
    #[command(flatten)]
    at: At,
}

impl Create {
    pub(super) async fn run(self, place: &Place) -> Result<Done> {
        let template = ApplicationBackupSpec {
            storage_location: self.storage_location,
            included_namespaces: self.named.include_namespaces,
            excluded_namespaces: self.named.exclude_namespaces,
            included_resources: self.named.include_resources,
            excluded_resources: self.named.exclude_resources,
            ttl: self.ttl.map(GoDuration::from),
            ..ApplicationBackupSpec::default()
        };
        let plan = BackupSchedule::new(
            &self.name,
            BackupScheduleSpec {
                schedule: self.schedule,
                time_zone: self.time_zone,
                paused: self.paused,
                template,
                ..BackupScheduleSpec::default()
            },
        );
        let plans = self.at.plans(place).await?;
        let created = plans.create(&PostParams::default(), &plan).await;
        created.map_err(|error| failure(&format!("create plan `{}`", self.name), error))?;
        print_bytes(format!("Schedule {} is created\n", self.name).as_bytes())?;
        Ok(Done::Whole)
    }
}
