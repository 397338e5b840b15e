//! Which policies users and roles have.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds;
use super::refusal::{already_exists, limit_exceeded, not_exist};
use super::time;
use crate::directory::ACCOUNT_ID;
use crate::directory::managed::{Attachment, PolicyId, PolicyKind};
use crate::directory::records::Records;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// Who has policies.
#[derive(Clone, Copy)]
enum Holder {
    User,
    Role,
}

impl Holder {
    fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Role => "Role",
        }
    }

    /// The name of the one that a call is about.
    fn read(self, call: &Call<'_>) -> Result<String, ApiError> {
        match self {
            Self::User => {
                let User { user_name } = call.parameters.read()?;
                bounds::user_name("UserName", &user_name)?;
                Ok(user_name)
            }
            Self::Role => {
                let Role { role_name } = call.parameters.read()?;
                bounds::role_name(&role_name)?;
                Ok(role_name)
            }
        }
    }

    /// How many policies of one kind it may have.
    fn most(self, kind: PolicyKind) -> usize {
        match (self, kind) {
            (_, PolicyKind::System) => 20,
            (Self::User, PolicyKind::Custom) => 10,
            (Self::Role, PolicyKind::Custom) => 5,
        }
    }

    fn attached<'r>(
        self,
        records: &'r Records,
        name: &str,
    ) -> Result<&'r Vec<Attachment>, ApiError> {
        match self {
            Self::User => records.users.get(name).map(|it| &it.attached),
            Self::Role => records.roles.get(name).map(|it| &it.attached),
        }
        .ok_or_else(|| not_exist(self.name()))
    }

    fn attached_mut<'r>(
        self,
        records: &'r mut Records,
        name: &str,
    ) -> Result<&'r mut Vec<Attachment>, ApiError> {
        match self {
            Self::User => records.users.get_mut(name).map(|it| &mut it.attached),
            Self::Role => records.roles.get_mut(name).map(|it| &mut it.attached),
        }
        .ok_or_else(|| not_exist(self.name()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    user_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    role_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    policy_name: String,
    policy_type: String,
    resource_group_id: Option<String>,
}

impl Policy {
    fn read(call: &Call<'_>) -> Result<PolicyId, ApiError> {
        let policy: Self = call.parameters.read()?;
        // To leave it out would give more rights than were asked for.
        if policy.resource_group_id.is_some() {
            return Err(ApiError::bad_request(
                "UnsupportedParameter.ResourceGroupId",
                "Resource groups are not supported here.",
            ));
        }
        bounds::policy_id(&policy.policy_type, policy.policy_name)
    }
}

pub(super) fn attach_to_user(call: &Call<'_>) -> Result<Value, ApiError> {
    attach(call, Holder::User)
}

pub(super) fn attach_to_role(call: &Call<'_>) -> Result<Value, ApiError> {
    attach(call, Holder::Role)
}

pub(super) fn detach_from_user(call: &Call<'_>) -> Result<Value, ApiError> {
    detach(call, Holder::User)
}

pub(super) fn detach_from_role(call: &Call<'_>) -> Result<Value, ApiError> {
    detach(call, Holder::Role)
}

pub(super) fn of_user(call: &Call<'_>) -> Result<Value, ApiError> {
    list(call, Holder::User)
}

pub(super) fn of_role(call: &Call<'_>) -> Result<Value, ApiError> {
    list(call, Holder::Role)
}

fn attach(call: &Call<'_>, holder: Holder) -> Result<Value, ApiError> {
    let policy = Policy::read(call)?;
    let name = holder.read(call)?;
    let since = call.now();
    call.change(|records| {
        let exists = records.policy(&policy).is_some();
        let attached = holder.attached(records, &name)?;
        if !exists {
            return Err(not_exist("Policy"));
        }
        let what = format!("{}.Policy", holder.name());
        if attached.iter().any(|it| it.policy == policy) {
            return Err(already_exists(&what));
        }
        let of_kind = attached.iter().filter(|it| it.policy.kind == policy.kind);
        if of_kind.count() >= holder.most(policy.kind) {
            return Err(limit_exceeded(&what));
        }
        let attached = holder.attached_mut(records, &name)?;
        attached.push(Attachment { policy, since });
        Ok(json!({}))
    })
}

fn detach(call: &Call<'_>, holder: Holder) -> Result<Value, ApiError> {
    let policy = Policy::read(call)?;
    let name = holder.read(call)?;
    call.change(|records| {
        let attached = holder.attached(records, &name)?;
        let at = attached.iter().position(|it| it.policy == policy);
        let at = at.ok_or_else(|| not_exist(&format!("{}.Policy", holder.name())))?;
        holder.attached_mut(records, &name)?.remove(at);
        Ok(json!({}))
    })
}

fn list(call: &Call<'_>, holder: Holder) -> Result<Value, ApiError> {
    let name = holder.read(call)?;
    call.change(|records| {
        let attached = holder.attached(records, &name)?;
        let show = |it: &Attachment| {
            let policy = records.policy(&it.policy)?;
            Some(json!({
                "PolicyName": policy.id.name,
                "PolicyType": policy.id.kind.name(),
                "Description": policy.description,
                "DefaultVersion": format!("v{}", policy.in_force().number),
                "AttachDate": time::text(it.since),
            }))
        };
        let policies: Vec<_> = attached.iter().filter_map(show).collect();
        Ok(json!({ "Policies": { "Policy": policies } }))
    })
}

/// Whom a policy is attached to.
pub(super) fn entities(call: &Call<'_>) -> Result<Value, ApiError> {
    let id = Policy::read(call)?;
    call.change(|records| {
        if records.policy(&id).is_none() {
            return Err(not_exist("Policy"));
        }
        let since = |attached: &[Attachment]| {
            let found = attached.iter().find(|it| it.policy == id);
            found.map(|it| time::text(it.since))
        };
        let users = records.users.iter().filter_map(|(name, user)| {
            Some(json!({
                "AttachDate": since(&user.attached)?,
                "UserId": user.id,
                "UserName": name,
                "DisplayName": user.profile.display_name,
            }))
        });
        let roles = records.roles.iter().filter_map(|(name, role)| {
            Some(json!({
                "AttachDate": since(&role.attached)?,
                "RoleId": role.id,
                "RoleName": name,
                "Arn": format!("acs:ram::{ACCOUNT_ID}:role/{name}"),
                "Description": role.description,
            }))
        });
        let (users, roles): (Vec<_>, Vec<_>) = (users.collect(), roles.collect());
        Ok(json!({
            "Groups": { "Group": [] },
            "Users": { "User": users },
            "Roles": { "Role": roles },
        }))
    })
}
