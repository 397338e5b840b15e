//! What is to be asked of the server for one object, decided without asking it.

use bytes::Bytes;
use serde_json::Value;

use super::apply::Applied;
use super::environment::Environment;
use super::finished::Finished;
use super::owners::{self, OwnerKey};
use super::report::Outcome;
use super::request::Request;
use super::scope;
use super::state::State;
use super::step::Transformed;
use super::transform::{self, TransformContext, Verdict};
use crate::format::annotations::RESTORE_STATUS;
use crate::kinds::order::Tier;
use crate::kinds::provided::is_provided;
use crate::scan::Original;
use crate::{Entry, GroupResource};

/// What the next step for an object is.
#[derive(Debug)]
pub(crate) enum NextStep {
    /// To ask the server.
    Request(Box<Request>),
    /// To wait for a later tier.
    Defer(Box<Entry>),
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
    // Before anything is changed in it: where there is no status subresource, the status is data.
    let served = state.served.find(&id.resource, &object);
    let status_is_data = served.is_ok_and(|resource| !resource.has_status_subresource());
    let status = status_of(environment, &id.resource, &object);
    let data = object.get("status").filter(|_| status_is_data).cloned();
    let context = TransformContext {
        spec,
        backup: environment.backup_name(),
        volumes: &state.volumes,
    };
    if let Verdict::Skip(reason) = transform::transform(&id.resource, &mut object, &context) {
        return finish(Outcome::not_restored(reason));
    }
    if let (Some(status), Some(fields)) = (data, object.as_object_mut()) {
        fields.insert("status".to_owned(), status);
    }
    environment.marks.put_on(&mut object);
    if tier == Tier::RequestedServices && Tier::of_service(&object) != tier {
        return NextStep::Defer(Box::new(entry));
    }
    for step in environment.steps {
        match step.apply(id, object) {
            Ok(Transformed::Object(changed)) => object = changed,
            Ok(Transformed::Skip(reason)) => return finish(Outcome::not_restored(reason)),
            Err(reason) => return finish(Outcome::Failed(reason)),
        }
    }
    let references = owners::strip(&id.resource, &mut object);
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or(&id.name)
        .to_owned();
    let resource = match state.served.find(&id.resource, &object) {
        Ok(resource) => resource,
        Err(reason) => {
            return match state.planned.instead_of_kind(&id.resource, &reason) {
                Some(why) => {
                    let altered = state.would_drop(&id.resource, &object);
                    let applied = Applied::from(Outcome::Created).with_altered(altered);
                    let finished = Finished::new(tier, entry.id, namespace, applied);
                    NextStep::Finish(Box::new(finished.unchecked(why)))
                }
                None => finish(Outcome::Failed(reason.into_reason())),
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
        return NextStep::Finish(Box::new(finished.unchecked(why).planned_as(&name)));
    }
    let owner = OwnerKey::itself(&object, namespace.as_deref(), &name);
    let renewed = owners::renewed(&references, namespace.as_deref(), &state.uids)
        .filter(|references| !references.is_empty());
    let has_references = renewed.is_some();
    if let (Some(references), Some(metadata)) = (renewed, object["metadata"].as_object_mut()) {
        metadata.insert("ownerReferences".to_owned(), references.into());
    }
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
        owner: Some(owner).filter(|owner| environment.owners.contains(owner)),
    }))
}

fn status_of(environment: &Environment<'_>, kind: &GroupResource, object: &Value) -> Option<Value> {
    let asked = object["metadata"]["annotations"][RESTORE_STATUS].as_str();
    let wanted = match asked {
        Some(asked) => asked == "true",
        None => environment.spec.restore_status.contains(kind),
    };
    object.get("status").filter(|_| wanted).cloned()
}
