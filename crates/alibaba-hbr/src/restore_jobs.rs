//! Restore jobs.

use std::time::Duration;

use alibaba_core::openapi::{Acknowledged, Json};
use alibaba_core::{Error, Paginator, PendingState};
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::connect::Client;
use crate::filter::{Filter, FilterKey};
use crate::ids::{
    AccountId, BucketName, ContainerClusterId, FileSystemId, InstanceId, RegionId, RestoreJobId,
    RoleName, SnapshotHash, SnapshotId, VaultId,
};
use crate::poller::{Poller, Seen, bad_end};
use crate::progress::Progress;
use crate::read;
use crate::restore_job::RestoreJob;
use crate::tablestore::OtsRestore;
use crate::volumes::{RestoreOptions, TargetContainer};
use crate::words::{CrossAccountType, Edition, RestoreType, SourceType};
use crate::write;

alibaba_core::operations! {
    impl Client;
    /// The operations on restore jobs.
    pub(crate) const OPERATIONS;

    /// Begins to restore. For a volume of a container cluster, see
    /// [`create_container_restore_job`](Self::create_container_restore_job).
    ///
    /// The two kinds have to be the same kind of data. What is restored overwrites what is there, as
    /// [`RestoreOptions`] say. Needs `hbr:CreateRestoreJob` on `*`.
    ///
    /// It is not repeated after a broken connection, and nothing makes that safe: a second call restores
    /// a second time. Look by [`describe_restore_jobs`](Self::describe_restore_jobs) for a job of the
    /// same snapshot and target first.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use alibaba_hbr::{RestoreType, SourceType};
    ///
    /// let vault = "v-000fake00000000001";
    /// let call = hbr.create_restore_job(RestoreType::Nas, SourceType::Nas).vault_id(vault);
    /// let call = call.snapshot_id("s-000fake000000000001").snapshot_hash("f2fe0000");
    /// let call = call.target_file_system_id("0000fake01").target_created_at("2026-01-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>()?);
    /// let restore_id = call.target_path("/").send().await?.restore_id;
    /// hbr.restore_job_poller(vault, &restore_id).until_done().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn create_restore_job = CreateRestoreJob(
        restore_type: RestoreType = "RestoreType",
        source_type: SourceType = "SourceType",
    ) -> RestoreJobCreated {
        /// The vault that holds the backup.
        vault_id: VaultId = "VaultId";
        /// The backup snapshot.
        snapshot_id: SnapshotId = "SnapshotId";
        /// The hash of the backup snapshot.
        snapshot_hash: SnapshotHash = "SnapshotHash";
        /// The volume to restore into, with [`RestoreType::Container`].
        target_container: TargetContainer = "TargetContainer" [Json];
        /// The cluster to restore into, with [`RestoreType::Container`].
        target_container_cluster_id: ContainerClusterId = "TargetContainerClusterId";
        /// Whether the container service makes the call.
        initiated_by_ack: bool = "InitiatedByAck";
        /// How files are restored.
        options: RestoreOptions = "Options" [Json];
        /// The only paths to restore, in up to 255 characters of JSON.
        include: Vec<String> = "Include" [form, write::paths];
        /// Paths not to restore, in up to 255 characters of JSON.
        exclude: Vec<String> = "Exclude" [form, write::paths];
        /// The NAS file system to restore to, with [`RestoreType::Nas`].
        target_file_system_id: FileSystemId = "TargetFileSystemId";
        /// When that file system was created.
        target_created_at: DateTime<Utc> = "TargetCreateTime" [write::unix];
        /// The ECS instance to restore to, with [`RestoreType::EcsFile`].
        target_instance_id: InstanceId = "TargetInstanceId" [form];
        /// The path to restore to.
        target_path: String = "TargetPath" [form];
        /// The OSS bucket to restore to, with [`RestoreType::Oss`].
        target_bucket: BucketName = "TargetBucket";
        /// What the names of restored objects begin with, with [`RestoreType::Oss`].
        target_prefix: String = "TargetPrefix";
        /// The Tablestore instance to restore to, with [`RestoreType::OtsTable`].
        target_instance_name: String = "TargetInstanceName";
        /// The Tablestore table to restore to, with [`RestoreType::OtsTable`].
        target_table_name: String = "TargetTableName";
        /// The time as of which Tablestore is restored.
        target_time: DateTime<Utc> = "TargetTime" [write::unix];
        /// How Tablestore is restored.
        ots_detail: OtsRestore = "OtsDetail" [form, Json];
        /// How a whole instance is restored.
        udm_detail: Map<String, Value> = "UdmDetail" [Json];
        /// The region of a whole instance.
        udm_region_id: RegionId = "UdmRegionId";
        /// How a virtual machine outside of Alibaba Cloud is put back.
        failback_detail: Map<String, Value> = "FailbackDetail" [Json];
        /// The edition of the service.
        edition: Edition = "Edition";
        /// Whose data is restored.
        cross_account_type: CrossAccountType = "CrossAccountType";
        /// The account whose data is restored, with [`CrossAccountType::CrossAccount`].
        cross_account_user_id: AccountId = "CrossAccountUserId";
        /// The role there, with [`CrossAccountType::CrossAccount`].
        cross_account_role_name: RoleName = "CrossAccountRoleName";
    }

    /// Lists restore jobs.
    ///
    /// [`send`](DescribeRestoreJobs2::send) gets one page, [`items`](DescribeRestoreJobs2::items) all of
    /// them. Needs `hbr:DescribeRestoreJobs2` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{Filter, FilterKey, RestoreType};
    /// use futures::TryStreamExt as _;
    ///
    /// let in_vault = Filter::equal(FilterKey::VaultId, "v-000fake00000000001");
    /// let call = hbr.describe_restore_jobs().restore_type(RestoreType::Nas).filters([in_vault]);
    /// let jobs: Vec<_> = call.page_size(99_u32).items().try_collect().await?;
    /// println!("{} jobs", jobs.len());
    /// # Ok(())
    /// # }
    /// ```
    fn describe_restore_jobs = DescribeRestoreJobs2() -> RestoreJobPage {
        /// Only jobs that restore to this.
        restore_type: RestoreType = "RestoreType";
        /// Only jobs that fulfil these conditions. Of a [`FilterKey`], those before `Status` and
        /// `CompleteTime` are documented; there is none for the job's own id.
        filters: Vec<Filter> = "Filters";
        /// The edition of the service.
        edition: Edition = "Edition";
        /// Which page to get; the first, if this is not set.
        page_number: u32 = "PageNumber" [in 1..=u32::MAX.into()];
        /// How many jobs a page has at most; 10, if this is not set.
        page_size: u32 = "PageSize" [in 1..=99];
    }

    /// Asks a restore job to stop, which takes a while. What it has restored stays.
    ///
    /// A job that has ended already is an error. Needs `hbr:CancelRestoreJob` on `*`. The same call
    /// again has the same effect, and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// let call = hbr.cancel_restore_job("r-000fake000000001");
    /// call.vault_id("v-000fake00000000001").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn cancel_restore_job = CancelRestoreJob(restore_id: RestoreJobId = "RestoreId") -> Acknowledged [idempotent] {
        /// The vault that is restored from.
        vault_id: VaultId = "VaultId";
        /// The edition of the service.
        edition: Edition = "Edition";
    }
}

