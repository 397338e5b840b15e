//! A cloud with disks and nodes, and what a cluster says of their volumes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::clock::Clock;
use ack_backup_center::core::credentials::{SharedCredentials, StaticProvider};
use ack_backup_center::core::retry::RetryPolicy;
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::ecs_snapshot::{self, DiskCategory};
use ack_backup_center::engine::volumes::{
    Mount, ObjectRef, SnapshotGroup, SnapshotState, Volume, VolumeRecord, VolumeSnapshotter,
    plan_groups,
};
use ack_backup_center::hbr::{self, ClusterType, JobStatus, NetworkType, SnapshotQuery};
use ack_backup_center::volumes::disks::DiskSnapshots;
use ack_backup_center::volumes::files::FileBackups;
use alibaba_local::{EcsDisk, EcsInstance, LocalClock, LocalCloud, User};
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const ID: &str = "LTAI-administrator";
pub(crate) const SECRET: &str = "example-secret";
pub(crate) const INSTANCE: &str = "i-bp1fake0000000000001";
pub(crate) const ZONE: &str = "cn-hangzhou-k";
pub(crate) const BUCKET: &str = "backups";
pub(crate) const CLUSTER: &str = "c0000000000000000000000000000fake";
pub(crate) const PODS: &str = "/var/lib/kubelet/pods";
pub(crate) const DRIVER: &str = "diskplugin.csi.alibabacloud.com";
pub(crate) const ZONE_KEY: &str = "topology.diskplugin.csi.alibabacloud.com/zone";

/// The time of the cloud, on the machine of a client.
#[derive(Debug)]
pub(crate) struct CloudTime(pub(crate) LocalClock);

impl Clock for CloudTime {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

pub(crate) fn keys(id: &str) -> SharedCredentials {
    Arc::new(StaticProvider::new(Credentials::new(id, SECRET)).unwrap())
}

thread_local! {
    /// One for each test, since reading the machine's roots of trust takes its time.
    static CONTEXT: Context = Context::system().unwrap();
}

/// A machine whose clock goes with the cloud's, however far that is moved.
pub(crate) fn machine(cloud: &LocalCloud) -> Context {
    let clock = Arc::new(CloudTime(cloud.clock().clone()));
    CONTEXT.with(Context::clone).with_clock(clock)
}

/// A cloud with an instance, whose snapshots take a while by its clock.
pub(crate) struct World {
    pub(crate) cloud: LocalCloud,
    /// Of nodes, their root directories.
    nodes: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_snapshots_of(Duration::from_secs(4)).await
    }

