//! Taking it all back.

use super::names::Names;
use super::plan::{Plan, Step};
use super::secret::mark_of;
use super::state::State;

/// The steps to a cluster without rights of its own. What a grant did not make stays, and is named.
pub(super) fn plan(state: &State, names: &Names) -> Plan {
    let mut plan = Plan::default();
    let (policy, user) = (&names.policy, &names.user);
    if state.is_attached(policy) {
        plan.push(Step::DetachPolicy {
            policy: policy.clone(),
            user: user.clone(),
        });
    }
    if let Some(found) = &state.policy {
        let others: Vec<_> = found
            .entities
            .iter()
            .filter(|it| *it != user)
            .cloned()
            .collect();
        if !others.is_empty() {
            plan.note(format!(
                "policy `{policy}` stays: it is attached to {} too",
                others.join(", ")
            ));
        } else if found.is_ours {
            plan.push(Step::DeletePolicy {
                policy: policy.clone(),
            });
        } else {
            plan.note(format!(
                "policy `{policy}` stays: it was made by somebody else"
            ));
        }
    }
    let is_ours = state.user.as_ref().is_some_and(|user| user.is_ours);
    let secret = state.secret.as_ref();
    let in_secret = |id: &String| secret.and_then(|secret| secret.key_id.as_ref()) == Some(id);
    for key in &state.keys {
        if is_ours || in_secret(&key.id) {
            plan.push(Step::DeleteKey {
                user: user.clone(),
                id: key.id.clone(),
                reason: "its rights are revoked",
            });
        }
    }
    if let Some(secret) = secret {
        let is_of_user = secret.ram_user.as_ref() == Some(user) || state.key_in_use().is_some();
        let is_of_nobody = secret.key_id.is_none() && secret.reservation.is_some();
        if is_of_user || is_of_nobody {
            plan.push(Step::DeleteSecret);
        } else if let Some(id) = &secret.key_id {
            plan.note(format!(
                "the Secret stays: its AccessKey `{id}` is not one of RAM user `{user}`"
            ));
        }
    }
    if let Some(found) = &state.user {
        let others: Vec<_> = found
            .policies
            .iter()
            .filter(|it| *it != policy)
            .cloned()
            .collect();
        if !found.is_ours {
            plan.note(format!(
                "RAM user `{user}` stays: it was made by somebody else"
            ));
        } else if others.is_empty() {
            plan.push(Step::DeleteUser { user: user.clone() });
        } else {
            plan.note(format!(
                "RAM user `{user}` stays: it has {} too",
                others.join(", ")
            ));
        }
    }
    restart(&mut plan, state);
    plan
}

/// A component that was started for credentials which are gone looks for others.
fn restart(plan: &mut Plan, state: &State) {
    let loses = plan.steps.contains(&Step::DeleteSecret) || state.secret.is_none();
    let started_for = state
        .component
        .as_ref()
        .and_then(|it| it.started_for.as_deref());
    if loses && started_for.is_some_and(|mark| mark != mark_of(None)) {
        plan.push(Step::RestartComponent);
    }
}
