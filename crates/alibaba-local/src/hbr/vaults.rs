//! Vaults.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{seconds, sparse};
use super::listing::{self, is_asked};
use super::page::Paging;
use super::records::{Records, Source, Vault};
use super::refusal::{
    locked, too_many_vaults, vault_deleted, vault_has_policies, vault_not_exist, vault_not_ready,
    vault_too_young,
};
use super::regions;
use super::state::{Hbr, VAULT_TIME};
use super::{bounds, ids};
use crate::directory::ACCOUNT_ID;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many the account may have.
const MOST: usize = 100;
/// How old one must be to be deleted.
const DELETABLE_AFTER: TimeDelta = TimeDelta::hours(2);

impl Records {
    /// A vault of a region that may be used.
    pub(super) fn usable_vault(
        &self,
        region: &str,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<&Vault, ApiError> {
        let vault =
            self.vault(region, id)
                .map_err(|error| match self.deleted_vaults.contains(id) {
                    true => vault_deleted(),
                    false => error,
                })?;
        match vault.is_made(now) {
            true => Ok(vault),
            false => Err(vault_not_ready(id)),
        }
    }

    pub(super) fn vault(&self, region: &str, id: &str) -> Result<&Vault, ApiError> {
        let vault = self.vaults.get(id).filter(|vault| vault.region == region);
        vault.ok_or_else(|| vault_not_exist(id))
    }
}

impl Vault {
    pub(super) fn is_made(&self, now: DateTime<Utc>) -> bool {
        now >= self.created_at + VAULT_TIME
    }

