//! A cluster of the account, on a real control plane. Its machines and provisioners are played by a task: what a Pod mounts is a
//! folder, and the next Pod finds in a volume what the one before left there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ack_backup_center::core::Region;
use ack_backup_center::engine::backup::{Backup, BackupReport, BackupSpec};
use ack_backup_center::engine::restore::{Restore, RestoreReport, RestoreSpec};
use ack_backup_center::engine::volumes::{Mount, ObjectRef, VolumeSnapshotter};
use ack_backup_center::engine::{Repository, Selection};
use ack_backup_center::volumes::disks::DiskSnapshots;
use ack_backup_center::volumes::files::FileBackups;
use alibaba_local::EcsDisk;
use control_plane::{ControlPlane, unique_name};
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::Client;
use serde_json::{Value, json};
use test_support::kubelet::{self, Machine};
use test_support::{create, delete, get, until};

use crate::world::{CLUSTER, CloudTime, DRIVER, ID, INSTANCE, World, ZONE, ZONE_KEY, disk_id};

const VOLUMES: &str = "/api/v1/persistentvolumes";
const NODES: &str = "/api/v1/nodes";
const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
const NAS: &str = "nasplugin.csi.alibabacloud.com";
/// What provisions nothing, and says so: volumes of machines are made by whoever runs them.
const NOBODY: &str = "kubernetes.io/no-provisioner";

/// What a claim gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Disk,
    Nas,
    Local,
}

pub(crate) struct Cluster {
    pub(crate) world: Arc<World>,
    pub(crate) client: Client,
    /// Where it is its own.
    #[expect(dead_code, reason = "it runs for as long as it is held")]
    plane: Option<ControlPlane>,
    /// As the cloud knows it.
    id: &'static str,
    zone: &'static str,
    node: String,
    classes: BTreeMap<Kind, String>,
    /// Namespaces whose Pods and claims are played.
    played: Mutex<BTreeSet<String>>,
    /// Where Pods have volumes mounted, by volume, the newest last.
    mounted: Mutex<BTreeMap<String, Vec<PathBuf>>>,
}

impl Cluster {
    /// The cluster that applications run in; `None` where there is none.
    pub(crate) async fn first(world: &Arc<World>) -> Option<Arc<Self>> {
        let client = control_plane::shared()?.client();
        Some(Self::at(world, client, None, CLUSTER, ZONE).await)
    }

    /// Another one with a control plane of its own, and machines in this zone alone.
    pub(crate) async fn second(world: &Arc<World>, zone: &'static str) -> Arc<Self> {
        let plane = tokio::task::spawn_blocking(|| ControlPlane::start().unwrap());
        let plane = plane.await.unwrap();
        let (client, id) = (plane.client(), "c00000000000000000000000000second");
        Self::at(world, client, Some(plane), id, zone).await
    }

    async fn at(
        world: &Arc<World>,
        client: Client,
        plane: Option<ControlPlane>,
        id: &'static str,
        zone: &'static str,
    ) -> Arc<Self> {
        let class = |kind: Kind| (kind, unique_name(&format!("{kind:?}").to_lowercase()));
        let cluster = Arc::new(Self {
            world: world.clone(),
            client,
            plane,
            id,
            zone,
            node: unique_name("node"),
            classes: [Kind::Disk, Kind::Nas, Kind::Local].map(class).into(),
            played: Mutex::default(),
            mounted: Mutex::default(),
        });
        for (kind, name) in &cluster.classes {
            let provisioner = match kind {
                Kind::Disk => DRIVER,
                Kind::Nas => NAS,
                Kind::Local => NOBODY,
            };
            let class = json!({"metadata": {"name": name}, "provisioner": provisioner});
            create(&cluster.client, CLASSES, class).await;
        }
        let node = json!({"metadata": {"name": cluster.node, "labels": {
            ZONE_KEY: zone, "topology.kubernetes.io/zone": zone,
            "topology.kubernetes.io/region": cluster.region().as_str()}}});
        create(&cluster.client, NODES, node).await;
        kubelet::run(&cluster);
        cluster
    }

    pub(crate) fn region(&self) -> Region {
        match self.zone.rsplit_once('-').unwrap().0 {
            "cn-beijing" => Region::CN_BEIJING,
            _ => Region::CN_HANGZHOU,
        }
    }

    pub(crate) fn class(&self, kind: Kind) -> &str {
        &self.classes[&kind]
    }

    pub(crate) fn plays(&self, namespace: &str) {
        self.played.lock().unwrap().insert(namespace.to_owned());
    }

    pub(crate) fn disks(&self) -> DiskSnapshots {
        let clock = Arc::new(CloudTime(self.world.cloud.clock().clone()));
        let ecs = self.world.ecs().in_region(self.region());
        DiskSnapshots::with_client(ecs, clock, self.id).with_regions([Region::CN_BEIJING])
    }

