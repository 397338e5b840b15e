//! The service itself: opening it, its regions, roles and tasks.

use alibaba_core::openapi::Acknowledged;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::connect::Client;
use crate::ids::{AccountId, RegionId, ResourceGroupId, RoleName, TaskId, VaultId};
use crate::progress::Progress;
use crate::read;

alibaba_core::operations! {
    impl Client;
    /// The operations on the service itself.
    pub(crate) const OPERATIONS;

    /// Opens Cloud Backup for the account. Until then, all else is refused.
    ///
    /// Opening costs nothing, what is stored does. Needs `hbr:OpenHbrService` on `*`. Where it is open,
    /// nothing happens, and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// hbr.open_hbr_service().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn open_hbr_service = OpenHbrService() -> ServiceOpened [idempotent] {}

    /// Lists the regions that have Cloud Backup.
    ///
    /// Needs `hbr:DescribeRegions` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// for region in hbr.describe_regions().send().await?.regions {
    ///     println!("{}", region.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_regions = DescribeRegions() -> RegionList {}

    /// Says how far a task has come, such as the making of a vault.
    ///
    /// Needs `hbr:DescribeTask` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// let task = hbr.describe_task().task_id("t-000fake00000001").send().await?;
    /// println!("{:?}", task.progress);
    /// # Ok(())
    /// # }
    /// ```
    fn describe_task = DescribeTask() -> Task {
        /// The task.
        task_id: TaskId = "TaskId";
        /// The resource group that it belongs to.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// For the service's own calls.
        token: String = "Token";
    }

    /// Tests whether Cloud Backup has the role that it needs for a kind of data. It fails where the role
    /// is missing.
    ///
    /// Needs `hbr:CheckRole` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// hbr.check_role().check_role_type(alibaba_hbr::CheckRoleType::Oss).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn check_role = CheckRole() -> Acknowledged [idempotent] {
        /// Which role to test.
        check_role_type: CheckRoleType = "CheckRoleType";
        /// The account whose data is backed up, where it is another.
        cross_account_user_id: AccountId = "CrossAccountUserId";
        /// The role there.
        cross_account_role_name: RoleName = "CrossAccountRoleName";
    }

    /// Writes the RAM policy that a caller needs for a vault.
    ///
    /// Needs `hbr:GenerateRamPolicy` on `*`. It changes nothing.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_hbr::RamActionType;
    ///
    /// let call = hbr.generate_ram_policy(RamActionType::Backup, "v-000fake00000000001");
    /// println!("{:?}", call.send().await?.policy_document);
    /// # Ok(())
    /// # }
    /// ```
    fn generate_ram_policy = GenerateRamPolicy(
        action_type: RamActionType = "ActionType",
        vault_id: VaultId = "VaultId",
    ) -> GeneratedRamPolicy [idempotent] {
        /// Whether to begin with the rules that are there for the instance.
        require_base_policy: bool = "RequireBasePolicy";
        /// The resource group of the vault.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
    }
}

alibaba_core::words! {
    /// A role of Cloud Backup, by the kind of data that it is for.
    CheckRoleType {
        /// ECS instances.
        Ecs = "EcsRole",
        /// Cloud Storage Gateway.
        Csg = "CsgRole",
        /// NAS.
        Nas = "NasRole",
        /// OSS.
        Oss = "OssRole",
        /// Whole instances.
        Udm = "UdmRole",
    }

    /// What a generated RAM policy allows.
    RamActionType {
        /// Backing up.
        Backup = "BACKUP",
        /// Restoring.
        Restore = "RESTORE",
    }
}

/// The order by which the service was opened.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ServiceOpened {
    /// What support asks for.
    pub request_id: String,
    /// The order.
    #[serde(default, deserialize_with = "read::present")]
    pub order_id: Option<String>,
}

/// The regions.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RegionList {
    /// What support asks for.
    pub request_id: String,
    /// The regions.
    #[serde(default, deserialize_with = "read::list")]
    pub regions: Vec<RegionSummary>,
}

/// A region that has Cloud Backup.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RegionSummary {
    /// The id.
    #[serde(rename = "RegionId")]
    pub id: RegionId,
    /// Its name in the language of the account.
    #[serde(default, deserialize_with = "read::present")]
    pub local_name: Option<String>,
}

/// A task.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Task {
    /// What support asks for.
    pub request_id: String,
    /// The name.
    #[serde(default, deserialize_with = "read::present")]
    pub name: Option<String>,
    /// What it does.
    #[serde(default, deserialize_with = "read::present")]
    pub description: Option<String>,
    /// How much is done.
    pub progress: Option<Progress>,
    /// What came of it.
    #[serde(default, deserialize_with = "read::present")]
    pub result: Option<String>,
    /// When it was made.
    #[serde(default, rename = "CreatedTime", deserialize_with = "read::unix")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed.
    #[serde(default, rename = "UpdatedTime", deserialize_with = "read::unix")]
    pub updated_at: Option<DateTime<Utc>>,
    /// When it came to its end.
    #[serde(default, rename = "CompletedTime", deserialize_with = "read::unix")]
    pub completed_at: Option<DateTime<Utc>>,
}

/// A RAM policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GeneratedRamPolicy {
    /// What support asks for.
    pub request_id: String,
    /// The document, as JSON.
    #[serde(default, deserialize_with = "read::present")]
    pub policy_document: Option<String>,
}
