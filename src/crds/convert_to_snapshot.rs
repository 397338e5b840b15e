//! Conversions of volumes.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rules::unchanged;

/// The volumes of a backup, put on other storage classes before it is restored. It bears the backup's name.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "csdr.alibabacloud.com",
    version = "v1beta1",
    kind = "ConvertToSnapshot",
    plural = "converttosnapshots",
    namespaced,
    status = "ConvertToSnapshotStatus",
    derive = "PartialEq",
    shortname = "cvs",
    category = "csdr",
    doc = "The volumes of a backup, put on other storage classes before it is restored. It bears the name of the backup.",
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "InProgress, Completed, PartiallyFailed or Failed"
    ),
    printcolumn(
        name = "Backup",
        type_ = "string",
        json_path = ".spec.backupName",
        description = "The backup whose volumes are converted"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(unchanged(&["backupName", "convertedarg"]))
    .message("a conversion stays what it was asked to be: reset it by a DeleteRequest of type Convert, and make it again"))]
pub struct ConvertToSnapshotSpec {
    /// The backup whose volumes are converted.
    #[schemars(length(min = 1, max = 253))]
    pub backup_name: String,

    /// The claims, one each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub convertedarg: Vec<VolumeConversion>,

    /// Fields that nobody reads.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// What becomes of one claim.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VolumeConversion {
    /// The namespace of the claim in the backup.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// The claim in the backup.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub persistent_volume_claim: String,
    /// The StorageClass of the claim in the backup. Default: whatever it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub storage_class: String,
    /// The StorageClass that it gets; it must exist in the cluster of the restore.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub convert_to_storage_class_type: String,
    /// The access modes that it gets, as `ReadWriteOnce`. Default: those that it had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4), inner(length(max = 63)))]
    pub convert_to_access_modes: Vec<String>,
    /// The size that it gets, as `40Gi`. Default: the one that it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "quantity")]
    pub capacity: Option<Quantity>,
}

/// As text, which rules can compare; YAML's `capacity: 40` is written `"40"`.
fn quantity(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "maxLength": 32,
        "description": "The size that it gets, as `40Gi`. Default: the one that it had.",
    })
}

/// How a conversion is getting on, or how it ended.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConvertToSnapshotStatus {
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
    /// The BackupLocation that the backup is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_location: Option<String>,
    /// What became of each claim, in the order of `convertedarg`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<ConvertedVolume>,
    /// `Ready` and `FieldsKnown`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// What became of one claim.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConvertedVolume {
    /// The namespace of the claim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The claim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub persistent_volume_claim: String,
    /// The StorageClass that it gets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub storage_class: String,
    /// The snapshot that holds its data, of a disk. Onto other classes, the restore copies the files.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub snapshot_id: String,
    /// `InProgress`, `Completed` or `Failed`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Why it failed, or what is not as it was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}
