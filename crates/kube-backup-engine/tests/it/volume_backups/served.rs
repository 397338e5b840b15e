//! Volumes of clusters that speak HTTP: the embedded one, and a real control plane whose controllers bind claims and
//! whose Pods run hooks.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use kube::Client;
use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec};
use kube_backup_engine::volumes::testkit::{FakeKind, FakeSnapshotter, FakeStorage};
use kube_backup_engine::volumes::{
    Capabilities, Eligibility, RestoreSource, RestoreTarget, SnapshotGroup, SnapshotState, Volume,
    VolumeMethod, VolumeRecord, VolumeSnapshotter,
};
use kube_backup_engine::{Phase, Repository, Result, Selection};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use serde_json::{Value, json};
use test_support::{create, delete, send, until};

use super::{now, of};
use crate::hooks::stage::Stage;

/// A snapshotter that notes what it does beside what hooks note.
#[derive(Debug)]
struct Noting {
    inner: FakeSnapshotter,
    storage: FakeStorage,
    log: PathBuf,
}

impl Noting {
    fn note(&self, what: &str) {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log);
        writeln!(file.unwrap(), "{what}-{}", self.name()).unwrap();
    }
}

#[async_trait]
impl VolumeSnapshotter for Noting {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        self.inner.eligibility(volume)
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        self.note("snapshot");
        self.inner.snapshot(group).await
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        self.storage.advance(Duration::from_secs(60));
        let polled = self.inner.poll(records).await?;
        if polled.iter().all(|it| it.state == SnapshotState::Complete) {
            self.note("complete");
        }
        Ok(polled)
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        self.inner.find(backup_uid).await
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        self.inner.restore_source(record, target).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        self.inner.delete(records).await
    }
}

fn both(storage: &FakeStorage, log: &std::path::Path) -> Vec<Arc<dyn VolumeSnapshotter>> {
    let noting = |kind| Noting {
        inner: storage.snapshotter(kind),
        storage: storage.clone(),
        log: log.to_owned(),
    };
    let kinds = [FakeKind::Disks, FakeKind::Files];
    let noting = kinds.map(|kind| Arc::new(noting(kind)) as Arc<dyn VolumeSnapshotter>);
    noting.into()
}

/// A claim with its volume, made by hand; returns the volume's name.
async fn claim(client: &Client, storage: &FakeStorage, namespace: &str, name: &str) -> String {
    let volume = control_plane::unique_name(&format!("pv-{name}"));
    let mut object = serde_json::to_value(storage.volume(&volume, "1Gi")).unwrap();
    object["spec"]["storageClassName"] = "by-hand".into();
    object["spec"]["persistentVolumeReclaimPolicy"] = "Retain".into();
    object["spec"]["claimRef"] = json!({"namespace": namespace, "name": name});
    create(client, "/api/v1/persistentvolumes", object).await;
    let claims = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims");
    let object = json!({"metadata": {"name": name}, "spec": {"volumeName": volume,
        "storageClassName": "by-hand", "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}}}});
    create(client, &claims, object).await;
    volume
}

fn spec(namespace: &str) -> BackupSpec {
    BackupSpec {
        selection: Selection::of_namespaces([namespace]),
        ..BackupSpec::named("a")
    }
}

async fn back_up(
    client: &Client,
    repository: &Repository,
    namespace: &str,
    snapshotters: Vec<Arc<dyn VolumeSnapshotter>>,
) -> BackupReport {
    let backup = Backup::new(client.clone(), repository.clone(), spec(namespace));
    backup.with_snapshotters(snapshotters).run().await.unwrap()
}

fn repository() -> Repository {
    Repository::new(Arc::new(InMemory::new()), "")
}

#[tokio::test]
async fn volumes_of_the_embedded_cluster_are_kept_and_go_with_the_backup() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = crate::cluster::client(&cluster);
    let storage = FakeStorage::new(now());
    let folder = tempfile::tempdir().unwrap();
    create(
        &client,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "shop"}}),
    )
    .await;
    let volume = claim(&client, &storage, "shop", "data").await;
    let bound = json!({"status": {"phase": "Bound"}});
    let status = "/api/v1/namespaces/shop/persistentvolumeclaims/data/status";
    send(&client, Method::PATCH, status, &bound).await.unwrap();
    let repository = repository();
    let snapshotters = both(&storage, &folder.path().join("log"));
    let report = back_up(&client, &repository, "shop", snapshotters.clone()).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    let volumes = repository.volumes("a").await.unwrap();
    let record = of(&volumes, "data").restorable().unwrap();
    assert_eq!(
        (record.method, &record.volume.name),
        (VolumeMethod::NativeSnapshot, &volume)
    );
    // Objects come along as they did.
    let list = repository
        .open("a")
        .await
        .unwrap()
        .resource_list()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(list["v1/PersistentVolumeClaim"], ["shop/data"]);
    assert_eq!(list["v1/PersistentVolume"], [volume]);
    repository
        .delete_with_volumes("a", &snapshotters)
        .await
        .unwrap();
    assert_eq!(storage.count(), 0);
}

