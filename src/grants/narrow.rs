//! Narrowing to named buckets.

use alibaba_ram::PolicyDocument;

use super::error::Refusal;
use super::grant::update;
use super::names::Names;
use super::plan::Plan;
use super::state::State;

/// The step to a policy for these buckets alone. The AccessKey and its Secret stay as they are.
pub(super) fn plan(
    state: &State,
    names: &Names,
    document: &PolicyDocument,
) -> Result<Plan, Refusal> {
    if !state.is_attached(&names.policy) {
        return Err(Refusal::NotGranted {
            policy: names.policy.clone(),
            user: names.user.clone(),
        });
    }
    let mut plan = Plan::default();
    update(&mut plan, state, names, document);
    Ok(plan)
}
