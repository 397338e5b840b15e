//! Granting.

use alibaba_ram::PolicyDocument;

use super::error::Refusal;
use super::key;
use super::names::Names;
use super::plan::{Plan, Step, changes};
use super::state::State;

/// The steps to a user with this policy whose key is in the Secret.
pub(super) fn plan(
    state: &State,
    names: &Names,
    document: Option<&PolicyDocument>,
) -> Result<Plan, Refusal> {
    let mut plan = Plan::default();
    let Some(document) = document else {
        plan.note("nothing has to be granted: the role of managed clusters has the rights");
        return Ok(plan);
    };
    rights(&mut plan, state, names, document);
    key::namespace(&mut plan, state)?;
    if let Some(secret) = state.secret.as_ref().filter(|secret| secret.is_complete) {
        let id = secret.key_id.clone().unwrap_or_default();
        match state.key_in_use() {
            Some(in_use) if in_use.is_active => {
                key::finish(&mut plan, state, names, in_use);
                return Ok(plan);
            }
            Some(_) => return Err(Refusal::InactiveKey { key: id }),
            // A key of this user that somebody has deleted: another one takes its place.
            None if secret.ram_user.as_ref() == Some(&names.user) => {}
            None => {
                return Err(Refusal::ForeignKey {
                    key: id,
                    user: names.user.clone(),
                });
            }
        }
    }
    key::create(&mut plan, state, names, None)?;
    Ok(plan)
}

fn rights(plan: &mut Plan, state: &State, names: &Names, document: &PolicyDocument) {
    let (policy, user) = (names.policy.clone(), names.user.clone());
    if state.user.is_none() {
        plan.push(Step::CreateUser { user: user.clone() });
    }
    match &state.policy {
        None => plan.push(Step::CreatePolicy {
            policy: policy.clone(),
            document: document.clone(),
        }),
        Some(_) => update(plan, state, names, document),
    }
    if !state.is_attached(&policy) {
        plan.push(Step::AttachPolicy { policy, user });
    }
}

/// Plans a new version of the policy, if the one in force means something else.
pub(super) fn update(plan: &mut Plan, state: &State, names: &Names, document: &PolicyDocument) {
    let Some(policy) = &state.policy else { return };
    let changes = match &policy.document {
        Some(current) => changes(current, document),
        None => Some(vec!["the document in force cannot be read".to_owned()]),
    };
    let Some(changes) = changes else { return };
    plan.push(Step::UpdatePolicy {
        policy: names.policy.clone(),
        document: document.clone(),
        changes,
    });
    let others: Vec<_> = policy
        .entities
        .iter()
        .filter(|it| **it != names.user)
        .cloned()
        .collect();
    if !others.is_empty() {
        plan.note(format!(
            "policy `{}` is attached to {} too: it changes for them as well",
            names.policy,
            others.join(", ")
        ));
    }
}
