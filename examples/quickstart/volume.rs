//! A volume with something in it: a cloud disk of the local cloud, kept by snapshots of ECS. In a cluster and a cloud of yours
//! there is none, since that would make disks there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ack_backup_center::engine::volumes::VolumeSnapshotter;
use ack_backup_center::volumes::disks::DiskSnapshots;
use alibaba_local::{Ecs, EcsDisk};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::failure::Result;
use crate::storage::{INSTANCE, Storage, ZONE};

const DRIVER: &str = "diskplugin.csi.alibabacloud.com";
const ZONE_KEY: &str = "topology.diskplugin.csi.alibabacloud.com/zone";
const DISK: &str = "d-bp1quickstart00000001";
const CLASS: &str = "quickstart-disk";
/// Longest time that takes.
const BINDING: Duration = Duration::from_secs(60);
const VOLUMES: &str = "/api/v1/persistentvolumes";
/// What the application has uploaded.
const CONTENT: &[u8] = "六安瓜片.jpg\nkeemun.jpg\n".as_bytes();

/// The claim of the sample application that has a disk.
pub(crate) const CLAIM: &str = "uploads";

/// The disk that the application keeps its uploads on.
pub(crate) struct Uploads {
    ecs: Ecs,
    snapshotters: Vec<Arc<dyn VolumeSnapshotter>>,
}

impl Uploads {
    /// Makes the disk, writes to it, and tells the cluster of it; `None` where the cluster or the cloud is yours.
    pub(crate) async fn make(
        cluster: &Cluster,
        storage: &Storage,
        namespace: &str,
    ) -> Result<Option<Self>> {
        let Some((cloud, ecs)) = storage.local_cloud()?.filter(|_| !cluster.is_yours()) else {
            return Ok(None);
        };
        let disk = EcsDisk::new(DISK).attached_to(INSTANCE);
        ecs.add_disk(disk)?;
        ecs.disk(DISK).write(0, CONTENT)?;
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": INSTANCE, "labels": {
            ZONE_KEY: ZONE, "topology.kubernetes.io/zone": ZONE, "topology.kubernetes.io/region": "cn-hangzhou"}}});
        cluster.create("/api/v1/nodes", &node).await?;
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": CLASS},
            "provisioner": DRIVER, "reclaimPolicy": "Retain"});
        cluster
            .create("/apis/storage.k8s.io/v1/storageclasses", &class)
            .await?;
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": Self::volume(namespace)},
            "spec": {"capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": CLASS,
                "persistentVolumeReclaimPolicy": "Retain",
                "csi": {"driver": DRIVER, "volumeHandle": DISK, "fsType": "ext4"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": ZONE_KEY, "operator": "In", "values": [ZONE]}]}]}},
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": CLAIM}}});
        cluster.create(VOLUMES, &volume).await?;
        let disks = DiskSnapshots::new(&cloud, "quickstart")?;
        Ok(Some(Self {
            ecs,
            snapshotters: vec![Arc::new(disks)],
        }))
    }

    fn volume(namespace: &str) -> String {
        format!("{namespace}-{CLAIM}")
    }

    /// Has the claim use the disk.
    pub(crate) fn bind(claim: &mut Value, namespace: &str) {
        claim["spec"]["storageClassName"] = CLASS.into();
        claim["spec"]["volumeName"] = Self::volume(namespace).into();
    }

    /// Waits until the claim is bound to the disk, as a cluster does it in its own time.
    pub(crate) async fn bound(cluster: &Cluster, namespace: &str) -> Result<()> {
        let path = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{CLAIM}");
        let began = Instant::now();
        while cluster
            .get(&path)
            .await?
            .is_none_or(|claim| claim["status"]["phase"] != "Bound")
        {
            if began.elapsed() > BINDING {
                return Err(format!(
                    "bind claim `{namespace}/{CLAIM}`: it is not bound after {BINDING:?}"
                )
                .into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    pub(crate) fn snapshotters(&self) -> Vec<Arc<dyn VolumeSnapshotter>> {
        self.snapshotters.clone()
    }

    /// Writes something else to the disk, and then loses it.
    pub(crate) async fn destroy(&self, cluster: &Cluster, namespace: &str) -> Result<()> {
        let disk = self.ecs.disk(DISK);
        disk.write(0, b"written after the backup")?;
        cluster
            .delete(&format!("{VOLUMES}/{}", Self::volume(namespace)))
            .await?;
        disk.detach()?;
        Ok(disk.delete()?)
    }

    /// Which disk the claim has in a namespace, and whether what was uploaded is on it.
    pub(crate) async fn look(&self, cluster: &Cluster, namespace: &str) -> Result<(String, bool)> {
        let claim = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{CLAIM}");
        let claim = cluster.get(&claim).await?.unwrap_or_default();
        let volume = claim["spec"]["volumeName"].as_str().unwrap_or_default();
        let volume = cluster
            .get(&format!("{VOLUMES}/{volume}"))
            .await?
            .unwrap_or_default();
        let disk = volume["spec"]["csi"]["volumeHandle"]
            .as_str()
            .unwrap_or_default();
        let found = self.ecs.disk(disk).read(0, CONTENT.len())?;
        Ok((disk.to_owned(), found == CONTENT))
    }
}
