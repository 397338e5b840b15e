//! Restore jobs, as they are described.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::ids::{
    AccountId, BackupClientId, BucketName, ClientGroupId, DataSourceId, FileSystemId, InstanceId,
    RestoreJobId, RoleName, SnapshotHash, SnapshotId, VaultId,
};
use crate::progress::Progress;
use crate::read;
use crate::report::JobReport;
use crate::tablestore::OtsRestoreDetail;
use crate::words::{CrossAccountType, JobStatus, RestoreType, SourceType, StorageClass};

/// A restore job.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RestoreJob {
    /// The id.
    #[serde(rename = "RestoreId")]
    pub id: RestoreJobId,
    /// What it has come to.
    pub status: JobStatus,
    /// How much is done.
    pub progress: Option<Progress>,
    /// Why it failed: a code, such as `ClientNotExist`, or a sentence.
    #[serde(default, deserialize_with = "read::present")]
    pub error_message: Option<String>,
    /// What it restores to.
    #[serde(default, deserialize_with = "read::present")]
    pub restore_type: Option<RestoreType>,
    /// The vault.
    #[serde(default, deserialize_with = "read::present")]
    pub vault_id: Option<VaultId>,
    /// The backup snapshot.
    #[serde(default, deserialize_with = "read::present")]
    pub snapshot_id: Option<SnapshotId>,
    /// The hash of the backup snapshot.
    #[serde(default, deserialize_with = "read::present")]
    pub snapshot_hash: Option<SnapshotHash>,
    /// What kind of data it is.
    #[serde(default, deserialize_with = "read::present")]
    pub source_type: Option<SourceType>,
    /// How many bytes were stored, after duplicates were left out.
    pub actual_bytes: Option<u64>,
    /// How many items were stored.
    pub actual_items: Option<u64>,
    /// How many bytes are done.
    pub bytes_done: Option<u64>,
    /// How many bytes there are.
    pub bytes_total: Option<u64>,
    /// The group of backup clients.
    #[serde(default, deserialize_with = "read::present")]
    pub cluster_id: Option<ClientGroupId>,
    /// When it came to its end.
    #[serde(default, rename = "CompleteTime", deserialize_with = "read::unix")]
    pub completed_at: Option<DateTime<Utc>>,
    /// When it was made.
    #[serde(default, rename = "CreatedTime", deserialize_with = "read::unix")]
    pub created_at: Option<DateTime<Utc>>,
    /// The role in the account whose data it is.
    #[serde(default, deserialize_with = "read::present")]
    pub cross_account_role_name: Option<RoleName>,
    /// Whose data it is.
    #[serde(default, deserialize_with = "read::present")]
    pub cross_account_type: Option<CrossAccountType>,
    /// The account whose data it is.
    pub cross_account_user_id: Option<AccountId>,
    /// The list of what failed.
    #[serde(default, deserialize_with = "read::present")]
    pub error_file: Option<String>,
    /// The paths that are left out.
    #[serde(default, deserialize_with = "read::paths")]
    pub exclude: Vec<String>,
    /// When it is deleted.
    #[serde(default, rename = "ExpireTime", deserialize_with = "read::unix")]
    pub expires_at: Option<DateTime<Utc>>,
    /// How a virtual machine is put back, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub failback_detail: Option<String>,
    /// The only paths that are taken.
    #[serde(default, deserialize_with = "read::paths")]
    pub include: Vec<String>,
    /// How many items are done.
    pub items_done: Option<u64>,
    /// How many items there are.
    pub items_total: Option<u64>,
    /// How many of the billed bytes are done.
    pub metering_bytes_done: Option<u64>,
    /// How many bytes are billed.
    pub metering_bytes_total: Option<u64>,
    /// Its options, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub options: Option<String>,
    /// How Tablestore is restored.
    pub ots_detail: Option<OtsRestoreDetail>,
    /// The job that this one is a part of.
    #[serde(default, deserialize_with = "read::present")]
    pub parent_id: Option<String>,
    /// Lists of the files that were copied, and of those that were not.
    pub report: Option<JobReport>,
    /// The ECS instance that was backed up.
    #[serde(default, deserialize_with = "read::present")]
    pub source_instance_id: Option<InstanceId>,
    /// What was backed up.
    #[serde(default, deserialize_with = "read::present")]
    pub source_resource_id: Option<DataSourceId>,
    /// How fast it copies, in KB a second.
    #[serde(rename = "Speed")]
    pub speed_kb_per_second: Option<u64>,
    /// When it began.
    #[serde(default, rename = "StartTime", deserialize_with = "read::unix")]
    pub started_at: Option<DateTime<Utc>>,
    /// How the data is stored.
    #[serde(default, deserialize_with = "read::present")]
    pub storage_class: Option<StorageClass>,
    /// The OSS bucket that is restored to.
    #[serde(default, deserialize_with = "read::present")]
    pub target_bucket: Option<BucketName>,
    /// The backup client that is restored by.
    #[serde(default, deserialize_with = "read::present")]
    pub target_client_id: Option<BackupClientId>,
    /// When the NAS file system that is restored to was created.
    #[serde(default, rename = "TargetCreateTime", deserialize_with = "read::unix")]
    pub target_created_at: Option<DateTime<Utc>>,
    /// What is restored to.
    #[serde(default, deserialize_with = "read::present")]
    pub target_data_source_id: Option<DataSourceId>,
    /// The NAS file system that is restored to.
    #[serde(default, deserialize_with = "read::present")]
    pub target_file_system_id: Option<FileSystemId>,
    /// The ECS instance that is restored to.
    #[serde(default, deserialize_with = "read::present")]
    pub target_instance_id: Option<InstanceId>,
    /// The Tablestore instance that is restored to.
    #[serde(default, deserialize_with = "read::present")]
    pub target_instance_name: Option<String>,
    /// The path that is restored to.
    #[serde(default, deserialize_with = "read::present")]
    pub target_path: Option<String>,
    /// The prefix of the objects that are restored.
    #[serde(default, deserialize_with = "read::present")]
    pub target_prefix: Option<String>,
    /// The Tablestore table that is restored to.
    #[serde(default, deserialize_with = "read::present")]
    pub target_table_name: Option<String>,
    /// The time as of which Tablestore is restored.
    #[serde(default, deserialize_with = "read::unix")]
    pub target_time: Option<DateTime<Utc>>,
    /// How a whole instance is restored, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub udm_detail: Option<String>,
    /// When it was last changed.
    #[serde(default, rename = "UpdatedTime", deserialize_with = "read::unix")]
    pub updated_at: Option<DateTime<Utc>>,
}
