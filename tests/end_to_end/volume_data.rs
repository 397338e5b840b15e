//! The data of claims comes back in a second cluster, a real control plane: its own controllers bind what a
//! restore makes, and it is made with exactly the rights of the shipped roles. A provisioner and machines are
//! played.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{
    ClaimData, DataOutcome, Restore, RestoreReport, RestoreSpec,
};
use ack_backup_center::engine::volumes::testkit::{FakeKind, FakeStorage};
use ack_backup_center::engine::volumes::{
    BackedUpVolume, BackedUpVolumes, Mount, Volume, VolumeSnapshotter as _, plan_groups,
};
use ack_backup_center::engine::{Repository, RunOptions, Selection};
use chrono::DateTime;
use control_plane::unique_name;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Method;
use kube::Client;
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use serde_json::{Value, json};

use crate::cluster::{create, delete, get, local_client, patch, send, until};
use crate::roles;

const CLASSES: &str = "/apis/storage.k8s.io/v1/storageclasses";
const VOLUMES: &str = "/api/v1/persistentvolumes";
const CONTENTS: &str = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents";
const DATA: &[u8] = b"what it held when it was backed up";

/// A backup of an application in one cluster, and another cluster for it.
struct Stage {
    admin: Client,
    restorer: Client,
    storage: FakeStorage,
    kind: FakeKind,
    repository: Repository,
    namespace: String,
    class: String,
}

impl Stage {
    async fn new(kind: FakeKind, binding: &str) -> Option<Self> {
        let admin = control_plane::shared()?.client();
        let restorer = roles::restores_volumes().await;
        let (namespace, class) = (unique_name("data"), unique_name("class"));
        let storage = FakeStorage::new(DateTime::from_timestamp(1_795_000_000, 0).unwrap());
        let source = KubeLocal::start().await.unwrap();
        let from = local_client(&source.url());
        let volume = application(&from, &storage, &namespace, &class).await;
        let store = Arc::new(InMemory::new());
        let repository = Repository::new(store.clone(), "");
        let spec = BackupSpec {
            selection: Selection {
                excluded_resources: vec!["storageclasses".to_owned()],
                ..Selection::of_namespaces([namespace.clone()])
            },
            ..BackupSpec::named("a")
        };
        let backup = Backup::new(from, repository.clone(), spec);
        backup.run().await.unwrap();
        keep(&store, &repository, &storage, kind, &volume).await;
        let class_object = json!({"metadata": {"name": class}, "provisioner": "fake.example.com",
            "volumeBindingMode": binding});
        create(&admin, CLASSES, &class_object).await;
        Some(Self {
            admin,
            restorer,
            storage,
            kind,
            repository,
            namespace,
            class,
        })
    }

    async fn restore(&self, spec: RestoreSpec) -> RestoreReport {
        let backup = self.repository.open("a").await.unwrap();
        let snapshotter = self.storage.snapshotter(self.kind);
        let restore = Restore::new(self.restorer.clone(), backup, spec)
            .with_snapshotters(vec![Arc::new(snapshotter)])
            .with_options(RunOptions::default().with_request_timeout(Duration::from_secs(60)));
        // Its clock goes on while the restore waits for it.
        let clock = async {
            loop {
                tokio::time::sleep(Duration::from_millis(50)).await;
                self.storage.advance(Duration::from_secs(5));
            }
        };
        tokio::select! {
            report = restore.run() => report.unwrap(),
            () = clock => unreachable!("it goes on for ever"),
        }
    }

    fn claim(&self, namespace: &str) -> String {
        format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/data")
    }

