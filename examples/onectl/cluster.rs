//! The cluster of a kubeconfig, and its kind.

use std::path::Path;

use ack_backup_center::clusters::{ClusterKind, Evidence, detect};
use ack_backup_center::engine::{client_for, cluster_config};

use super::failure::Result;

pub(crate) async fn connect(file: Option<&Path>, context: Option<&str>) -> Result<kube::Client> {
    Ok(client_for(cluster_config(file, context).await?)?)
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
