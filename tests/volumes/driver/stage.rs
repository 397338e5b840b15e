//! A cloud, a cluster, and what makes volumes between the two.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::Region;
use ack_backup_center::core::retry::RetryPolicy;
use ack_backup_center::ecs_snapshot;
use ack_backup_center::engine::backup::{Backup, BackupReport, BackupSpec};
use ack_backup_center::engine::restore::{Restore, RestoreReport, RestoreSpec};
use ack_backup_center::engine::volumes::{CsiSnapshotter, VolumeRecord, VolumeSnapshotter};
use ack_backup_center::engine::{Repository, RunOptions, Selection};
use ack_backup_center::volumes::disks::DiskSnapshots;
use alibaba_local::{EcsInstance, LocalCloud, User};
use control_plane::{
    ControlPlane, CsiDriver, CsiSidecars, Ecs, KubeScheduler, Kwok, Part, SnapshotController,
};
use futures::TryStreamExt;
use kube::Client;
use object_store::memory::InMemory;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{create, get, until};

use crate::world::{
    CLUSTER, CloudTime, DRIVER, ID, INSTANCE, SECRET, ZONE, ZONE_KEY, keys, machine,
};

pub(super) const CLASS: &str = "alicloud-disk-topology-alltype";
const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
pub(super) const VOLUMES: &str = "/api/v1/persistentvolumes";
const NODE: &str = "node-1";

/// A local cloud whose disks are files.
pub(super) struct Cloud {
    local: LocalCloud,
}

/// The driver for a cloud's disks; `None` where there is no Go.
pub(super) fn driver(cloud: &Cloud) -> Option<CsiDriver> {
    let endpoint = cloud.local.endpoint();
    let ecs = Ecs {
        endpoint: &endpoint,
        keys: [ID, SECRET],
        instance: INSTANCE,
        zone: ZONE,
    };
    CsiDriver::start(&ecs).unwrap()
}

impl Cloud {
    /// One that works as fast as the machine does, and the folder that it is in.
    pub(super) async fn new() -> (Self, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let local = LocalCloud::builder()
            .user(User::new(ID, SECRET).named("administrator"))
            .data_folder(folder.path().join("cloud"))
            .disk_time(Duration::from_millis(20))
            .snapshot_time(Duration::from_millis(100))
            .ecs_instance(EcsInstance::new(INSTANCE).in_zone(ZONE))
            .start()
            .await
            .unwrap();
        (Self { local }, folder)
    }

    fn ecs(&self) -> ecs_snapshot::Client {
        ecs_snapshot::Client::builder(&machine(&self.local), Region::CN_HANGZHOU, keys(ID))
            .with_endpoint(self.local.endpoint().parse().unwrap())
            .with_retry(RetryPolicy::never())
            .build()
            .unwrap()
    }

    pub(super) async fn disks(&self) -> Vec<String> {
        let found = self.ecs().describe_disks().items();
        let found: Vec<ecs_snapshot::Disk> = found.try_collect().await.unwrap();
        found.into_iter().map(|disk| disk.id.to_string()).collect()
    }

    pub(super) async fn snapshots(&self) -> Vec<ecs_snapshot::Snapshot> {
        let found = self.ecs().describe_snapshots().items();
        found.try_collect().await.unwrap()
    }

    pub(super) async fn groups(&self) -> Vec<ecs_snapshot::SnapshotGroup> {
        let found = self.ecs().describe_snapshot_groups().items();
        found.try_collect().await.unwrap()
    }

    pub(super) async fn is_empty(&self) -> bool {
        self.disks().await.is_empty() && self.snapshots().await.is_empty()
    }

    /// The file that holds what a disk does.
    pub(super) fn file(&self, disk: &str) -> PathBuf {
        self.local.ecs().disk(disk).path().unwrap()
    }
}

/// By what snapshots are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// By the cluster's API, and so by csi-snapshotter and the driver.
    Csi,
    /// By ECS's API.
    Ecs,
}

