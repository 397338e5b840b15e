//! An application with a disk and a NAS volume, on a real control plane: backed up while it is written to, deleted
//! with its volumes, and restored with the bytes of the moment that it was cut; in another region, too. The
//! machines and the provisioner of NAS volumes are played.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::core::Region;
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{Restore, RestoreReport, RestoreSpec};
use ack_backup_center::engine::volumes::{Mount, ObjectRef, VolumeSnapshotter};
use ack_backup_center::engine::{Repository, Selection};
use ack_backup_center::oss::{OssEndpoint, OssStore};
use ack_backup_center::volumes::disks::DiskSnapshots;
use alibaba_local::EcsDisk;
use control_plane::unique_name;
use http::Method;
use kube::Client;
use serde_json::{Value, json};
use test_support::{create, delete, get, patch, send, until};

use crate::world::{
    BUCKET, CLUSTER, CloudTime, DRIVER, ID, INSTANCE, World, ZONE, ZONE_KEY, keys, machine,
};

const VOLUMES: &str = "/api/v1/persistentvolumes";
const NODES: &str = "/api/v1/nodes";
const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
const NAS: &str = "nasplugin.csi.alibabacloud.com";

/// A cluster whose machines and NAS provisioner are played by a task.
struct Stage {
    world: World,
    client: Client,
    disk_class: String,
    nas_class: String,
    /// Where Pods have volumes mounted, by volume.
    mounted: Mutex<BTreeMap<String, Vec<PathBuf>>>,
}

impl Stage {
    async fn new() -> Option<Self> {
        let client = control_plane::shared()?.client();
        let stage = Self {
            world: World::new().await,
            client,
            disk_class: unique_name("disk"),
            nas_class: unique_name("nas"),
            mounted: Mutex::default(),
        };
        for (name, provisioner) in [(&stage.disk_class, DRIVER), (&stage.nas_class, NAS)] {
            let class = json!({"metadata": {"name": name}, "provisioner": provisioner});
            create(&stage.client, CLASSES, &class).await;
        }
        Some(stage)
    }

    fn repository(&self) -> Repository {
        let cloud = Cloud::new(&machine(&self.world.cloud), Region::CN_HANGZHOU, keys(ID));
        let cloud = cloud.with_endpoint(self.world.cloud.endpoint().parse().unwrap());
        let oss = cloud
            .oss(OssEndpoint::public(&Region::CN_HANGZHOU))
            .unwrap();
        Repository::new(Arc::new(OssStore::new(oss, BUCKET)), "")
    }

    /// What keeps the volumes of a cluster in this region.
    fn snapshotters(&self, region: Region) -> Vec<Arc<dyn VolumeSnapshotter>> {
        let clock = Arc::new(CloudTime(self.world.cloud.clock().clone()));
        let ecs = self.world.ecs().in_region(region);
        let disks = DiskSnapshots::with_client(ecs, clock, CLUSTER);
        let disks = disks.with_regions([Region::CN_BEIJING]);
        vec![Arc::new(disks), Arc::new(self.world.files())]
    }

    async fn node(&self, name: &str, zone: &str) {
        let region = zone.rsplit_once('-').unwrap().0;
        let node = json!({"metadata": {"name": name, "labels": {
            ZONE_KEY: zone, "topology.kubernetes.io/zone": zone, "topology.kubernetes.io/region": region}}});
        create(&self.client, NODES, &node).await;
    }

    /// Plays the machines, the provisioner and the cloud's clock until something is done.
    async fn while_played<T>(
        &self,
        node: &str,
        namespace: &str,
        work: impl Future<Output = T>,
    ) -> T {
        let play = async {
            loop {
                self.play(node, namespace).await;
                self.world.pass();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            done = work => done,
            () = play => unreachable!("it goes on for ever"),
        }
    }

    async fn play(&self, node: &str, namespace: &str) {
        let at = format!("/api/v1/namespaces/{namespace}");
        let items = async |kind: &str| {
            let list = get(&self.client, &format!("{at}/{kind}")).await;
            list.and_then(|list| list["items"].as_array().cloned())
                .unwrap_or_default()
        };
        let mut bound = BTreeMap::new();
        for claim in items("persistentvolumeclaims").await {
            let name = claim["metadata"]["name"].as_str().unwrap().to_owned();
            if let Some(volume) = claim["spec"]["volumeName"].as_str() {
                bound.insert(name, volume.to_owned());
            } else if claim["spec"]["storageClassName"] == self.nas_class.as_str() {
                self.provision(namespace, &claim).await;
            }
        }
        for pod in items("pods").await {
            let name = pod["metadata"]["name"].as_str().unwrap();
            let own = format!("{at}/pods/{name}");
            if pod["metadata"].get("deletionTimestamp").is_some() {
                let now = json!({"gracePeriodSeconds": 0});
                drop(send(&self.client, Method::DELETE, &own, &now).await);
                continue;
            }
            if pod["status"]["phase"] == "Running" {
                continue;
            }
            let claims = pod["spec"]["volumes"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let claims = claims
                .iter()
                .filter_map(|it| it["persistentVolumeClaim"]["claimName"].as_str());
            let volumes: Option<Vec<&String>> = claims.map(|claim| bound.get(claim)).collect();
            // A Pod starts when all of its claims are bound.
            let Some(volumes) = volumes else { continue };
            for volume in volumes {
                self.mount(node, &pod, volume);
            }
            if pod["spec"].get("nodeName").is_none() {
                let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                    "target": {"kind": "Node", "name": node}});
                drop(
                    send(
                        &self.client,
                        Method::POST,
                        &format!("{own}/binding"),
                        &binding,
                    )
                    .await,
                );
            }
            let running = json!({"status": {"phase": "Running"}});
            patch(&self.client, &format!("{own}/status"), &running).await;
        }
    }