    fn status(&self, now: DateTime<Utc>) -> &'static str {
        match self.is_made(now) {
            true => "CREATED",
            false => "INITIALIZING",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    vault_name: String,
    vault_region_id: String,
    description: Option<String>,
    encrypt_type: Option<String>,
    kms_key_id: Option<String>,
    replication: Option<bool>,
    vault_storage_class: Option<String>,
    vault_type: Option<String>,
    worm_enabled: Option<bool>,
}

pub(super) fn create(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    bounds::text("VaultName", Some(&new.vault_name), 1..=64)?;
    bounds::text("Description", new.description.as_deref(), 0..=255)?;
    let kind = bounds::word("VaultType", new.vault_type.as_deref(), &KINDS)?;
    let class = bounds::word(
        "VaultStorageClass",
        new.vault_storage_class.as_deref(),
        &["STANDARD", "IA", "ARCHIVE", "COLD_ARCHIVE"],
    )?;
    let encryption = bounds::word(
        "EncryptType",
        new.encrypt_type.as_deref(),
        &["HBR_PRIVATE", "KMS"],
    )?;
    if encryption == Some("KMS") && new.kms_key_id.is_none() {
        return Err(ApiError::missing("KmsKeyId"));
    }
    // A vault is made in the region of the endpoint that is asked for it.
    if !regions::is_known(&new.vault_region_id) || new.vault_region_id != call.region {
        return Err(ApiError::invalid("VaultRegionId"));
    }
    let now = call.now();
    let vault = Vault {
        id: ids::new("v"),
        region: new.vault_region_id,
        name: new.vault_name,
        description: new.description,
        kind: kind.unwrap_or(KINDS[0]).to_owned(),
        storage_class: class.unwrap_or("STANDARD").to_owned(),
        encryption: encryption.unwrap_or("HBR_PRIVATE").to_owned(),
        kms_key: new.kms_key_id,
        replication: new.replication.unwrap_or(false),
        worm: new.worm_enabled.unwrap_or(false),
        resource_group: None,
        task: ids::new("t"),
        created_at: now,
        updated_at: now,
    };
    hbr.change(call, |records| {
        if records.vaults.values().count() >= MOST {
            return Err(too_many_vaults());
        }
        let result = json!({"VaultId": vault.id, "TaskId": vault.task});
        records.vaults.insert(vault.id.clone(), vault);
        Ok(result)
    })
}

const KINDS: [&str; 2] = ["STANDARD", "OTS_BACKUP"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    vault_id: Option<String>,
    vault_name: Option<String>,
    vault_region_id: Option<String>,
    vault_type: Option<String>,
    vault_owner_id: Option<u64>,
    resource_group_id: Option<String>,
    status: Option<String>,
    replication: Option<bool>,
    tag: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    #[serde(rename = "Key")]
    _key: String,
}

impl Describe {
    fn finds(&self, vault: &Vault, now: DateTime<Utc>) -> bool {
        let is = |wanted: &Option<String>, found: &str| is_asked(wanted.as_deref(), found);
        is(&self.vault_id, &vault.id)
            && is(&self.vault_name, &vault.name)
            && is(&self.vault_region_id, &vault.region)
            && is(&self.vault_type, &vault.kind)
            && is(&self.status, vault.status(now))
            && is(
                &self.resource_group_id,
                vault.resource_group.as_deref().unwrap_or_default(),
            )
            && self
                .vault_owner_id
                .is_none_or(|owner| owner.to_string() == ACCOUNT_ID)
            && (self.replication != Some(true) || vault.replication)
            // No action that is served here gives a vault tags.
            && self.tag.as_ref().is_none_or(Vec::is_empty)
    }
}

pub(super) fn describe(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted: Describe = call.parameters.read()?;
    let paging: Paging = call.parameters.read()?;
    bounds::word(
        "Status",
        wanted.status.as_deref(),
        &["UNKNOWN", "INITIALIZING", "CREATED", "ERROR"],
    )?;
    bounds::word("VaultType", wanted.vault_type.as_deref(), &KINDS)?;
    bounds::text("VaultName", wanted.vault_name.as_deref(), 1..=64)?;
    if wanted.tag.as_ref().is_some_and(|tags| tags.len() > 20) {
        return Err(ApiError::invalid("Tag"));
    }
    let now = call.now();
    hbr.change(call, |records| {
        let rows = listing::rows(
            records.vaults.values(),
            &call.region,
            |vault| wanted.finds(vault, now),
            |vault| show(records, vault, now),
        );
        paging.page(rows, |rows| ("Vaults", json!({ "Vault": rows })))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    vault_id: String,
    vault_name: Option<String>,
    description: Option<String>,
    resource_group_id: Option<String>,
    worm_enabled: Option<bool>,
}

pub(super) fn update(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Update = call.parameters.read()?;
    bounds::text("VaultName", new.vault_name.as_deref(), 1..=64)?;
    bounds::text("Description", new.description.as_deref(), 0..=255)?;
    if let Some(group) = &new.resource_group_id {
        bounds::id("ResourceGroupId", group, "rg-")?;
    }
    hbr.change(call, |records| {
        let was = records.vault(&call.region, &new.vault_id)?;
        // "Cannot be switched off again."
        if was.worm && new.worm_enabled == Some(false) {
            return Err(ApiError::invalid("WormEnabled"));
        }
        let vault = records.vaults.get_mut(&new.vault_id);
        let vault = vault.ok_or_else(|| vault_not_exist(&new.vault_id))?;
        vault.worm = new.worm_enabled.unwrap_or(vault.worm);
        if let Some(name) = new.vault_name {
            vault.name = name;
        }
        vault.description = new.description.or(vault.description.take());
        vault.resource_group = new.resource_group_id.or(vault.resource_group.take());
        vault.updated_at = call.now();
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    vault_id: String,
}

/// Takes everything in the vault along.
pub(super) fn delete(hbr: &Hbr, call: &Call<'_>) -> Result<Value, ApiError> {
    let Delete { vault_id: id } = call.parameters.read()?;
    let now = call.now();
    hbr.change(call, |records| {
        let vault = records.vault(&call.region, &id)?;
        if !vault.is_made(now) {
            return Err(vault_not_ready(&id));
        }
        if now < vault.created_at + DELETABLE_AFTER {
            return Err(vault_too_young(&id));
        }
        if vault.worm && records.snapshots.values().any(|it| it.vault == id) {
            return Err(locked("a vault with backups"));
        }
        let policies = records.policies.values();
        if policies.into_iter().any(|it| it.uses_vault(&id)) {
            return Err(vault_has_policies(&id));
        }
        records.vaults.remove(&id);
        records.deleted_vaults.insert(id.clone(), now);
        for plan in records.plans.keys_of(|it| it.vault == id) {
            records.plans.remove(&plan);
        }
        for job in records.backup_jobs.keys_of(|it| it.vault == id) {
            records.backup_jobs.remove(&job);
        }
        for job in records.restore_jobs.keys_of(|it| it.vault == id) {
            records.restore_jobs.remove(&job);
        }
        for snapshot in records.snapshots.keys_of(|it| it.vault == id) {
            records.snapshots.remove(&snapshot);
        }
        hbr.shared.sweep(records)?;
        Ok(json!({}))
    })
}

fn show(records: &Records, vault: &Vault, now: DateTime<Utc>) -> Value {
    let snapshots: Vec<_> = records
        .snapshots_at(now)
        .into_iter()
        .filter(|it| it.vault == vault.id)
        .collect();
    let stored: u64 = snapshots.iter().map(|it| it.counts.new_bytes).sum();
    let bytes: u64 = snapshots.iter().map(|it| it.counts.bytes_done).sum();
    let mut kinds: Vec<_> = snapshots.iter().map(|it| it.source.kind()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let plans = |holds: fn(&Source) -> bool| {
        let plans = records.plans.values();
        plans
            .filter(|plan| plan.vault == vault.id && holds(&plan.source))
            .count()
    };
    sparse(json!({
        "VaultId": vault.id,
        "VaultName": vault.name,
        "VaultRegionId": vault.region,
        "VaultType": vault.kind,
        "VaultStorageClass": vault.storage_class,
        "VaultOwnerId": ACCOUNT_ID.parse::<u64>().ok(),
        "Status": vault.status(now),
        "VaultStatusMessage": vault.status(now),
        "Description": vault.description,
        "EncryptType": vault.encryption,
        "KmsKeyId": vault.kms_key,
        "ResourceGroupId": vault.resource_group,
        "Replication": vault.replication,
        "ReplicationSourceVault": false,
        "WormEnabled": vault.worm,
        "RedundancyType": "LRS",
        "ChargeType": "FREE",
        "CompressionAlgorithm": "DISABLED",
        "Dedup": true,
        "IndexAvailable": false,
        "SearchEnabled": false,
        "BytesDone": bytes,
        "StorageSize": stored,
        "ChargedStorageSize": stored,
        "SnapshotCount": snapshots.len(),
        "SourceTypes": { "SourceType": kinds },
        "Tags": { "Tag": [] },
        "BackupPlanStatistics": {
            "EcsFile": plans(|it| matches!(it, Source::Files { .. })),
            "Nas": plans(|it| matches!(it, Source::Nas { .. })),
            "Oss": plans(|it| matches!(it, Source::Oss { .. })),
        },
        "CreatedTime": seconds(vault.created_at),
        "UpdatedTime": seconds(vault.updated_at),
    }))
}
