//! What is to be asked of the server for one object, decided without asking it.

use bytes::Bytes;
use serde_json::Value;

use super::apply::Applied;
use super::environment::Environment;
use super::finished::Finished;
use super::outcome::{Outcome, SkipReason};
use super::owners::{self, OwnerKey};
use super::request::Request;
use super::scope;
use super::state::State;
use super::step::Transformed;
use super::transform::{self, TransformContext, Verdict};
use crate::format::annotations::RESTORE_STATUS;
use crate::kinds::names::{DEFINITIONS, VOLUMES, is_built_in};
use crate::kinds::order::Tier;
use crate::kinds::pod_specs::POD_SPECS;
use crate::kinds::provided::is_provided;
use crate::scan::Original;
use crate::{Entry, GroupResource, ObjectId};

/// What the next step for an object is.
#[derive(Debug)]
pub(crate) enum NextStep {
    /// To ask the server.
    Request(Box<Request>),
    /// To wait for this later tier.
    Defer(Tier, Box<Entry>),
    /// None.
    Finish(Box<Finished>),
}

/// Prepares an object for the cluster by what is known so far.
pub(crate) fn prepare(
    environment: &Environment<'_>,
    state: &State,
    tier: Tier,
    entry: Entry,
    bytes: &Bytes,
) -> NextStep {
    let spec = environment.spec;
    let id = &entry.id;
    let namespace = environment.target_of(id);
    let finish = |outcome: Outcome| {
        let finished = Finished::new(tier, id.clone(), namespace.clone(), outcome.into());
        NextStep::Finish(Box::new(finished))
    };
    let mut object: Value = match serde_json::from_slice(bytes) {
        Ok(object) => object,
        Err(error) => return finish(Outcome::Failed(format!("it is not valid JSON: {error}"))),
    };
    if let Some(reason) = unprotected(environment, state, tier, &id.resource, namespace.as_deref())
    {
        return finish(Outcome::Failed(reason));
    }
    if VOLUMES.is(&id.resource)
        && let Some(reason) = state.replaced.get(&id.name)
    {
        return finish(Outcome::not_restored(reason));
    }
    // Before anything is changed in it: where there is no status subresource, the status is data.
    let served = state.served.find(&id.resource, &object);
    let status_is_data = served.is_ok_and(|resource| !resource.has_status_subresource());
    let status = status_of(environment, &id.resource, &object);
    let data = object.get("status").filter(|_| status_is_data).cloned();
    let context = TransformContext {
        spec,
        backup: environment.backup_name(),
        volumes: &state.volumes,
        services: &state.services,
        nodes: &state.surroundings.nodes,
    };
    let mut remarks = Vec::new();
    match transform::transform(&id.resource, &mut object, &context) {
        Verdict::Restore => {}
        Verdict::RestoreWith(remark) => remarks.push(remark),
        Verdict::Skip(reason) => return finish(Outcome::not_restored(reason)),
    }
    if let (Some(status), Some(fields)) = (data, object.as_object_mut()) {
        fields.insert("status".to_owned(), status);
    }
    environment.marks.put_on(&mut object);
    let due = Tier::of_object(&id.resource, &object);
    if due > tier {
        return NextStep::Defer(due, Box::new(entry));
    }
    let default = state.surroundings.settle_default(&id.resource, &mut object);
    remarks.extend(default);
    for step in environment.steps {
        match step.apply(id, object) {
            Ok(Transformed::Object(changed)) => object = changed,
            Ok(Transformed::ObjectWith(changed, told)) => {
                object = changed;
                remarks.extend(told);
            }
            Ok(Transformed::Skip(reason)) => return finish(Outcome::not_restored(reason)),
            Err(reason) => return finish(Outcome::Failed(reason)),
        }
    }
    let references = owners::strip(&id.resource, &mut object);
    let powers = environment.gate.powers_of(&id.resource, &object);
    if let Some(withheld) = environment.gate.withholds(id, &powers) {
        let outcome = Outcome::Skipped(SkipReason::Withheld(withheld));
        let finished = Finished::new(tier, entry.id, namespace, outcome.into());
        return NextStep::Finish(Box::new(finished.granting(powers)));
    }
    let status = status.filter(|_| !environment.gate.withholds_status(id, &powers));
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or(&id.name)
        .to_owned();
    if let Some(reason) = state.held_back.why(&id.resource, &object) {
        return finish(Outcome::Failed(reason));
    }
    let resource = match state.served.find(&id.resource, &object) {
        Ok(resource) => resource,
        Err(reason) => {
            return match state.planned.instead_of_kind(&id.resource, &reason) {
                Some(why) => {
                    let altered = state.would_drop(&id.resource, &object);
                    let applied = Applied::from(Outcome::Created).with_altered(altered);
                    let finished = Finished::new(tier, entry.id, namespace, applied);
                    NextStep::Finish(Box::new(finished.unchecked(why).granting(powers)))
                }
                None => match state.withheld.get(&definition_of(&id.resource)) {
                    Some(withheld) => finish(Outcome::not_restored(format!(
                        "its definition is {withheld}"
                    ))),
                    None => finish(Outcome::Failed(reason.into_reason())),
                },
            };
        }
    };
    if let Some(reason) = scope::refusal(resource, id) {
        return finish(Outcome::Failed(reason));
    }
    if let Some(why) = state.planned.instead_of_namespace(namespace.as_deref()) {
        let outcome = if is_provided(&id.resource, &name) {
            Outcome::Merged
        } else {
            Outcome::Created
        };
        let altered = state.would_drop(&id.resource, &object);
        let applied = Applied::from(outcome).with_altered(altered);
        let finished = Finished::new(tier, entry.id, namespace, applied);
        let finished = finished
            .unchecked(why)
            .planned_as(&name, &object)
            .granting(powers);
        return NextStep::Finish(Box::new(finished));
    }
    let owner = OwnerKey::itself(&object, namespace.as_deref(), &name);
    let renewed = owners::renewed(&references, namespace.as_deref(), &state.uids)
        .filter(|references| !references.is_empty());
    let has_references = renewed.is_some();
    if let (Some(references), Some(metadata)) = (renewed, object["metadata"].as_object_mut()) {
        metadata.insert("ownerReferences".to_owned(), references.into());
    }
    let in_new_namespace = namespace
        .as_ref()
        .is_some_and(|namespace| state.new_namespaces.contains(namespace));
    NextStep::Request(Box::new(Request {
        tier,
        id: entry.id,
        list_path: resource.list_path(namespace.as_deref()),
        path: resource.object_path(namespace.as_deref(), &name),
        namespace,
        name,
        object,
        original: Original::of(bytes),
        references,
        has_references,
        status: status.filter(|_| !status_is_data),
        status_is_data,
        remarks,
        in_new_namespace,
        powers,
        owner: Some(owner).filter(|owner| environment.owners.contains(owner)),
    }))
}