    fn mount(&self, node: &str, pod: &Value, volume: &str) {
        let of = ObjectRef {
            uid: pod["metadata"]["uid"].as_str().unwrap().to_owned(),
            ..ObjectRef::default()
        };
        let object = serde_json::from_value(json!({"metadata": {"name": volume}})).unwrap();
        let folder = self.world.folder(&Mount::new(of, node, "data"), &object);
        let mut mounted = self.mounted.lock().unwrap();
        mounted.entry(volume.to_owned()).or_default().push(folder);
    }

    fn mounts_of(&self, volume: &str) -> Vec<PathBuf> {
        self.mounted
            .lock()
            .unwrap()
            .get(volume)
            .cloned()
            .unwrap_or_default()
    }

    async fn provision(&self, namespace: &str, claim: &Value) {
        let metadata = &claim["metadata"];
        let name = format!("pvc-{}", metadata["uid"].as_str().unwrap());
        if get(&self.client, &format!("{VOLUMES}/{name}"))
            .await
            .is_some()
        {
            return;
        }
        let volume = json!({"metadata": {"name": name}, "spec": {
            "capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteMany"],
            "storageClassName": self.nas_class, "persistentVolumeReclaimPolicy": "Retain",
            "csi": {"driver": NAS, "volumeHandle": name},
            "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace,
                "name": metadata["name"], "uid": metadata["uid"]}}});
        create(&self.client, VOLUMES, &volume).await;
    }

    /// An application with a disk by a static volume and a NAS volume.
    async fn application(&self, namespace: &str, disk: &str) {
        let client = &self.client;
        create(
            client,
            "/api/v1/namespaces",
            &json!({"metadata": {"name": namespace}}),
        )
        .await;
        let at = format!("/api/v1/namespaces/{namespace}");
        self.world
            .cloud
            .ecs()
            .add_disk(EcsDisk::new(disk).attached_to(INSTANCE))
            .unwrap();
        let volume = json!({"metadata": {"name": format!("{namespace}-disk")}, "spec": {
            "capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"],
            "storageClassName": self.disk_class, "persistentVolumeReclaimPolicy": "Delete",
            "csi": {"driver": DRIVER, "volumeHandle": disk, "fsType": "ext4"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": ZONE_KEY, "operator": "In", "values": [ZONE]}]}]}},
            "claimRef": {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace, "name": "disk"}}});
        create(client, VOLUMES, &volume).await;
        let claims = format!("{at}/persistentvolumeclaims");
        create(client, &claims, &json!({"metadata": {"name": "disk"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": self.disk_class,
            "volumeName": format!("{namespace}-disk"), "resources": {"requests": {"storage": "20Gi"}}}})).await;
        create(
            client,
            &claims,
            &json!({"metadata": {"name": "files"}, "spec": {
            "accessModes": ["ReadWriteMany"], "storageClassName": self.nas_class,
            "resources": {"requests": {"storage": "5Gi"}}}}),
        )
        .await;
        let account = format!("{at}/serviceaccounts/default");
        let is_there = |it: &Value| it["metadata"]["uid"].is_string();
        until(client, &account, "there", is_there).await;
        create(
            client,
            &format!("{at}/pods"),
            &json!({"metadata": {"name": "web"}, "spec": {
            "containers": [{"name": "web", "image": "web", "volumeMounts": [
                {"name": "disk", "mountPath": "/disk"}, {"name": "files", "mountPath": "/files"}]}],
            "volumes": [
                {"name": "disk", "persistentVolumeClaim": {"claimName": "disk"}},
                {"name": "files", "persistentVolumeClaim": {"claimName": "files"}}]}}),
        )
        .await;
    }

    async fn volume_of(&self, namespace: &str, claim: &str) -> Value {
        let at = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}");
        let is_bound = |object: &Value| object["status"]["phase"] == "Bound";
        let claim = until(&self.client, &at, "bound", is_bound).await;
        let name = claim["spec"]["volumeName"].as_str().unwrap();
        until(
            &self.client,
            &format!("{VOLUMES}/{name}"),
            "bound",
            is_bound,
        )
        .await
    }

    async fn restore(&self, node: &str, region: Region, namespace: (&str, &str)) -> RestoreReport {
        let backup = self.repository().open("nightly").await.unwrap();
        let spec = RestoreSpec {
            namespace_mapping: [(namespace.0.to_owned(), namespace.1.to_owned())].into(),
            ..RestoreSpec::named(format!("back-{}", namespace.1))
        };
        let restore = Restore::new(self.client.clone(), backup, spec);
        let restore = restore.with_snapshotters(self.snapshotters(region));
        let restored = self.while_played(node, namespace.1, restore.run()).await;
        restored.unwrap()
    }

    fn disk_text(&self, volume: &Value) -> String {
        let volume = serde_json::from_value(volume.clone()).unwrap();
        String::from_utf8(self.world.read(&volume)).unwrap()
    }

    async fn clean_up(&self, namespaces: &[&str], nodes: &[&str]) {
        for namespace in namespaces {
            let at = format!("/api/v1/namespaces/{namespace}");
            self.while_played("none", namespace, delete(&self.client, &at))
                .await;
        }
        for node in nodes {
            delete(&self.client, &format!("{NODES}/{node}")).await;
        }
        for class in [&self.disk_class, &self.nas_class] {
            delete(&self.client, &format!("{CLASSES}/{class}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_comes_back_with_its_bytes_here_and_in_another_region() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let (namespace, node) = (unique_name("shop"), unique_name("node"));
    let disk = "d-bp1fakeendtoend0001";
    stage.node(&node, ZONE).await;
    stage.application(&namespace, disk).await;
    let app = async {
        let volume = stage.volume_of(&namespace, "disk").await;
        let files = stage.volume_of(&namespace, "files").await;
        let pod = format!("/api/v1/namespaces/{namespace}/pods/web");
        until(&stage.client, &pod, "running", |pod| {
            pod["status"]["phase"] == "Running"
        })
        .await;
        (volume, files)
    };
    let (volume, files) = stage.while_played(&node, &namespace, app).await;
    let typed = serde_json::from_value(volume.clone()).unwrap();
    stage.world.write(&typed, b"on the disk");
    let name = files["metadata"]["name"].as_str().unwrap();
    let folder = stage.mounts_of(name).remove(0);
    std::fs::create_dir_all(folder.join("deep")).unwrap();
    std::fs::write(folder.join("deep/file"), "on the NAS").unwrap();

    let spec = BackupSpec {
        selection: Selection::of_namespaces([namespace.clone()]),
        ..BackupSpec::named("nightly")
    };
    let backup = Backup::new(stage.client.clone(), stage.repository(), spec);
    let backup = backup.with_snapshotters(stage.snapshotters(Region::CN_HANGZHOU));
    let report = stage
        .while_played(&node, &namespace, backup.run())
        .await
        .unwrap();
    assert!(report.results.errors.namespaces.is_empty(), "{report}");

    // What is written after the cut is not in it.
    stage.world.write(&typed, b"written later");
    let gone = format!("/api/v1/namespaces/{namespace}");
    let gone = delete(&stage.client, &gone);
    stage.while_played(&node, &namespace, gone).await;
    for volume in [&volume, &files] {
        let name = volume["metadata"]["name"].as_str().unwrap();
        delete(&stage.client, &format!("{VOLUMES}/{name}")).await;
    }
    stage.world.cloud.ecs().disk(disk).delete().unwrap();

    let report = stage
        .restore(&node, Region::CN_HANGZHOU, (&namespace, &namespace))
        .await;
    assert!(report.is_complete(), "{report}");
    let back = stage.volume_of(&namespace, "disk").await;
    assert_ne!(back["spec"]["csi"]["volumeHandle"], disk);
    assert_eq!(stage.disk_text(&back), "on the disk");
    let files = stage.volume_of(&namespace, "files").await;
    let folders = stage.mounts_of(files["metadata"]["name"].as_str().unwrap());
    let texts = folders
        .iter()
        .filter_map(|folder| std::fs::read_to_string(folder.join("deep/file")).ok());
    assert_eq!(texts.collect::<Vec<_>>(), ["on the NAS"], "{folders:?}");

    // Another cluster, in another region: the disk comes by a copy, and files cannot.
    delete(&stage.client, &format!("{NODES}/{node}")).await;
    let (there, other) = (unique_name("there"), unique_name("node"));
    stage.node(&other, "cn-beijing-h").await;
    let report = stage
        .restore(&other, Region::CN_BEIJING, (&namespace, &there))
        .await;
    let text = report.to_string();
    assert!(
        text.contains("only disk type PVs support cross-region restore"),
        "{text}"
    );
    let back = stage.volume_of(&there, "disk").await;
    assert_eq!(stage.disk_text(&back), "on the disk");
    let bound =
        &back["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"];
    assert!(bound.to_string().contains("cn-beijing-h"), "{bound}");
    stage.clean_up(&[&namespace, &there], &[&other]).await;
}