fn is_bound(object: &Value) -> bool {
    object["status"]["phase"] == "Bound"
}

/// Claims that the real controllers have bound, of Pods that kwok plays.
async fn bound(stage: &Stage, storage: &FakeStorage, claims: &[&str]) -> Vec<String> {
    let mut volumes = Vec::new();
    for name in claims {
        volumes.push(claim(&stage.client, storage, &stage.namespace, name).await);
        let namespace = &stage.namespace;
        let path = format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}");
        until(&stage.client, &path, "bound", is_bound).await;
    }
    volumes
}

async fn clean_up(stage: &Stage, volumes: &[String]) {
    delete(
        &stage.client,
        &format!("/api/v1/namespaces/{}", stage.namespace),
    )
    .await;
    for volume in volumes {
        delete(
            &stage.client,
            &format!("/api/v1/persistentvolumes/{volume}"),
        )
        .await;
    }
}

/// Applications are frozen before the first snapshot; they go on once all are cut, or their files are copied.
#[tokio::test]
async fn hooks_run_around_the_snapshots_of_a_real_control_plane() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let storage = FakeStorage::new(now());
    let made = bound(&stage, &storage, &["data", "files"]).await;
    let hooks = |name: &str| {
        json!({"pre.hook.backup.velero.io/command": stage.note(&format!("freeze-{name}")).to_string(),
            "post.hook.backup.velero.io/command": stage.note(&format!("thaw-{name}")).to_string()})
    };
    stage.pod_with("db", &hooks("db"), &["data"]).await;
    let mut copied = hooks("web");
    copied["backup.velero.io/backup-volumes"] = "files".into();
    stage.pod_with("web", &copied, &["files"]).await;
    let repository = repository();
    let snapshotters = both(&storage, &stage.file("log"));
    let report = back_up(&stage.client, &repository, &stage.namespace, snapshotters).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    let log = stage.log();
    let at = |word: &str| {
        let found = log.iter().position(|it| it == word);
        found.unwrap_or_else(|| panic!("{word} is not in {log:?}"))
    };
    for frozen in ["freeze-db", "freeze-web"] {
        assert!(
            at(frozen) < at("snapshot-fake-disks").min(at("snapshot-fake-files")),
            "{log:?}"
        );
    }
    assert!(
        at("snapshot-fake-disks").max(at("snapshot-fake-files")) < at("thaw-db"),
        "{log:?}"
    );
    assert!(
        at("thaw-db") < at("complete-fake-disks"),
        "cut is enough: {log:?}"
    );
    assert!(
        at("complete-fake-files") < at("thaw-web"),
        "a copy is read to its end: {log:?}"
    );
    let volumes = repository.volumes("a").await.unwrap();
    for (name, method) in [
        ("data", VolumeMethod::NativeSnapshot),
        ("files", VolumeMethod::PodVolumeBackup),
    ] {
        assert_eq!(of(&volumes, name).restorable().unwrap().method, method);
    }
    clean_up(&stage, &made).await;
}

#[tokio::test]
async fn a_pre_hook_that_fails_costs_the_volumes_of_its_pod_by_name_and_no_others() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let storage = FakeStorage::new(now());
    let made = bound(&stage, &storage, &["data", "other"]).await;
    let failing = json!({"pre.hook.backup.velero.io/command": stage.line("exit 3").to_string(),
        "post.hook.backup.velero.io/command": stage.note("thaw").to_string()});
    stage.pod_with("db", &failing, &["data"]).await;
    stage.pod_with("web", &json!({}), &["other"]).await;
    let repository = repository();
    let snapshotters = both(&storage, &stage.file("log"));
    let report = back_up(&stage.client, &repository, &stage.namespace, snapshotters).await;
    assert_eq!(
        report.record.status.phase,
        Phase::PartiallyFailed,
        "{report}"
    );
    let volumes = repository.volumes("a").await.unwrap();
    let why = of(&volumes, "data").missing_because().unwrap();
    assert!(
        why.contains("the pre-hook") && why.contains("/db` failed"),
        "{why}"
    );
    assert!(of(&volumes, "other").restorable().is_some());
    assert_eq!(storage.count(), 1);
    let named = format!(
        "persistentvolumeclaims {}/data: its data is not kept",
        stage.namespace
    );
    let mut errors = report.results.errors.messages();
    assert!(errors.any(|it| it.starts_with(&named)), "{report}");
    assert!(
        stage.log().contains(&"thaw".to_owned()),
        "it is thawed all the same"
    );
    clean_up(&stage, &made).await;
}
