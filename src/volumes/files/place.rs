//! The vault that files go to, and the cluster as Cloud Backup knows it: found, or made.

use alibaba_hbr::{
    AgentStatus, ClusterType, ContainerClusterId, Vault, VaultId, VaultName, VaultStatus,
};
use futures::TryStreamExt as _;
use kube_backup_engine::{Error, ErrorKind, Result};

use super::shared::{Shared, VAULT};
use crate::volumes::failure::Failure;

/// What is there, or on its way.
pub(super) enum Place<T> {
    Ready(T),
    /// Not yet: ask again.
    Pending,
}

impl Shared {
    /// The region's vaults of ACK's name, those that can be used first, the oldest of them first.
    async fn vaults(&self) -> Result<Vec<Vault>> {
        let found = self
            .hbr
            .describe_vaults()
            .vault_name(VaultName::new(VAULT))
            .items();
        // E11 of ACK's FAQ: Cloud Backup is not activated, or the account has no rights to it.
        let step = format!("HBRError: check HBR vault error: look for the vault `{VAULT}`");
        let mut found: Vec<Vault> = found.try_collect().await.map_err(Failure::of(step))?;
        let region = self.region();
        found.retain(|vault| {
            let is_here = match (&vault.region_id, &region) {
                (Some(shown), Some(own)) => shown.as_str() == own,
                _ => true,
            };
            is_here && vault.name.as_deref() == Some(VAULT)
        });
        found.sort_by_key(|vault| {
            let is_usable = vault.status == VaultStatus::Created;
            (!is_usable, vault.created_at, vault.id.clone())
        });
        Ok(found)
    }

    /// The vault, if there is one.
    pub(super) async fn known_vault(&self) -> Result<Option<VaultId>> {
        Ok(self
            .vaults()
            .await?
            .into_iter()
            .next()
            .map(|vault| vault.id))
    }

    /// The vault; it is made if there is none.
    pub(super) async fn vault(&self) -> Result<Place<VaultId>> {
        let Some(vault) = self.vaults().await?.into_iter().next() else {
            let create = self.hbr.create_vault(VaultName::new(VAULT));
            let create = create.description("Volumes of Kubernetes applications");
            let step = format!("make the vault `{VAULT}`");
            create.send().await.map_err(Failure::of(step))?;
            return Ok(Place::Pending);
        };
        match vault.status {
            VaultStatus::Created => Ok(Place::Ready(vault.id)),
            VaultStatus::Error => {
                let reason = vault.status_message.unwrap_or_default();
                let text = format!(
                    "use the vault `{}`: Cloud Backup has failed to make it ({reason}): see its console",
                    vault.id
                );
                Err(Error::new(ErrorKind::Volume, text))
            }
            _ => Ok(Place::Pending),
        }
    }

    /// The cluster's id in Cloud Backup; it is registered if it is not there.
    ///
    /// Jobs of a cluster without a client fail. One that is only coming up is waited for.
    pub(super) async fn registered(&self) -> Result<Place<ContainerClusterId>> {
        let describe = self
            .hbr
            .describe_container_cluster()
            .identifier(&self.cluster);
        let step = format!("look for the cluster `{}` in Cloud Backup", self.cluster);
        let found = describe.items().try_collect::<Vec<_>>().await;
        let found = found.map_err(Failure::of(step))?;
        let own = found
            .into_iter()
            .find(|it| it.identifier.as_ref() == Some(&self.cluster));
        let Some(cluster) = own else {
            let add = self.hbr.add_container_cluster(
                ClusterType::Ack,
                &self.cluster,
                self.network.clone(),
            );
            let step = format!("register the cluster `{}` in Cloud Backup", self.cluster);
            add.send().await.map_err(Failure::of(step))?;
            return Ok(Place::Pending);
        };
        match cluster.agent_status {
            Some(AgentStatus::Ready) => Ok(Place::Ready(cluster.id)),
            _ => Ok(Place::Pending),
        }
    }
}
