//! A cluster whose machines and provisioners are played by a task: what a Pod mounts is a folder, and of a disk, what is on it is
//! put there when the last Pod goes, as a file system does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ack_backup_center::grants::Feature;
use ack_backup_center::ram::{PolicyDocument, Statement, ack};
use alibaba_local::{EcsDisk, EcsInstance, LocalCloud, User};
use chrono::{SecondsFormat, TimeDelta, Utc};
use control_plane::unique_name;
use http::Method;
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::kubelet::{self, Machine};
use test_support::{create, delete, get, send, until};

use crate::world::{BUCKET, ID, Running, SECRET, World, namespace_named};

pub(crate) const VOLUMES: &str = "/api/v1/persistentvolumes";
const NODES: &str = "/api/v1/nodes";
const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
const PODS: &str = "/var/lib/kubelet/pods";
const INSTANCE: &str = "i-bp1fakeofcontroller";
const ZONE: &str = "cn-hangzhou-k";
pub(crate) const DISK: &str = "diskplugin.csi.alibabacloud.com";
pub(crate) const NAS: &str = "nasplugin.csi.alibabacloud.com";
/// Where a disk holds what its folder held: its length and JSON.
const ON_DISK: u64 = 1 << 20;

/// Files by their paths.
pub(crate) type Files = BTreeMap<String, String>;

/// What of a cluster is played.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) node: String,
    pub(crate) disk_class: String,
    pub(crate) nas_class: String,
    root: TempDir,
    /// Namespaces whose Pods and claims are played.
    played: Mutex<BTreeSet<String>>,
}

/// The account of the page's policy for one bucket, and what a feature needs beyond it.
pub(crate) async fn cloud(extras: &[Feature]) -> Arc<LocalCloud> {
    let actions = extras.iter().flat_map(|it| it.actions().iter().copied());
    let actions: Vec<&str> = actions.collect();
    let mut user = User::new(ID, SECRET).policy("page", ack::backup_center_in([BUCKET]));
    if !actions.is_empty() {
        let extra = Statement::allow().action(actions).resource("*");
        user = user.policy("extras", PolicyDocument::new().statement(extra));
    }
    let builder = LocalCloud::builder()
        .bucket(BUCKET)
        .snapshot_time(Duration::from_secs(1))
        .ecs_instance(EcsInstance::new(INSTANCE).in_zone(ZONE));
    Arc::new(builder.user(user).start().await.unwrap())
}

/// What a backup of a namespace with its volumes is asked for by.
pub(crate) fn with_volumes(namespace: &str) -> Value {
    json!({"storageLocation": "vault-a", "includedNamespaces": [namespace], "pvBackup": {"defaultPvBackup": true}})
}

