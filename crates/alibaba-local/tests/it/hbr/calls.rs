//! Calls of Cloud Backup, and a cluster with a node to make them about.

use std::path::{Path, PathBuf};

use alibaba_local::{Builder, LocalCloud};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::raw::openapi::ApiCall;
use crate::raw::{Raw, start_with};

pub(super) const HBR: &str = "2017-09-08";
pub(super) const ACK_CLUSTER: &str = "c0000000000000000000000000000fake";
pub(super) const NODE: &str = "cn-hangzhou.192.168.0.10";
const POD: &str = "99999999-8888-4777-8666-555555555555";

/// An action with its parameters.
pub(super) fn call<'r>(raw: &'r Raw, action: &str, parameters: &[(&str, &str)]) -> ApiCall<'r> {
    let call = raw.api(HBR, action);
    parameters
        .iter()
        .fold(call, |call, (name, value)| call.query(name, value))
}

/// The rows of a listing.
pub(super) fn rows(result: &Value, list: &str, item: &str) -> Vec<Value> {
    result[list][item].as_array().unwrap().clone()
}

pub(super) fn text(value: &Value, name: &str) -> String {
    let found = value[name].as_str();
    found
        .unwrap_or_else(|| panic!("no `{name}` in {value}"))
        .to_owned()
}

/// A cloud with a vault, a registered cluster whose backup client runs, and a node in a folder.
pub(super) struct Stage {
    pub(super) raw: Raw,
    pub(super) node: TempDir,
    pub(super) vault: String,
    pub(super) cluster: String,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::of(LocalCloud::builder()).await
    }

    pub(super) async fn of(builder: Builder) -> Self {
        let node = tempfile::tempdir().unwrap();
        let raw = start_with(builder.node(NODE, node.path())).await;
        let vault = create_vault(&raw, "ack-backup-data").await;
        let cluster = call(
            &raw,
            "AddContainerCluster",
            &[
                ("ClusterType", "ACK"),
                ("Identifier", ACK_CLUSTER),
                ("NetworkType", "VPC"),
            ],
        );
        let cluster = text(&cluster.ok().await, "ClusterId");
        raw.pass(TimeDelta::seconds(3));
        Self {
            raw,
            node,
            vault,
            cluster,
        }
    }

    /// The folder on the node where a Pod has a volume mounted; it is made if it is missing.
    pub(super) fn volume(&self, name: &str) -> PathBuf {
        let path = self.node.path().join(&absolute(name)[1..]);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    pub(super) fn call(&self, action: &str, parameters: &[(&str, &str)]) -> ApiCall<'_> {
        call(&self.raw, action, parameters)
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.raw.pass(TimeDelta::seconds(seconds));
    }

    /// A backup job of volumes, as ACK asks for it.
    pub(super) fn back_up(&self, volumes: &[&str]) -> ApiCall<'_> {
        let resources: Vec<_> = volumes
            .iter()
            .map(|it| resource(NODE, &prefix(it)))
            .collect();
        self.back_up_resources(&json!(resources))
    }

    pub(super) fn back_up_resources(&self, resources: &Value) -> ApiCall<'_> {
        self.call(
            "CreateBackupJob",
            &[
                ("SourceType", "CONTAINER"),
                ("VaultId", &self.vault),
                ("Retention", "30"),
                ("BackupType", "INCREMENTAL"),
                ("ContainerClusterId", &self.cluster),
                ("ContainerResources", &resources.to_string()),
                ("InitiatedByAck", "True"),
                ("JobName", "demo-backup-hbr"),
                ("SpeedLimit", ""),
            ],
        )
    }

    /// Backs volumes up, until the job has come to its end. The job's row.
    pub(super) async fn backed_up(&self, volumes: &[&str]) -> Value {
        let job = text(&self.back_up(volumes).ok().await, "JobId");
        self.pass(3600);
        self.job(&job).await
    }

    pub(super) async fn job(&self, id: &str) -> Value {
        let result = self.call(
            "DescribeBackupJobs2",
            &[
                ("SourceType", "CONTAINER"),
                ("Filters.1.Key", "JobId"),
                ("Filters.1.Values.1", id),
            ],
        );
        let mut jobs = rows(&result.ok().await, "BackupJobs", "BackupJob");
        assert_eq!(jobs.len(), 1, "{id}");
        jobs.remove(0)
    }

    /// The snapshots of a job, the first volume's first.
    pub(super) async fn snapshots(&self, job: &str) -> Vec<Value> {
        let all = search(&self.raw, &self.vault).await;
        all.into_iter().filter(|it| it["JobId"] == job).collect()
    }

    /// A restore of a snapshot to a volume.
    pub(super) fn restore(&self, snapshot: &Value, volume: &str) -> ApiCall<'_> {
        let target = json!({"host": NODE, "hostPrefix": absolute(volume), "pvPath": "/"});
        self.call(
            "CreateRestoreJob",
            &[
                ("RestoreType", "CONTAINER"),
                ("SourceType", "CONTAINER"),
                ("VaultId", &self.vault),
                ("SnapshotId", &text(snapshot, "SnapshotId")),
                ("SnapshotHash", &text(snapshot, "SnapshotHash")),
                ("TargetContainerClusterId", &self.cluster),
                ("TargetContainer", &target.to_string()),
                ("InitiatedByAck", "true"),
            ],
        )
    }

    /// As [`Self::restore`], until the job has come to its end. The job's row.
    pub(super) async fn restored(&self, call: ApiCall<'_>) -> Value {
        let id = text(&call.ok().await, "RestoreId");
        self.pass(3600);
        restore_job(&self.raw, &self.vault, &id).await
    }

    /// Backs one volume up and restores it to another: how both ended.
    pub(super) async fn round_trip(&self, from: &str, to: &str) -> (Value, Value) {
        let job = self.backed_up(&[from]).await;
        let snapshot = self.snapshots(&text(&job, "JobId")).await.remove(0);
        self.volume(to);
        (job, self.restored(self.restore(&snapshot, to)).await)
    }
}

