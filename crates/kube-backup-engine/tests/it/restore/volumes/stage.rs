//! Applications with volumes in a fake storage, and the parts of a cluster that bind claims and run Pods.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use flate2::Compression;
use flate2::write::GzEncoder;
use kube::Client;
use kube_backup_engine::restore::{ClaimData, Restore, RestoreReport, RestoreSpec};
use kube_backup_engine::volumes::testkit::{FakeKind, FakeSnapshotter, FakeStorage};
use kube_backup_engine::volumes::{
    BackedUpVolume, BackedUpVolumes, Capabilities, Eligibility, FillState, FillTarget,
    RestoreSource, RestoreTarget, SnapshotGroup, Volume, VolumeDecision, VolumeMethod,
    VolumeRecord, VolumeSnapshotter, plan_groups,
};
use kube_backup_engine::{Error, Repository, RunOptions};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::cluster::{client, create, get, patch};
use crate::restore::of_shop;

pub(super) const CLASS: &str = "fast";
const DRIVER: &str = "fake.example.com";

/// What a claim holds when it is backed up.
pub(super) fn contents(claim: &str) -> Vec<u8> {
    format!("what was in {claim}").into_bytes()
}

/// A storage, and a backup of an application that has its data there.
pub(super) struct Stage {
    pub(super) storage: FakeStorage,
    pub(super) repository: Repository,
    store: Arc<InMemory>,
    pub(super) kind: FakeKind,
    pub(super) records: Vec<VolumeRecord>,
}

/// Where an object of a namespace is.
pub(super) fn at(namespace: &str, plural: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/{plural}")
}

pub(super) fn claim_at(namespace: &str, name: &str) -> String {
    format!("{}/{name}", at(namespace, "persistentvolumeclaims"))
}

impl Stage {
    /// A shop with these claims, a Pod for each, and what it wrote.
    pub(super) async fn new(kind: FakeKind, claims: &[&str]) -> Self {
        Self::of(kind, claims, |_| {}).await
    }

    /// The same, with volumes changed before they are created.
    pub(super) async fn of(kind: FakeKind, claims: &[&str], change: impl Fn(&mut Value)) -> Self {
        let source = KubeLocal::start().await.unwrap();
        let from = client(&source);
        let storage = FakeStorage::new(chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap());
        target_of(&from, kind).await;
        let namespace = json!({"metadata": {"name": "shop"}});
        create(&from, "/api/v1/namespaces", namespace).await;
        let mut volumes = Vec::new();
        for claim in claims {
            volumes.push(volume(&from, &storage, claim, &change).await);
            storage.write(&format!("pv-{claim}"), &contents(claim));
        }
        let snapshotter = storage.snapshotter(kind);
        let store = Arc::new(InMemory::new());
        let repository = Repository::new(store.clone(), "");
        let spec = kube_backup_engine::backup::BackupSpec::named("a");
        kube_backup_engine::backup::Backup::new(from.clone(), repository.clone(), spec)
            .run()
            .await
            .unwrap();
        let record = repository.record("a").await.unwrap().unwrap();
        let mut records = Vec::new();
        for group in plan_groups(&snapshotter, "a", record.uid(), volumes.clone()) {
            records.extend(snapshotter.snapshot(&group).await.unwrap());
        }
        storage.advance(Duration::from_secs(600));
        let records = snapshotter.poll(&records).await.unwrap();
        for claim in claims {
            storage.write(&format!("pv-{claim}"), b"written after the backup");
        }
        let stage = Self {
            storage,
            repository,
            store,
            kind,
            records,
        };
        let kept = volumes.iter().map(|volume| {
            let record = stage.records.iter().find(|it| it.volume.name == volume.name());
            let record = record.unwrap().clone();
            let decision: VolumeDecision = serde_json::from_value(json!({"outcome": "taken",
                "snapshotter": record.snapshotter, "method": record.method, "reason": "of its driver"}))
            .unwrap();
            BackedUpVolume::new(volume, decision).with_record(record)
        });
        stage.keep(kept.collect()).await;
        stage
    }

