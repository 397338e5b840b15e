//! A CSI driver of its own name with volumes in a namespace, and what csi-snapshotter does for it.
//!
//! The sidecar follows external-snapshotter 8.7 (pkg/sidecar-controller/snapshot_controller.go) step by step, with
//! its conditions: what it would not do is not done here.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use kube::Client;
use kube_backup_engine::volumes::Volume;
use serde_json::{Value, json};
use test_support::{create, get, send, until};
use tokio::task::JoinHandle;

use super::group_sidecar::{self, GROUP_CLASSES, GROUP_CONTENTS};
use super::storage::Storage;

pub(crate) const CONTENTS: &str = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents";
const CLASSES: &str = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses";
const FINALIZER: &str = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection";
const BEING_CREATED: &str = "snapshot.storage.kubernetes.io/volumesnapshot-being-created";
const GROUP_HANDLE: &str = "groupsnapshot.storage.k8s.io/volumeGroupSnapshotHandle";
const BEING_DELETED: &str = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted";

/// The driver, and the namespace that it is used in. Its sidecar ends with it.
pub(crate) struct Driver {
    pub(crate) client: Client,
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    pub(crate) storage: Arc<Storage>,
    /// By which claims are labelled with what they are snapshotted together with: all of a name but for its last part.
    group_label: Option<&'static str>,
    sidecar: JoinHandle<()>,
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.sidecar.abort();
    }
}

impl Driver {
    /// `None` where there is no control plane or no snapshot-controller.
    pub(crate) async fn new() -> Option<Self> {
        control_plane::shared_snapshot_controller().await?;
        let client = control_plane::shared()?.client();
        let namespace = control_plane::unique_name("csi");
        let name = format!("{namespace}.example.com");
        create(
            &client,
            "/api/v1/namespaces",
            json!({"metadata": {"name": namespace}}),
        )
        .await;
        let class =
            json!({"metadata": {"name": namespace}, "driver": name, "deletionPolicy": "Delete"});
        let mut class = class;
        class["apiVersion"] = json!("snapshot.storage.k8s.io/v1");
        class["kind"] = json!("VolumeSnapshotClass");
        create(&client, CLASSES, class).await;
        let storage = Arc::new(Storage::default());
        let sidecar = tokio::spawn(run(client.clone(), name.clone(), Arc::clone(&storage)));
        Some(Self {
            client,
            namespace,
            name,
            storage,
            group_label: None,
            sidecar,
        })
    }

    /// One that cuts groups, of claims with Velero's label.
    pub(crate) async fn of_groups() -> Option<Self> {
        Self::of_groups_by("velero.io/volume-group").await
    }

    /// One that cuts groups, of claims with this label.
    pub(crate) async fn of_groups_by(label: &'static str) -> Option<Self> {
        let mut driver = Self::new().await?;
        let class = json!({"apiVersion": "groupsnapshot.storage.k8s.io/v1", "kind": "VolumeGroupSnapshotClass",
            "metadata": {"name": driver.namespace}, "driver": driver.name, "deletionPolicy": "Delete"});
        create(&driver.client, GROUP_CLASSES, class).await;
        driver.group_label = Some(label);
        Some(driver)
    }

    pub(crate) fn group_snapshots(&self) -> String {
        format!(
            "/apis/groupsnapshot.storage.k8s.io/v1/namespaces/{}/volumegroupsnapshots",
            self.namespace
        )
    }

    pub(crate) fn snapshots(&self) -> String {
        format!(
            "/apis/snapshot.storage.k8s.io/v1/namespaces/{}/volumesnapshots",
            self.namespace
        )
    }

