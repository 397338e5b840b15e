//! The resources that actions are on, as policies have them.

use alibaba_ram::Resource;

use crate::directory::ACCOUNT_ID;
use crate::directory::caller::Identity;
use crate::openapi::call::Call;

pub(super) fn all_users(_: &Call<'_>) -> Vec<Resource> {
    vec![of_account("user", "*")]
}

pub(super) fn all_roles(_: &Call<'_>) -> Vec<Resource> {
    vec![of_account("role", "*")]
}

pub(super) fn all_policies(_: &Call<'_>) -> Vec<Resource> {
    vec![of_account("policy", "*")]
}

/// The user that is named, or else the one that calls.
pub(super) fn user(call: &Call<'_>) -> Vec<Resource> {
    let caller = call.caller.as_ref().map(|caller| &caller.identity);
    let name = match (call.parameters.text("UserName"), caller) {
        (Some(name), _) => name,
        (None, Some(Identity::User { name, .. })) => name,
        (None, _) => "*",
    };
    vec![of_account("user", name)]
}

pub(super) fn role(call: &Call<'_>) -> Vec<Resource> {
    vec![of_account(
        "role",
        call.parameters.text("RoleName").unwrap_or("*"),
    )]
}

/// A policy of the account or of the system, for actions that take either.
pub(super) fn policy(call: &Call<'_>) -> Vec<Resource> {
    match call.parameters.text("PolicyType") {
        Some("System") => {
            let name = policy_name(call);
            vec![Resource::new(format!("acs:ram:*:system:policy/{name}"))]
        }
        _ => own_policy(call),
    }
}

/// A policy of the account, for actions that take no other.
pub(super) fn own_policy(call: &Call<'_>) -> Vec<Resource> {
    vec![of_account("policy", policy_name(call))]
}

pub(super) fn user_and_policy(call: &Call<'_>) -> Vec<Resource> {
    [user(call), policy(call)].concat()
}

pub(super) fn role_and_policy(call: &Call<'_>) -> Vec<Resource> {
    [role(call), policy(call)].concat()
}

fn policy_name<'c>(call: &'c Call<'_>) -> &'c str {
    call.parameters.text("PolicyName").unwrap_or("*")
}

fn of_account(kind: &str, name: &str) -> Resource {
    Resource::new(format!("acs:ram:*:{ACCOUNT_ID}:{kind}/{name}"))
}