/// A cluster of its own, since its parts work on all that they see.
pub(super) struct Stage {
    pub(super) cloud: Cloud,
    pub(super) client: Client,
    repository: Repository,
    // In the order in which they are to stop.
    scheduler: KubeScheduler,
    sidecars: CsiSidecars,
    driver: CsiDriver,
    controller: SnapshotController,
    kwok: Kwok,
    plane: ControlPlane,
    _folder: TempDir,
}

impl Stage {
    /// `None` where a part of it is not available, which has been said.
    pub(super) async fn new() -> Option<Self> {
        // The shared one says whether there is any.
        control_plane::shared()?;
        let kwok = Part::Kwok.find()?;
        let scheduler = Part::KubeScheduler.find()?;
        let controller = Part::SnapshotController.find()?;
        let (cloud, folder) = Cloud::new().await;
        let driver = driver(&cloud)?;
        let plane = ControlPlane::start().unwrap();
        let client = plane.client();
        control_plane::serve_snapshots(&client).await;
        let stage = Self {
            scheduler: KubeScheduler::start(&plane, &scheduler).unwrap(),
            sidecars: CsiSidecars::start(&plane, &driver).unwrap()?,
            controller: SnapshotController::start(&plane, &controller).unwrap(),
            kwok: Kwok::start(&plane, &kwok).unwrap(),
            repository: Repository::new(Arc::new(InMemory::new()), ""),
            cloud,
            client,
            driver,
            plane,
            _folder: folder,
        };
        stage.prepare().await;
        Some(stage)
    }