    /// Waits until the cluster has bound the claim; returns what is in its volume.
    async fn contents(&self, namespace: &str) -> Vec<u8> {
        let is_bound = |object: &Value| object["status"]["phase"] == "Bound";
        let claim = until(&self.admin, &self.claim(namespace), "bound", is_bound).await;
        let name = claim["spec"]["volumeName"].as_str().unwrap();
        let volume = until(&self.admin, &format!("{VOLUMES}/{name}"), "bound", is_bound).await;
        assert_eq!(volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
        let handle = volume["spec"]["csi"]["volumeHandle"].as_str().unwrap();
        self.storage.contents(handle).unwrap()
    }

    /// What a provisioner does once it is its claim's turn.
    async fn provision(&self, namespace: &str, objects: &[Value]) {
        let has_claim = |claim: &Value| claim["metadata"]["uid"].is_string();
        let claim = until(&self.admin, &self.claim(namespace), "there", has_claim).await;
        let name = format!("pvc-{}", claim["metadata"]["uid"].as_str().unwrap());
        let mut volume = serde_json::to_value(self.storage.provision(&name, objects)).unwrap();
        volume["spec"]["storageClassName"] = self.class.clone().into();
        volume["spec"]["claimRef"] = json!({"kind": "PersistentVolumeClaim", "apiVersion": "v1",
            "namespace": namespace, "name": "data", "uid": claim["metadata"]["uid"]});
        create(&self.admin, VOLUMES, &volume).await;
    }

    async fn clean_up(&self, namespaces: &[&str]) {
        for namespace in namespaces {
            let claim = get(&self.admin, &self.claim(namespace))
                .await
                .unwrap_or_default();
            delete(&self.admin, &format!("/api/v1/namespaces/{namespace}")).await;
            if let Some(volume) = claim["spec"]["volumeName"].as_str() {
                delete(&self.admin, &format!("{VOLUMES}/{volume}")).await;
            }
        }
        delete(&self.admin, &format!("{CLASSES}/{}", self.class)).await;
    }
}

/// A claim with its volume and a Pod, in the cluster that is backed up.
async fn application(
    client: &Client,
    storage: &FakeStorage,
    namespace: &str,
    class: &str,
) -> Volume {
    let restricted = json!({"metadata": {"name": namespace,
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    create(client, "/api/v1/namespaces", &restricted).await;
    let mut volume = serde_json::to_value(storage.volume("pv-data", "1Gi")).unwrap();
    volume["spec"]["storageClassName"] = class.into();
    volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete".into();
    volume["spec"]["claimRef"] = json!({"namespace": namespace, "name": "data"});
    let volume = create(client, VOLUMES, &volume).await;
    let at = format!("/api/v1/namespaces/{namespace}");
    let claim = json!({"metadata": {"name": "data", "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": class, "volumeName": "pv-data",
            "resources": {"requests": {"storage": "1Gi"}}}});
    let claim = create(client, &format!("{at}/persistentvolumeclaims"), &claim).await;
    let pod = json!({"metadata": {"name": "web"}, "spec": {
        "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "a", "image": "b", "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}});
    create(client, &format!("{at}/pods"), &pod).await;
    storage.write("pv-data", DATA);
    let pod = serde_json::from_value(json!({"namespace": namespace, "name": "web"})).unwrap();
    Volume::new(
        serde_json::from_value(volume).unwrap(),
        serde_json::from_value(claim).unwrap(),
    )
    .mounted_by(vec![Mount::new(pod, "node-a", "data")])
}

/// Keeps the volume's data, and says so beside the backup.
async fn keep(
    store: &InMemory,
    repository: &Repository,
    storage: &FakeStorage,
    kind: FakeKind,
    volume: &Volume,
) {
    let uid = repository
        .record("a")
        .await
        .unwrap()
        .unwrap()
        .uid()
        .to_owned();
    let snapshotter = storage.snapshotter(kind);
    let groups = plan_groups(&snapshotter, "a", &uid, [volume.clone()]);
    let records = snapshotter.snapshot(&groups[0]).await.unwrap();
    storage.advance(Duration::from_secs(600));
    let record = snapshotter.poll(&records).await.unwrap().remove(0);
    storage.write("pv-data", b"what was written after that");
    let decision = serde_json::from_value(
        json!({"outcome": "taken", "snapshotter": record.snapshotter,
        "method": record.method, "reason": "of its driver"}),
    )
    .unwrap();
    let kept = BackedUpVolume::new(volume, decision).with_record(record);
    let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    let text = serde_json::to_vec(&BackedUpVolumes::new(now, vec![kept])).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&text).unwrap();
    let payload = PutPayload::from(gzip.finish().unwrap());
    let key = Path::from("backups/a/a-volumes.json.gz");
    store.put(&key, payload).await.unwrap();
}

fn restored(report: &RestoreReport) -> &ClaimData {
    assert!(report.is_complete(), "{report}");
    &report.volumes[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_that_was_made_is_bound_to_its_claim_by_the_cluster() {
    let Some(stage) = Stage::new(FakeKind::Disks, "WaitForFirstConsumer").await else {
        return;
    };
    let report = stage.restore(RestoreSpec::named("r")).await;
    assert_eq!(restored(&report).outcome, DataOutcome::Restored);
    assert_eq!(stage.contents(&stage.namespace).await, DATA);
    // Twice, and beside it in another namespace.
    let again = stage.restore(RestoreSpec::named("r")).await;
    assert_eq!(restored(&again).outcome, DataOutcome::Restored);
    let copy = unique_name("copy");
    let spec = RestoreSpec {
        namespace_mapping: [(stage.namespace.clone(), copy.clone())].into(),
        ..RestoreSpec::named("copy")
    };
    let report = stage.restore(spec).await;
    assert_eq!(restored(&report).outcome, DataOutcome::Restored);
    assert_eq!(stage.contents(&copy).await, DATA);
    stage.clean_up(&[&stage.namespace, &copy]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_from_a_snapshot_may_wait_for_its_first_consumer() {
    let Some(stage) = Stage::new(FakeKind::Csi, "WaitForFirstConsumer").await else {
        return;
    };
    for (plural, singular, kind, scope) in [
        (
            "volumesnapshots",
            "volumesnapshot",
            "VolumeSnapshot",
            "Namespaced",
        ),
        (
            "volumesnapshotcontents",
            "volumesnapshotcontent",
            "VolumeSnapshotContent",
            "Cluster",
        ),
    ] {
        let group = "snapshot.storage.k8s.io";
        let definition = json!({"metadata": {"name": format!("{plural}.{group}"),
                "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/814"}},
            "spec": {"group": group, "scope": scope,
                "names": {"plural": plural, "singular": singular, "kind": kind, "listKind": format!("{kind}List")},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                    {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        roles::apply(&stage.admin, definitions, &definition).await;
        let is_served = |it: &Value| {
            let conditions = it["status"]["conditions"].as_array();
            conditions
                .into_iter()
                .flatten()
                .any(|it| it["type"] == "Established" && it["status"] == "True")
        };
        let path = format!("{definitions}/{plural}.{group}");
        until(&stage.admin, &path, "served", is_served).await;
    }
    let report = stage.restore(RestoreSpec::named("r")).await;
    assert_eq!(restored(&report).outcome, DataOutcome::Restored);
    let issues = report.health_issues.iter();
    assert!(
        issues.clone().all(|issue| issue.id.name != "data"),
        "{report}"
    );
    let stays = |report: &RestoreReport| {
        report
            .warnings
            .iter()
            .any(|warning| warning.contains("stays until its claim has a volume"))
    };
    assert!(stays(&report), "{report}");
    let claim = get(&stage.admin, &stage.claim(&stage.namespace))
        .await
        .unwrap();
    let source = &claim["spec"]["dataSource"];
    // The server mirrors what it is sent.
    assert_eq!(source["name"], claim["spec"]["dataSourceRef"]["name"]);
    let content = format!("{CONTENTS}/{}", source["name"].as_str().unwrap());
    let object = get(&stage.admin, &content).await.unwrap();
    assert_eq!(object["spec"]["deletionPolicy"], "Retain");
    stage.provision(&stage.namespace, &[object]).await;
    assert_eq!(stage.contents(&stage.namespace).await, DATA);
    // Run again, what is not needed any more is taken away.
    let report = stage.restore(RestoreSpec::named("r")).await;
    assert_eq!(restored(&report).outcome, DataOutcome::Restored);
    assert!(!stays(&report), "{report}");
    assert_eq!(get(&stage.admin, &content).await, None);
    stage.clean_up(&[&stage.namespace]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_filled_before_its_pod_is_there_by_the_strictest_standard_of_pods() {
    let Some(stage) = Stage::new(FakeKind::Files, "Immediate").await else {
        return;
    };
    let pods = format!("/api/v1/namespaces/{}/pods", stage.namespace);
    let machines = async {
        stage.provision(&stage.namespace, &[]).await;
        // Where the Pod goes, and that it runs.
        let name = loop {
            let list = get(&stage.admin, &pods).await.unwrap_or_default();
            if let Some(name) = list["items"][0]["metadata"]["name"].as_str() {
                break name.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(
            name.starts_with("restore-"),
            "{name} is there before the data"
        );
        let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
            "target": {"kind": "Node", "name": "node-a"}});
        let at = format!("{pods}/{name}");
        send(
            &stage.admin,
            Method::POST,
            &format!("{at}/binding"),
            &binding,
        )
        .await
        .unwrap();
        let running = json!({"status": {"phase": "Running"}});
        patch(&stage.admin, &format!("{at}/status"), &running).await;
    };
    let (report, ()) = tokio::join!(stage.restore(RestoreSpec::named("r")), machines);
    assert_eq!(restored(&report).outcome, DataOutcome::Restored);
    assert_eq!(stage.contents(&stage.namespace).await, DATA);
    let list = get(&stage.admin, &pods).await.unwrap();
    let names: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pod| &pod["metadata"]["name"])
        .collect();
    assert_eq!(names, ["web"]);
    stage.clean_up(&[&stage.namespace]).await;
}
