//! Backup plans, as they are described.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{
    AccountId, BackupClientId, BackupJobId, BucketName, ClientGroupId, DataSourceId, FileSystemId,
    InstanceId, PlanId, RegionId, RoleName, RuleId, VaultId,
};
use crate::read;
use crate::schedule::{Schedule, SpeedLimit};
use crate::tablestore::OtsTables;
use crate::trial::TrialInfo;
use crate::words::{BackupType, CrossAccountType, SourceType};

/// A backup plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BackupPlan {
    /// The id.
    #[serde(rename = "PlanId")]
    pub id: PlanId,
    /// The name.
    #[serde(default, rename = "PlanName", deserialize_with = "read::present")]
    pub name: Option<String>,
    /// What kind of data it is.
    #[serde(default, deserialize_with = "read::present")]
    pub source_type: Option<SourceType>,
    /// The vault.
    #[serde(default, deserialize_with = "read::present")]
    pub vault_id: Option<VaultId>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
    /// When it runs.
    #[serde(default, deserialize_with = "read::present")]
    pub schedule: Option<Schedule>,
    /// For how many days it is kept.
    #[serde(rename = "Retention")]
    pub retention_days: Option<i64>,
    /// The rules.
    #[serde(default, deserialize_with = "read::list")]
    pub rules: Vec<PlanRule>,
    /// The id of the group of what is backed up.
    #[serde(default, deserialize_with = "read::present")]
    pub backup_source_group_id: Option<String>,
    /// How much is copied.
    #[serde(default, deserialize_with = "read::present")]
    pub backup_type: Option<BackupType>,
    /// The OSS bucket.
    #[serde(default, deserialize_with = "read::present")]
    pub bucket: Option<BucketName>,
    /// Whether the service works for it, such as `ACTIVE`.
    #[serde(default, deserialize_with = "read::present")]
    pub business_status: Option<String>,
    /// The list of changed files.
    #[serde(default, deserialize_with = "read::present")]
    pub change_list_path: Option<String>,
    /// The backup client.
    #[serde(default, deserialize_with = "read::present")]
    pub client_id: Option<BackupClientId>,
    /// The group of backup clients.
    #[serde(default, deserialize_with = "read::present")]
    pub cluster_id: Option<ClientGroupId>,
    /// When the NAS file system that is backed up was created.
    #[serde(default, rename = "CreateTime", deserialize_with = "read::unix")]
    pub source_created_at: Option<DateTime<Utc>>,
    /// Whether it was made because of a tag.
    pub created_by_tag: Option<bool>,
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
    /// What is copied from.
    #[serde(default, deserialize_with = "read::present")]
    pub data_source_id: Option<DataSourceId>,
    /// What is copied to, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub dest_data_source_detail: Option<String>,
    /// What is copied to.
    #[serde(default, deserialize_with = "read::present")]
    pub dest_data_source_id: Option<DataSourceId>,
    /// The kind of what is copied to.
    #[serde(default, deserialize_with = "read::present")]
    pub dest_source_type: Option<SourceType>,
    /// How a whole instance is backed up, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub detail: Option<String>,
    /// The paths that are left out.
    #[serde(default, deserialize_with = "read::paths")]
    pub exclude: Vec<String>,
    /// The NAS file system.
    #[serde(default, deserialize_with = "read::present")]
    pub file_system_id: Option<FileSystemId>,
    /// The tags because of which it was made.
    #[serde(default, deserialize_with = "read::list")]
    pub hit_tags: Vec<HitTag>,
    /// The only paths that are taken.
    #[serde(default, deserialize_with = "read::paths")]
    pub include: Vec<String>,
    /// The group of instances.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_group_id: Option<String>,
    /// The ECS instance.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_id: Option<InstanceId>,
    /// The Tablestore instance.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_name: Option<String>,
    /// 1, where the latest snapshot is kept whatever its age.
    pub keep_latest_snapshots: Option<u64>,
    /// The job that was begun last.
    #[serde(default, deserialize_with = "read::present")]
    pub latest_execute_job_id: Option<BackupJobId>,
    /// The job that came to its end last.
    #[serde(default, deserialize_with = "read::present")]
    pub latest_finish_job_id: Option<BackupJobId>,
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
    /// What is backed up.
    #[serde(default, deserialize_with = "read::list")]
    pub resources: Vec<PlanResource>,
    /// How fast it may copy.
    #[serde(default, deserialize_with = "read::present")]
    pub speed_limit: Option<SpeedLimit>,
    /// About the free trial.
    pub trial_info: Option<TrialInfo>,
    /// When it was last changed.
    #[serde(default, rename = "UpdatedTime", deserialize_with = "read::unix")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// A rule of a backup plan.
///
/// ```
/// use alibaba_hbr::{BackupType, PlanRule, Schedule};
///
/// let start = "2026-01-01T00:00:00Z".parse()?;
/// let rule = PlanRule::new("daily", BackupType::Complete, Schedule::every_days(start, 1), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PlanRule {
    /// The id, which the service gives.
    #[serde(default, skip_serializing)]
    pub rule_id: Option<RuleId>,
    /// The name.
    pub rule_name: Option<String>,
    /// How much is copied.
    pub backup_type: Option<BackupType>,
    /// When it runs.
    pub schedule: Option<Schedule>,
    /// For how many days a backup is kept.
    #[serde(rename = "Retention")]
    pub retention_days: Option<i64>,
    /// Whether it is switched off.
    pub disabled: Option<bool>,
    /// Whether a copy is made in another region.
    pub do_copy: Option<bool>,
    /// The region of that copy.
    pub destination_region_id: Option<RegionId>,
    /// For how many days that copy is kept.
    #[serde(rename = "DestinationRetention")]
    pub destination_retention_days: Option<i64>,
}

impl PlanRule {
    /// A rule by its name.
    pub fn new(
        name: impl Into<String>,
        backup_type: BackupType,
        schedule: impl Into<Schedule>,
        retention_days: u32,
    ) -> Self {
        Self {
            rule_name: Some(name.into()),
            backup_type: Some(backup_type),
            schedule: Some(schedule.into()),
            retention_days: Some(retention_days.into()),
            ..Self::default()
        }
    }
}

/// A tag because of which a plan was made.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct HitTag {
    /// The key.
    #[serde(default, deserialize_with = "read::present")]
    pub key: Option<String>,
    /// How its value was compared.
    #[serde(default, deserialize_with = "read::present")]
    pub operator: Option<String>,
    /// The value.
    #[serde(default, deserialize_with = "read::present")]
    pub value: Option<String>,
}

/// What a plan backs up.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PlanResource {
    /// More about it, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub extra: Option<String>,
    /// What is backed up.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_id: Option<DataSourceId>,
    /// What kind of data it is.
    #[serde(default, deserialize_with = "read::present")]
    pub source_type: Option<SourceType>,
}
