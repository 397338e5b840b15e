//! Vaults, as they are described.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::ids::{AccountId, BucketName, KmsKeyId, RegionId, ResourceGroupId, VaultId};
use crate::read;
use crate::tag::Tag;
use crate::trial::TrialInfo;
use crate::words::{SourceType, StorageClass};

alibaba_core::words! {
    /// What a vault has come to.
    VaultStatus {
        /// It is being made.
        Initializing = "INITIALIZING",
        /// It may be used.
        Created = "CREATED",
        /// It could not be made.
        Error = "ERROR",
    }

    /// What a vault is for.
    VaultType {
        /// All but Tablestore.
        Standard = "STANDARD",
        /// Tablestore.
        OtsBackup = "OTS_BACKUP",
    }

    /// Whose key encrypts a vault.
    EncryptType {
        /// The service's.
        HbrPrivate = "HBR_PRIVATE",
        /// One of the account, from the Key Management Service.
        Kms = "KMS",
    }

    /// Over what a vault's data is spread.
    RedundancyType {
        /// One zone.
        Local = "LRS",
        /// Several zones.
        Zone = "ZRS",
    }
}

/// A vault.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Vault {
    /// The id.
    #[serde(rename = "VaultId")]
    pub id: VaultId,
    /// The name.
    #[serde(default, rename = "VaultName", deserialize_with = "read::present")]
    pub name: Option<String>,
    /// What it has come to.
    pub status: VaultStatus,
    /// What more there is to say of its status.
    #[serde(
        default,
        rename = "VaultStatusMessage",
        deserialize_with = "read::present"
    )]
    pub status_message: Option<String>,
    /// The region.
    #[serde(default, rename = "VaultRegionId", deserialize_with = "read::present")]
    pub region_id: Option<RegionId>,
    /// What it is for.
    #[serde(default, deserialize_with = "read::present")]
    pub description: Option<String>,
    /// What it is for.
    #[serde(default, deserialize_with = "read::present")]
    pub vault_type: Option<VaultType>,
    /// How its data is stored.
    #[serde(
        default,
        rename = "VaultStorageClass",
        deserialize_with = "read::present"
    )]
    pub storage_class: Option<StorageClass>,
    /// When it was made.
    #[serde(default, rename = "CreatedTime", deserialize_with = "read::unix")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[serde(default, rename = "UpdatedTime", deserialize_with = "read::unix")]
    pub updated_at: Option<DateTime<Utc>>,
    /// How many bytes were archived.
    pub archive_bytes_done: Option<u64>,
    /// How many bytes the archive takes.
    #[serde(rename = "ArchiveStorageSize")]
    pub archive_storage_bytes: Option<u64>,
    /// How many plans back up to it, by kind of data.
    pub backup_plan_statistics: Option<BackupPlanStatistics>,
    /// The OSS bucket that holds the vault.
    #[serde(default, deserialize_with = "read::present")]
    pub bucket_name: Option<BucketName>,
    /// How many bytes are done.
    pub bytes_done: Option<u64>,
    /// How it is billed.
    #[serde(default, deserialize_with = "read::present")]
    pub charge_type: Option<String>,
    /// How many bytes are billed.
    #[serde(rename = "ChargedStorageSize")]
    pub charged_storage_bytes: Option<u64>,
    /// How data is compressed.
    #[serde(default, deserialize_with = "read::present")]
    pub compression_algorithm: Option<String>,
    /// Whether data is stored once that is there several times.
    pub dedup: Option<bool>,
    /// Whose key encrypts it.
    #[serde(default, deserialize_with = "read::present")]
    pub encrypt_type: Option<EncryptType>,
    /// Whether the index may be searched, which is not so while it is updated.
    pub index_available: Option<bool>,
    /// What the index knows.
    #[serde(default, deserialize_with = "read::present")]
    pub index_level: Option<String>,
    /// When the index was updated.
    #[serde(default, rename = "IndexUpdateTime", deserialize_with = "read::unix")]
    pub index_updated_at: Option<DateTime<Utc>>,
    /// The key that encrypts it.
    #[serde(default, deserialize_with = "read::present")]
    pub kms_key_id: Option<KmsKeyId>,
    /// When it was last replicated.
    #[serde(
        default,
        rename = "LatestReplicationTime",
        deserialize_with = "read::unix"
    )]
    pub latest_replication_at: Option<DateTime<Utc>>,
    /// Over what its data is spread.
    #[serde(default, deserialize_with = "read::present")]
    pub redundancy_type: Option<RedundancyType>,
    /// Whether it is a copy of another vault.
    pub replication: Option<bool>,
    /// How much of it is replicated.
    pub replication_progress: Option<ReplicationProgress>,
    /// The account of the vault that it is a copy of.
    pub replication_source_owner_id: Option<AccountId>,
    /// The region of the vault that it is a copy of.
    #[serde(default, deserialize_with = "read::present")]
    pub replication_source_region_id: Option<RegionId>,
    /// Whether it has a copy.
    pub replication_source_vault: Option<bool>,
    /// The vault that it is a copy of.
    #[serde(default, deserialize_with = "read::present")]
    pub replication_source_vault_id: Option<VaultId>,
    /// Whether it is replicated, as the service says.
    #[serde(default, deserialize_with = "read::present")]
    pub replication_status: Option<String>,
    /// The account of its copy.
    pub replication_target_owner_id: Option<AccountId>,
    /// The region of its copy.
    #[serde(default, deserialize_with = "read::present")]
    pub replication_target_region_id: Option<RegionId>,
    /// Its copy.
    #[serde(default, deserialize_with = "read::present")]
    pub replication_target_vault_id: Option<VaultId>,
    /// The resource group.
    #[serde(default, deserialize_with = "read::present")]
    pub resource_group_id: Option<ResourceGroupId>,
    /// For how many days it is kept.
    #[serde(rename = "Retention")]
    pub retention_days: Option<i64>,
    /// The accounts that it is shared with.
    #[serde(default, deserialize_with = "read::list")]
    pub rs_target_account_ids: Vec<AccountId>,
    /// Whether it can be searched.
    pub search_enabled: Option<bool>,
    /// How many snapshots it holds.
    pub snapshot_count: Option<u64>,
    /// What kinds of data it holds.
    #[serde(default, deserialize_with = "read::list")]
    pub source_types: Vec<SourceType>,
    /// How many bytes it takes.
    #[serde(rename = "StorageSize")]
    pub storage_bytes: Option<u64>,
    /// The tags.
    #[serde(default, deserialize_with = "read::list")]
    pub tags: Vec<Tag>,
    /// About the free trial.
    pub trial_info: Option<TrialInfo>,
    /// The account that it belongs to.
    #[serde(rename = "VaultOwnerId")]
    pub owner_id: Option<AccountId>,
    /// Whether backups are locked: nothing can be deleted before its time.
    pub worm_enabled: Option<bool>,
}

