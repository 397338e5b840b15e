//! Requests to delete.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rules::unchanged;

/// A request that a backup, a restore or a conversion goes, with what belongs to it. It goes itself once that is done.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "csdr.alibabacloud.com",
    version = "v1beta1",
    kind = "DeleteRequest",
    plural = "deleterequests",
    namespaced,
    status = "DeleteRequestStatus",
    derive = "PartialEq",
    shortname = "dr",
    category = "csdr",
    doc = "A request that a backup, a restore or a conversion goes, with what belongs to it. It goes itself once that is done.",
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "New, InProgress or Failed"
    ),
    printcolumn(
        name = "Type",
        type_ = "string",
        json_path = ".spec.deleteObjectType",
        description = "Backup, Restore or Convert"
    ),
    printcolumn(
        name = "Object",
        type_ = "string",
        json_path = ".spec.deleteObjectName",
        description = "What goes"
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
#[x_kube(validation = Rule::new(unchanged(&["deleteObjectName", "deleteObjectType"]))
    .message("a request stays what it is: make another one"))]
pub struct DeleteRequestSpec {
    /// The name of what goes; for a conversion, that of its backup.
    #[schemars(length(min = 1, max = 253))]
    pub delete_object_name: String,

    /// What it is: `Backup`, `Restore` or `Convert`.
    pub delete_object_type: DeleteObjectType,

    /// Fields that nobody reads.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// What is to be deleted.
#[derive(JsonSchema, Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DeleteObjectType {
    /// An ApplicationBackup, and the backup in its vault.
    Backup,
    /// An ApplicationRestore. What it restored stays.
    Restore,
    /// A ConvertToSnapshot, so that it can be made again.
    Convert,
}

impl fmt::Display for DeleteObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Convert => "conversion",
        })
    }
}

/// How a request is getting on.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteRequestStatus {
    /// `New`, `InProgress`, `Completed` or `Failed`.
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
    /// `Ready` and `FieldsKnown`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
