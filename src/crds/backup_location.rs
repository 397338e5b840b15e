//! Vaults.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::duration::GoDuration;
use super::verification::VerificationLevel;

/// A vault for backups: a bucket of OSS, and a prefix in it.
///
/// Its bucket and prefix stay as they are; make a vault of another name for another place. Its `config` may be
/// patched, as from the internal network to the public one.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "csdr.alibabacloud.com",
    version = "v1beta1",
    kind = "BackupLocation",
    plural = "backuplocations",
    namespaced,
    status = "BackupLocationStatus",
    derive = "PartialEq",
    shortname = "bl",
    category = "csdr",
    doc = "A vault for backups: a bucket of OSS, and a prefix in it.",
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "Available, Unavailable or InProgress"
    ),
    printcolumn(
        name = "Last Validated",
        type_ = "date",
        json_path = ".status.lastValidationTime",
        description = "When it was last looked at"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    ),
    printcolumn(
        name = "Bucket",
        type_ = "string",
        json_path = ".spec.objectStorage.bucket",
        priority = 1
    ),
    printcolumn(
        name = "Backups",
        type_ = "integer",
        json_path = ".status.backups",
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
pub struct BackupLocationSpec {
    /// Whose storage it is. Only `alibabacloud` is.
    #[serde(default = "alibabacloud")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self == 'alibabacloud' || self == 'velero.io/alibabacloud'")
        .message("the provider is alibabacloud: backups are kept in Alibaba Cloud OSS"))]
    pub provider: String,

    /// The place: a bucket and a prefix.
    #[x_kube(validation = Rule::new("self.bucket == oldSelf.bucket && (has(self.prefix) ? self.prefix : '') == (has(oldSelf.prefix) ? oldSelf.prefix : '')")
        .message("a vault keeps its bucket and prefix: create a BackupLocation of another name for another place"))]
    pub object_storage: ObjectStorage,

    /// How the bucket is reached.
    #[serde(default, skip_serializing_if = "LocationConfig::is_empty")]
    pub config: LocationConfig,

    /// Whether backups may be written to it. Default `ReadWrite`; in a vault that is `ReadOnly`, backups can be restored, and not
    /// made or deleted.
    #[serde(default, skip_serializing_if = "AccessMode::is_default")]
    pub access_mode: AccessMode,

    /// How often backups that other clusters wrote are looked for, as in `10m`. Default, and `0s`: every 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_sync_period: Option<GoDuration>,

    /// How often it is checked whether the vault can be used, as in `5m`. Default, and `0s`: every 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_frequency: Option<GoDuration>,

    /// How every backup in it is proved that is shown in this cluster: `Verify` reads it back, `Drill` restores it into a cluster of its
    /// own. Default: as each backup asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationLevel>,

    /// How often its backups are proved again, as in `168h`. Default, and `0s`: once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_frequency: Option<GoDuration>,

    /// Fields that nobody reads.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

fn alibabacloud() -> String {
    "alibabacloud".to_owned()
}

/// Where a vault is.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStorage {
    /// The bucket. Managed clusters need no rights of their own for names that begin with `cnfs-oss-`.
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$')")
        .message("it is no name of an OSS bucket: use 3 to 63 lower-case letters, digits and hyphens"))]
    pub bucket: String,

    /// Where in the bucket, as in `team1`. Default: its root.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 512))]
    pub prefix: String,
}

/// How the bucket of a vault is reached.
#[derive(KubeSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationConfig {
    /// The region of the bucket, as in `cn-hangzhou`. Default: that of the cluster.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    pub region: String,

    /// The network: `internal`, `public` or `accelerate`. Default: `internal` where the cluster can reach it, else `public`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self.lowerAscii() in ['', 'internal', 'public', 'accelerate']")
        .message("the network is internal, public or accelerate"))]
    pub network: String,

    /// An endpoint of OSS that is used instead of the one by region and network, as in `https://oss-cn-hangzhou.aliyuncs.com`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub endpoint: String,

    /// How OSS encrypts what is stored: `AES256`, `SM4` or `KMS`. Default: as the bucket does by itself. Where OSS does not say that
    /// it encrypts so, nothing is stored.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 63))]
    #[x_kube(validation = Rule::new("self in ['', 'AES256', 'SM4', 'KMS']")
        .message("the encryption is AES256, SM4 or KMS"))]
    pub server_side_encryption: String,

    /// The id of the key that `KMS` encrypts with. Default: the account's default key for OSS.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub kms_key_id: String,

    /// Settings that nobody reads.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Value>,
}

impl LocationConfig {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What may be done with a vault.
#[derive(JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessMode {
    /// Backups are written, restored and deleted.
    #[default]
    ReadWrite,
    /// Backups are restored.
    ReadOnly,
}

impl AccessMode {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is known of a vault.
#[derive(JsonSchema, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupLocationStatus {
    /// `InProgress` until it was looked at, then `Available` or `Unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Why it is unavailable, or what is to know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The generation of the specification that this is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When it was last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_validation_time: Option<Time>,
    /// When its backups were last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_synced_time: Option<Time>,
    /// The endpoint that is used, and why that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// How many backups it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backups: Option<i64>,
    /// Names of backups in it that cannot be shown, the first ten, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_shown: Vec<String>,
    /// `Ready`, `Writable`, `Synced` and `FieldsKnown`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