pub(super) async fn create_vault(raw: &Raw, name: &str) -> String {
    let parameters = [("VaultName", name), ("VaultRegionId", "cn-hangzhou")];
    text(&call(raw, "CreateVault", &parameters).ok().await, "VaultId")
}

/// The row of a restore job: there is no filter for its id.
pub(super) async fn restore_job(raw: &Raw, vault: &str, id: &str) -> Value {
    let filters = [("Filters.1.Key", "VaultId"), ("Filters.1.Values.1", vault)];
    let result = call(raw, "DescribeRestoreJobs2", &filters).query("PageSize", "99");
    let jobs = rows(&result.ok().await, "RestoreJobs", "RestoreJob");
    let job = jobs.into_iter().find(|it| it["RestoreId"] == id);
    job.unwrap_or_else(|| panic!("no restore job {id}"))
}

/// All snapshots of a vault.
pub(super) async fn search(raw: &Raw, vault: &str) -> Vec<Value> {
    let query = json!([{"field": "VaultId", "operation": "MATCH_TERM", "value": vault}]);
    let found = call(
        raw,
        "SearchHistoricalSnapshots",
        &[("Query", &query.to_string())],
    );
    rows(
        &found.query("Limit", "100").ok().await,
        "Snapshots",
        "Snapshot",
    )
}

/// A volume as backup jobs name it: below the kubelet's directory of Pods.
pub(super) fn prefix(volume: &str) -> String {
    format!("{POD}/volumes/kubernetes.io~csi/{volume}/mount")
}

/// A volume as restore jobs name it: from the root on.
pub(super) fn absolute(volume: &str) -> String {
    format!("/var/lib/kubelet/pods/{}", prefix(volume))
}

pub(super) fn resource(host: &str, prefix: &str) -> Value {
    json!({
        "resourceType": "PV",
        "backupMethod": "FILE",
        "resourceId": format!("id-of-{}", prefix.replace(['/', '~', '.'], "-")),
        "resourceInfo": json!({"pv_name": "nas-1", "pvc_name": "data", "namespace": "demo"}).to_string(),
        "host": host,
        "hostPrefix": prefix,
        "pvPath": "/",
    })
}

pub(super) fn write(path: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = path.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}
