//! Vaults: where backups are kept.

use std::time::Duration;

use alibaba_core::openapi::Acknowledged;
use alibaba_core::{Error, Paginator, PendingState};
use serde::Deserialize;

use crate::connect::Client;
use crate::ids::{AccountId, KmsKeyId, RegionId, ResourceGroupId, TaskId, VaultId, VaultName};
use crate::poller::{Poller, Seen, bad_end};
use crate::read;
use crate::tag::Tag;
use crate::vault::{EncryptType, Vault, VaultStatus, VaultType};
use crate::words::StorageClass;

alibaba_core::operations! {
    impl Client;
    /// The operations on vaults.
    pub(crate) const OPERATIONS;

    /// Begins to create a vault in the client's region.
    ///
    /// It may be used when its status is `CREATED`: see [`vault_poller`](Self::vault_poller). The data
    /// in it is billed by its size; an account has up to 100 vaults. Needs `hbr:CreateVault` on `*`.
    ///
    /// It is not repeated after a broken connection: a second call makes a second vault of the same
    /// name. Look by [`describe_vaults`](Self::describe_vaults) and `vault_name` first.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// let there = hbr.describe_vaults().vault_name("nightly").send().await?.vaults;
    /// let vault_id = match there.into_iter().next() {
    ///     Some(vault) => vault.id,
    ///     None => hbr.create_vault("nightly").description("Nightly backups").send().await?.vault_id,
    /// };
    /// hbr.vault_poller(&vault_id).until_done().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn create_vault = CreateVault(vault_name: VaultName = "VaultName") -> VaultCreated [region("VaultRegionId")] {
        /// What it is for.
        description: String = "Description" [in 0..=255];
        /// Whose key encrypts it; the service's, if this is not set. See
        /// [`encrypted_by`](CreateVault::encrypted_by).
        encrypt_type: EncryptType = "EncryptType";
        /// The key that encrypts it, which needs [`EncryptType::Kms`].
        kms_key_id: KmsKeyId = "KmsKeyId";
        /// Whether it is to be a copy of another vault.
        replication: bool = "Replication";
        /// How its data is stored.
        vault_storage_class: StorageClass = "VaultStorageClass";
        /// What it is for.
        vault_type: VaultType = "VaultType";
        /// Locks its backups, so that nobody can delete them before their time. This cannot be taken
        /// back.
        worm_enabled: bool = "WormEnabled";
    }

    /// Lists vaults.
    ///
    /// [`send`](DescribeVaults::send) gets one page, [`items`](DescribeVaults::items) all of them. Needs
    /// `hbr:DescribeVaults` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let mut vaults = hbr.describe_vaults().page_size(99_u32).items();
    /// while let Some(vault) = vaults.try_next().await? {
    ///     println!("{} is {}", vault.id, vault.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_vaults = DescribeVaults() -> VaultPage {
        /// Only the vault of this id.
        vault_id: VaultId = "VaultId";
        /// Only vaults of this name.
        vault_name: VaultName = "VaultName";
        /// Only vaults of this status.
        status: VaultStatus = "Status";
        /// Only vaults of this kind.
        vault_type: VaultType = "VaultType";
        /// Only vaults in this region.
        vault_region_id: RegionId = "VaultRegionId";
        /// Only vaults of this account.
        vault_owner_id: AccountId = "VaultOwnerId";
        /// Only vaults in this resource group.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Only vaults that are copies of others.
        replication: bool = "Replication";
        /// Only vaults with these tags, up to 20.
        tags: Vec<Tag> = "Tag" [form, in 1..=20];
        /// Which page to get; the first, if this is not set.
        page_number: u32 = "PageNumber" [in 1..=u32::MAX.into()];
        /// How many vaults a page has at most; 10, if this is not set.
        page_size: u32 = "PageSize" [in 1..=99];
    }

    /// Changes a vault; what is not set stays.
    ///
    /// Needs `hbr:UpdateVault` on `*`. The same call again has the same effect, and it is repeated
    /// after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// hbr.update_vault("v-000fake00000000001").description("Retired").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn update_vault = UpdateVault(vault_id: VaultId = "VaultId") -> Acknowledged [idempotent] {
        /// What it is to be called.
        vault_name: VaultName = "VaultName";
        /// What it is for.
        description: String = "Description" [in 0..=255];
        /// The resource group that it is to belong to.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Locks its backups, so that nobody can delete them before their time. This cannot be taken
        /// back.
        worm_enabled: bool = "WormEnabled";
    }

    /// Deletes a vault and all that is in it: plans, jobs and backups.
    ///
    /// It is refused within two hours of the vault's creation, and while the vault is being made. Needs
    /// `hbr:DeleteVault` on `*`. It is repeated after a broken connection, and may then fail with
    /// `VaultNotExist`, which says that it is done.
    ///
    /// ```no_run
    /// # async fn example(hbr: alibaba_hbr::Client) -> Result<(), alibaba_core::Error> {
    /// hbr.delete_vault().vault_id("v-000fake00000000001").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_vault = DeleteVault() -> Acknowledged [idempotent] {
        /// The vault.
        vault_id: VaultId = "VaultId";
        /// The resource group that it belongs to.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// For the service's own calls.
        token: String = "Token";
    }
}

