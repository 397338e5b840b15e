//! Backup plans: backups by a schedule.

use alibaba_core::Paginator;
use alibaba_core::openapi::{Acknowledged, Json};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::connect::Client;
use crate::filter::PlanFilter;
use crate::ids::{
    AccountId, BackupJobId, BucketName, ClientGroupId, DataSourceId, FileSystemId, InstanceId,
    PlanId, PlanName, RegionId, RoleName, RuleId, VaultId,
};
use crate::instance::InstanceBackupDetail;
use crate::plan::{BackupPlan, PlanRule};
use crate::read;
use crate::schedule::{Schedule, SpeedLimit};
use crate::tablestore::OtsTables;
use crate::words::{BackupType, CrossAccountType, Edition, SourceType};
use crate::write;

alibaba_core::operations! {
    impl Client;
    /// The operations on backup plans.
    pub(crate) const OPERATIONS;

    /// Creates a backup plan.
    ///
    /// What its jobs store is billed until the backups have expired. Needs `hbr:CreateBackupPlan` on
    /// `*`. It is not repeated after a broken connection: names are unique for a kind of data in a
    /// vault, so look by [`describe_backup_plans`](Self::describe_backup_plans) first.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use alibaba_hbr::{BackupType, Schedule, SourceType};
    ///
    /// let start = "2026-01-01T00:00:00Z".parse()?;
    /// let call = hbr.create_backup_plan(SourceType::Oss).plan_name("nightly").vault_id("v-000fake00000000001");
    /// let call = call.bucket("demo-bucket").prefix("data/").backup_type(BackupType::Complete);
    /// let call = call.schedule(Schedule::every_days(start, 1)).retention_days(7_u32);
    /// println!("{}", call.send().await?.plan_id);
    /// # Ok(())
    /// # }
    /// ```
    fn create_backup_plan = CreateBackupPlan(source_type: SourceType = "SourceType") -> BackupPlanCreated {
        /// The name.
        plan_name: PlanName = "PlanName";
        /// The vault to back up to.
        vault_id: VaultId = "VaultId";
        /// How much is copied.
        backup_type: BackupType = "BackupType";
        /// When it runs.
        schedule: Schedule = "Schedule";
        /// For how many days a backup is kept.
        retention_days: u32 = "Retention";
        /// 1 keeps the latest backup whatever its age.
        keep_latest_snapshots: u32 = "KeepLatestSnapshots" [in 0..=1];
        /// Whether it is switched off.
        disabled: bool = "Disabled";
        /// Its rules, of plans that have several.
        rules: Vec<PlanRule> = "Rule" [form];
        /// The paths to back up.
        paths: Vec<String> = "Path" [form];
        /// The only paths to take, in up to 255 characters of JSON.
        include: Vec<String> = "Include" [form, write::paths];
        /// Paths to leave out, in up to 255 characters of JSON.
        exclude: Vec<String> = "Exclude" [form, write::paths];
        /// More options, by the kind of data.
        options: Map<String, Value> = "Options" [form, Json];
        /// How fast its jobs may copy.
        speed_limit: SpeedLimit = "SpeedLimit" [form];
        /// The OSS bucket to back up, with [`SourceType::Oss`].
        bucket: BucketName = "Bucket";
        /// What the names of the objects begin with, with [`SourceType::Oss`].
        prefix: String = "Prefix";
        /// The NAS file system to back up, with [`SourceType::Nas`].
        file_system_id: FileSystemId = "FileSystemId";
        /// When that file system was created.
        source_created_at: DateTime<Utc> = "CreateTime" [write::unix];
        /// The ECS instance to back up.
        instance_id: InstanceId = "InstanceId" [form];
        /// How a whole instance is backed up, with [`SourceType::UdmEcs`].
        detail: InstanceBackupDetail = "Detail" [Json];
        /// The region of a whole instance.
        udm_region_id: RegionId = "UdmRegionId";
        /// The Tablestore instance to back up.
        instance_name: String = "InstanceName" [form];
        /// The tables to back up.
        ots_detail: OtsTables = "OtsDetail" [form, Json];
        /// The group of backup clients, with [`SourceType::Sync`].
        cluster_id: ClientGroupId = "ClusterId";
        /// What to copy from, with [`SourceType::Sync`].
        data_source_id: DataSourceId = "DataSourceId" [form];
        /// The list of changed files, with [`SourceType::Sync`].
        change_list_path: String = "ChangeListPath";
        /// The kind of what is copied to, with [`SourceType::Sync`].
        dest_source_type: SourceType = "DestSourceType";
        /// What to copy to, with [`SourceType::Sync`].
        dest_data_source_id: DataSourceId = "DestDataSourceId";
        /// More about it, with [`SourceType::Sync`].
        dest_data_source_detail: Map<String, Value> = "DestDataSourceDetail" [Json];
        /// The edition of the service.
        edition: Edition = "Edition";
        /// Whose data is backed up.
        cross_account_type: CrossAccountType = "CrossAccountType";
        /// The account whose data is backed up, with [`CrossAccountType::CrossAccount`].
        cross_account_user_id: AccountId = "CrossAccountUserId";
        /// The role there, with [`CrossAccountType::CrossAccount`].
        cross_account_role_name: RoleName = "CrossAccountRoleName";
    }

    /// Lists backup plans.
    ///
    /// [`send`](DescribeBackupPlans::send) gets one page, [`items`](DescribeBackupPlans::items) all of
    /// them. Needs `hbr:DescribeBackupPlans` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{FilterKey, PlanFilter, SourceType};
    ///
    /// let in_vault = PlanFilter::any_of(FilterKey::VaultId, ["v-000fake00000000001"]);
    /// let call = hbr.describe_backup_plans().source_type(SourceType::Oss).filters([in_vault]);
    /// for plan in call.send().await?.backup_plans {
    ///     println!("{}: {:?}", plan.id, plan.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_backup_plans = DescribeBackupPlans() -> BackupPlanPage {
        /// Only plans of this kind of data.
        source_type: SourceType = "SourceType";
        /// Only plans that fulfil these conditions.
        filters: Vec<PlanFilter> = "Filters";
        /// The edition of the service.
        edition: Edition = "Edition";
        /// Which page to get; the first, if this is not set.
        page_number: u32 = "PageNumber" [in 1..=u32::MAX.into()];
        /// How many plans a page has at most; 10, if this is not set.
        page_size: u32 = "PageSize" [in 1..=99];
    }

    /// Begins a job of a backup plan now.
    ///
    /// What it stores is billed until the backup has expired. Needs `hbr:ExecuteBackupPlan` on `*`. It
    /// is not repeated after a broken connection: look by
    /// [`describe_backup_jobs`](Self::describe_backup_jobs) for a new job of the plan first.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// let call = hbr.execute_backup_plan("plan-000fake00000001").vault_id("v-000fake00000000001");
    /// let job_id = call.send().await?.job_id;
    /// hbr.backup_job_poller(&job_id).until_done().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn execute_backup_plan = ExecuteBackupPlan(plan_id: PlanId = "PlanId") -> BackupPlanExecuted {
        /// The vault that the plan backs up to.
        vault_id: VaultId = "VaultId";
        /// The kind of its data.
        source_type: SourceType = "SourceType";
        /// The rule to follow.
        rule_id: RuleId = "RuleId";
        /// The edition of the service.
        edition: Edition = "Edition";
    }

    /// Deletes a backup plan.
    ///
    /// Needs `hbr:DeleteBackupPlan` on `*`. It is repeated after a broken connection, and may then fail
    /// because it is done.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// let call = hbr.delete_backup_plan("plan-000fake00000001").vault_id("v-000fake00000000001");
    /// call.require_no_running_jobs(true).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_backup_plan = DeleteBackupPlan(plan_id: PlanId = "PlanId") -> Acknowledged [idempotent] {
        /// The vault that the plan backs up to.
        vault_id: VaultId = "VaultId";
        /// The kind of its data.
        source_type: SourceType = "SourceType";
        /// Refuses while jobs of the plan run.
        require_no_running_jobs: bool = "RequireNoRunningJobs";
        /// The edition of the service.
        edition: Edition = "Edition";
    }
}

impl DescribeBackupPlans {
    /// All plans, page after page from the first.
    pub fn items(self) -> Paginator<BackupPlan> {
        self.call
            .list_by_number("list backup plans", |page: BackupPlanPage| {
                (page.backup_plans, page.total_count)
            })
    }
}

/// A backup plan that was created.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BackupPlanCreated {
    /// What support asks for.
    pub request_id: String,
    /// The plan.
    pub plan_id: PlanId,
}

/// A job of a plan that has begun.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BackupPlanExecuted {
    /// What support asks for.
    pub request_id: String,
    /// The job.
    pub job_id: BackupJobId,
}

/// A page of backup plans.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BackupPlanPage {
    /// What support asks for.
    pub request_id: String,
    /// The plans.
    #[serde(default, deserialize_with = "read::list")]
    pub backup_plans: Vec<BackupPlan>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// The number of the page.
    pub page_number: Option<u32>,
    /// How many a page has at most.
    pub page_size: Option<u32>,
}