/// Why something that runs is not started: what was to protect it could not be restored.
fn unprotected(
    environment: &Environment<'_>,
    state: &State,
    tier: Tier,
    kind: &GroupResource,
    namespace: Option<&str>,
) -> Option<String> {
    let runs = POD_SPECS.iter().any(|(of, _)| of.is(kind)) || !is_built_in(kind);
    if tier <= Tier::Protection || !runs || environment.spec.run_unprotected {
        return None;
    }
    let policy = state.unprotected.by(namespace?)?;
    Some(format!(
        "{policy} could not be restored, and this would run without it; restore again once it can be, or \
         with `runUnprotected`"
    ))
}

fn definition_of(kind: &GroupResource) -> ObjectId {
    ObjectId {
        resource: DEFINITIONS.group_resource(),
        namespace: None,
        name: kind.to_string(),
    }
}

/// The status that is written back. An object can decline it, and no object can ask for it alone: whoever
/// may write an annotation may not write every status.
fn status_of(environment: &Environment<'_>, kind: &GroupResource, object: &Value) -> Option<Value> {
    let declines = object["metadata"]["annotations"][RESTORE_STATUS] == "false";
    let wanted = environment.spec.restore_status.contains(kind) && !declines;
    object.get("status").filter(|_| wanted).cloned()
}
