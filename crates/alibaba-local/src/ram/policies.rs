//! Policies of the account, and what can be seen of the system's.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds;
use super::page::Paging;
use super::refusal::{already_exists, delete_conflict, limit_exceeded, not_exist};
use super::tag::{self, Tag};
use super::time;
use super::versions;
use crate::directory::managed::{Attachment, ManagedPolicy, PolicyId, PolicyKind};
use crate::directory::records::Records;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many the account may have.
const MOST: usize = 1500;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    policy_name: String,
    policy_document: String,
    description: Option<String>,
    tag: Option<Vec<Tag>>,
}

pub(super) fn create(call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    let now = call.now();
    bounds::policy_name(&new.policy_name)?;
    bounds::text("Description", new.description.as_deref(), 1..=1024)?;
    let document = bounds::identity_policy(&new.policy_document)?;
    call.change(|records| {
        if records.policies.contains(&new.policy_name) {
            return Err(already_exists("Policy"));
        }
        if records.policies.len() >= MOST {
            return Err(limit_exceeded("Policy"));
        }
        let id = PolicyId::new(PolicyKind::Custom, &*new.policy_name);
        let mut policy = ManagedPolicy::new(id, new.policy_document, document, now)
            .describe(new.description.unwrap_or_default());
        policy.tags = tag::pairs(new.tag);
        let shown = json!({
            "PolicyName": policy.id.name,
            "PolicyType": policy.id.kind.name(),
            "Description": policy.description,
            "DefaultVersion": format!("v{}", policy.in_force().number),
            "CreateDate": time::text(policy.created_at),
        });
        records.policies.insert(new.policy_name, policy);
        Ok(json!({ "Policy": shown }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    policy_name: String,
    policy_type: String,
}

pub(super) fn get(call: &Call<'_>) -> Result<Value, ApiError> {
    let Get {
        policy_name,
        policy_type,
    } = call.parameters.read()?;
    let id = bounds::policy_id(&policy_type, policy_name)?;
    call.change(|records| {
        let policy = records.policy(&id).ok_or_else(|| not_exist("Policy"))?;
        let mut shown = show(records, policy);
        shown["PolicyDocument"] = policy.in_force().text.as_str().into();
        let version = versions::show(policy, policy.in_force());
        Ok(json!({ "Policy": shown, "DefaultPolicyVersion": version }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    policy_name: String,
    cascading_delete: Option<bool>,
}

pub(super) fn delete(call: &Call<'_>) -> Result<Value, ApiError> {
    let Delete {
        policy_name,
        cascading_delete,
    } = call.parameters.read()?;
    bounds::policy_name(&policy_name)?;
    let id = PolicyId::new(PolicyKind::Custom, &*policy_name);
    call.change(|records| {
        let policy = records.policies.get(&policy_name);
        let policy = policy.ok_or_else(|| not_exist("Policy"))?;
        if records.users.values().any(|user| has(&user.attached, &id)) {
            let message = "The policy is attached to users. Detach it first.";
            return Err(delete_conflict("Policy.User", message));
        }
        if records.roles.values().any(|role| has(&role.attached, &id)) {
            let message = "The policy is attached to roles. Detach it first.";
            return Err(delete_conflict("Role.Policy", message));
        }
        if policy.versions.len() > 1 && cascading_delete != Some(true) {
            let message = "The policy has other versions. Delete them first.";
            return Err(delete_conflict("Policy.Version", message));
        }
        records.policies.remove(&policy_name);
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    policy_type: Option<String>,
    tag: Option<Vec<Tag>>,
}

pub(super) fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    let List { policy_type, tag } = call.parameters.read()?;
    let paging: Paging = call.parameters.read()?;
    let kind = policy_type
        .as_deref()
        .map(bounds::policy_kind)
        .transpose()?;
    let tags = tag::pairs(tag);
    call.change(|records| {
        let records = &*records;
        // Those of the account come first, and either in the order of their names.
        let mut policies: Vec<_> = records
            .policies
            .values()
            .chain(ManagedPolicy::of_system())
            .filter(|policy| kind.is_none_or(|kind| kind == policy.id.kind))
            .filter(|policy| tag::has_all(&policy.tags, &tags))
            .map(|policy| {
                (
                    format!("{}/{}", policy.id.kind.name(), policy.id.name),
                    policy,
                )
            })
            .collect();
        policies.sort_by(|a, b| a.0.cmp(&b.0));
        paging.page(("Policies", "Policy"), policies.into_iter(), |policy| {
            let mut shown = show(records, policy);
            shown["Tags"] = tag::show(&policy.tags);
            shown
        })
    })
}

fn has(attached: &[Attachment], id: &PolicyId) -> bool {
    attached.iter().any(|it| it.policy == *id)
}

fn show(records: &Records, policy: &ManagedPolicy) -> Value {
    let users = records.users.values().map(|user| &user.attached);
    let roles = records.roles.values().map(|role| &role.attached);
    let attachments = users
        .chain(roles)
        .filter(|attached| has(attached, &policy.id));
    json!({
        "PolicyName": policy.id.name,
        "PolicyType": policy.id.kind.name(),
        "Description": policy.description,
        "DefaultVersion": format!("v{}", policy.in_force().number),
        "AttachmentCount": attachments.count(),
        "CreateDate": time::text(policy.created_at),
        "UpdateDate": time::text(policy.updated_at),
    })
}