    /// A volume of the driver, bound to a claim by the controllers.
    pub(crate) async fn volume(&self, name: &str) -> Volume {
        let handle = format!("d-{}-{name}", self.namespace);
        self.storage.write(&handle, b"");
        let namespace = &self.namespace;
        let volume = format!("{namespace}-{name}");
        let spec = json!({"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "storageClassName": "", "persistentVolumeReclaimPolicy": "Retain",
            "csi": {"driver": self.name, "volumeHandle": handle},
            "claimRef": {"namespace": namespace, "name": name}});
        let list = "/api/v1/persistentvolumes";
        create(
            &self.client,
            list,
            json!({"metadata": {"name": volume}, "spec": spec}),
        )
        .await;
        let claims = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims");
        let group = name.rsplit_once('-').map_or(name, |(group, _)| group);
        let labels = match self.group_label {
            Some(label) => json!({label: group}),
            None => json!({}),
        };
        let claim = json!({"metadata": {"name": name, "labels": labels}, "spec": {"accessModes": ["ReadWriteOnce"],
            "storageClassName": "", "volumeName": volume, "resources": {"requests": {"storage": "1Gi"}}}});
        create(&self.client, &claims, claim).await;
        let claim = format!("{claims}/{name}");
        let claim = until(&self.client, &claim, "bound", |claim| {
            claim["status"]["phase"] == "Bound"
        })
        .await;
        let volume = get(&self.client, &format!("{list}/{volume}"))
            .await
            .unwrap();
        Volume::new(
            serde_json::from_value(volume).unwrap(),
            serde_json::from_value(claim).unwrap(),
        )
    }