    /// Notes beside the backup what became of its volumes.
    pub(super) async fn keep(&self, volumes: Vec<BackedUpVolume>) {
        let now = chrono::DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let text = serde_json::to_vec(&BackedUpVolumes::new(now, volumes)).unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&text).unwrap();
        let key = Path::from("backups/a/a-volumes.json.gz");
        let payload = PutPayload::from(gzip.finish().unwrap());
        self.store.put(&key, payload).await.unwrap();
    }

    pub(super) async fn kept(&self) -> Vec<BackedUpVolume> {
        let backup = self.repository.open("a").await.unwrap();
        backup.volumes().await.unwrap()
    }

    pub(super) fn snapshotter(&self) -> Arc<Watched> {
        Arc::new(Watched::of(
            self.storage.snapshotter(self.kind),
            &self.storage,
        ))
    }

    /// An empty cluster with all that claims need.
    pub(super) async fn target(&self) -> Target {
        let cluster = KubeLocal::start().await.unwrap();
        let client = client(&cluster);
        target_of(&client, self.kind).await;
        let parts = Parts::start(client.clone(), self.storage.clone());
        Target {
            cluster,
            client,
            parts,
        }
    }

    pub(super) async fn restore_of(&self, target: &Target, spec: RestoreSpec) -> Restore {
        let backup = self.repository.open("a").await.unwrap();
        Restore::new(target.client.clone(), backup, spec)
            .with_uid("0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01")
            .with_snapshotters(vec![self.snapshotter()])
            .with_options(options())
    }

    pub(super) async fn restore(&self, target: &Target) -> RestoreReport {
        let restore = self.restore_of(target, of_shop("r")).await;
        restore.run().await.unwrap()
    }
}

pub(super) fn options() -> RunOptions {
    RunOptions::default()
        .with_parallelism(4)
        .with_wait_for_ready(Duration::from_secs(20))
}

/// What becomes of the data of a claim.
pub(super) fn data<'a>(volumes: &'a [ClaimData], claim: &str) -> &'a ClaimData {
    let found = volumes.iter().find(|volume| volume.claim == claim);
    found.unwrap_or_else(|| panic!("{claim} is not in {volumes:?}"))
}

/// A storage class, and, of a CSI driver, the kinds of its snapshots.
async fn target_of(client: &Client, kind: FakeKind) {
    let classes = "/apis/storage.k8s.io/v1/storageclasses";
    create(
        client,
        classes,
        json!({"metadata": {"name": CLASS}, "provisioner": DRIVER}),
    )
    .await;
    if kind != FakeKind::Csi {
        return;
    }
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
        create(client, definitions, definition).await;
    }
}

