//! Backups.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::duration::GoDuration;
use super::rules::unchanged;
use super::verification::{VerificationLevel, VerificationStatus};

/// What a backup is of cannot change once it was asked for.
const FIXED: &[&str] = &[
    "storageLocation",
    "includedNamespaces",
    "excludedNamespaces",
    "includedResources",
    "excludedResources",
    "labelSelector",
    "orLabelSelectors",
    "includeClusterResources",
    "pvBackup",
    "ttl",
];

/// One backup into a vault.
///
/// Deleting the object does not delete the backup: a [`DeleteRequest`](super::DeleteRequest) does.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "csdr.alibabacloud.com",
    version = "v1beta1",
    kind = "ApplicationBackup",
    plural = "applicationbackups",
    namespaced,
    status = "ApplicationBackupStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "ab",
    category = "csdr",
    doc = "One backup of applications into a vault. Deleting it does not delete the backup: a DeleteRequest does.",
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "New, InProgress, Completed, PartiallyFailed or Failed"
    ),
    printcolumn(
        name = "Vault",
        type_ = "string",
        json_path = ".spec.storageLocation",
        description = "The vault it is in"
    ),
    printcolumn(
        name = "Progress",
        type_ = "integer",
        json_path = ".status.progress.percent",
        description = "In percent"
    ),
    printcolumn(
        name = "Completed",
        type_ = "date",
        json_path = ".status.completionTimestamp",
        description = "When it was complete"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Verified",
        type_ = "string",
        json_path = ".status.verification.phase",
        description = "InProgress, Passed or Failed",
        priority = 1
    ),
    printcolumn(
        name = "Errors",
        type_ = "integer",
        json_path = ".status.errors",
        priority = 1
    ),
    printcolumn(
        name = "Warnings",
        type_ = "integer",
        json_path = ".status.warnings",
        priority = 1
    ),
    printcolumn(
        name = "Expires",
        type_ = "string",
        json_path = ".status.expiration",
        priority = 1
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(unchanged(FIXED))
    .message("a backup stays what it was asked to be: make one of another name"))]
#[x_kube(validation = Rule::new("!(has(self.labelSelector) && has(self.orLabelSelectors) && size(self.orLabelSelectors) > 0)")
    .message("choose by labelSelector or by orLabelSelectors, not by both"))]
pub struct ApplicationBackupSpec {
    /// The BackupLocation that it goes to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub storage_location: String,

    /// Only these namespaces, names or patterns as `shop-*`. Default: all but those of the system (csdr, ack-csi-fuse, kube-system,
    /// kube-public, kube-node-lease).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 253)))]
    pub included_namespaces: Vec<String>,

    /// Not these namespaces, names or patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 253)))]
    pub excluded_namespaces: Vec<String>,

    /// Only these kinds, as `deployments`, `pvc` or `*.example.com`. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 253)))]
    pub included_resources: Vec<String>,

    /// Not these kinds, as `events` or `replicasets.apps`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 253)))]
    pub excluded_resources: Vec<String>,

    /// Only objects with these labels, and what they need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,

    /// Only objects that one of these selects, and what they need; instead of `labelSelector`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub or_label_selectors: Vec<LabelSelector>,

    /// Objects of the cluster: `true` all of them, `false` none. Default: those that the chosen objects need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_cluster_resources: Option<bool>,

    /// The data of volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pv_backup: Option<PvBackup>,

    /// How long it is worth keeping, as in `720h0m0s`. Default: until it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<GoDuration>,

    /// How it is proved once it is complete. Default: what its vault asks for. It can be asked for later, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationLevel>,

    /// Fields that nobody reads.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// What is done about the data of volumes.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PvBackup {
    /// Whether the data of volumes that Pods in scope mount is backed up. Default: false.
    #[serde(default)]
    pub default_pv_backup: bool,
    /// Fields that nobody reads.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// How a backup is getting on, or how it ended.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationBackupStatus {
    /// `New`, `InProgress`, `Completed`, `PartiallyFailed` or `Failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation of the specification that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// When retention may delete it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Time>,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<BackupProgress>,
    /// How many objects it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<i64>,
    /// The size of its archive in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_bytes: Option<i64>,
    /// How many warnings there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<i64>,
    /// How many errors there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<i64>,
    /// The first ten errors and warnings, cut short. All of them are in the vault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_messages: Vec<String>,
    /// The uid of the backup in the vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_uid: Option<String>,
    /// SHA-256 of the record in the vault, which covers every file of the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_sha256: Option<String>,
    /// The uid of the cluster that it is of: that of its namespace kube-system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_cluster: Option<String>,
    /// `AppBackup`, or `AppAndPvBackup` with the data of volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_type: Option<String>,
    /// The plan that made it; absent for one that somebody asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_schedule: Option<String>,
    /// The volumes whose data is in it, the first hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeStatus>,
    /// What became of proving it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationStatus>,
    /// `Ready`, `VolumesBackedUp`, `Verified` and `FieldsKnown`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// How far a backup is.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupProgress {
    /// Lists of objects to read.
    #[serde(default)]
    pub lists: i64,
    /// Lists read to their end.
    #[serde(default)]
    pub lists_done: i64,
    /// Objects stored.
    #[serde(default)]
    pub objects: i64,
    /// Volumes whose data is to be in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volumes: Option<i64>,
    /// Volumes whose data is in it, or will not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volumes_done: Option<i64>,
    /// Bytes of volumes that are stored, as far as their storages say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_bytes_done: Option<i64>,
    /// Bytes of volumes in all, as far as their storages say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_bytes: Option<i64>,
    /// Lists read, in percent; then, bytes of volumes.
    #[serde(default)]
    pub percent: i64,
    /// When it would be over at the rate so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_completion_timestamp: Option<Time>,
}

/// A volume whose data is in a backup.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeStatus {
    /// The namespace of the claim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The claim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub persistent_volume_claim: String,
    /// The volume.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub persistent_volume: String,
    /// What keeps its data: `ecs` snapshots of disks, `hbr` copies of files, `csi` snapshots of other drivers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// The snapshot that holds its data.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub snapshot_id: String,
    /// `Completed`, `Skipped` or `Failed`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Why its data is not in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}
