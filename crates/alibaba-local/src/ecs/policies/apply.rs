//! ApplyAutoSnapshotPolicy, CancelAutoSnapshotPolicy and DescribeAutoSnapshotPolicyAssociations.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ecs::bounds;
use crate::ecs::categories;
use crate::ecs::page::Paging;
use crate::ecs::place;
use crate::ecs::records::disk::{AppliedPolicy, Disk};
use crate::ecs::refusal::{bad_policy, no_disk, no_policy};
use crate::ecs::state::State;
use crate::ecs::store::Store;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many a disk may have.
const MOST_PER_DISK: usize = 10;

#[derive(Deserialize)]
struct Apply {
    #[serde(rename = "autoSnapshotPolicyId")]
    policy: String,
    #[serde(rename = "diskIds")]
    disks: String,
}

/// Puts a policy on disks, beside those that they have. All of them, or none.
pub(in crate::ecs) fn apply(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Apply = call.parameters.read()?;
    let ids = disk_ids(&asked.disks)?;
    store.change(|state, now| {
        let policy = state.records.policies.get(&asked.policy);
        let policy = policy
            .filter(|it| it.region == region)
            .ok_or_else(no_policy)?;
        if policy.target_tags.is_some() {
            return Err(bad_policy("autoSnapshotPolicyId"));
        }
        for id in &ids {
            let disk = find(state, &region, id)?;
            if !categories::has_snapshots(&disk.category) {
                return Err(ApiError::bad_request(
                    "PartofDiskCategory.OperationNotSupported",
                    "The category of a specified disk does not support this operation.",
                ));
            }
            let has = disk.policies.iter().any(|it| it.policy == asked.policy);
            if !has && disk.policies.len() >= MOST_PER_DISK {
                return Err(ApiError::forbidden(
                    "QuotaExceed.AppliedAutoSnapshotPolicyQuota",
                    "The disk has as many automatic snapshot policies as it may.",
                ));
            }
        }
        for id in &ids {
            if let Some(disk) = state.records.disks.get_mut(id)
                && !disk.policies.iter().any(|it| it.policy == asked.policy)
            {
                disk.policies.push(AppliedPolicy {
                    policy: asked.policy.clone(),
                    done_until: now,
                });
            }
        }
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
struct Cancel {
    #[serde(rename = "autoSnapshotPolicyId")]
    policy: Option<String>,
    #[serde(rename = "diskIds")]
    disks: String,
}

/// Takes a policy off disks. A disk that does not have it is fine, which is inferred.
pub(in crate::ecs) fn cancel(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Cancel = call.parameters.read()?;
    let ids = disk_ids(&asked.disks)?;
    store.change(|state, _| {
        for id in &ids {
            let disk = find(state, &region, id)?;
            if asked.policy.is_none() && disk.policies.len() > 1 {
                return Err(ApiError::forbidden(
                    "OperationDenied.TooManyAutoSnapshotPolicies",
                    "A disk has several automatic snapshot policies: name one.",
                ));
            }
        }
        if let Some(policy) = &asked.policy {
            let policy = state.records.policies.get(policy);
            policy
                .filter(|it| it.region == region)
                .ok_or_else(no_policy)?;
        }
        for id in &ids {
            if let Some(disk) = state.records.disks.get_mut(id) {
                let stays = |it: &AppliedPolicy| {
                    asked
                        .policy
                        .as_ref()
                        .is_some_and(|policy| it.policy != *policy)
                };
                disk.policies.retain(stays);
            }
        }
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Describe {
    auto_snapshot_policy_id: Option<String>,
    disk_id: Option<String>,
}

/// An entry of the listing: a disk, a policy, and a number by which it is found again.
struct Association {
    number: u64,
    disk: String,
    policy: String,
}

/// Lists which disks have which policies.
pub(in crate::ecs) fn describe(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Describe = call.parameters.read()?;
    if asked.auto_snapshot_policy_id.is_some() && asked.disk_id.is_some() {
        return Err(ApiError::bad_request(
            "InvalidParameter.Conflict",
            "AutoSnapshotPolicyId and DiskId cannot both be given.",
        ));
    }
    let paging = Paging::read_token(call, (10, 100))?;
    store.change(|state, _| {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let disks = state
            .records
            .disks
            .values()
            .filter(|disk| disk.region == region && is(&asked.disk_id, &disk.id));
        let associations: Vec<_> = disks
            .flat_map(|disk| {
                let applied = disk.policies.iter().zip(0..);
                applied.map(|(applied, at)| Association {
                    number: disk.number * MOST_PER_DISK as u64 + at,
                    disk: disk.id.clone(),
                    policy: applied.policy.clone(),
                })
            })
            .filter(|it| is(&asked.auto_snapshot_policy_id, &it.policy))
            .collect();
        let page = paging.page(associations.iter(), |it| it.number, |_| true);
        let shown = page
            .rows
            .iter()
            .map(|it| json!({ "AutoSnapshotPolicyId": it.policy, "DiskId": it.disk }));
        let shown = shown.collect::<Vec<_>>();
        let list = json!({ "AutoSnapshotPolicyAssociation": shown });
        Ok(page.finish(json!({ "AutoSnapshotPolicyAssociations": list })))
    })
}

fn disk_ids(text: &str) -> Result<Vec<String>, ApiError> {
    let ids: Vec<String> = serde_json::from_str(text).map_err(|_| bad_policy("diskIds"))?;
    if ids.is_empty() || !ids.iter().all(|id| bounds::is_id(id, "d")) {
        return Err(bad_policy("diskIds"));
    }
    Ok(ids)
}

fn find<'s>(state: &'s State, region: &str, id: &str) -> Result<&'s Disk, ApiError> {
    let disk = state.records.disks.get(id);
    disk.filter(|disk| disk.region == region)
        .ok_or_else(no_disk)
}
