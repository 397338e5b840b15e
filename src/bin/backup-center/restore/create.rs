//! `restore create` and `restore plan`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::engine::restore::{
    ActAs, Action, ExistingResourcePolicy, PowerSwitch, Profile, Restore, RestoreSpec,
};
use ack_backup_center::engine::{Digest, GroupResource, RunOptions};
use clap::{Args, ValueEnum};

use crate::chosen::{Chosen, duration, mapping, specification};
use crate::cluster;
use crate::exit::{Done, Failure, Result};
use crate::location::repository;
use crate::output::Output;
use crate::place::Place;
use crate::progress::Progress;
use crate::stop::Stop;
use crate::volumes::snapshotters;

/// What to do about objects that exist already.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Existing {
    None,
    Update,
}

#[derive(Args, Debug)]
pub(crate) struct Create {
    /// The restore's name; the backup's, if not given.
    name: Option<String>,
    /// The backup.
    #[arg(long, value_name = "BACKUP")]
    from_backup: String,
    /// A specification in the fields of Velero's RestoreSpec, as YAML or JSON; flags are added to it.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    #[command(flatten)]
    chosen: Chosen,
    /// Namespaces that are restored as others, as `shop:shop-copy`.
    #[arg(long, value_delimiter = ',', value_name = "FROM:TO", value_parser = mapping)]
    namespace_mappings: Vec<(String, String)>,
    /// Storage classes that become others.
    #[arg(long, value_delimiter = ',', value_name = "FROM:TO", value_parser = mapping)]
    storage_class_mappings: Vec<(String, String)>,
    /// Beginnings of images that become others, as `docker.io/library=registry.example.com/mirror`.
    #[arg(long, value_delimiter = ',', value_name = "FROM=TO", value_parser = mapping)]
    image_mappings: Vec<(String, String)>,
    /// What to do about objects that exist and differ.
    #[arg(long, value_enum)]
    existing_resource_policy: Option<Existing>,
    /// Whether the data of claims comes back.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    restore_volumes: Option<bool>,
    /// Keep the node ports of Services that the cluster chose.
    #[arg(long)]
    preserve_nodeports: bool,
    /// Kinds whose status comes back, too.
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    status_include_resources: Vec<GroupResource>,
    /// What it is for, and with it which powers it grants: everything, application or tenant.
    #[arg(long)]
    profile: Option<Profile>,
    /// Grant this power, such as `node`, or all that one object grants, as in `daemonsets.apps/shop/agent`.
    #[arg(long, value_delimiter = ',', value_name = "POWER")]
    allow: Vec<PowerSwitch>,
    /// Grant it to nobody.
    #[arg(long, value_delimiter = ',', value_name = "POWER")]
    withhold: Vec<PowerSwitch>,
    /// Restore as this user, with what they may do; needs the right to impersonate them.
    #[arg(long, value_name = "USER")]
    act_as: Option<String>,
    /// A group of that user; may be repeated.
    #[arg(long, requires = "act_as", value_name = "GROUP")]
    act_as_group: Vec<String>,
    /// Restore only what the plan with this digest was of.
    #[arg(long, value_name = "SHA256")]
    expect_plan: Option<Digest>,
    /// Wait so long for what was restored to be ready, as `5m`.
    #[arg(long, value_parser = duration, value_name = "TIME")]
    wait_for_ready: Option<Duration>,
    /// How long all of it may take.
    #[arg(long, value_parser = duration)]
    timeout: Option<Duration>,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Velero's flag. This program restores itself, and waits for the end with or without it.
    #[arg(long, short)]
    wait: bool,
    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    output: Output,
}

impl Create {
    /// The same as a plan.
    pub(crate) fn planned(self) -> Self {
        Self {
            dry_run: true,
            ..self
        }
    }

    pub(crate) async fn run(self, place: &Place, stop: &Stop) -> Result<Done> {
        let spec = self.specification()?;
        let backup = stop
            .or(async { Ok(repository(place)?.open(&self.from_backup).await?) })
            .await?;
        let cluster = cluster::connect(place).await?;
        let mut options = RunOptions::default();
        if let Some(wait) = self.wait_for_ready {
            options = options.with_wait_for_ready(wait);
        }
        if let Some(timeout) = self.timeout {
            options = options.with_deadline(timeout);
        }
        let volumes = backup.volumes().await?;
        let what = format!("restore `{}`", spec.name);
        let progress = Arc::new(Progress::new(&what, "objects", self.quiet));
        let (bar, waits) = (Arc::clone(&progress), Arc::clone(&progress));
        let mut restore = Restore::new(cluster.clone(), backup, spec)
            .with_options(options)
            .cancelled_by(stop.asked())
            .on_progress(move |at| bar.at(at.done as u64, at.total as u64, ""))
            .on_wait(move |waiting| waits.say(&format!("waiting for the API server: {waiting}")));
        if self.restore_volumes != Some(false)
            && volumes.iter().any(|volume| volume.record.is_some())
        {
            restore = restore.with_snapshotters(snapshotters(&cluster, place).await?);
        }
        if let Some(digest) = self.expect_plan {
            restore = restore.expecting(digest);
        }
        if self.dry_run {
            let plan = restore.plan().await?;
            drop(progress);
            self.output.print(&plan, || plan.to_string())?;
            let failed = plan.items.iter().any(|item| item.action == Action::Fail);
            return Ok(done(
                failed,
                plan.withheld().any(|(_, it)| !it.is_of_cluster_itself),
            ));
        }
        let report = restore.run().await?;
        drop(progress);
        self.output.print(&report, || report.to_string())?;
        if stop.signal().is_some() && !report.is_complete() {
            return Err(Failure::new(
                "finish the restore: it was stopped; what was restored stays, and the same command completes it",
            ));
        }
        Ok(done(
            !report.is_complete(),
            report.withheld().any(|(_, it)| !it.is_of_cluster_itself),
        ))
    }

    fn specification(&self) -> Result<RestoreSpec> {
        let name = self.name.as_ref().unwrap_or(&self.from_backup).clone();
        let mut spec = match &self.spec {
            None => RestoreSpec::named(name),
            Some(path) => RestoreSpec {
                name,
                ..specification(path)?
            },
        };
        self.chosen.apply(&mut spec.selection)?;
        spec.namespace_mapping
            .extend(self.namespace_mappings.iter().cloned());
        spec.storage_class_mapping
            .extend(self.storage_class_mappings.iter().cloned());
        spec.image_mapping
            .extend(self.image_mappings.iter().cloned());
        match self.existing_resource_policy {
            None => {}
            Some(Existing::None) => spec.existing_resource_policy = ExistingResourcePolicy::None,
            Some(Existing::Update) => {
                spec.existing_resource_policy = ExistingResourcePolicy::Update;
            }
        }
        spec.restore_pvs = self.restore_volumes.or(spec.restore_pvs);
        spec.preserve_node_ports |= self.preserve_nodeports;
        spec.restore_status
            .extend(self.status_include_resources.iter().cloned());
        if let Some(profile) = self.profile {
            spec.powers.profile = profile;
        }
        spec.powers.allow.extend(self.allow.iter().cloned());
        spec.powers.withhold.extend(self.withhold.iter().cloned());
        if let Some(user) = &self.act_as {
            spec.act_as = Some(ActAs::user(user, &self.act_as_group));
        }
        Ok(spec)
    }
}

fn done(failed: bool, withheld: bool) -> Done {
    match (failed, withheld) {
        (true, _) => Done::Failed,
        (false, true) => Done::Partly,
        (false, false) => Done::Whole,
    }
}
