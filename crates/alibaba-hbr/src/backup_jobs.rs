//! Backup jobs.

use std::time::Duration;

use alibaba_core::openapi::{Acknowledged, Json};
use alibaba_core::{Error, Paginator, PendingState};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::backup_job::BackupJob;
use crate::connect::Client;
use crate::filter::{Filter, FilterKey};
use crate::ids::{
    AccountId, BackupJobId, ClientGroupId, ContainerClusterId, InstanceId, RoleName, VaultId,
};
use crate::instance::InstanceBackupDetail;
use crate::poller::{Poller, Seen, bad_end};
use crate::progress::Progress;
use crate::read;
use crate::schedule::SpeedLimit;
use crate::volumes::ContainerVolume;
use crate::words::{BackupType, CrossAccountType, Edition, SourceType};
use crate::write;

alibaba_core::operations! {
    impl Client;
    /// The operations on backup jobs.
    pub(crate) const OPERATIONS;

    /// Begins to back up once, without a plan. For volumes of a container cluster, see
    /// [`create_container_backup_job`](Self::create_container_backup_job).
    ///
    /// What is stored is billed until the backup has expired. Needs `hbr:CreateBackupJob` on `*`.
    ///
    /// It is not repeated after a broken connection: a second call makes a second job. Look by
    /// [`describe_backup_jobs`](Self::describe_backup_jobs) for the job's name in the vault first.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{BackupType, SourceType};
    ///
    /// let call = hbr.create_backup_job(SourceType::UdmEcs, 7_u32).backup_type(BackupType::Complete);
    /// let job_id = call.instance_id("i-bp1fake0000000000001").send().await?.job_id;
    /// hbr.backup_job_poller(&job_id).until_done().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn create_backup_job = CreateBackupJob(
        source_type: SourceType = "SourceType",
        retention_days: u32 = "Retention",
    ) -> BackupJobCreated {
        /// The vault to back up to. Only [`SourceType::UdmEcs`] needs none.
        vault_id: VaultId = "VaultId";
        /// How much is copied.
        backup_type: BackupType = "BackupType";
        /// The name of the job.
        job_name: String = "JobName";
        /// The cluster whose volumes are backed up, with [`SourceType::Container`].
        container_cluster_id: ContainerClusterId = "ContainerClusterId";
        /// The volumes to back up, with [`SourceType::Container`].
        container_resources: Vec<ContainerVolume> = "ContainerResources" [write::volumes];
        /// Whether the container service makes the call.
        initiated_by_ack: bool = "InitiatedByAck";
        /// The instance to back up, with [`SourceType::UdmEcs`].
        instance_id: InstanceId = "InstanceId";
        /// How the instance is backed up, with [`SourceType::UdmEcs`].
        detail: InstanceBackupDetail = "Detail" [Json];
        /// The only paths to take, in up to 255 characters of JSON.
        include: Vec<String> = "Include" [write::paths];
        /// Paths to leave out, in up to 255 characters of JSON.
        exclude: Vec<String> = "Exclude" [write::paths];
        /// More options, by the kind of data.
        options: Map<String, Value> = "Options" [Json];
        /// How fast the job may copy.
        speed_limit: SpeedLimit = "SpeedLimit";
        /// A group of backup clients, which is no container cluster.
        cluster_id: ClientGroupId = "ClusterId";
        /// Whose data is backed up.
        cross_account_type: CrossAccountType = "CrossAccountType";
        /// The account whose data is backed up, with [`CrossAccountType::CrossAccount`].
        cross_account_user_id: AccountId = "CrossAccountUserId";
        /// The role there, with [`CrossAccountType::CrossAccount`].
        cross_account_role_name: RoleName = "CrossAccountRoleName";
    }

    /// Lists backup jobs, the newest first.
    ///
    /// [`send`](DescribeBackupJobs2::send) gets one page, [`items`](DescribeBackupJobs2::items) all of
    /// them. Needs `hbr:DescribeBackupJobs2` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{Filter, FilterKey, SourceType};
    /// use futures::TryStreamExt as _;
    ///
    /// let in_vault = Filter::equal(FilterKey::VaultId, "v-000fake00000000001");
    /// let call = hbr.describe_backup_jobs().source_type(SourceType::Container).filters([in_vault]);
    /// let mut jobs = call.page_size(99_u32).items();
    /// while let Some(job) = jobs.try_next().await? {
    ///     println!("{} is {} at {:?}", job.id, job.status, job.progress);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_backup_jobs = DescribeBackupJobs2() -> BackupJobPage {
        /// Only jobs of this kind of data.
        source_type: SourceType = "SourceType";
        /// Only jobs that fulfil these conditions. Any [`FilterKey`] will do.
        filters: Vec<Filter> = "Filters";
        /// The order by time.
        sort_direction: SortDirection = "SortDirection";
        /// The edition of the service.
        edition: Edition = "Edition";
        /// Which page to get; the first, if this is not set.
        page_number: u32 = "PageNumber" [in 1..=u32::MAX.into()];
        /// How many jobs a page has at most; 10, if this is not set.
        page_size: u32 = "PageSize" [in 1..=99];
    }

    /// Asks a backup job to stop, which takes a while.
    ///
    /// A job that has ended already is an error. Needs `hbr:CancelBackupJob` on `*`. The same call
    /// again has the same effect, and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// let call = hbr.cancel_backup_job("job-000fake000000001");
    /// call.vault_id("v-000fake00000000001").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn cancel_backup_job = CancelBackupJob(job_id: BackupJobId = "JobId") -> Acknowledged [idempotent] {
        /// The vault that the job backs up to.
        vault_id: VaultId = "VaultId";
        /// The edition of the service.
        edition: Edition = "Edition";
    }
}