impl DescribeRestoreJobs2 {
    /// All jobs, page after page from the first.
    pub fn items(self) -> Paginator<RestoreJob> {
        self.call
            .list_by_number("list restore jobs", |page: RestoreJobPage| {
                (page.restore_jobs, page.total_count)
            })
    }
}

impl Client {
    /// Begins to restore a volume of a container cluster, as ACK's backup center does:
    /// [`create_restore_job`](Self::create_restore_job) of [`RestoreType::Container`], overwriting what
    /// is there.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::{HostPath, TargetContainer};
    ///
    /// let mount = HostPath::of_pod("99999999-8888-4777-8666-555555555555", "kubernetes.io~csi", "nas-11111111");
    /// let call = hbr.create_container_restore_job(
    ///     "v-000fake00000000001",
    ///     "s-000fake000000000001",
    ///     "f2fe0000",
    ///     "cc-000fake0000000001",
    ///     TargetContainer::new("cn-hangzhou.192.168.0.10", mount),
    /// );
    /// let restore_id = call.send().await?.restore_id;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_container_restore_job(
        &self,
        vault_id: impl Into<VaultId>,
        snapshot_id: impl Into<SnapshotId>,
        snapshot_hash: impl Into<SnapshotHash>,
        cluster_id: impl Into<ContainerClusterId>,
        target: TargetContainer,
    ) -> CreateRestoreJob {
        self.create_restore_job(RestoreType::Container, SourceType::Container)
            .vault_id(vault_id)
            .snapshot_id(snapshot_id)
            .snapshot_hash(snapshot_hash)
            .target_container_cluster_id(cluster_id)
            .target_container(target)
            .options(RestoreOptions::default())
            .initiated_by_ack(true)
    }

    /// Waits until a restore job has copied its data, a day at most unless set otherwise.
    ///
    /// Restore jobs cannot be looked up by their id: this reads those of the vault. The job that it
    /// gives may be [`PartialComplete`](crate::JobStatus::PartialComplete): some of the data is then
    /// missing, as its error message and report say.
    pub fn restore_job_poller(
        &self,
        vault_id: impl Into<VaultId>,
        restore_id: impl Into<RestoreJobId>,
    ) -> Poller<'static, RestoreJob> {
        let (vault_id, restore_id) = (vault_id.into(), restore_id.into());
        let what = format!("restore job `{restore_id}` of vault `{vault_id}`");
        Poller::new(self, what, Duration::from_secs(86_400), move |hbr| {
            let (vault_id, restore_id) = (vault_id.clone(), restore_id.clone());
            async move { look(hbr, &vault_id, &restore_id).await }
        })
    }
}

async fn look(
    hbr: Client,
    vault_id: &VaultId,
    restore_id: &RestoreJobId,
) -> Result<Seen<RestoreJob>, Error> {
    let in_vault = Filter::equal(FilterKey::VaultId, vault_id);
    let call = hbr.describe_restore_jobs().filters([in_vault]);
    let mut jobs = call.page_size(99_u32).items();
    while let Some(job) = jobs.try_next().await? {
        if job.id != *restore_id {
            continue;
        }
        return Ok(if job.status.has_data() {
            Seen::Done(job)
        } else if job.status.is_final() {
            let what = format!("restore job `{restore_id}`");
            Seen::Failed(bad_end(
                &what,
                job.status.as_str(),
                job.error_message.as_deref(),
            ))
        } else {
            let percent = job.progress.map(Progress::percent);
            Seen::Pending(PendingState::new(job.status.as_str()).with_percent(percent))
        });
    }
    Ok(Seen::Absent)
}

/// A restore job that has begun.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RestoreJobCreated {
    /// What support asks for.
    pub request_id: String,
    /// The job.
    pub restore_id: RestoreJobId,
}

/// A page of restore jobs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RestoreJobPage {
    /// What support asks for.
    pub request_id: String,
    /// The jobs.
    #[serde(default, deserialize_with = "read::list")]
    pub restore_jobs: Vec<RestoreJob>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// The number of the page.
    pub page_number: Option<u32>,
    /// How many a page has at most.
    pub page_size: Option<u32>,
}
