//! Renewing the AccessKey without downtime.

use super::error::Refusal;
use super::key;
use super::names::Names;
use super::plan::{Plan, Step};
use super::state::{NamespaceState, State};

/// The key that a rotation is to get rid of: the one that an interrupted rotation was about, or the
/// one in the Secret.
pub(super) fn begins_from(state: &State) -> Result<String, Refusal> {
    let secret = state.secret.as_ref().filter(|secret| secret.is_complete);
    let id = secret.and_then(|secret| secret.replaces.clone().or(secret.key_id.clone()));
    id.ok_or(Refusal::NoKey)
}

/// The steps from the key `from` to another one. Both sign until the component was seen to work with
/// the new one.
pub(super) fn plan(state: &State, names: &Names, from: &str) -> Result<Plan, Refusal> {
    if state.namespace == NamespaceState::Terminating {
        return Err(Refusal::Terminating);
    }
    let secret = state
        .secret
        .as_ref()
        .filter(|secret| secret.is_complete)
        .ok_or(Refusal::NoKey)?;
    let mut plan = Plan::default();
    if let Some(in_use) = state.key_in_use()
        && in_use.id != from
    {
        key::finish(&mut plan, state, names, in_use);
        return Ok(plan);
    }
    let is_of_user = state.key(from).is_some();
    if !is_of_user && secret.ram_user.as_ref() != Some(&names.user) {
        plan.note(format!(
            "AccessKey `{from}` is not one of RAM user `{}`: it is replaced in the Secret, and left \
             alone in RAM",
            names.user
        ));
    }
    key::create(&mut plan, state, names, is_of_user.then_some(from))?;
    if is_of_user {
        plan.push(Step::SeeKeyWork);
        plan.push(key::replaced(names, from));
        plan.push(Step::SettleSecret);
    }
    Ok(plan)
}
