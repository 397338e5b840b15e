//! Backup snapshots, as they are described.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::ids::{
    BackupClientId, BackupJobId, BucketName, FileSystemId, InstanceId, PlanId, SnapshotHash,
    SnapshotId, VaultId,
};
use crate::read;
use crate::words::{BackupType, SourceType, StorageClass};

alibaba_core::words! {
    /// What a backup snapshot holds.
    SnapshotStatus {
        /// All that was to be copied.
        Complete = "COMPLETE",
        /// Some of what was to be copied.
        PartialComplete = "PARTIAL_COMPLETE",
        /// Nothing: the backup failed.
        Failed = "FAILED",
    }
}

/// A backup snapshot: what a backup job has made.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Snapshot {
    /// The id.
    #[serde(rename = "SnapshotId")]
    pub id: SnapshotId,
    /// The hash, which restoring needs.
    #[serde(default, rename = "SnapshotHash", deserialize_with = "read::present")]
    pub hash: Option<SnapshotHash>,
    /// What it holds.
    pub status: SnapshotStatus,
    /// The backup job.
    #[serde(default, deserialize_with = "read::present")]
    pub job_id: Option<BackupJobId>,
    /// The vault.
    #[serde(default, deserialize_with = "read::present")]
    pub vault_id: Option<VaultId>,
    /// The backup plan. Searches do not say.
    #[serde(default, deserialize_with = "read::present")]
    pub plan_id: Option<PlanId>,
    /// What kind of data it is.
    #[serde(default, deserialize_with = "read::present")]
    pub source_type: Option<SourceType>,
    /// When it came to its end.
    #[serde(default, rename = "CompleteTime", deserialize_with = "read::unix")]
    pub completed_at: Option<DateTime<Utc>>,
    /// How many bytes were stored, after duplicates were left out.
    pub actual_bytes: Option<u64>,
    /// How many items were stored.
    pub actual_items: Option<u64>,
    /// When it was archived.
    #[serde(default, rename = "ArchiveTime", deserialize_with = "read::unix")]
    pub archived_at: Option<DateTime<Utc>>,
    /// How much is copied.
    #[serde(default, deserialize_with = "read::present")]
    pub backup_type: Option<BackupType>,
    /// The OSS bucket.
    #[serde(default, deserialize_with = "read::present")]
    pub bucket: Option<BucketName>,
    /// How many bytes are done.
    pub bytes_done: Option<u64>,
    /// How many bytes there are.
    pub bytes_total: Option<u64>,
    /// The backup client.
    #[serde(default, deserialize_with = "read::present")]
    pub client_id: Option<BackupClientId>,
    /// When the NAS file system that is backed up was created.
    #[serde(default, rename = "CreateTime", deserialize_with = "read::unix")]
    pub source_created_at: Option<DateTime<Utc>>,
    /// When it was made.
    #[serde(default, rename = "CreatedTime", deserialize_with = "read::unix")]
    pub created_at: Option<DateTime<Utc>>,
    /// The list of what failed.
    #[serde(default, deserialize_with = "read::present")]
    pub error_file: Option<String>,
    /// The paths that are left out.
    #[serde(default, deserialize_with = "read::paths")]
    pub exclude: Vec<String>,
    /// When it is deleted.
    #[serde(default, rename = "ExpireTime", deserialize_with = "read::unix")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The NAS file system.
    #[serde(default, deserialize_with = "read::present")]
    pub file_system_id: Option<FileSystemId>,
    /// The only paths that are taken.
    #[serde(default, deserialize_with = "read::paths")]
    pub include: Vec<String>,
    /// The ECS instance.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_id: Option<InstanceId>,
    /// The Tablestore instance.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_name: Option<String>,
    /// How many items are done.
    pub items_done: Option<u64>,
    /// How many items there are.
    pub items_total: Option<u64>,
    /// The hash of the snapshot before.
    #[serde(default, deserialize_with = "read::present")]
    pub parent_snapshot_hash: Option<SnapshotHash>,
    /// The path that was backed up.
    #[serde(default, deserialize_with = "read::present")]
    pub path: Option<String>,
    /// The paths.
    #[serde(default, deserialize_with = "read::list")]
    pub paths: Vec<String>,
    /// The prefix of the objects.
    #[serde(default, deserialize_with = "read::present")]
    pub prefix: Option<String>,
    /// How many bytes are protected.
    #[serde(rename = "ProtectedDataSize")]
    pub protected_bytes: Option<u64>,
    /// The end of the Tablestore range, in UNIX milliseconds.
    #[serde(rename = "RangeEnd")]
    pub range_end_ms: Option<u64>,
    /// The start of the Tablestore range, in UNIX milliseconds.
    #[serde(rename = "RangeStart")]
    pub range_start_ms: Option<u64>,
    /// For how many days it is kept.
    #[serde(rename = "Retention")]
    pub retention_days: Option<i64>,
    /// Of a replicated snapshot: the hash of the one before, in the source.
    #[serde(default, deserialize_with = "read::present")]
    pub source_parent_snapshot_hash: Option<SnapshotHash>,
    /// Of a replicated snapshot: its hash in the source.
    #[serde(default, deserialize_with = "read::present")]
    pub source_snapshot_hash: Option<SnapshotHash>,
    /// When it began.
    #[serde(default, rename = "StartTime", deserialize_with = "read::unix")]
    pub started_at: Option<DateTime<Utc>>,
    /// How the data is stored.
    #[serde(default, deserialize_with = "read::present")]
    pub storage_class: Option<StorageClass>,
    /// The Tablestore table.
    #[serde(default, deserialize_with = "read::present")]
    pub table_name: Option<String>,
    /// When it was last changed.
    #[serde(default, rename = "UpdatedTime", deserialize_with = "read::unix")]
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether the file system is of the other kind of NAS.
    pub use_common_nas: Option<bool>,
}