    /// What keeps the volumes of the cluster.
    pub(crate) fn snapshotters(&self) -> Vec<Arc<dyn VolumeSnapshotter>> {
        let clock = Arc::new(CloudTime(self.world.cloud.clock().clone()));
        let hbr = self.world.hbr_in(ID, self.region());
        let files = FileBackups::with_client(hbr, clock, self.id);
        let files = files.cancelling_jobs().deleting_backups();
        vec![Arc::new(self.disks()), Arc::new(files)]
    }

    pub(crate) async fn back_up(
        &self,
        repository: &Repository,
        name: &str,
        namespace: &str,
    ) -> BackupReport {
        let spec = BackupSpec {
            selection: Selection::of_namespaces([namespace.to_owned()]),
            ..BackupSpec::named(name)
        };
        let backup = Backup::new(self.client.clone(), repository.clone(), spec);
        let backup = backup.with_snapshotters(self.snapshotters());
        let report = backup.run().await.unwrap();
        assert!(report.results.errors.namespaces.is_empty(), "{report}");
        report
    }

    pub(crate) async fn restore(
        &self,
        repository: &Repository,
        backup: &str,
        spec: RestoreSpec,
    ) -> RestoreReport {
        for namespace in spec.namespace_mapping.values() {
            self.plays(namespace);
        }
        let backup = repository.open(backup).await.unwrap();
        let restore = Restore::new(self.client.clone(), backup, spec);
        let restore = restore.with_snapshotters(self.snapshotters());
        restore.run().await.unwrap()
    }

    /// An application whose Pod `web` has claims of these kinds mounted; the namespace.
    pub(crate) async fn application(&self, claims: &[(&str, Kind)]) -> String {
        let namespace = unique_name("shop");
        let object = json!({"metadata": {"name": namespace}});
        create(&self.client, "/api/v1/namespaces", object).await;
        self.plays(&namespace);
        let at = format!("/api/v1/namespaces/{namespace}");
        for (name, kind) in claims {
            let mut claim = json!({"metadata": {"name": name}, "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": self.class(*kind),
                "resources": {"requests": {"storage": "20Gi"}}}});
            if *kind == Kind::Disk {
                claim["spec"]["volumeName"] = self.disk(&namespace, name).await.into();
            }
            create(&self.client, &format!("{at}/persistentvolumeclaims"), claim).await;
        }
        let account = format!("{at}/serviceaccounts/default");
        let is_there = |it: &Value| it["metadata"]["uid"].is_string();
        until(&self.client, &account, "there", is_there).await;
        let mounts = claims
            .iter()
            .map(|(name, _)| json!({"name": name, "mountPath": format!("/{name}")}));
        let volumes = claims
            .iter()
            .map(|(name, _)| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
        let pod = json!({"metadata": {"name": "web"}, "spec": {
            "containers": [{"name": "web", "image": "web", "volumeMounts": mounts.collect::<Vec<_>>()}],
            "volumes": volumes.collect::<Vec<_>>()}});
        create(&self.client, &format!("{at}/pods"), pod).await;
        self.running(&namespace).await;
        namespace
    }

