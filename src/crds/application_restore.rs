//! Restores.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::convert_to_snapshot::VolumeConversion;
use super::rules::unchanged;

/// What a restore does cannot change once it was asked for.
const FIXED: &[&str] = &[
    "backupName",
    "scheduleName",
    "includedNamespaces",
    "excludedNamespaces",
    "includedResources",
    "excludedResources",
    "labelSelector",
    "orLabelSelectors",
    "includeClusterResources",
    "namespaceMapping",
    "storageClassMapping",
    "convertedarg",
    "imageRegistryMapping",
    "serviceAnnotations",
    "ingressAnnotations",
    "resourceModifier",
    "appRestoreOnly",
    "preserveNodePorts",
    "existingResourcePolicy",
];

/// One restore of a backup.
#[derive(CustomResource, KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "csdr.alibabacloud.com",
    version = "v1beta1",
    kind = "ApplicationRestore",
    plural = "applicationrestores",
    namespaced,
    status = "ApplicationRestoreStatus",
    derive = "PartialEq",
    derive = "Default",
    shortname = "ar",
    category = "csdr",
    doc = "One restore of a backup into this cluster. Deleting it while it runs stops it; what it restored stays.",
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "New, InProgress, Completed, PartiallyFailed or Failed"
    ),
    printcolumn(
        name = "Backup",
        type_ = "string",
        json_path = ".status.backupName",
        description = "The backup that is restored"
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
        name = "Message",
        type_ = "string",
        json_path = ".status.message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(unchanged(FIXED))
    .message("a restore stays what it was asked to be: make one of another name"))]
#[x_kube(validation = Rule::new("(has(self.backupName) && self.backupName != '') != (has(self.scheduleName) && self.scheduleName != '')")
    .message("name either the backup to restore, as backupName, or the plan whose newest backup is, as scheduleName"))]
#[x_kube(validation = Rule::new("!(has(self.labelSelector) && has(self.orLabelSelectors) && size(self.orLabelSelectors) > 0)")
    .message("choose by labelSelector or by orLabelSelectors, not by both"))]
pub struct ApplicationRestoreSpec {
    /// The backup to restore.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub backup_name: String,

    /// The plan whose newest completed backup is restored, instead of `backupName`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub schedule_name: String,

    /// Only these namespaces of the backup. Default: all in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 253)))]
    pub included_namespaces: Vec<String>,

    /// Not these namespaces of the backup.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 253)))]
    pub excluded_namespaces: Vec<String>,

    /// Only these kinds, as `deployments` or `*.example.com`. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000), inner(length(max = 253)))]
    pub included_resources: Vec<String>,

    /// Not these kinds.
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

    /// Objects of the cluster: `true` all in the backup, `false` none. Default: those that the chosen objects need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_cluster_resources: Option<bool>,

    /// Namespace in the backup to namespace in this cluster, as in `shop: shop-copy`. Default: the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 1000), inner(length(max = 63)))]
    pub namespace_mapping: BTreeMap<String, String>,

    /// StorageClass in the backup to StorageClass in this cluster. Default: the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 1000), inner(length(max = 253)))]
    pub storage_class_mapping: BTreeMap<String, String>,

    /// Single claims that get another StorageClass, other access modes or another size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub convertedarg: Vec<VolumeConversion>,

    /// Beginning of an image's name to what stands there in this cluster, as in `old.example/lib/: new.example/team/`. The longest one counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 1000), inner(length(max = 512)))]
    pub image_registry_mapping: BTreeMap<String, String>,

    /// Annotations that every restored Service gets, over those that it had.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 100), inner(length(max = 4096)))]
    pub service_annotations: BTreeMap<String, String>,

    /// Annotations that every restored Ingress gets, over those that it had.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 100), inner(length(max = 4096)))]
    pub ingress_annotations: BTreeMap<String, String>,

    /// A ConfigMap in the namespace of this object with rules that change objects, in the format of Velero's resource modifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_modifier: Option<ModifierReference>,

    /// Whether only the objects come back, and claims as new, empty volumes. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub app_restore_only: bool,

    /// Whether Services keep the node ports that the old cluster chose for them. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preserve_node_ports: bool,

    /// What is done about objects that exist: `none` leaves them as they are, `update` patches them to what the backup holds. Default: `none`.
    #[serde(default, skip_serializing_if = "ExistingPolicy::is_default")]
    pub existing_resource_policy: ExistingPolicy,

    /// Fields that nobody reads.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

/// What a restore does about objects that exist.
#[derive(JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExistingPolicy {
    /// They stay as they are.
    #[default]
    None,
    /// They are patched to what the backup holds.
    Update,
}

impl ExistingPolicy {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A ConfigMap with rules that change objects.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModifierReference {
    /// `ConfigMap`.
    #[serde(default = "config_map")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.lowerAscii() == 'configmap'").message("rules that change objects stand in a ConfigMap"))]
    pub kind: String,
    /// Its name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

fn config_map() -> String {
    "ConfigMap".to_owned()
}

/// How a restore is getting on, or how it ended.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationRestoreStatus {
    /// `New`, `InProgress`, `Completed`, `PartiallyFailed` or `Failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation of the specification that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The backup that is restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_name: Option<String>,
    /// The BackupLocation that it is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_location: Option<String>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_timestamp: Option<Time>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_timestamp: Option<Time>,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<RestoreProgress>,
    /// How many objects had each outcome: created, unchanged, updated, merged, skipped, failed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<String, i64>,
    /// How many warnings there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<i64>,
    /// How many objects could not be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<i64>,
    /// The first ten errors and warnings, cut short.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_messages: Vec<String>,
    /// `Ready` and `FieldsKnown`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// How far a restore is.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreProgress {
    /// Objects chosen.
    #[serde(default)]
    pub total: i64,
    /// Objects done.
    #[serde(default)]
    pub done: i64,
    /// Objects done, in percent.
    #[serde(default)]
    pub percent: i64,
    /// When it would be over at the rate so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_completion_timestamp: Option<Time>,
}
