//! What came of one object, and what that means for the objects after it.

use serde_json::Value;

use super::apply::Applied;
use super::decide::is_for_the_same_claim;
use super::outcome::Outcome;
use super::owners::{Orphan, OwnerKey};
use super::planned::Planned;
use super::request::Request;
use super::transform::{Lowering, lowering};
use crate::ObjectId;
use crate::kinds::backends::{Backend, backends_of};
use crate::kinds::finalizers::is_built_in;
use crate::kinds::names::{RESOURCE_QUOTAS, VOLUMES};
use crate::kinds::order::Tier;
use crate::powers::Powers;

/// An object whose turn is over.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) tier: Tier,
    /// Its name in the backup.
    pub(crate) id: ObjectId,
    /// Its namespace in the cluster.
    pub(crate) namespace: Option<String>,
    pub(crate) applied: Applied,
    /// Why the server was not asked, in a plan.
    pub(crate) unchecked: Option<String>,
    /// What it grants.
    pub(crate) powers: Powers,
    pub(crate) effects: Effects,
}

/// What later objects and steps need to know of one that is in the cluster now.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// The definition it is.
    pub(crate) definition: Option<String>,
    /// The namespace it is.
    pub(crate) namespace: Option<String>,
    /// The namespace it is, where this restore made it.
    pub(crate) new_namespace: Option<String>,
    /// The path of the quota it is, where it is not in force yet.
    pub(crate) quota: Option<String>,
    /// The quota or range that it is, where it allows more for now, by path, and how that ends.
    pub(crate) raised: Option<(String, Lowering)>,
    /// Its finalizers that not every control plane takes off.
    pub(crate) finalizers: Vec<String>,
    /// The volume it is, where a claim can be bound to it.
    pub(crate) volume: Option<String>,
    /// The Services that it sends requests to.
    pub(crate) backends: Vec<Backend>,
    /// Its uid, where others name it for their owner.
    pub(crate) uid: Option<(OwnerKey, String)>,
    /// References to owners that are still to be put back.
    pub(crate) orphan: Option<Orphan>,
    /// That it is planned, and not in the cluster yet.
    pub(crate) planned: Option<Planned>,
    /// In a plan, the definition that would be in the cluster by then.
    pub(crate) new_definition: Option<Value>,
}

impl Finished {
    pub(crate) fn new(
        tier: Tier,
        id: ObjectId,
        namespace: Option<String>,
        applied: Applied,
    ) -> Self {
        Self {
            tier,
            id,
            namespace,
            applied,
            unchecked: None,
            powers: Powers::default(),
            effects: Effects::default(),
        }
    }

    /// What came of a request.
    pub(crate) fn of(mut request: Request, mut applied: Applied, is_plan: bool) -> Self {
        let mut effects = Effects::default();
        let is_new = applied.live.is_none();
        if applied.outcome.is_in_cluster() {
            let name = &request.name;
            if applied.outcome.is_ours() {
                applied.warnings.append(&mut request.remarks);
                effects.finalizers = finalizers(&request.object);
            }
            if applied.outcome == Outcome::Created && request.tier == Tier::Namespaces {
                effects.new_namespace = Some(name.clone());
            }
            if RESOURCE_QUOTAS.is(&request.id.resource) && applied.outcome.is_ours() {
                effects.quota = Some(request.path.clone());
            }
            if request.tier == Tier::Protection && applied.outcome == Outcome::Created {
                // An earlier run may have been cut off before it ended this.
                let object = applied.live.as_ref().unwrap_or(&request.object);
                effects.raised = lowering(&request.id.resource, object)
                    .map(|lowering| (request.path.clone(), lowering));
            }
            match request.tier {
                Tier::Definitions => effects.definition = Some(name.clone()),
                Tier::Namespaces => effects.namespace = Some(name.clone()),
                _ if VOLUMES.is(&request.id.resource) => {
                    let live = applied.live.as_ref();
                    effects.volume = live
                        .is_none_or(|live| is_for_the_same_claim(live, &request.object))
                        .then(|| name.clone());
                }
                _ => {}
            }
            effects.backends = backends_of(&request.id, &request.object);
            effects.uid = request.owner.clone().zip(applied.uid.clone());
            // What is only planned of a definition changes what the server says of its objects, too.
            let is_new_definition = request.tier == Tier::Definitions && applied.outcome.is_ours();
            if is_plan && is_new_definition && (is_new || !applied.changes.is_empty()) {
                effects.new_definition = Some(request.object.clone());
            }
            if is_plan && (is_new || effects.new_definition.is_some()) {
                let namespace = request.namespace.as_deref();
                effects.planned = Planned::of(request.tier, &request.id.resource, namespace, name);
            }
            let has_them = request.references.is_empty()
                || request.has_references && is_new && applied.outcome == Outcome::Created;
            if !has_them && applied.outcome.is_ours() {
                effects.orphan = Some(Orphan {
                    id: request.id.clone(),
                    path: request.path,
                    namespace: request.namespace.clone(),
                    references: request.references,
                });
            }
        }
        Self {
            effects,
            powers: request.powers,
            ..Self::new(request.tier, request.id, request.namespace, applied)
        }
    }

    /// It would grant these.
    pub(crate) fn granting(mut self, powers: Powers) -> Self {
        self.powers = powers;
        self
    }

    /// The server was not asked, for this reason.
    pub(crate) fn unchecked(mut self, why: String) -> Self {
        self.unchecked = Some(why);
        self
    }

    /// `object` would be created as `name`, and others may ask for it.
    pub(crate) fn planned_as(mut self, name: &str, object: &Value) -> Self {
        self.effects.finalizers = finalizers(object);
        let namespace = self.namespace.as_deref();
        self.effects.planned = Planned::of(self.tier, &self.id.resource, namespace, name);
        self
    }
}

fn finalizers(object: &Value) -> Vec<String> {
    let all = object["metadata"]["finalizers"].as_array();
    let names = all.into_iter().flatten().filter_map(Value::as_str);
    let others = names.filter(|name| !is_built_in(name));
    others.map(str::to_owned).collect()
}
