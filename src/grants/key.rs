//! The part of a plan that is about the AccessKey, which granting and rotating share.

use super::error::Refusal;
use super::names::Names;
use super::plan::{Plan, Step};
use super::secret::mark_of;
use super::state::{KeyState, NamespaceState, State};

/// How many AccessKeys RAM allows a user.
const LIMIT: usize = 2;

/// Plans the namespace, unless it is on its way out.
pub(super) fn namespace(plan: &mut Plan, state: &State) -> Result<(), Refusal> {
    match state.namespace {
        NamespaceState::Active => Ok(()),
        NamespaceState::Absent => {
            plan.push(Step::CreateNamespace);
            Ok(())
        }
        NamespaceState::Terminating => Err(Refusal::Terminating),
    }
}

/// Plans a new key, in place of another one if there is one to replace.
pub(super) fn create(
    plan: &mut Plan,
    state: &State,
    names: &Names,
    replaces: Option<&str>,
) -> Result<(), Refusal> {
    let orphans: Vec<&KeyState> = state.orphans().collect();
    let staying: Vec<&KeyState> = state
        .keys
        .iter()
        .filter(|key| !orphans.contains(key))
        .collect();
    if staying.len() >= LIMIT {
        let describe = |key: &&KeyState| format!("`{}` of {}", key.id, key.created_at);
        return Err(Refusal::TwoKeys {
            user: names.user.clone(),
            keys: staying.iter().map(describe).collect(),
        });
    }
    let reservation = state
        .secret
        .as_ref()
        .and_then(|secret| secret.reservation.as_ref());
    // What was known before the first reservation stays what is known: keys since then are orphans.
    let known_keys = match reservation {
        Some(reservation) => reservation.known_keys.clone(),
        None => state.keys.iter().map(|key| key.id.clone()).collect(),
    };
    plan.push(Step::ReserveSecret { known_keys });
    delete_orphans(plan, state, names);
    plan.push(Step::CreateKey {
        user: names.user.clone(),
        replaces: replaces.map(str::to_owned),
    });
    if state.component.is_some() {
        plan.push(Step::RestartComponent);
    }
    Ok(())
}

/// Plans what is left to do for the key in use: a restart, and the end of a rotation or reservation.
pub(super) fn finish(plan: &mut Plan, state: &State, names: &Names, key: &KeyState) {
    let mark = mark_of(Some(&key.id));
    let component = state.component.as_ref();
    if component.is_some_and(|it| it.started_for.as_deref() != Some(mark.as_str())) {
        plan.push(Step::RestartComponent);
    }
    let Some(secret) = &state.secret else { return };
    if let Some(old) = &secret.replaces {
        plan.push(Step::SeeKeyWork);
        if state.key(old).is_some() {
            plan.push(replaced(names, old));
        }
        plan.push(Step::SettleSecret);
    } else if secret.reservation.is_some() {
        delete_orphans(plan, state, names);
        plan.push(Step::SettleSecret);
    }
}

/// The end of a rotation: the old key goes.
pub(super) fn replaced(names: &Names, old: &str) -> Step {
    Step::DeleteKey {
        user: names.user.clone(),
        id: old.to_owned(),
        reason: "the new one works",
    }
}

fn delete_orphans(plan: &mut Plan, state: &State, names: &Names) {
    for orphan in state.orphans() {
        plan.push(Step::DeleteKey {
            user: names.user.clone(),
            id: orphan.id.clone(),
            reason: "it was made by a run that was interrupted, and nobody knows its secret",
        });
    }
}