/// A bound claim with its volume, and a Pod that has it mounted.
async fn volume(
    client: &Client,
    storage: &FakeStorage,
    claim: &str,
    change: impl Fn(&mut Value),
) -> Volume {
    let name = format!("pv-{claim}");
    let mut object = serde_json::to_value(storage.volume(&name, "1Gi")).unwrap();
    object["spec"]["storageClassName"] = CLASS.into();
    object["spec"]["persistentVolumeReclaimPolicy"] = "Delete".into();
    object["spec"]["claimRef"] =
        json!({"kind": "PersistentVolumeClaim", "namespace": "shop", "name": claim});
    change(&mut object);
    let volume = create(client, "/api/v1/persistentvolumes", object).await;
    let claims = at("shop", "persistentvolumeclaims");
    let bound = json!({"metadata": {"name": claim, "annotations":
            {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": CLASS, "volumeName": name,
            "resources": {"requests": {"storage": "1Gi"}}}});
    let bound = create(client, &claims, bound).await;
    let pod = json!({"metadata": {"name": format!("of-{claim}")}, "spec": {
        "containers": [{"name": "a", "image": "b"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]}});
    create(client, &at("shop", "pods"), pod).await;
    let mount = kube_backup_engine::volumes::Mount::new(
        serde_json::from_value(json!({"namespace": "shop", "name": format!("of-{claim}")}))
            .unwrap(),
        "node-a",
        "data",
    );
    Volume::new(
        serde_json::from_value(volume).unwrap(),
        serde_json::from_value(bound).unwrap(),
    )
    .mounted_by(vec![mount])
}

/// A cluster to restore into.
pub(super) struct Target {
    pub(super) cluster: KubeLocal,
    pub(super) client: Client,
    pub(super) parts: Parts,
}

impl Target {
    pub(super) async fn claim(&self, namespace: &str, name: &str) -> Value {
        get(&self.client, &claim_at(namespace, name))
            .await
            .unwrap_or_default()
    }

    /// What the volume of a claim holds; `None` where the claim is not bound.
    pub(super) async fn contents(
        &self,
        storage: &FakeStorage,
        namespace: &str,
        claim: &str,
    ) -> Option<Vec<u8>> {
        let claim = self.claim(namespace, claim).await;
        let name = claim["spec"]["volumeName"].as_str()?;
        let volume = get(&self.client, &format!("/api/v1/persistentvolumes/{name}")).await?;
        assert_eq!(
            volume["spec"]["claimRef"]["uid"], claim["metadata"]["uid"],
            "{volume}"
        );
        storage.contents(volume["spec"]["csi"]["volumeHandle"].as_str()?)
    }

    pub(super) async fn names(&self, list: &str) -> Vec<String> {
        let list = get(&self.client, list).await.unwrap_or_default();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let name = |item: &Value| item["metadata"]["name"].as_str().unwrap().to_owned();
        items.iter().map(name).collect()
    }
}

/// What binds claims, provisions volumes and runs Pods: as little of it as restores need.
pub(super) struct Parts {
    stop: Arc<Notify>,
    /// Whether Pods are run.
    pub(super) runs_pods: Arc<AtomicBool>,
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

impl Parts {
    fn start(client: Client, storage: FakeStorage) -> Self {
        let stop = Arc::new(Notify::new());
        let runs_pods = Arc::new(AtomicBool::new(true));
        let (stopped, runs) = (stop.clone(), runs_pods.clone());
        tokio::spawn(async move {
            let work = async {
                loop {
                    step(&client, &storage, runs.load(Ordering::SeqCst)).await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::select! { () = stopped.notified() => {}, () = work => {} }
        });
        Self { stop, runs_pods }
    }
}

async fn items(client: &Client, list: &str) -> Vec<Value> {
    // Faults are for the restore, and may hit this as well.
    let send = test_support::send(client, http::Method::GET, list, &Value::Null);
    let list = send.await.unwrap_or_default();
    list["items"].as_array().cloned().unwrap_or_default()
}

async fn step(client: &Client, storage: &FakeStorage, runs_pods: bool) {
    for claim in items(client, "/api/v1/persistentvolumeclaims").await {
        if claim["status"]["phase"] != "Bound" {
            bind(client, storage, &claim).await;
        }
    }
    if !runs_pods {
        return;
    }
    for pod in items(client, "/api/v1/pods").await {
        if pod["status"]["phase"] == "Running" {
            continue;
        }
        let namespace = pod["metadata"]["namespace"].as_str().unwrap();
        let path = format!(
            "{}/{}",
            at(namespace, "pods"),
            pod["metadata"]["name"].as_str().unwrap()
        );
        let run = async {
            let volumes = pod["spec"]["volumes"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            for volume in volumes {
                let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() else {
                    continue;
                };
                let claim = get(client, &claim_at(namespace, claim)).await?;
                (claim["status"]["phase"] == "Bound").then_some(())?;
            }
            if pod["spec"]["nodeName"].is_null() {
                let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]},
                    "target": {"kind": "Node", "name": "node-a"}});
                let bound = test_support::send(
                    client,
                    http::Method::POST,
                    &format!("{path}/binding"),
                    &binding,
                )
                .await;
                if bound.is_err() {
                    // The embedded server has no such subresource.
                    let node = json!({"spec": {"nodeName": "node-a"}});
                    let _ = test_support::send(client, http::Method::PATCH, &path, &node).await;
                }
            }
            let status = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
            let _ = test_support::send(
                client,
                http::Method::PATCH,
                &format!("{path}/status"),
                &status,
            )
            .await;
            Some(())
        };
        run.await;
    }
}

/// What the controller of volumes and a provisioner do about a claim.
async fn bind(client: &Client, storage: &FakeStorage, claim: &Value) -> Option<()> {
    let volumes = "/api/v1/persistentvolumes";
    let namespace = claim["metadata"]["namespace"].as_str()?;
    let name = claim["metadata"]["name"].as_str()?;
    let volume = match claim["spec"]["volumeName"].as_str() {
        Some(volume) => get(client, &format!("{volumes}/{volume}")).await?,
        None => {
            let made = format!("pvc-{}", claim["metadata"]["uid"].as_str()?);
            let mut objects = Vec::new();
            if let Some(snapshot) = claim["spec"]["dataSource"]["name"].as_str() {
                let group = "/apis/snapshot.storage.k8s.io/v1";
                let of = format!("{group}/namespaces/{namespace}/volumesnapshots/{snapshot}");
                let snapshot = get(client, &of).await?;
                let content = snapshot["spec"]["source"]["volumeSnapshotContentName"].as_str()?;
                objects
                    .push(get(client, &format!("{group}/volumesnapshotcontents/{content}")).await?);
            }
            let mut volume = serde_json::to_value(storage.provision(&made, &objects)).unwrap();
            volume["spec"]["storageClassName"] = claim["spec"]["storageClassName"].clone();
            volume["spec"]["claimRef"] = json!({"namespace": namespace, "name": name});
            let _ = test_support::send(client, http::Method::POST, volumes, &volume).await;
            get(client, &format!("{volumes}/{made}")).await?
        }
    };
    let to = &volume["spec"]["claimRef"];
    let uid = &claim["metadata"]["uid"];
    let fits = to["namespace"] == namespace
        && to["name"] == name
        && (to["uid"].is_null() || to["uid"] == *uid)
        && volume["spec"]["storageClassName"] == claim["spec"]["storageClassName"];
    fits.then_some(())?;
    let path = format!("{volumes}/{}", volume["metadata"]["name"].as_str()?);
    patch(client, &path, &json!({"spec": {"claimRef": {"uid": uid}}})).await;
    patch(
        client,
        &format!("{path}/status"),
        &json!({"status": {"phase": "Bound"}}),
    )
    .await;
    let path = claim_at(namespace, name);
    patch(
        client,
        &path,
        &json!({"spec": {"volumeName": volume["metadata"]["name"]}}),
    )
    .await;
    patch(
        client,
        &format!("{path}/status"),
        &json!({"status": {"phase": "Bound"}}),
    )
    .await;
    Some(())
}

/// What happens to a call of a snapshotter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallFault {
    /// It is not made, and never returns.
    Hangs,
    /// It is made, and never returns.
    HangsAfterwards,
    /// It is made, and its reply is lost.
    LosesReply,
}

/// A snapshotter that lets time pass with every call, counts them, and fails as it is told.
pub(super) struct Watched {
    inner: FakeSnapshotter,
    storage: FakeStorage,
    pub(super) calls: AtomicUsize,
    /// The call that goes wrong, and how.
    pub(super) fault: Mutex<Option<(usize, CallFault)>>,
    /// Told of it.
    pub(super) reached: Notify,
    /// Volumes whose data cannot be brought back, and why.
    pub(super) broken: Mutex<Vec<(String, String)>>,
    /// What restores asked with.
    pub(super) targets: Mutex<Vec<RestoreTarget>>,
    /// How many claims have to be asked for before any gets its source.
    pub(super) together: AtomicUsize,
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl Watched {
    pub(super) fn of(inner: FakeSnapshotter, storage: &FakeStorage) -> Self {
        Self {
            inner,
            storage: storage.clone(),
            calls: AtomicUsize::new(0),
            fault: Mutex::default(),
            reached: Notify::new(),
            broken: Mutex::default(),
            targets: Mutex::default(),
            together: AtomicUsize::new(0),
        }
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.storage.advance(Duration::from_secs(20));
        let at = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let fault = *self.fault.lock().unwrap();
        let fault = fault
            .filter(|(when, _)| *when == at)
            .map(|(_, fault)| fault);
        if fault == Some(CallFault::LosesReply) {
            self.storage.lose_next_reply();
        }
        if fault == Some(CallFault::Hangs) {
            self.reached.notify_one();
            return std::future::pending().await;
        }
        let done = work.await;
        if fault == Some(CallFault::HangsAfterwards) {
            self.reached.notify_one();
            return std::future::pending().await;
        }
        done
    }

    fn check(&self, record: &VolumeRecord) -> Result<(), Error> {
        let broken = self.broken.lock().unwrap();
        match broken.iter().find(|(name, _)| *name == record.volume.name) {
            Some((_, why)) => Err(Error::new(
                kube_backup_engine::ErrorKind::Volume,
                why.clone(),
            )),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl VolumeSnapshotter for Watched {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        self.inner.eligibility(volume)
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>, Error> {
        self.inner.snapshot(group).await
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>, Error> {
        self.inner.poll(records).await
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>, Error> {
        self.inner.find(backup_uid).await
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource, Error> {
        let asked = {
            let mut targets = self.targets.lock().unwrap();
            targets.push(target.clone());
            let names = targets.iter().map(|it| it.claim.metadata.name.clone());
            names.collect::<BTreeSet<_>>().len()
        };
        self.check(record)?;
        if asked < self.together.load(Ordering::SeqCst) {
            let reason = "the others are not asked for yet".to_owned();
            return Ok(RestoreSource::Pending { reason });
        }
        self.call(self.inner.restore_source(record, target)).await
    }

    async fn fill(&self, record: &VolumeRecord, target: &FillTarget) -> Result<FillState, Error> {
        if let Err(error) = self.check(record) {
            return Ok(FillState::Failed {
                reason: error.to_string(),
            });
        }
        self.call(self.inner.fill(record, target)).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool, Error> {
        self.inner.delete(records).await
    }
}

pub(super) const METHODS: [(FakeKind, VolumeMethod); 3] = [
    (FakeKind::Disks, VolumeMethod::NativeSnapshot),
    (FakeKind::Csi, VolumeMethod::CsiSnapshot),
    (FakeKind::Files, VolumeMethod::PodVolumeBackup),
];