    pub(crate) async fn with_snapshots_of(time: Duration) -> Self {
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET).named("administrator"))
            .bucket(BUCKET)
            .snapshot_time(time)
            .ecs_instance(EcsInstance::new(INSTANCE).in_zone(ZONE))
            .start()
            .await
            .unwrap();
        let nodes = tempfile::tempdir().unwrap();
        Self { cloud, nodes }
    }

    /// A client that tries once, so that tests say what goes wrong.
    pub(crate) fn ecs_of(&self, id: &str) -> ecs_snapshot::Client {
        ecs_snapshot::Client::builder(&machine(&self.cloud), Region::CN_HANGZHOU, keys(id))
            .with_endpoint(self.cloud.endpoint().parse().unwrap())
            .with_retry(RetryPolicy::never())
            .build()
            .unwrap()
    }

    pub(crate) fn ecs(&self) -> ecs_snapshot::Client {
        self.ecs_of(ID)
    }

    pub(crate) fn disks_of(&self, id: &str) -> DiskSnapshots {
        let clock = Arc::new(CloudTime(self.cloud.clock().clone()));
        DiskSnapshots::with_client(self.ecs_of(id), clock, CLUSTER)
            .with_regions([Region::CN_BEIJING])
    }

    pub(crate) fn disks(&self) -> DiskSnapshots {
        self.disks_of(ID)
    }

    pub(crate) fn hbr_of(&self, id: &str) -> hbr::Client {
        self.hbr_in(id, Region::CN_HANGZHOU)
    }

    pub(crate) fn hbr_in(&self, id: &str, region: Region) -> hbr::Client {
        hbr::Client::builder(&machine(&self.cloud), region, keys(id))
            .with_endpoint(self.cloud.endpoint().parse().unwrap())
            .with_retry(RetryPolicy::never())
            .build()
            .unwrap()
    }

    pub(crate) fn files_of(&self, id: &str) -> FileBackups {
        let clock = Arc::new(CloudTime(self.cloud.clock().clone()));
        FileBackups::with_client(self.hbr_of(id), clock, CLUSTER)
    }

    /// Files by an account that may do all.
    pub(crate) fn files(&self) -> FileBackups {
        self.files_of(ID).cancelling_jobs().deleting_backups()
    }

    /// Makes the vault, and registers the cluster.
    pub(crate) async fn with_vault(self) -> Self {
        let hbr = self.hbr_of(ID);
        hbr.create_vault("ack-backup-data").send().await.unwrap();
        let add = hbr.add_container_cluster(ClusterType::Ack, CLUSTER, NetworkType::Vpc);
        add.send().await.unwrap();
        self.pass();
        self
    }

    /// What a node has at a path.
    pub(crate) fn on_node(&self, node: &str, path: &str) -> PathBuf {
        let root = self.nodes.path().join(node);
        std::fs::create_dir_all(&root).unwrap();
        self.cloud.backup_clients().add_node(node, &root);
        root.join(path.trim_start_matches('/'))
    }

    /// Where the Pod of a volume has it mounted.
    pub(crate) fn folder(&self, mount: &Mount, volume: &PersistentVolume) -> PathBuf {
        let name = volume.metadata.name.clone().unwrap();
        let is_local = volume.spec.as_ref().is_some_and(|it| it.local.is_some());
        let place = match is_local {
            true => format!("kubernetes.io~local-volume/{name}"),
            false => format!("kubernetes.io~csi/{name}/mount"),
        };
        let path = format!("{PODS}/{}/volumes/{place}", mount.pod.uid);
        let folder = self.on_node(&mount.node, &path);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A NAS volume that a Pod on this node has mounted.
    pub(crate) fn nas(&self, name: &str, node: &str) -> Volume {
        let volume = nas_volume(name);
        let mount = mount(name, node);
        self.folder(&mount, &volume.volume);
        volume.mounted_by(vec![mount])
    }

    /// All backups of files that are there or on their way: how many volumes.
    pub(crate) async fn file_backups(&self) -> usize {
        let hbr = self.hbr_of(ID);
        let mut count = 0;
        let vaults: Vec<hbr::Vault> = hbr.describe_vaults().items().try_collect().await.unwrap();
        for vault in &vaults {
            let query = SnapshotQuery::in_vault(&vault.id);
            let found = hbr.search_historical_snapshots(query).items();
            count += found.try_collect::<Vec<_>>().await.unwrap().len();
        }
        let jobs: Vec<hbr::BackupJob> = hbr
            .describe_backup_jobs()
            .items()
            .try_collect()
            .await
            .unwrap();
        let running = jobs.iter().filter(|job| !job.status.is_final());
        count
            + running
                .filter(|job| job.status != JobStatus::Canceling)
                .map(|job| job.paths.len())
                .sum::<usize>()
    }

    /// An attached disk, and the volume that is made of it.
    pub(crate) fn disk(&self, name: &str) -> Volume {
        let disk = EcsDisk::new(disk_id(name)).attached_to(INSTANCE);
        self.cloud.ecs().add_disk(disk).unwrap();
        disk_volume(name, "cloud_essd")
    }

    /// Writes what a disk holds: short enough to be read whole.
    pub(crate) fn write(&self, volume: &PersistentVolume, contents: &[u8]) {
        let mut bytes = vec![0; 64];
        bytes[0] = u8::try_from(contents.len()).unwrap();
        bytes[1..=contents.len()].copy_from_slice(contents);
        let disk = self.cloud.ecs().disk(handle(volume));
        disk.write(1 << 20, &bytes).unwrap();
    }

    pub(crate) fn read(&self, volume: &PersistentVolume) -> Vec<u8> {
        let bytes = self
            .cloud
            .ecs()
            .disk(handle(volume))
            .read(1 << 20, 64)
            .unwrap();
        bytes[1..=usize::from(bytes[0])].to_vec()
    }

    /// What the CSI driver does for a claim, by the content that its `dataSource` leads to.
    pub(crate) async fn provision(
        &self,
        claim: &PersistentVolumeClaim,
        objects: &[Value],
    ) -> PersistentVolume {
        let contents = objects
            .iter()
            .filter(|it| it["kind"] == "VolumeSnapshotContent");
        let handles: Vec<&str> = contents
            .filter_map(|content| content["spec"]["source"]["snapshotHandle"].as_str())
            .collect();
        let region = match handles.first() {
            Some(handle) if self.is_in(handle, Region::CN_BEIJING).await => Region::CN_BEIJING,
            _ => Region::CN_HANGZHOU,
        };
        let ecs = self.ecs().in_region(region.clone());
        let zone = format!(
            "{region}-{}",
            if region == Region::CN_BEIJING {
                "h"
            } else {
                "k"
            }
        );
        let mut call = ecs
            .create_disk()
            .zone_id(zone)
            .disk_category(DiskCategory::Essd);
        call = call.size_gib(20_u32);
        if let Some(handle) = handles.first() {
            self.is_no_member(&ecs, handle).await;
            call = call.snapshot_id(*handle);
        }
        let id = call.send().await.unwrap().disk_id;
        let name = claim.metadata.name.clone().unwrap_or_default();
        let mut volume = disk_volume(&name, "cloud_essd").volume;
        let spec = volume.spec.as_mut().unwrap();
        spec.csi.as_mut().unwrap().volume_handle = id.to_string();
        volume
    }

    async fn is_in(&self, snapshot: &str, region: Region) -> bool {
        let ecs = self.ecs().in_region(region);
        let found = ecs.describe_snapshots().snapshot_ids([snapshot.into()]);
        !found.send().await.unwrap().snapshots.is_empty()
    }

    /// What the driver takes for part of a group never becomes ready as static content.
    async fn is_no_member(&self, ecs: &ecs_snapshot::Client, snapshot: &str) {
        let found = ecs.describe_snapshots().snapshot_ids([snapshot.into()]);
        let found = found.send().await.unwrap().snapshots.remove(0);
        let description = found.description.unwrap_or_default();
        assert!(!description.contains("Created_from_ssg-"), "{description}");
    }

    /// All snapshots, in both regions.
    pub(crate) async fn snapshots(&self) -> Vec<ecs_snapshot::Snapshot> {
        let mut all = Vec::new();
        for region in [Region::CN_HANGZHOU, Region::CN_BEIJING] {
            let found = self.ecs().in_region(region).describe_snapshots().items();
            all.extend(found.try_collect::<Vec<_>>().await.unwrap());
        }
        all
    }

    pub(crate) async fn groups(&self) -> Vec<ecs_snapshot::SnapshotGroup> {
        let found = self.ecs().describe_snapshot_groups().items();
        found.try_collect().await.unwrap()
    }

    pub(crate) fn pass(&self) {
        self.cloud.clock().advance(TimeDelta::seconds(3));
    }

    /// Looks until all snapshots are complete or have failed.
    pub(crate) async fn ended(
        &self,
        snapshotter: &dyn VolumeSnapshotter,
        mut records: Vec<VolumeRecord>,
    ) -> Vec<VolumeRecord> {
        for _ in 0..100 {
            records = snapshotter.poll(&records).await.unwrap();
            if records.iter().all(|record| record.state.is_final()) {
                return records;
            }
            self.pass();
        }
        panic!("they never end: {records:?}");
    }
}

