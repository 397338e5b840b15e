//! Versions of policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds;
use super::refusal::{delete_conflict, limit_exceeded, not_exist};
use super::time;
use crate::directory::managed::{ManagedPolicy, PolicyVersion};
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many a policy may have.
const MOST: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    policy_name: String,
    policy_document: String,
    set_as_default: Option<bool>,
    rotate_strategy: Option<String>,
}

pub(super) fn create(call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    let now = call.now();
    bounds::policy_name(&new.policy_name)?;
    let rotates = match new.rotate_strategy.as_deref() {
        None | Some("None") => false,
        Some("DeleteOldestNonDefaultVersionWhenLimitExceeded") => true,
        Some(_) => return Err(ApiError::invalid("RotateStrategy")),
    };
    let document = bounds::identity_policy(&new.policy_document)?;
    call.change(|records| {
        let policy = records.policies.get_mut(&new.policy_name);
        let policy = policy.ok_or_else(|| not_exist("Policy"))?;
        if policy.versions.len() >= MOST {
            if !rotates {
                return Err(limit_exceeded("Policy.Version"));
            }
            let default = policy.in_force().number;
            let oldest = policy.versions.iter().position(|it| it.number != default);
            oldest.map(|oldest| policy.versions.remove(oldest));
        }
        let number = policy.add_version(new.policy_document, document, now);
        if new.set_as_default == Some(true) {
            policy.put_in_force(number, now);
        }
        let version = policy.version(number).map(|it| show(policy, it));
        Ok(json!({ "PolicyVersion": version }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    policy_name: String,
    policy_type: String,
    version_id: String,
}

pub(super) fn get(call: &Call<'_>) -> Result<Value, ApiError> {
    let Get {
        policy_name,
        policy_type,
        version_id,
    } = call.parameters.read()?;
    let id = bounds::policy_id(&policy_type, policy_name)?;
    let number = bounds::version_number(&version_id)?;
    call.change(|records| {
        let policy = records.policy(&id).ok_or_else(|| not_exist("Policy"))?;
        let version = policy.version(number);
        let version = version.ok_or_else(|| not_exist("Policy.Version"))?;
        Ok(json!({ "PolicyVersion": show(policy, version) }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    policy_name: String,
    version_id: String,
}

pub(super) fn delete(call: &Call<'_>) -> Result<Value, ApiError> {
    let One {
        policy_name,
        version_id,
    } = call.parameters.read()?;
    bounds::policy_name(&policy_name)?;
    let number = bounds::version_number(&version_id)?;
    call.change(|records| {
        let policy = records.policies.get_mut(&policy_name);
        let policy = policy.ok_or_else(|| not_exist("Policy"))?;
        if policy.in_force().number == number {
            let message = "The default version of a policy cannot be deleted.";
            return Err(delete_conflict("Policy.Version.Default", message));
        }
        if policy.version(number).is_none() {
            return Err(not_exist("Policy.Version"));
        }
        policy.versions.retain(|version| version.number != number);
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    policy_name: String,
    policy_type: String,
}

pub(super) fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    let List {
        policy_name,
        policy_type,
    } = call.parameters.read()?;
    let id = bounds::policy_id(&policy_type, policy_name)?;
    call.change(|records| {
        let policy = records.policy(&id).ok_or_else(|| not_exist("Policy"))?;
        let versions = policy.versions.iter().map(|version| show(policy, version));
        let versions: Vec<_> = versions.collect();
        Ok(json!({ "PolicyVersions": { "PolicyVersion": versions } }))
    })
}

pub(super) fn set_default(call: &Call<'_>) -> Result<Value, ApiError> {
    let One {
        policy_name,
        version_id,
    } = call.parameters.read()?;
    bounds::policy_name(&policy_name)?;
    let number = bounds::version_number(&version_id)?;
    let now = call.now();
    call.change(|records| {
        let policy = records.policies.get_mut(&policy_name);
        let policy = policy.ok_or_else(|| not_exist("Policy"))?;
        if !policy.put_in_force(number, now) {
            return Err(not_exist("Policy.Version"));
        }
        Ok(json!({}))
    })
}

pub(super) fn show(policy: &ManagedPolicy, version: &PolicyVersion) -> Value {
    json!({
        "VersionId": format!("v{}", version.number),
        "IsDefaultVersion": version.number == policy.in_force().number,
        "PolicyDocument": version.text,
        "CreateDate": time::text(version.created_at),
    })
}
