//! Whether one statement applies to a call.

use crate::document::{Effect, Statement, TrustedKind, TrustedPrincipals, Values};
use crate::pattern::{action_matches, arn_fields, resource_matches};
use crate::request::{Principal, Request, Resource};

use super::condition::{Unmet, first_unmet};

/// What a document is attached to, which decides what its statements say of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// To a user, role, session or account: statements name resources.
    Resources,
    /// To the role itself: statements name principals instead.
    Trust,
}

/// Why a statement does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    Action,
    Principal,
    Resource,
    Condition(Unmet),
}

/// Checks the parts of a statement one after the other, those that cost little first.
///
/// A part that the statement should have and does not, or that cannot be understood, counts for a
/// Deny and against an Allow.
pub(crate) fn applies(
    statement: &Statement,
    scope: Scope,
    request: &Request,
    resource: &Resource,
) -> Result<(), Mismatch> {
    if !covers_action(statement, request.action()) {
        return Err(Mismatch::Action);
    }
    if scope == Scope::Resources && !covers_resource(statement, resource.arn()) {
        return Err(Mismatch::Resource);
    }
    let when_unclear = statement.effect() == Effect::Deny;
    match statement.principals() {
        Some(trusted) if !names(trusted, request.caller()) => return Err(Mismatch::Principal),
        None if scope == Scope::Trust && !when_unclear => return Err(Mismatch::Principal),
        _ => {}
    }
    let facts = |key: &str| request.facts(resource, key);
    match statement
        .conditions()
        .and_then(|condition| first_unmet(condition, facts, when_unclear))
    {
        Some(unmet) => Err(Mismatch::Condition(unmet)),
        None => Ok(()),
    }
}

/// Whether a statement is about an action.
pub(crate) fn covers_action(statement: &Statement, action: &str) -> bool {
    covers(
        statement,
        [statement.actions(), statement.not_actions()],
        |pattern| action_matches(pattern, action),
    )
}

/// Whether a statement is about a resource.
pub(crate) fn covers_resource(statement: &Statement, resource: &str) -> bool {
    covers(
        statement,
        [statement.resources(), statement.not_resources()],
        |pattern| resource_matches(pattern, resource),
    )
}

/// Among the values listed and not among those excluded; without either, if it is a Deny.
fn covers(
    statement: &Statement,
    [listed, but]: [Option<&Values>; 2],
    matches: impl Fn(&str) -> bool,
) -> bool {
    let any = |values: &Values| values.iter().any(|value| matches(value));
    match (listed, but) {
        (None, None) => statement.effect() == Effect::Deny,
        (listed, but) => listed.is_none_or(any) && !but.is_some_and(any),
    }
}

/// Whether `Principal` names the caller.
fn names(trusted: &TrustedPrincipals, caller: Option<&Principal>) -> bool {
    let Some(caller) = caller else { return false };
    trusted.iter().any(|(kind, values)| {
        values.iter().any(|value| match (kind, caller) {
            (TrustedKind::Ram, Principal::Ram(arn)) => names_ram(value, arn),
            (TrustedKind::Service, Principal::Service(name)) => value == name,
            (TrustedKind::Federated, Principal::Federated(arn)) => value == arn,
            _ => false,
        })
    })
}

/// `:root` names everyone in the account, and a role names its sessions.
fn names_ram(trusted: &str, caller: &str) -> bool {
    if trusted == caller {
        return true;
    }
    let (Some([_, _, _, account, id]), Some([_, _, _, caller_account, caller_id])) =
        (arn_fields(trusted), arn_fields(caller))
    else {
        return false;
    };
    if account != caller_account {
        return false;
    }
    let session_of = |role: &str| {
        caller_id
            .strip_prefix(role)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    id == "root" || id == caller_id || (id.starts_with("role/") && session_of(id))
}