pub(crate) fn disk_id(name: &str) -> String {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("d-bp1fake{name}")
}

pub(crate) fn handle(volume: &PersistentVolume) -> String {
    let spec = volume.spec.as_ref().unwrap();
    spec.csi.as_ref().unwrap().volume_handle.clone()
}

/// A volume as the driver's provisioner leaves it, in a claim of the same name.
pub(crate) fn disk_volume(name: &str, category: &str) -> Volume {
    let volume = json!({
        "metadata": {"name": name, "uid": format!("uid-of-{name}")},
        "spec": {
            "capacity": {"storage": "20Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": "alicloud-disk-topology-alltype",
            "csi": {
                "driver": DRIVER, "volumeHandle": disk_id(name), "fsType": "ext4",
                "volumeAttributes": {"type": category},
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": ZONE_KEY, "operator": "In", "values": [ZONE]},
            ]}]}},
        },
    });
    Volume::new(serde_json::from_value(volume).unwrap(), claim(name))
}

pub(crate) fn nas_volume(name: &str) -> Volume {
    let volume = json!({
        "metadata": {"name": name, "uid": format!("uid-of-{name}")},
        "spec": {
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "alibabacloud-cnfs-nas",
            "csi": {"driver": "nasplugin.csi.alibabacloud.com", "volumeHandle": name},
        },
    });
    Volume::new(serde_json::from_value(volume).unwrap(), claim(name))
}

/// The Pod of a volume on a node.
pub(crate) fn mount(volume: &str, node: &str) -> Mount {
    let pod = ObjectRef {
        namespace: "shop".to_owned(),
        name: format!("pod-of-{volume}"),
        uid: format!("uid-of-pod-{volume}"),
    };
    Mount::new(pod, node, "data")
}

pub(crate) fn claim(name: &str) -> PersistentVolumeClaim {
    let claim = json!({
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-of-{name}")},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}},
    });
    serde_json::from_value(claim).unwrap()
}

pub(crate) fn planned(
    snapshotter: &dyn VolumeSnapshotter,
    uid: &str,
    volumes: &[Volume],
) -> Vec<SnapshotGroup> {
    plan_groups(snapshotter, "nightly", uid, volumes.iter().cloned())
}

pub(crate) fn reason(record: &VolumeRecord) -> &str {
    match &record.state {
        SnapshotState::Failed { reason } => reason,
        state => panic!("`{}` is {state:?}", record.name),
    }
}