    /// A disk, and the volume that somebody made of it for a claim.
    async fn disk(&self, namespace: &str, claim: &str) -> String {
        let name = format!("{namespace}-{claim}");
        let handle = disk_id(&name);
        let disk = EcsDisk::new(&handle).attached_to(INSTANCE);
        self.world.cloud.ecs().add_disk(disk).unwrap();
        let volume = json!({"metadata": {"name": name}, "spec": {
            "capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"],
            "storageClassName": self.class(Kind::Disk), "persistentVolumeReclaimPolicy": "Delete",
            "csi": {"driver": DRIVER, "volumeHandle": handle, "fsType": "ext4"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": ZONE_KEY, "operator": "In", "values": [self.zone]}]}]}},
            "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace, "name": claim}}});
        create(&self.client, VOLUMES, volume).await;
        name
    }

    pub(crate) async fn running(&self, namespace: &str) {
        let pod = format!("/api/v1/namespaces/{namespace}/pods/web");
        let is_running = |pod: &Value| pod["status"]["phase"] == "Running";
        until(&self.client, &pod, "running", is_running).await;
    }

    /// The volume of a claim, once both are bound.
    pub(crate) async fn volume_of(&self, namespace: &str, claim: &str) -> Value {
        let at = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}");
        let is_bound = |object: &Value| object["status"]["phase"] == "Bound";
        let claim = until(&self.client, &at, "bound", is_bound).await;
        let name = claim["spec"]["volumeName"].as_str().unwrap();
        let at = format!("{VOLUMES}/{name}");
        until(&self.client, &at, "bound", is_bound).await
    }

    /// The disk of a claim.
    pub(crate) async fn disk_of(&self, namespace: &str, claim: &str) -> String {
        let volume = self.volume_of(namespace, claim).await;
        let handle = volume["spec"]["csi"]["volumeHandle"].as_str();
        handle.unwrap().to_owned()
    }

    /// Where the newest Pod of an application has a claim mounted.
    pub(crate) async fn folder_of(&self, namespace: &str, claim: &str) -> PathBuf {
        let volume = self.volume_of(namespace, claim).await;
        let name = volume["metadata"]["name"].as_str().unwrap();
        self.newest_mount(name).unwrap()
    }

    fn newest_mount(&self, volume: &str) -> Option<PathBuf> {
        self.mounted.lock().unwrap().get(volume)?.last().cloned()
    }

    /// The application is lost, with all of its volumes, disks and files.
    pub(crate) async fn lose(&self, namespace: &str) {
        delete(&self.client, &format!("/api/v1/namespaces/{namespace}")).await;
        let all = get(&self.client, VOLUMES).await.unwrap();
        for volume in all["items"].as_array().unwrap() {
            if volume["spec"]["claimRef"]["namespace"] != *namespace {
                continue;
            }
            let name = volume["metadata"]["name"].as_str().unwrap();
            delete(&self.client, &format!("{VOLUMES}/{name}")).await;
            for folder in self
                .mounted
                .lock()
                .unwrap()
                .remove(name)
                .unwrap_or_default()
            {
                std::fs::remove_dir_all(folder).unwrap();
            }
            if volume["spec"]["csi"]["driver"] == DRIVER {
                let handle = volume["spec"]["csi"]["volumeHandle"].as_str().unwrap();
                self.world.cloud.ecs().disk(handle).delete().unwrap();
            }
        }
    }

    pub(crate) async fn clean_up(&self, namespaces: &[&str]) {
        for namespace in namespaces {
            self.lose(namespace).await;
        }
        delete(&self.client, &format!("{NODES}/{}", self.node)).await;
        for class in self.classes.values() {
            delete(&self.client, &format!("{CLASSES}/{class}")).await;
        }
    }
}

impl Machine for Cluster {
    fn client(&self) -> &Client {
        &self.client
    }

    fn node(&self) -> &str {
        &self.node
    }

    fn namespaces(&self) -> Vec<String> {
        self.played.lock().unwrap().iter().cloned().collect()
    }

    fn pass(&self) {
        self.world.pass();
    }

    /// What it wrote is where it was mounted, and stays there.
    async fn unmount(&self, _pod: &Value, _volume: &str) {}

    async fn mount(&self, pod: &Value, volume: &str) {
        let Some(object) = get(&self.client, &format!("{VOLUMES}/{volume}")).await else {
            return;
        };
        let object: PersistentVolume = serde_json::from_value(object).unwrap();
        let of = ObjectRef {
            uid: pod["metadata"]["uid"].as_str().unwrap().to_owned(),
            ..ObjectRef::default()
        };
        let folder = self
            .world
            .folder(&Mount::new(of, &self.node, "data"), &object);
        match self.newest_mount(volume) {
            // It was mounted in the round before, and the Pod is not running yet.
            Some(before) if before == folder => return,
            Some(before) => copy_all(&before, &folder),
            None => {}
        }
        let mut mounted = self.mounted.lock().unwrap();
        mounted.entry(volume.to_owned()).or_default().push(folder);
    }

    /// Makes a volume for a claim of files; disks come otherwise.
    async fn provision(&self, namespace: &str, claim: &Value) {
        let metadata = &claim["metadata"];
        let name = format!("pvc-{}", metadata["uid"].as_str().unwrap());
        let class = claim["spec"]["storageClassName"].as_str();
        let source = match class {
            Some(class) if class == self.class(Kind::Nas) => {
                json!({"csi": {"driver": NAS, "volumeHandle": name}})
            }
            Some(class) if class == self.class(Kind::Local) => {
                let here = json!([{"key": "kubernetes.io/hostname", "operator": "In", "values": [self.node]}]);
                json!({"local": {"path": format!("/mnt/{name}")},
                    "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": here}]}}})
            }
            _ => return,
        };
        if get(&self.client, &format!("{VOLUMES}/{name}"))
            .await
            .is_some()
        {
            return;
        }
        let mut volume = json!({"metadata": {"name": name}, "spec": {
            "capacity": {"storage": "20Gi"}, "accessModes": claim["spec"]["accessModes"],
            "storageClassName": class, "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace,
                "name": metadata["name"], "uid": metadata["uid"]}}});
        json_patch::merge(&mut volume["spec"], &source);
        create(&self.client, VOLUMES, volume).await;
    }
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_all(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}
