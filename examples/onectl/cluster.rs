//! The cluster of a kubeconfig, and its kind.

use std::path::Path;

use ack_backup_center::clusters::{ClusterKind, Evidence, detect};
use ack_backup_center::engine::client_for;
use kube::config::{KubeConfigOptions, Kubeconfig};

use super::failure::Result;

pub(crate) async fn connect(file: Option<&Path>, context: Option<&str>) -> Result<kube::Client> {
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let config = match (file, context) {
        (Some(file), _) => {
            kube::Config::from_custom_kubeconfig(Kubeconfig::read_from(file)?, &options).await?
        }
        (None, Some(_)) => kube::Config::from_kubeconfig(&options).await?,
        (None, None) => kube::Config::infer().await?,
    };
    Ok(client_for(config)?)
}

/// The kind that was given, or that the cluster's traces tell.
pub(crate) async fn kind(
    cluster: &kube::Client,
    given: Option<ClusterKind>,
    is_local: bool,
) -> Result<ClusterKind> {
    if let Some(kind) = given {
        return Ok(kind);
    }
    if is_local {
        return Ok(ClusterKind::Registered);
    }
    let seen = Evidence::gather(cluster).await;
    let detection = detect(&seen);
    detection.kind().ok_or_else(|| {
        let mut text = format!("{detection}, with --cluster-kind");
        for why in &seen.unknown {
            text = format!("{text}\n  {why}");
        }
        text.into()
    })
}