/// How many plans back up to a vault, by kind of data.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BackupPlanStatistics {
    /// Archived data.
    pub archive: Option<u32>,
    /// CPFS, of the newer kind.
    pub common_file_system: Option<u32>,
    /// NAS, of the other kind.
    pub common_nas: Option<u32>,
    /// CPFS.
    pub cpfs: Option<u32>,
    /// Cloud Storage Gateway.
    pub csg: Option<u32>,
    /// Files of ECS instances.
    pub ecs_file: Option<u32>,
    /// SAP HANA on ECS.
    pub ecs_hana: Option<u32>,
    /// Isilon.
    pub isilon: Option<u32>,
    /// Files of machines outside of Alibaba Cloud.
    pub local_file: Option<u32>,
    /// Virtual machines outside of Alibaba Cloud.
    pub local_vm: Option<u32>,
    /// MySQL.
    pub my_sql: Option<u32>,
    /// NAS.
    pub nas: Option<u32>,
    /// Oracle.
    pub oracle: Option<u32>,
    /// OSS.
    pub oss: Option<u32>,
    /// Tablestore.
    pub ots: Option<u32>,
    /// SQL Server.
    pub sql_server: Option<u32>,
}

/// How much of a vault is replicated.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ReplicationProgress {
    /// How much of the data from before is replicated, of 100.
    #[serde(rename = "HistoricalReplicationProgress")]
    pub historical_percent: Option<u32>,
    /// Up to when new data is replicated.
    #[serde(
        default,
        rename = "NewReplicationProgress",
        deserialize_with = "read::unix"
    )]
    pub new_data_until: Option<DateTime<Utc>>,
}