impl CreateVault {
    /// Encrypts it by a key of the Key Management Service: [`EncryptType::Kms`] with that key.
    pub fn encrypted_by(self, key: impl Into<KmsKeyId>) -> Self {
        self.encrypt_type(EncryptType::Kms).kms_key_id(key)
    }
}

impl DescribeVaults {
    /// All vaults, page after page from the first.
    pub fn items(self) -> Paginator<Vault> {
        self.call.list_by_number("list vaults", |page: VaultPage| {
            (page.vaults, page.total_count)
        })
    }
}

impl Client {
    /// Waits until a vault may be used, ten minutes at most unless set otherwise.
    pub fn vault_poller(&self, vault_id: impl Into<VaultId>) -> Poller<'static, Vault> {
        let vault_id = vault_id.into();
        let what = format!("vault `{vault_id}` to be created");
        Poller::new(self, what, Duration::from_secs(600), move |hbr| {
            let vault_id = vault_id.clone();
            async move { look(hbr, &vault_id).await }
        })
    }
}

async fn look(hbr: Client, vault_id: &VaultId) -> Result<Seen<Vault>, Error> {
    let vaults = hbr
        .describe_vaults()
        .vault_id(vault_id)
        .send()
        .await?
        .vaults;
    let Some(vault) = vaults.into_iter().find(|vault| vault.id == *vault_id) else {
        return Ok(Seen::Absent);
    };
    Ok(match vault.status {
        VaultStatus::Created => Seen::Done(vault),
        VaultStatus::Error => {
            let what = format!("vault `{vault_id}` to be created");
            let reason = vault.status_message.as_deref();
            Seen::Failed(bad_end(&what, vault.status.as_str(), reason))
        }
        status => Seen::Pending(PendingState::new(status.as_str())),
    })
}

/// A vault that is being made.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct VaultCreated {
    /// What support asks for.
    pub request_id: String,
    /// The vault.
    pub vault_id: VaultId,
    /// The task that makes it: see [`Client::describe_task`].
    #[serde(default, deserialize_with = "read::present")]
    pub task_id: Option<TaskId>,
}

/// A page of vaults.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct VaultPage {
    /// What support asks for.
    pub request_id: String,
    /// The vaults.
    #[serde(default, deserialize_with = "read::list")]
    pub vaults: Vec<Vault>,
    /// How many there are in all.
    pub total_count: Option<u64>,
    /// The number of the page.
    pub page_number: Option<u32>,
    /// How many a page has at most.
    pub page_size: Option<u32>,
}
