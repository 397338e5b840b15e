//! Roles.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds;
use super::page::Paging;
use super::refusal::{already_exists, delete_conflict, limit_exceeded, not_exist};
use super::tag::{self, Tag};
use super::time;
use crate::directory::ACCOUNT_ID;
use crate::directory::records::StoredRole;
use crate::directory::role::Role;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// How many the account may have.
const MOST: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    role_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    role_name: String,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<u64>,
    allow_console_login: Option<bool>,
    tag: Option<Vec<Tag>>,
}

pub(super) fn create(call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Create = call.parameters.read()?;
    let now = call.now();
    bounds::role_name(&new.role_name)?;
    bounds::text("Description", new.description.as_deref(), 1..=1024)?;
    let trust = bounds::trust_policy(&new.assume_role_policy_document)?;
    let mut role = Role::new(&*new.role_name, trust.clone());
    if let Some(seconds) = new.max_session_duration {
        role = role.max_session(session_limit("MaxSessionDuration", seconds)?);
    }
    call.change(|records| {
        // STS finds roles by their names in any case.
        let mut roles = records.roles.iter();
        if roles.any(|(name, _)| name.eq_ignore_ascii_case(&new.role_name)) {
            return Err(already_exists("Role"));
        }
        if records.roles.len() >= MOST {
            return Err(limit_exceeded("Role"));
        }
        let mut stored = StoredRole::new(records.next_id(), role, now);
        stored.trust(new.assume_role_policy_document, trust);
        stored.description = new.description.unwrap_or_default();
        stored.console_login = new.allow_console_login.unwrap_or_default();
        stored.tags = tag::pairs(new.tag);
        let shown = with_trust(&stored, show_new(&stored));
        records.roles.insert(new.role_name, stored);
        Ok(json!({ "Role": shown }))
    })
}

pub(super) fn get(call: &Call<'_>) -> Result<Value, ApiError> {
    let Named { role_name } = call.parameters.read()?;
    bounds::role_name(&role_name)?;
    call.change(|records| {
        let role = records.roles.get(&role_name);
        let role = role.ok_or_else(|| not_exist("Role"))?;
        let mut shown = with_trust(role, show(role));
        shown["IsServiceLinkedRole"] = false.into();
        Ok(json!({ "Role": shown }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Update {
    role_name: String,
    new_assume_role_policy_document: Option<String>,
    new_description: Option<String>,
    new_max_session_duration: Option<u64>,
    new_allow_console_login: Option<bool>,
}

pub(super) fn update(call: &Call<'_>) -> Result<Value, ApiError> {
    let new: Update = call.parameters.read()?;
    let now = call.now();
    bounds::role_name(&new.role_name)?;
    bounds::text("NewDescription", new.new_description.as_deref(), 1..=1024)?;
    let limit = new
        .new_max_session_duration
        .map(|seconds| session_limit("NewMaxSessionDuration", seconds))
        .transpose()?;
    let trust = match new.new_assume_role_policy_document {
        Some(text) => Some((bounds::trust_policy(&text)?, text)),
        None => None,
    };
    call.change(|records| {
        let role = records.roles.get_mut(&new.role_name);
        let role = role.ok_or_else(|| not_exist("Role"))?;
        if let Some((document, text)) = trust {
            role.trust(text, document);
        }
        if let Some(limit) = limit {
            role.role.max_session = limit;
        }
        if let Some(description) = new.new_description {
            role.description = description;
        }
        if let Some(may) = new.new_allow_console_login {
            role.console_login = may;
        }
        role.updated_at = now;
        Ok(json!({ "Role": with_trust(role, show(role)) }))
    })
}

pub(super) fn delete(call: &Call<'_>) -> Result<Value, ApiError> {
    let Named { role_name } = call.parameters.read()?;
    bounds::role_name(&role_name)?;
    call.change(|records| {
        let role = records.roles.get(&role_name);
        let role = role.ok_or_else(|| not_exist("Role"))?;
        if !role.attached.is_empty() {
            let message = "The role has policies. Detach them first.";
            return Err(delete_conflict("Role.Policy", message));
        }
        records.remove_role(&role_name);
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    tag: Option<Vec<Tag>>,
}

pub(super) fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    let List { tag } = call.parameters.read()?;
    let paging: Paging = call.parameters.read()?;
    let tags = tag::pairs(tag);
    call.change(|records| {
        let roles = records.roles.iter();
        let roles = roles.filter(|(_, role)| tag::has_all(&role.tags, &tags));
        let roles = roles.map(|(name, role)| (name.clone(), role));
        paging.page(("Roles", "Role"), roles, |role| {
            let mut shown = show(role);
            shown["Tags"] = tag::show(&role.tags);
            shown
        })
    })
}

/// How long sessions may be.
fn session_limit(parameter: &str, seconds: u64) -> Result<Duration, ApiError> {
    if !(3600..=43200).contains(&seconds) {
        return Err(ApiError::invalid(parameter));
    }
    Ok(Duration::from_secs(seconds))
}

fn with_trust(role: &StoredRole, mut shown: Value) -> Value {
    shown["AssumeRolePolicyDocument"] = role.trust_text.as_str().into();
    shown
}

fn show(role: &StoredRole) -> Value {
    let mut shown = show_new(role);
    shown["UpdateDate"] = time::text(role.updated_at).into();
    shown
}

/// The response to its creation does not say when it was changed.
fn show_new(role: &StoredRole) -> Value {
    let name = &role.role.name;
    json!({
        "RoleId": role.id,
        "RoleName": name,
        "Arn": format!("acs:ram::{ACCOUNT_ID}:role/{name}"),
        "Description": role.description,
        "MaxSessionDuration": role.role.max_session.as_secs(),
        "AllowConsoleLogin": role.console_login,
        "CreateDate": time::text(role.created_at),
    })
}
