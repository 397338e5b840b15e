//! `onectl addon`: installing and removing the component.

use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::core::Region;
use ack_backup_center::install::{InstallSpec, Installer, VaultSpec};
use ack_backup_center::placement::Placement;

use super::arguments::{Addon, Installation};
use super::failure::Result;
use super::print::Printer;

pub(crate) async fn run(
    cluster: kube::Client,
    kind: ClusterKind,
    region: Option<Region>,
    action: Addon,
    printer: &Printer,
) -> Result<bool> {
    let installer = Installer::new(cluster);
    match action {
        Addon::Install { run, install } => {
            let spec = spec(kind, region, &install)?;
            if run.dry_run {
                printer.change(&installer.plan(&spec).await?);
            } else {
                printer.installed(&installer.install(&spec).await?, spec.version());
            }
        }
        Addon::Uninstall { run, .. } if run.dry_run => {
            printer.change(&installer.plan_uninstall().await?);
        }
        Addon::Uninstall {
            even_if_running, ..
        } => {
            let report = match even_if_running {
                true => installer.uninstall_even_if_running().await?,
                false => installer.uninstall().await?,
            };
            printer.uninstalled(&report);
        }
    }
    Ok(true)
}

fn spec(kind: ClusterKind, region: Option<Region>, install: &Installation) -> Result<InstallSpec> {
    let mut spec = InstallSpec::new(kind)?.with_replicas(install.replicas);
    if let Some(image) = &install.image {
        spec = spec.with_image(image)?;
    }
    if install.take_over {
        spec = spec.taking_over();
    }
    if let Some(region) = &region {
        spec = spec.in_region(region.clone());
    }
    let Some(bucket) = &install.bucket else {
        return Ok(spec);
    };
    let region = region.ok_or("name the region of the cluster: --region REGION")?;
    let bucket_region = match &install.bucket_region {
        Some(region) => region.parse()?,
        None => region.clone(),
    };
    let placement = Placement::new(kind.profile().link).in_region(region);
    let network = placement.choose(&bucket_region).network;
    let name = install.vault.as_ref().unwrap_or(bucket);
    let vault = VaultSpec::new(name, bucket, bucket_region, network)
        .with_prefix(install.prefix.clone().unwrap_or_default());
    Ok(spec.with_vault(vault))
}