    /// A node, with what a kubelet registers of the driver, and the classes.
    async fn prepare(&self) {
        let client = &self.client;
        let (key, value) = Kwok::ANNOTATION;
        let node = json!({"metadata": {"name": NODE, "annotations": {key: value}, "labels": {
            ZONE_KEY: ZONE, "topology.kubernetes.io/zone": ZONE, "topology.kubernetes.io/region": "cn-hangzhou"}}});
        create(client, "/api/v1/nodes", &node).await;
        let registered = json!({"metadata": {"name": NODE}, "spec": {"drivers": [
            {"name": DRIVER, "nodeID": INSTANCE, "topologyKeys": [ZONE_KEY]}]}});
        create(client, "/apis/storage.k8s.io/v1/csinodes", &registered).await;
        // There is no external-attacher: the driver attaches.
        let driver = json!({"metadata": {"name": DRIVER}, "spec": {"attachRequired": false}});
        create(client, "/apis/storage.k8s.io/v1/csidrivers", &driver).await;
        let class = json!({"metadata": {"name": CLASS}, "provisioner": DRIVER,
            "volumeBindingMode": "WaitForFirstConsumer", "reclaimPolicy": "Delete"});
        create(client, CLASSES, &class).await;
        for (group, kind) in [
            ("snapshot", "VolumeSnapshotClass"),
            ("groupsnapshot", "VolumeGroupSnapshotClass"),
        ] {
            let version = format!("{group}.storage.k8s.io/v1");
            let class = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "disks"},
                "driver": DRIVER, "deletionPolicy": "Delete"});
            let list = format!("/apis/{version}/{}es", kind.to_lowercase());
            create(client, &list, class).await;
        }
    }

    /// A namespace with claims of the class, all of one group, and a Pod that uses them.
    pub(super) async fn application(&self, namespace: &str, claims: &[&str]) {
        let client = &self.client;
        let named = json!({"metadata": {"name": namespace}});
        create(client, "/api/v1/namespaces", &named).await;
        let at = format!("/api/v1/namespaces/{namespace}");
        for claim in claims {
            let group = json!({"velero.io/volume-group": "all"});
            let labels = if claims.len() > 1 { group } else { json!({}) };
            let claim = json!({"metadata": {"name": claim, "labels": labels}, "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": CLASS,
                "resources": {"requests": {"storage": "20Gi"}}}});
            create(client, &format!("{at}/persistentvolumeclaims"), &claim).await;
        }
        let account = format!("{at}/serviceaccounts/default");
        until(client, &account, "there", |it| {
            it["metadata"]["uid"].is_string()
        })
        .await;
        let mounts = claims
            .iter()
            .map(|it| json!({"name": it, "mountPath": format!("/{it}")}));
        let volumes = claims
            .iter()
            .map(|it| json!({"name": it, "persistentVolumeClaim": {"claimName": it}}));
        let pod = json!({"metadata": {"name": "app"}, "spec": {
            "containers": [{"name": "app", "image": "app", "volumeMounts": Value::from_iter(mounts)}],
            "volumes": Value::from_iter(volumes)}});
        create(client, &format!("{at}/pods"), &pod).await;
    }

    /// The volume that a claim is bound to. Says what all parts said last, where it never is.
    pub(super) async fn volume(&self, namespace: &str, claim: &str) -> Value {
        let at = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}");
        for _ in 0..600 {
            let claim = get(&self.client, &at).await.unwrap_or_default();
            if claim["status"]["phase"] == "Bound" {
                let name = claim["spec"]["volumeName"].as_str().unwrap();
                return get(&self.client, &format!("{VOLUMES}/{name}"))
                    .await
                    .unwrap();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{at} is not bound\n{}", self.logs());
    }

    /// The disks of claims.
    pub(super) async fn disks_of(&self, namespace: &str, claims: &[&str]) -> Vec<String> {
        let mut disks = Vec::new();
        for claim in claims {
            let volume = self.volume(namespace, claim).await;
            assert_eq!(volume["spec"]["csi"]["driver"], DRIVER, "{volume}");
            let affinity = volume["spec"]["nodeAffinity"].to_string();
            assert!(
                affinity.contains(ZONE_KEY) && affinity.contains(ZONE),
                "{affinity}"
            );
            let handle = &volume["spec"]["csi"]["volumeHandle"];
            disks.push(handle.as_str().unwrap().to_owned());
        }
        disks
    }

    async fn snapshotter(&self, by: By) -> Arc<dyn VolumeSnapshotter> {
        if by == By::Ecs {
            let clock = Arc::new(CloudTime(self.cloud.local.clock().clone()));
            return Arc::new(DiskSnapshots::with_client(self.cloud.ecs(), clock, CLUSTER));
        }
        let options = RunOptions::default();
        let snapshotter = CsiSnapshotter::connect(self.client.clone(), &options).await;
        Arc::new(snapshotter.unwrap())
    }

    pub(super) async fn back_up(&self, namespace: &str, by: By) -> BackupReport {
        let spec = BackupSpec {
            selection: Selection::of_namespaces([namespace.to_owned()]),
            ..BackupSpec::named(namespace)
        };
        let backup = Backup::new(self.client.clone(), self.repository.clone(), spec);
        let backup = backup.with_snapshotters(vec![self.snapshotter(by).await]);
        backup.run().await.unwrap()
    }

    pub(super) async fn restore(&self, namespace: &str, by: By) -> RestoreReport {
        let backup = self.repository.open(namespace).await.unwrap();
        let spec = RestoreSpec::named(format!("back-{namespace}"));
        let restore = Restore::new(self.client.clone(), backup, spec);
        let restore = restore.with_snapshotters(vec![self.snapshotter(by).await]);
        restore.run().await.unwrap()
    }

    /// What the backup of a namespace says of its volumes.
    pub(super) async fn records(&self, namespace: &str) -> Vec<VolumeRecord> {
        let volumes = self.repository.volumes(namespace).await.unwrap();
        volumes.into_iter().filter_map(|it| it.record).collect()
    }

    /// What all parts said last.
    pub(super) fn logs(&self) -> String {
        format!(
            "--- csi-driver\n{}\n{}--- snapshot-controller\n{}\n--- kube-scheduler\n{}\n--- kwok\n{}\n{}",
            self.driver.log(),
            self.sidecars.log(),
            self.controller.log(),
            self.scheduler.log(),
            self.kwok.log(),
            self.plane.logs(),
        )
    }
}
