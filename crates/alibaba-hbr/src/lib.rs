#![doc = include_str!("../README.md")]

mod backup_job;
mod backup_jobs;
mod binding;
mod clusters;
mod connect;
mod filter;
mod ids;
mod instance;
mod plan;
mod plans;
mod policies;
mod policy;
mod poller;
mod progress;
mod query;
mod read;
mod remedy;
mod report;
mod restore_job;
mod restore_jobs;
mod schedule;
mod service;
mod snapshot;
mod snapshots;
mod tablestore;
mod tag;
mod trial;
mod vault;
mod vaults;
mod volumes;
mod words;
mod write;

use alibaba_core::openapi::Operation;

/// Credentials, regions, errors: what the client is made of, and what it returns.
#[doc(no_inline)]
pub use alibaba_core as core;
/// The crate of the times in responses.
#[doc(no_inline)]
pub use chrono;

pub use backup_job::BackupJob;
pub use backup_jobs::{
    BackupJobCreated, BackupJobPage, CancelBackupJob, CreateBackupJob, DescribeBackupJobs2,
    SortDirection,
};
pub use binding::{
    AdvancedOptions, CommonNasOptions, FileOptions, FileSystemOptions, InstanceOptions, OssOptions,
    PolicyBinding,
};
pub use clusters::{
    AddContainerCluster, AgentStatus, ClusterType, ContainerCluster, ContainerClusterAdded,
    ContainerClusterPage, ContainerClusterUpdated, ContainerResource, ContainerResourcePage,
    ContainerResourceType, DeleteContainerCluster, DescribeContainerCluster,
    DescribeContainerResource, NetworkType, UpdateContainerCluster,
};
pub use connect::Client;
pub use filter::{Filter, FilterKey, FilterOperator, PlanFilter};
pub use ids::{
    AccountId, AckClusterId, BackupClientId, BackupJobId, BucketName, ClientGroupId,
    ContainerClusterId, ContainerResourceId, DataSourceId, FileSystemId, InstanceId, KmsKeyId,
    PlanId, PlanName, PolicyId, RegionId, ResourceGroupId, RestoreJobId, RoleName, RuleId,
    SnapshotHash, SnapshotId, TaskId, VaultId, VaultName,
};
pub use instance::{InstanceBackup, InstanceBackupDetail};
pub use plan::{BackupPlan, HitTag, PlanResource, PlanRule};
pub use plans::{
    BackupPlanCreated, BackupPlanExecuted, BackupPlanPage, CreateBackupPlan, DeleteBackupPlan,
    DescribeBackupPlans, ExecuteBackupPlan,
};
pub use policies::{
    CreatePolicyBindings, CreatePolicyV2, DescribePoliciesV2, PolicyCreated, PolicyPage,
};
pub use policy::{
    Account, DataSourceFilter, Policy, PolicyRule, PolicyType, RetentionRule, RuleType, TagFilter,
};
pub use poller::Poller;
pub use progress::Progress;
pub use query::{SearchOperation, SearchValue, SnapshotQuery};
pub use remedy::remedy;
pub use report::JobReport;
pub use restore_job::RestoreJob;
pub use restore_jobs::{
    CancelRestoreJob, CreateRestoreJob, DescribeRestoreJobs2, RestoreJobCreated, RestoreJobPage,
};
pub use schedule::{Schedule, SpeedLimit};
pub use service::{
    CheckRole, CheckRoleType, DescribeRegions, DescribeTask, GenerateRamPolicy, GeneratedRamPolicy,
    OpenHbrService, RamActionType, RegionList, RegionSummary, ServiceOpened, Task,
};
pub use snapshot::{Snapshot, SnapshotStatus};
pub use snapshots::{
    DeleteSnapshot, ListSnapshots, SearchHistoricalSnapshots, SearchOrder, SnapshotList,
    SnapshotPage,
};
pub use tablestore::{OtsRestore, OtsRestoreDetail, OtsTables};
pub use tag::Tag;
pub use trial::TrialInfo;
pub use vault::{
    BackupPlanStatistics, EncryptType, RedundancyType, ReplicationProgress, Vault, VaultStatus,
    VaultType,
};
pub use vaults::{CreateVault, DeleteVault, DescribeVaults, UpdateVault, VaultCreated, VaultPage};
pub use volumes::{
    ConflictPolicy, ContainerVolume, HostPath, HostPrefix, RestoreOptions, TargetContainer,
    VolumeInfo,
};
pub use words::{
    BackupType, CrossAccountType, Edition, JobStatus, RestoreType, SourceType, StorageClass,
};

/// Every operation of this client, with its parameters. The right that one needs is `hbr:` and its
/// action, on `*`.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        vaults::OPERATIONS,
        clusters::OPERATIONS,
        backup_jobs::OPERATIONS,
        restore_jobs::OPERATIONS,
        snapshots::OPERATIONS,
        plans::OPERATIONS,
        policies::OPERATIONS,
        service::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
