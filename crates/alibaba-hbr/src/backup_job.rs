//! Backup jobs, as they are described.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::ids::{
    AccountId, AckClusterId, BackupClientId, BackupJobId, BucketName, DataSourceId, FileSystemId,
    InstanceId, PlanId, RoleName, VaultId,
};
use crate::instance::InstanceBackup;
use crate::progress::Progress;
use crate::read;
use crate::report::JobReport;
use crate::schedule::SpeedLimit;
use crate::tablestore::OtsTables;
use crate::words::{BackupType, CrossAccountType, JobStatus, SourceType};

/// A backup job.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BackupJob {
    /// The id.
    #[serde(rename = "JobId")]
    pub id: BackupJobId,
    /// The name.
    #[serde(default, rename = "JobName", deserialize_with = "read::present")]
    pub name: Option<String>,
    /// What it has come to.
    pub status: JobStatus,
    /// How much is done.
    pub progress: Option<Progress>,
    /// Why it failed: a code, such as `ClientNotExist`, or a sentence.
    #[serde(default, deserialize_with = "read::present")]
    pub error_message: Option<String>,
    /// What kind of data it is.
    #[serde(default, deserialize_with = "read::present")]
    pub source_type: Option<SourceType>,
    /// The vault.
    #[serde(default, deserialize_with = "read::present")]
    pub vault_id: Option<VaultId>,
    /// The backup plan.
    #[serde(default, deserialize_with = "read::present")]
    pub plan_id: Option<PlanId>,
    /// How many bytes were stored, after duplicates were left out.
    pub actual_bytes: Option<u64>,
    /// How many files were stored.
    pub actual_files: Option<u64>,
    /// How many items were stored.
    pub actual_items: Option<u64>,
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
    /// The list of changed files.
    #[serde(default, deserialize_with = "read::present")]
    pub change_list_path: Option<String>,
    /// The backup client.
    #[serde(default, deserialize_with = "read::present")]
    pub client_id: Option<BackupClientId>,
    /// When it came to its end.
    #[serde(default, rename = "CompleteTime", deserialize_with = "read::unix")]
    pub completed_at: Option<DateTime<Utc>>,
    /// When the NAS file system that is backed up was created.
    #[serde(default, rename = "CreateTime", deserialize_with = "read::unix")]
    pub source_created_at: Option<DateTime<Utc>>,
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
    /// What is copied to, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub dest_data_source_detail: Option<String>,
    /// What is copied to.
    #[serde(default, deserialize_with = "read::present")]
    pub dest_data_source_id: Option<DataSourceId>,
    /// The kind of what is copied to.
    #[serde(default, deserialize_with = "read::present")]
    pub dest_source_type: Option<SourceType>,
    /// Of a whole instance: its snapshots.
    pub detail: Option<InstanceBackup>,
    /// The paths that are left out.
    #[serde(default, deserialize_with = "read::paths")]
    pub exclude: Vec<String>,
    /// The NAS file system.
    #[serde(default, deserialize_with = "read::present")]
    pub file_system_id: Option<FileSystemId>,
    /// How many files are done.
    pub files_done: Option<u64>,
    /// How many files there are.
    pub files_total: Option<u64>,
    /// Of containers: the id of the ACK cluster.
    #[serde(default, deserialize_with = "read::present")]
    pub identifier: Option<AckClusterId>,
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
    /// Its options, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub options: Option<String>,
    /// The tables of Tablestore.
    pub ots_detail: Option<OtsTables>,
    /// The paths.
    #[serde(default, deserialize_with = "read::list")]
    pub paths: Vec<String>,
    /// The prefix of the objects.
    #[serde(default, deserialize_with = "read::present")]
    pub prefix: Option<String>,
    /// Lists of the files that were copied, and of those that were not.
    pub report: Option<JobReport>,
    /// How fast it copies, in KB a second.
    #[serde(rename = "Speed")]
    pub speed_kb_per_second: Option<u64>,
    /// How fast it may copy.
    #[serde(default, deserialize_with = "read::present")]
    pub speed_limit: Option<SpeedLimit>,
    /// When it began.
    #[serde(default, rename = "StartTime", deserialize_with = "read::unix")]
    pub started_at: Option<DateTime<Utc>>,
    /// The Tablestore table.
    #[serde(default, deserialize_with = "read::present")]
    pub table_name: Option<String>,
    /// What began it, such as a plan.
    #[serde(default, deserialize_with = "read::present")]
    pub trigger_mode: Option<String>,
    /// When it was last changed.
    #[serde(default, rename = "UpdatedTime", deserialize_with = "read::unix")]
    pub updated_at: Option<DateTime<Utc>>,
}
