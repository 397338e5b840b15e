//! Backup policies and their rules.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, DataSourceId, PolicyId, RegionId, RoleName, RuleId, VaultId};
use crate::read;
use crate::schedule::Schedule;
use crate::words::{BackupType, CrossAccountType, SourceType};

alibaba_core::words! {
    /// What a backup policy is for.
    PolicyType {
        /// All kinds of data.
        Standard = "STANDARD",
        /// Whole ECS instances alone.
        UdmEcsOnly = "UDM_ECS_ONLY",
    }

    /// What a rule of a backup policy does.
    RuleType {
        /// It backs up.
        Backup = "BACKUP",
    }
}

/// A backup policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Policy {
    /// The id.
    #[serde(rename = "PolicyId")]
    pub id: PolicyId,
    /// The name.
    #[serde(default, rename = "PolicyName", deserialize_with = "read::present")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(
        default,
        rename = "PolicyDescription",
        deserialize_with = "read::present"
    )]
    pub description: Option<String>,
    /// What kinds of data it is for.
    #[serde(default, deserialize_with = "read::present")]
    pub policy_type: Option<PolicyType>,
    /// The rules.
    #[serde(default, deserialize_with = "read::list")]
    pub rules: Vec<PolicyRule>,
    /// Whether the service works for it, such as `ACTIVE`.
    #[serde(default, deserialize_with = "read::present")]
    pub business_status: Option<String>,
    /// When it was made.
    #[serde(default, rename = "CreatedTime", deserialize_with = "read::unix")]
    pub created_at: Option<DateTime<Utc>>,
    /// How much is bound to it.
    #[serde(rename = "PolicyBindingCount")]
    pub binding_count: Option<u64>,
    /// When it was last changed.
    #[serde(default, rename = "UpdatedTime", deserialize_with = "read::unix")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// A rule of a backup policy.
///
/// ```
/// use alibaba_hbr::{BackupType, PolicyRule, Schedule};
///
/// let start = "2026-01-01T00:00:00Z".parse()?;
/// let mut rule = PolicyRule::backup("v-000fake00000000001", Schedule::every_days(start, 1), 7);
/// rule.immutable = Some(true);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyRule {
    /// The id, which the service gives.
    #[serde(default, skip_serializing)]
    pub rule_id: Option<RuleId>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_type: Option<RuleType>,
    /// How much is copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_type: Option<BackupType>,
    /// When it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// For how many days a backup is kept.
    #[serde(skip_serializing_if = "Option::is_none", rename = "Retention")]
    pub retention_days: Option<i64>,
    /// The vault to back up to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault_id: Option<VaultId>,
    /// After how many days a backup is archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_days: Option<i64>,
    /// 1 keeps the latest backup whatever its age.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_latest_snapshots: Option<i64>,
    /// Whether backups are locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable: Option<bool>,
    /// The region that backups are replicated to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replication_region_id: Option<RegionId>,
    /// Which backups are kept for longer.
    #[serde(
        default,
        deserialize_with = "read::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub retention_rules: Vec<RetentionRule>,
    /// By which data sources it finds what to back up.
    #[serde(
        default,
        deserialize_with = "read::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub data_source_filters: Vec<DataSourceFilter>,
    /// By which tags it finds what to back up.
    #[serde(
        default,
        deserialize_with = "read::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tag_filters: Vec<TagFilter>,
}

impl PolicyRule {
    /// A rule that backs up completely.
    pub fn backup(
        vault_id: impl Into<VaultId>,
        schedule: impl Into<Schedule>,
        retention_days: u32,
    ) -> Self {
        Self {
            rule_type: Some(RuleType::Backup),
            backup_type: Some(BackupType::Complete),
            schedule: Some(schedule.into()),
            retention_days: Some(retention_days.into()),
            vault_id: Some(vault_id.into()),
            ..Self::default()
        }
    }
}

/// Which backups are kept for longer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RetentionRule {
    /// Of which period, as the service names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advanced_retention_type: Option<String>,
    /// For how many days.
    #[serde(skip_serializing_if = "Option::is_none", rename = "Retention")]
    pub retention_days: Option<i64>,
    /// Which of the period's backups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub which_snapshot: Option<i64>,
}

/// Data sources by kind, id and account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DataSourceFilter {
    /// Their kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<SourceType>,
    /// Only these.
    #[serde(
        default,
        deserialize_with = "read::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub data_source_ids: Vec<DataSourceId>,
    /// In which accounts, as the service names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_scope: Option<String>,
    /// Only in these accounts.
    #[serde(
        default,
        deserialize_with = "read::list",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub accounts: Vec<Account>,
}

/// An account whose data is backed up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Account {
    /// Whether it is the account's own or another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_account_type: Option<CrossAccountType>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_account_user_id: Option<AccountId>,
    /// The role there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cross_account_role_name: Option<RoleName>,
}

/// Data sources by a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TagFilter {
    /// The key.
    pub key: String,
    /// How its value is compared, as the service names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}
