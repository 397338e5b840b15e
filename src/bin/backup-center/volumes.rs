//! What keeps the data of volumes.

use std::sync::Arc;

use ack_backup_center::engine::RunOptions;
use ack_backup_center::engine::volumes::{CsiSnapshotter, VolumeSnapshotter};
use ack_backup_center::volumes::disks::DiskSnapshots;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use crate::exit::{Failure, Result};
use crate::location::cloud;
use crate::place::Place;

/// Snapshots by CSI drivers where the cluster serves them, and those of cloud disks where a region is named.
pub(crate) async fn snapshotters(
    cluster: &kube::Client,
    place: &Place,
) -> Result<Vec<Arc<dyn VolumeSnapshotter>>> {
    let mut snapshotters: Vec<Arc<dyn VolumeSnapshotter>> = Vec::new();
    if place.region.is_some() {
        let mut cloud = cloud(place)?;
        if let Some(text) = &place.endpoint
            && let Ok(endpoint) = text.parse::<ack_backup_center::core::endpoint::Endpoint>()
            && endpoint.is_ip()
        {
            // What is at an address is a cloud of one's own, all of it.
            cloud = cloud.with_endpoint(endpoint);
        }
        let namespaces = Api::<Namespace>::all(cluster.clone());
        let system = namespaces.get("kube-system").await.map_err(|error| {
            Failure::failed(
                "read the uid of namespace `kube-system`, by which clusters are told apart",
                error,
            )
        })?;
        let uid = system.metadata.uid.unwrap_or_default();
        snapshotters.push(Arc::new(DiskSnapshots::new(&cloud, uid)?));
    }
    let csi = CsiSnapshotter::connect(cluster.clone(), &RunOptions::default()).await?;
    snapshotters.push(Arc::new(csi));
    Ok(snapshotters)
}