alibaba_core::words! {
    /// The order of listed jobs.
    SortDirection {
        /// The newest first.
        Descending = "DESCEND",
        /// The oldest first.
        Ascending = "ASCEND",
    }
}

impl DescribeBackupJobs2 {
    /// All jobs, page after page from the first.
    pub fn items(self) -> Paginator<BackupJob> {
        self.call
            .list_by_number("list backup jobs", |page: BackupJobPage| {
                (page.backup_jobs, page.total_count)
            })
    }
}

impl Client {
    /// Begins to back up volumes of a container cluster, as ACK's backup center does:
    /// [`create_backup_job`](Self::create_backup_job) of [`SourceType::Container`], incremental.
    ///
    /// Each volume makes a backup snapshot of its own. The vault has to be created, and the backup
    /// client has to run in the cluster: without it, the job fails with `ClientNotExist`.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{ContainerVolume, HostPrefix, VolumeInfo};
    ///
    /// let volume = ContainerVolume::new(
    ///     "11111111-2222-4333-8444-555555555555",
    ///     VolumeInfo {
    ///         pv_name: "nas-11111111".to_owned(),
    ///         pv_size: "20Gi".to_owned(),
    ///         storage_class: "alibabacloud-cnfs-nas".to_owned(),
    ///         pvc_name: "data-demo-0".to_owned(),
    ///         namespace: "demo".to_owned(),
    ///     },
    ///     "cn-hangzhou.192.168.0.10",
    ///     HostPrefix::of_pod("99999999-8888-4777-8666-555555555555", "kubernetes.io~csi", "nas-11111111"),
    /// );
    /// let call = hbr.create_container_backup_job("v-000fake00000000001", "cc-000fake0000000001", [volume], 30);
    /// let job_id = call.job_name("demo-backup-hbr").send().await?.job_id;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_container_backup_job(
        &self,
        vault_id: impl Into<VaultId>,
        cluster_id: impl Into<ContainerClusterId>,
        volumes: impl Into<Vec<ContainerVolume>>,
        retention_days: u32,
    ) -> CreateBackupJob {
        self.create_backup_job(SourceType::Container, retention_days)
            .vault_id(vault_id)
            .backup_type(BackupType::Incremental)
            .container_cluster_id(cluster_id)
            .container_resources(volumes)
            .initiated_by_ack(true)
    }

    /// Waits until a backup job has copied its data, a day at most unless set otherwise.
    ///
    /// The job that it gives may be [`PartialComplete`](crate::JobStatus::PartialComplete): some of the
    /// data is then missing, as its error message and report say.
    pub fn backup_job_poller(&self, job_id: impl Into<BackupJobId>) -> Poller<'static, BackupJob> {
        let job_id = job_id.into();
        let what = format!("backup job `{job_id}`");
        Poller::new(self, what, Duration::from_secs(86_400), move |hbr| {
            let job_id = job_id.clone();
            async move { look(hbr, &job_id).await }
        })
    }
}

async fn look(hbr: Client, job_id: &BackupJobId) -> Result<Seen<BackupJob>, Error> {
    let of_job = Filter::equal(FilterKey::JobId, job_id);
    let page = hbr.describe_backup_jobs().filters([of_job]).send().await?;
    let Some(job) = page.backup_jobs.into_iter().find(|job| job.id == *job_id) else {
        return Ok(Seen::Absent);
    };
    Ok(if job.status.has_data() {
        Seen::Done(job)
    } else if job.status.is_final() {
        let what = format!("backup job `{job_id}`");
        Seen::Failed(bad_end(
            &what,
            job.status.as_str(),
            job.error_message.as_deref(),
        ))
    } else {
        let percent = job.progress.map(Progress::percent);
        Seen::Pending(PendingState::new(job.status.as_str()).with_percent(percent))
    })
}

/// A backup job that has begun.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BackupJobCreated {
    /// What support asks for.
    pub request_id: String,
    /// The job.
    pub job_id: BackupJobId,
}

/// A page of backup jobs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct BackupJobPage {
    /// What support asks for.
    pub request_id: String,
    /// The jobs.
    #[serde(default, deserialize_with = "read::list")]
    pub backup_jobs: Vec<BackupJob>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// The number of the page.
    pub page_number: Option<u32>,
    /// How many a page has at most.
    pub page_size: Option<u32>,
}