/// A time that comes in a moment, as plans are told to run at it.
pub(crate) fn soon() -> String {
    let at = Utc::now() + TimeDelta::seconds(1);
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Stage {
    /// In the shared real cluster; `None` where there is none.
    pub(crate) async fn real(cloud: &Arc<LocalCloud>) -> Option<Arc<Self>> {
        let world = World::real(cloud).await?;
        let stage = Self {
            node: unique_name("node"),
            disk_class: unique_name("disk"),
            nas_class: unique_name("nas"),
            root: tempfile::tempdir().unwrap(),
            played: Mutex::new([world.namespace.clone()].into()),
            world,
        };
        let client = &stage.world.client;
        for (name, provisioner) in [(&stage.disk_class, DISK), (&stage.nas_class, NAS)] {
            let class = json!({"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer"});
            create(client, CLASSES, &class).await;
        }
        let node = json!({"metadata": {"name": stage.node, "labels": {
            "topology.diskplugin.csi.alibabacloud.com/zone": ZONE, "topology.kubernetes.io/zone": ZONE,
            "topology.kubernetes.io/region": "cn-hangzhou"}}});
        create(client, NODES, &node).await;
        cloud
            .backup_clients()
            .add_node(&stage.node, stage.root.path());
        let stage = Arc::new(stage);
        kubelet::run(&stage);
        Some(stage)
    }

    /// The same with all that a backup of volumes needs: a controller, what copies files, and `vault-a` below a prefix.
    pub(crate) async fn ready(
        cloud: &Arc<LocalCloud>,
        prefix: &str,
    ) -> Option<(Arc<Self>, Running)> {
        let stage = Self::real(cloud).await?;
        let controller = stage.world.controller();
        stage.with_client().await;
        stage.world.vault("vault-a", prefix).await;
        Some((stage, controller))
    }

    /// Backs a namespace up with its volumes, which ends in this phase.
    pub(crate) async fn backed_up(&self, name: &str, namespace: &str, phase: &str) -> Value {
        let kind = "ApplicationBackup";
        self.world.create(kind, name, with_volumes(namespace)).await;
        self.world.phase(kind, name, phase).await
    }

    /// The name of the newest backup of plan `daily`, once it is another one.
    pub(crate) async fn next_backup(&self, before: &str) -> String {
        let is_new = |it: &Value| {
            let name = it["status"]["lastBackupName"].as_str();
            name.is_some_and(|name| name != before)
        };
        let plan = self
            .world
            .until("BackupSchedule", "daily", "run", is_new)
            .await;
        plan["status"]["lastBackupName"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// What ACK deploys on nodes, as far as the controller looks.
    pub(crate) async fn with_client(&self) {
        let labels = json!({"app": "hbr-client"});
        let set = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "hbr-client"}, "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {
                "nodeSelector": {"played": "by-the-test"}, "containers": [{"name": "client", "image": "hbr"}]}}}});
        let list = format!(
            "/apis/apps/v1/namespaces/{}/daemonsets",
            self.world.namespace
        );
        create(&self.world.client, &list, set).await;
    }

    pub(crate) fn plays(&self, namespace: &str) {
        self.played.lock().unwrap().insert(namespace.to_owned());
    }

    /// Where a Pod has a volume mounted.
    fn folder(&self, pod: &str, volume: &str) -> PathBuf {
        let path = format!("{PODS}/{pod}/volumes/kubernetes.io~csi/{volume}/mount");
        self.root.path().join(path.trim_start_matches('/'))
    }

    async fn write_back(&self, pod: &str, volume: &str) {
        let object = get(&self.world.client, &format!("{VOLUMES}/{volume}")).await;
        let csi = object.unwrap_or_default()["spec"]["csi"].clone();
        let handle = csi["volumeHandle"].as_str().unwrap_or_default().to_owned();
        let folder = self.folder(pod, volume);
        if !folder.exists() {
            return;
        }
        let files = files_below(&folder);
        if csi["driver"] == DISK {
            let bytes = serde_json::to_vec(&files).unwrap();
            let mut on_disk = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
            on_disk.extend(bytes);
            let disk = self.world.cloud.ecs().disk(&handle);
            disk.write(ON_DISK, &on_disk).unwrap();
        } else {
            write_all(&self.shared(&handle), &files);
        }
    }

    fn shared(&self, handle: &str) -> PathBuf {
        let folder = self.root.path().join("nas").join(handle);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn on_disk(&self, handle: &str) -> Files {
        let disk = self.world.cloud.ecs().disk(handle);
        let length = disk.read(ON_DISK, 4).unwrap();
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        match length {
            0 => Files::new(),
            length => serde_json::from_slice(&disk.read(ON_DISK + 4, length).unwrap()).unwrap(),
        }
    }

    /// An application whose Pod `web` has these claims mounted, each with one file that names it; the namespace.
    pub(crate) async fn application(&self, claims: &[(&str, &str)]) -> String {
        let namespace = unique_name("shop");
        let client = &self.world.client;
        namespace_named(client, &namespace).await;
        self.plays(&namespace);
        let at = format!("/api/v1/namespaces/{namespace}");
        for (name, class) in claims {
            let claim = json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"],
                "storageClassName": class, "resources": {"requests": {"storage": "20Gi"}}}});
            create(client, &format!("{at}/persistentvolumeclaims"), claim).await;
        }
        let account = format!("{at}/serviceaccounts/default");
        until(client, &account, "there", |it| {
            it["metadata"]["uid"].is_string()
        })
        .await;
        let mounts: Vec<Value> = claims
            .iter()
            .map(|(name, _)| json!({"name": name, "mountPath": format!("/{name}")}))
            .collect();
        let volumes: Vec<Value> = claims
            .iter()
            .map(|(name, _)| json!({"name": name, "persistentVolumeClaim": {"claimName": name}}))
            .collect();
        let pod = json!({"metadata": {"name": "web"}, "spec": {"terminationGracePeriodSeconds": 0,
            "containers": [{"name": "web", "image": "web", "volumeMounts": mounts}], "volumes": volumes}});
        create(client, &format!("{at}/pods"), pod).await;
        self.running(&namespace).await;
        for (name, _) in claims {
            let files = [(format!("deep/{name}"), format!("what {name} holds"))];
            self.write(&namespace, name, &files.into()).await;
        }
        namespace
    }

    pub(crate) async fn running(&self, namespace: &str) {
        let pod = format!("/api/v1/namespaces/{namespace}/pods/web");
        let is_running = |pod: &Value| pod["status"]["phase"] == "Running";
        until(&self.world.client, &pod, "running", is_running).await;
    }

    async fn mounted(&self, namespace: &str, claim: &str) -> (String, String) {
        let at = format!("/api/v1/namespaces/{namespace}");
        let pod = get(&self.world.client, &format!("{at}/pods/web"))
            .await
            .unwrap();
        let claim = format!("{at}/persistentvolumeclaims/{claim}");
        let claim = get(&self.world.client, &claim).await.unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&pod["metadata"]["uid"]),
            text(&claim["spec"]["volumeName"]),
        )
    }

    /// Writes files through the mount of Pod `web`, down to where they are kept.
    pub(crate) async fn write(&self, namespace: &str, claim: &str, files: &Files) {
        let (pod, volume) = self.mounted(namespace, claim).await;
        write_all(&self.folder(&pod, &volume), files);
        self.write_back(&pod, &volume).await;
    }

    /// What Pod `web` reads.
    pub(crate) async fn read(&self, namespace: &str, claim: &str) -> Files {
        let (pod, volume) = self.mounted(namespace, claim).await;
        files_below(&self.folder(&pod, &volume))
    }

    /// The driver of a claim's volume.
    pub(crate) async fn driver(&self, namespace: &str, claim: &str) -> String {
        let (_, volume) = self.mounted(namespace, claim).await;
        let volume = get(&self.world.client, &format!("{VOLUMES}/{volume}")).await;
        volume.unwrap()["spec"]["csi"]["driver"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The application is lost, with all of its volumes.
    pub(crate) async fn lose(&self, namespace: &str) {
        let client = &self.world.client;
        delete(client, &format!("/api/v1/namespaces/{namespace}")).await;
        let all = get(client, VOLUMES).await.unwrap();
        for volume in all["items"].as_array().unwrap() {
            if volume["spec"]["claimRef"]["namespace"] == *namespace {
                let name = volume["metadata"]["name"].as_str().unwrap();
                delete(client, &format!("{VOLUMES}/{name}")).await;
                if volume["spec"]["csi"]["driver"] == DISK {
                    let handle = volume["spec"]["csi"]["volumeHandle"].as_str().unwrap();
                    let disk = self.world.cloud.ecs().disk(handle);
                    disk.detach().unwrap();
                    disk.delete().unwrap();
                }
            }
        }
    }

    pub(crate) async fn clean_up(&self, namespaces: &[&str]) {
        let client = &self.world.client;
        for namespace in namespaces {
            delete(client, &format!("/api/v1/namespaces/{namespace}")).await;
        }
        delete(client, &format!("{NODES}/{}", self.node)).await;
        for class in [&self.disk_class, &self.nas_class] {
            delete(client, &format!("{CLASSES}/{class}")).await;
        }
    }
}

impl Machine for Stage {
    fn client(&self) -> &Client {
        &self.world.client
    }

    fn node(&self) -> &str {
        &self.node
    }

    fn namespaces(&self) -> Vec<String> {
        self.played.lock().unwrap().iter().cloned().collect()
    }

    async fn provision(&self, namespace: &str, claim: &Value) {
        let driver = match claim["spec"]["storageClassName"].as_str() {
            Some(class) if class == self.nas_class => NAS,
            Some(class) if class == self.disk_class => DISK,
            _ => return,
        };
        let metadata = &claim["metadata"];
        let uid = metadata["uid"].as_str().unwrap();
        let name = format!("pvc-{uid}");
        let client = &self.world.client;
        if get(client, &format!("{VOLUMES}/{name}")).await.is_some() {
            return;
        }
        let handle = match driver {
            DISK => format!("d-bp1{}", &uid.replace('-', "")[..17]),
            _ => name.clone(),
        };
        if driver == DISK {
            let disk = EcsDisk::new(&handle).size_gib(40).in_zone(ZONE);
            self.world.cloud.ecs().add_disk(disk).unwrap();
        }
        let mut volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": {
            "capacity": claim["spec"]["resources"]["requests"], "accessModes": claim["spec"]["accessModes"],
            "storageClassName": claim["spec"]["storageClassName"], "persistentVolumeReclaimPolicy": "Delete",
            "csi": {"driver": driver, "volumeHandle": handle},
            "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace,
                "name": metadata["name"], "uid": uid}}});
        if driver == DISK {
            volume["spec"]["csi"]["fsType"] = "ext4".into();
            volume["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "topology.diskplugin.csi.alibabacloud.com/zone", "operator": "In", "values": [ZONE]}]}]}});
        }
        drop(send(client, Method::POST, VOLUMES, &volume).await);
    }

    async fn mount(&self, pod: &Value, volume: &str) {
        let folder = self.folder(uid(pod), volume);
        std::fs::create_dir_all(&folder).unwrap();
        let object = get(&self.world.client, &format!("{VOLUMES}/{volume}")).await;
        let csi = object.unwrap_or_default()["spec"]["csi"].clone();
        let handle = csi["volumeHandle"].as_str().unwrap_or_default().to_owned();
        if csi["driver"] == DISK {
            drop(self.world.cloud.ecs().disk(&handle).attach(INSTANCE));
            write_all(&folder, &self.on_disk(&handle));
        } else {
            // One file system for all who mount it.
            write_all(&folder, &files_below(&self.shared(&handle)));
        }
    }

    async fn unmount(&self, pod: &Value, volume: &str) {
        self.write_back(uid(pod), volume).await;
    }
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap()
}

fn write_all(folder: &Path, files: &Files) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn files_below(folder: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                    files.insert(name.to_owned(), std::fs::read_to_string(&path).unwrap());
                }
            }
        }
    }
    files
}