    /// Waits until the driver has cut what it was asked for: that is done behind the API server's back.
    pub(crate) async fn all_are_cut(&self) {
        for _ in 0..600 {
            let contents = items(&self.client, CONTENTS).await;
            let is_cut = |snapshot: &Value| {
                let uid = &snapshot["metadata"]["uid"];
                let mut contents = contents.iter();
                let content = contents.find(|it| it["spec"]["volumeSnapshotRef"]["uid"] == *uid);
                content.is_some_and(|it| !it["status"]["snapshotHandle"].is_null())
            };
            let groups = items(&self.client, &self.group_snapshots()).await;
            let of_groups = items(&self.client, GROUP_CONTENTS).await;
            let group_is_cut = |group: &Value| {
                let mut of = of_groups.iter();
                let of = of.find(|it| {
                    it["spec"]["volumeGroupSnapshotRef"]["uid"] == group["metadata"]["uid"]
                });
                of.is_some_and(|it| !it["status"]["volumeGroupSnapshotHandle"].is_null())
            };
            let snapshots = items(&self.client, &self.snapshots()).await;
            if snapshots.iter().all(is_cut) && groups.iter().all(group_is_cut) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the driver does not cut what it was asked for");
    }

    /// Waits until the driver has refused something.
    pub(crate) async fn complains(&self) {
        for _ in 0..600 {
            let contents = items(&self.client, CONTENTS).await;
            let refused = |it: &Value| {
                it["spec"]["driver"] == self.name.as_str() && !it["status"]["error"].is_null()
            };
            if contents.iter().any(refused) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the driver refuses nothing");
    }

    /// Waits until no object stands for a snapshot.
    pub(crate) async fn nothing_is_left(&self) {
        for _ in 0..600 {
            if self.left().await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("this is left: {:?}", self.left().await);
    }

    /// All objects that stand for snapshots: VolumeSnapshots of the namespace, and contents of the driver.
    pub(crate) async fn left(&self) -> Vec<String> {
        let mut names = Vec::new();
        for list in [
            self.snapshots(),
            self.group_snapshots(),
            CONTENTS.to_owned(),
            GROUP_CONTENTS.to_owned(),
        ] {
            let items = items(&self.client, &list).await;
            let of_driver = items.iter().filter(|item| {
                let driver = &item["spec"]["driver"];
                driver.is_null() || *driver == self.name.as_str()
            });
            names.extend(of_driver.map(|item| {
                let name = item["metadata"]["name"].as_str().unwrap_or_default();
                format!("{} {name}", item["kind"].as_str().unwrap_or_default())
            }));
        }
        names
    }
}

async fn items(client: &Client, list: &str) -> Vec<Value> {
    let list = get(client, list).await.unwrap_or_default();
    list["items"].as_array().cloned().unwrap_or_default()
}

/// csi-snapshotter, for one driver.
async fn run(client: Client, driver: String, storage: Arc<Storage>) {
    loop {
        for content in items(&client, CONTENTS).await {
            if content["spec"]["driver"] == driver.as_str() {
                // What fails is tried again.
                let _ = sync(&client, &content, &storage).await;
            }
        }
        for content in items(&client, GROUP_CONTENTS).await {
            if content["spec"]["driver"] == driver.as_str() {
                let _ = group_sidecar::sync(&client, &content, &storage).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// `syncContent`.
async fn sync(client: &Client, content: &Value, storage: &Storage) -> Result<(), kube::Error> {
    let name = content["metadata"]["name"].as_str().unwrap_or_default();
    let path = format!("{CONTENTS}/{name}");
    let patch = async |path: &str, change: Value| {
        send(client, Method::PATCH, path, &change).await.map(drop)
    };
    let status = format!("{path}/status");
    let handle = content["status"]["snapshotHandle"].as_str();
    if should_delete(content) {
        if content["spec"]["deletionPolicy"] == "Delete"
            && let Some(handle) = handle
            && content["status"]["volumeGroupSnapshotHandle"].is_null()
        {
            storage.delete(handle);
            let cleared = json!({"status": {"snapshotHandle": null, "readyToUse": null,
                "creationTime": null, "restoreSize": null}});
            patch(&status, cleared).await?;
        }
        let kept = content["metadata"]["finalizers"].as_array();
        let kept: Vec<&Value> = kept
            .into_iter()
            .flatten()
            .filter(|it| **it != FINALIZER)
            .collect();
        return patch(&path, json!({"metadata": {"finalizers": kept}})).await;
    }
    if content["status"]["readyToUse"] == true {
        return Ok(());
    }
    let told = |handle: &str, cut_at: i64, ready: bool, group: Option<&str>| {
        json!({"status": {"snapshotHandle": handle, "creationTime": cut_at, "restoreSize": 1_i64 << 30,
            "readyToUse": ready, "error": null, "volumeGroupSnapshotHandle": group}})
    };
    let failed =
        |message: &str| json!({"status": {"readyToUse": false, "error": {"message": message}}});
    let is_member = !content["metadata"]["annotations"][GROUP_HANDLE].is_null();
    let given = content["spec"]["source"]["snapshotHandle"].as_str();
    let of_group = handle.filter(|_| !content["status"]["volumeGroupSnapshotHandle"].is_null());
    if let Some(handle) = given.or(of_group) {
        let change = match storage.find(handle) {
            Some(cut) => told(handle, cut.cut_at, true, cut.group.as_deref()),
            None => failed(&format!("can not find snapshot for snapshotID {handle}")),
        };
        return patch(&status, change).await;
    }
    if is_member {
        // Its group's controller writes its status.
        return Ok(());
    }
    let volume = content["spec"]["source"]["volumeHandle"]
        .as_str()
        .unwrap_or_default();
    let uid = content["spec"]["volumeSnapshotRef"]["uid"]
        .as_str()
        .unwrap_or_default();
    let created = json!({"metadata": {"annotations": {BEING_CREATED: "yes"}}});
    patch(&path, created).await?;
    let change = match storage.create(&format!("snapshot-{uid}"), volume) {
        Ok((handle, cut, ready)) => told(&handle, cut.cut_at, ready, None),
        Err(message) => failed(&format!("Failed to create snapshot: {message}")),
    };
    patch(&status, change).await?;
    patch(
        &path,
        json!({"metadata": {"annotations": {BEING_CREATED: null}}}),
    )
    .await
}

/// `shouldDelete`.
fn should_delete(content: &Value) -> bool {
    let annotations = &content["metadata"]["annotations"];
    let uid = content["spec"]["volumeSnapshotRef"]["uid"]
        .as_str()
        .unwrap_or_default();
    !content["metadata"]["deletionTimestamp"].is_null()
        && (!content["spec"]["source"]["snapshotHandle"].is_null() && uid.is_empty()
            || annotations[BEING_CREATED].is_null() && !annotations[BEING_DELETED].is_null())
}
