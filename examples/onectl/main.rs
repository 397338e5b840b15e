//! Installs the backup center and its permissions, as `onectl` does it for registered clusters, for every
//! kind of cluster, and says what is missing:
//!
//! ```console
//! $ cargo run --example onectl -- ram-user grant --addon migrate-controller
//! Ram policy ack-one-registered-cluster-policy-migrate-controller granted to ram user ack-one-user-ce313528c3 successfully.
//! $ cargo run --example onectl -- addon install migrate-controller
//! Addon migrate-controller, version v0.1.0 installed.
//! $ cargo run --example onectl -- doctor --bucket mybackups --region cn-hangzhou
//! ```
//!
//! `--local` tries it on a cluster and a cloud in this process, without an account.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints"
)]

mod addon;
mod arguments;
mod cluster;
mod failure;
mod local;
mod print;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::clusters::{ClusterKind, region_of};
use ack_backup_center::core::credentials::{self, StaticProvider};
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::doctor::Doctor;
use ack_backup_center::grants::{Buckets, Grants, Requirements};
use clap::Parser;

use arguments::{Addon, Arguments, Command, RamUser, Wanted};
use failure::{Result, in_words};
use print::Printer;

#[tokio::main]
async fn main() -> ExitCode {
    // With two providers of cryptography in the graph, one has to be chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    start(std::env::args_os()).await
}

/// The program with these arguments, the first of which is its name.
pub(crate) async fn start(arguments: impl IntoIterator<Item: Into<OsString> + Clone>) -> ExitCode {
    match run(Arguments::parse_from(arguments)).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {}", in_words(error.as_ref()));
            ExitCode::from(2)
        }
    }
}

/// Whether all is well.
async fn run(arguments: Arguments) -> Result<bool> {
    let printer = Printer::new(arguments.output);
    // The policy is the same everywhere: no cluster is asked for.
    if let Command::Policy { wanted } = &arguments.command {
        let kind = arguments.cluster_kind.unwrap_or(ClusterKind::Registered);
        printer.policy(&requirements(kind, wanted)?);
        return Ok(true);
    }
    let local = match arguments.local {
        true => Some(local::Local::start(arguments.region.as_deref()).await?),
        false => None,
    };
    let cluster = match &local {
        Some(local) => local.client()?,
        None => {
            let (file, context) = (&arguments.kubeconfig, &arguments.context);
            cluster::connect(file.as_deref(), context.as_deref()).await?
        }
    };
    let region = region(&arguments, &cluster).await?;
    let cloud = cloud(&arguments, region.clone(), local.as_ref())?;
    let kind = cluster::kind(&cluster, arguments.cluster_kind, arguments.local).await?;
    match arguments.command {
        Command::RamUser(action) => ram_user(&cloud, cluster, kind, action, &printer).await,
        Command::Addon(action) => addon::run(cluster, kind, region, action, &printer).await,
        Command::Doctor { wanted } => {
            let report = Doctor::new(&cloud, cluster, requirements(kind, &wanted)?)
                .run()
                .await;
            printer.doctor(&report);
            Ok(report.is_healthy())
        }
        Command::Policy { .. } => Ok(true),
    }
}

async fn ram_user(
    cloud: &Cloud,
    cluster: kube::Client,
    kind: ClusterKind,
    action: RamUser,
    printer: &Printer,
) -> Result<bool> {
    let grants = Grants::new(cloud, cluster, kind).await?;
    match action {
        RamUser::Grant { run, wanted } => {
            let wanted = requirements(kind, &wanted)?;
            if run.dry_run {
                printer.plan(&grants.plan_grant(&wanted).await?);
            } else {
                printer.granted(&grants.grant(&wanted).await?, wanted.policy().is_some());
            }
        }
        RamUser::Narrow { wanted, .. } if wanted.bucket.is_empty() => {
            return Err("name the buckets that stay allowed: --bucket NAME".into());
        }
        RamUser::Narrow { run, wanted } => {
            let wanted = requirements(kind, &wanted)?;
            if run.dry_run {
                printer.plan(&grants.plan_narrow(&wanted).await?);
            } else {
                printer.report(&grants.narrow(&wanted).await?);
            }
        }
        RamUser::Rotate { run } if run.dry_run => printer.plan(&grants.plan_rotate().await?),
        RamUser::Rotate { .. } => printer.report(&grants.rotate().await?),
        RamUser::Revoke { run } if run.dry_run => printer.plan(&grants.plan_revoke().await?),
        RamUser::Revoke { .. } => printer.revoked(&grants.revoke().await?),
    }
    Ok(true)
}

fn requirements(kind: ClusterKind, wanted: &Wanted) -> Result<Requirements> {
    let buckets = match wanted.bucket.as_slice() {
        [] => Buckets::All,
        names => Buckets::named(names)?,
    };
    let mut requirements = Requirements::new(kind, buckets)?;
    for feature in &wanted.feature {
        requirements = requirements.with_feature(*feature)?;
    }
    Ok(requirements)
}

/// The region of the cluster, where something depends on it: RAM is one for all regions.
async fn region(arguments: &Arguments, cluster: &kube::Client) -> Result<Option<Region>> {
    if let Some(region) = &arguments.region {
        return Ok(Some(region.parse()?));
    }
    let depends = match &arguments.command {
        Command::Doctor { .. } => true,
        Command::Addon(Addon::Install { install, .. }) => install.bucket.is_some(),
        Command::Addon(_) | Command::RamUser(_) | Command::Policy { .. } => false,
    };
    Ok(match depends {
        true => Some(region_of(cluster).await?),
        false => None,
    })
}

fn cloud(
    arguments: &Arguments,
    region: Option<Region>,
    local: Option<&local::Local>,
) -> Result<Cloud> {
    let context = Context::system()?;
    let region = region.unwrap_or(Region::CN_HANGZHOU);
    if let Some(local) = local {
        let credentials = StaticProvider::new(Credentials::new(local::ID, local::SECRET))?;
        let cloud = Cloud::new(&context, region, Arc::new(credentials));
        return Ok(cloud.with_endpoint(local.endpoint().parse()?));
    }
    let cloud = Cloud::new(&context, region, credentials::default_chain(&context));
    Ok(match &arguments.endpoint {
        Some(endpoint) => cloud.with_endpoint(endpoint.parse()?),
        None => cloud,
    })
}
