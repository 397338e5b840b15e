//! CreateAutoSnapshotPolicy, ModifyAutoSnapshotPolicyEx and DeleteAutoSnapshotPolicy.

use serde::Deserialize;
use serde_json::{Value, json};

use super::schedule::Asked;
use crate::ecs::place;
use crate::ecs::records::policy::Policy;
use crate::ecs::refusal::{bad_policy, no_policy};
use crate::ecs::regions;
use crate::ecs::snapshots::create::resource_group;
use crate::ecs::store::Store;
use crate::ecs::tag::{self, Tag};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many a region may have.
const MOST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    association_type: Option<String>,
    resource_group_id: Option<String>,
    #[serde(default)]
    tag: Vec<Tag>,
}

/// Makes a policy. Names need not be unique, and there is no client token: a call that is repeated makes
/// another one.
pub(in crate::ecs) fn create(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Asked = call.parameters.read()?;
    let new: Create = call.parameters.read()?;
    asked.check_name()?;
    let missing = ApiError::missing;
    let hours = asked.hours()?.ok_or_else(|| missing("timePoints"))?;
    let weekdays = asked.weekdays()?.ok_or_else(|| missing("repeatWeekdays"))?;
    let retention = asked.retention()?.ok_or_else(|| missing("retentionDays"))?;
    let target_region = asked.target_region(&region)?;
    let copies = asked.enable_cross_region_copy == Some(true);
    if copies && target_region.is_none() {
        return Err(bad_policy("TargetCopyRegions"));
    }
    let encryption = asked.encryption()?.unwrap_or_default();
    let copy_retention = asked.copy_retention()?.flatten();
    let target_tags = asked.target_tags()?;
    let target_tags = match new.association_type.as_deref() {
        None | Some("AssociatedWithDisk") => None,
        Some("AssociatedWithInstanceTag") if !target_tags.is_empty() => Some(target_tags),
        Some("AssociatedWithInstanceTag") => return Err(bad_policy("TargetTags")),
        Some(_) => return Err(bad_policy("AssociationType")),
    };
    let resource_group = resource_group(new.resource_group_id)?;
    let tags = tag::read(new.tag)?;
    store.change(|state, now| {
        let policies = state.records.policies.values();
        if policies.filter(|it| it.region == region).count() >= MOST {
            return Err(ApiError::forbidden(
                "AutoSnapshotPolicy.QuotaExceed",
                "The maximum number of automatic snapshot policies is exceeded.",
            ));
        }
        let id = regions::new_id("sp", &region);
        let policy = Policy {
            id: id.clone(),
            number: state.next_number(),
            region: region.clone(),
            name: asked.name.clone().unwrap_or_default(),
            hours,
            weekdays,
            retention,
            copies,
            target_region,
            copy_retention,
            copy_encrypted: encryption.encrypted,
            copy_kms_key: encryption.kms_key_id,
            target_tags,
            done_until: now,
            created: now,
            resource_group,
            tags,
        };
        state.records.policies.insert(id.clone(), policy);
        Ok(json!({ "AutoSnapshotPolicyId": id }))
    })
}

#[derive(Deserialize)]
struct Which {
    #[serde(rename = "autoSnapshotPolicyId")]
    id: String,
}

/// Changes what is sent, "at once for all disks".
pub(in crate::ecs) fn modify(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let asked: Asked = call.parameters.read()?;
    let Which { id } = call.parameters.read()?;
    asked.check_name()?;
    let (hours, weekdays) = (asked.hours()?, asked.weekdays()?);
    let (retention, copy_retention) = (asked.retention()?, asked.copy_retention()?);
    let target_region = asked.target_region(&region)?;
    let encryption = asked.encryption()?;
    let target_tags = asked.target_tags()?;
    store.change(|state, now| {
        let policy = state.records.policies.get(&id);
        let policy = policy.filter(|it| it.region == region);
        let mut policy = policy.ok_or_else(no_policy)?.clone();
        let set = |place: &mut _, value: Option<_>| {
            if let Some(value) = value {
                *place = value;
            }
        };
        set(&mut policy.hours, hours);
        set(&mut policy.weekdays, weekdays);
        let set = |place: &mut Option<u32>, value: Option<Option<u32>>| {
            if let Some(value) = value {
                *place = value;
            }
        };
        set(&mut policy.retention, retention);
        set(&mut policy.copy_retention, copy_retention);
        if let Some(name) = asked.name.clone() {
            policy.name = name;
        }
        if let Some(copies) = asked.enable_cross_region_copy {
            policy.copies = copies;
        }
        if target_region.is_some() {
            policy.target_region = target_region;
        }
        if policy.copies && policy.target_region.is_none() {
            return Err(bad_policy("TargetCopyRegions"));
        }
        if let Some(encryption) = encryption {
            policy.copy_encrypted = encryption.encrypted;
            policy.copy_kms_key = encryption.kms_key_id;
        }
        if !target_tags.is_empty() {
            if policy.target_tags.is_none() {
                return Err(bad_policy("TargetTags"));
            }
            policy.target_tags = Some(target_tags);
        }
        // What the new hours would have made before now is not made.
        policy.done_until = now;
        state.records.policies.insert(id.clone(), policy);
        for disk in disks_with(state, &id) {
            let disk = state.records.disks.get_mut(&disk).into_iter();
            for applied in disk.flat_map(|disk| disk.policies.iter_mut()) {
                if applied.policy == id {
                    applied.done_until = now;
                }
            }
        }
        Ok(json!({}))
    })
}

/// Deletes a policy, and with it its effect on disks. Their snapshots stay.
pub(in crate::ecs) fn delete(store: &Store, call: &Call<'_>) -> Result<Value, ApiError> {
    let region = place::required(store, call)?;
    let Which { id } = call.parameters.read()?;
    store.change(|state, _| {
        let policy = state.records.policies.get(&id);
        policy
            .filter(|it| it.region == region)
            .ok_or_else(no_policy)?;
        for disk in disks_with(state, &id) {
            if let Some(disk) = state.records.disks.get_mut(&disk) {
                disk.policies.retain(|applied| applied.policy != id);
            }
        }
        state.records.policies.remove(&id);
        Ok(json!({}))
    })
}

fn disks_with(state: &crate::ecs::state::State, policy: &str) -> Vec<String> {
    let has = |it: &crate::ecs::records::disk::Disk| {
        it.policies.iter().any(|applied| applied.policy == policy)
    };
    state.records.disks.keys_of(has)
}
