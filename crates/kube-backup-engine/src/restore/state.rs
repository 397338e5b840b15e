//! What a restore knows and has done so far. The steps for single objects return values, and these are
//! folded into it on one task.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::altered::{Alteration, AlteredField, KEPT};
use super::apply::Applied;
use super::finished::{Effects, Finished};
use super::hooks::PodHooks;
use super::items::Items;
use super::outcome::{Item, Outcome, SkipReason};
use super::owners::{Orphan, Uids};
use super::plan::PlannedItem;
use super::planned::PlannedObjects;
use super::policy::Withheld;
use super::request::Request;
use super::served::Served;
use super::surroundings::Surroundings;
use super::transform::{Lowering, Services, Volumes};
use super::volumes::data::ClaimData;
use super::volumes::fill::Filling;
use super::volumes::held_back::HeldBack;
use super::volumes::plan::PlannedClaim;
use super::volumes::snapshots::StaticSnapshot;
use crate::cluster::schema::Schemas;
use crate::kinds::backends::Backend;
use crate::kinds::follow::named;
use crate::kinds::names::{NAMESPACES, VOLUMES};
use crate::kinds::order::{Tier, is_network_policy};
use crate::{Entry, GroupResource, HookStatus, ObjectId};

/// What a restore knows and has done so far.
#[derive(Default)]
pub(crate) struct State {
    /// Kinds that the server has.
    pub(crate) served: Served,
    /// Volumes that claims can be bound to, or cannot.
    pub(crate) volumes: Volumes,
    /// Services of the backup.
    pub(crate) services: Services,
    /// What there is around the restored objects.
    pub(crate) surroundings: Surroundings,
    /// Where network policies are missing.
    pub(crate) unprotected: Unprotected,
    /// The uids of owners.
    pub(crate) uids: Uids,
    /// In a plan, what would have been created.
    pub(crate) planned: PlannedObjects,
    /// In a plan, what the cluster keeps of kinds whose objects it cannot be asked about, by its definitions
    /// and those that would be in it by then.
    pub(crate) schemas: Schemas,
    /// Objects without all of their owners.
    pub(crate) orphans: Vec<Orphan>,
    /// Objects whose turn comes in a later tier.
    pub(crate) deferred: HashMap<Tier, Vec<Entry>>,
    /// Definitions that are not served yet.
    pub(crate) definitions: Vec<String>,
    /// Namespaces that were in the backup.
    pub(crate) namespaces: HashSet<String>,
    /// Namespaces that this restore made.
    pub(crate) new_namespaces: HashSet<String>,
    /// Quotas that are not in force yet, by path.
    pub(crate) quotas: Vec<String>,
    /// Quotas and ranges that allow more until all is there, by path, and how that ends.
    pub(crate) raised: Vec<(String, Lowering)>,
    /// Finalizers that not every control plane takes off: how many objects have each, and the first of them.
    pub(crate) finalizers: BTreeMap<String, (usize, ObjectId)>,
    /// Objects that were withheld, by their names in the cluster, and the switches that allow them.
    pub(crate) withheld: HashMap<ObjectId, Withheld>,
    /// Commands to be run in Pods that were created.
    pub(crate) hooks: Vec<PodHooks>,
    /// Services that restored objects send requests to.
    pub(crate) backends: Vec<Backend>,
    /// What is planned for claims of which the backup says what became of their data.
    pub(crate) claims: BTreeMap<ObjectId, PlannedClaim>,
    /// Volumes that are not restored themselves, and why not.
    pub(crate) replaced: HashMap<String, String>,
    /// Claims, by namespace and name in the cluster, that did not get their data, and why not.
    pub(crate) held_back: HeldBack,
    /// Claims that are to be filled.
    pub(crate) fillings: Vec<Filling>,
    /// What claims were made from, until they are bound.
    pub(crate) snapshots: Vec<StaticSnapshot>,
    /// What became of the data of claims.
    pub(crate) data: Vec<ClaimData>,
    /// How many commands hooks were to run; `None` where there was none.
    pub(crate) hook_status: Option<HookStatus>,
    pub(crate) warnings: Vec<String>,
    /// One for each object, unless it is a plan.
    pub(crate) items: Items,
    /// One for each object, in a plan.
    pub(crate) planned_items: Vec<PlannedItem>,
}

impl State {
    /// How many objects are finished.
    pub(crate) fn done(&self) -> usize {
        self.items.len() + self.planned_items.len()
    }

    /// What an object needs and was withheld, said once it is known that the object is restored.
    pub(crate) fn without_withheld(&self, request: &Request) -> Vec<String> {
        if self.withheld.is_empty() {
            return Vec::new();
        }
        let namespace = request.namespace.as_deref();
        let needed = named(&request.id.resource, namespace, &request.object).into_iter();
        needed
            // A namespace is made, without its labels.
            .filter(|needed| !NAMESPACES.is(&needed.to.resource))
            .filter_map(|needed| {
                let withheld = self.withheld.get(&needed.to)?;
                Some(format!(
                    "{} names {}, which is {withheld}",
                    request.id, needed.to
                ))
            })
            .collect()
    }

    /// What came of a request by what is known now.
    pub(crate) fn judge(&self, request: Request, mut applied: Applied, is_plan: bool) -> Finished {
        // The server went by the definition that it has now.
        if self.planned.has_definition(&request.id.resource) {
            applied.altered = self.would_drop(&request.id.resource, &request.object);
            applied.warnings.clear();
        }
        if let Outcome::Failed(refusal) = &applied.outcome {
            let kind = &request.id.resource;
            let namespace = request.namespace.as_deref();
            let instead =
                self.planned
                    .instead_of_refusal(kind, &request.object, namespace, refusal);
            if let Some(why) = instead {
                let Request {
                    tier,
                    id,
                    namespace,
                    powers,
                    ..
                } = request;
                return Finished::new(tier, id, namespace, Outcome::Created.into())
                    .unchecked(why)
                    .granting(powers);
            }
        }
        Finished::of(request, applied, is_plan)
    }

    /// What the cluster would not keep of an object, as far as its definitions tell.
    pub(crate) fn would_drop(&self, kind: &GroupResource, object: &Value) -> Vec<AlteredField> {
        let mut fields = Vec::new();
        self.schemas.unknown(kind, object, &mut |at| {
            if fields.len() < KEPT {
                fields.push(AlteredField {
                    pointer: at.to_owned(),
                    alteration: Alteration::Dropped,
                });
            }
        });
        fields
    }

    /// Takes in what came of an object.
    pub(crate) fn fold(&mut self, finished: Finished, is_plan: bool) {
        let Effects {
            definition,
            namespace,
            new_namespace,
            volume,
            quota,
            raised,
            finalizers,
            backends,
            uid,
            orphan,
            planned,
            new_definition,
        } = finished.effects;
        if VOLUMES.is(&finished.id.resource) && volume.is_none() {
            self.volumes.lost.insert(finished.id.name.clone());
        }
        if is_network_policy(&finished.id.resource)
            && matches!(finished.applied.outcome, Outcome::Failed(_))
        {
            self.unprotected
                .note(finished.namespace.as_deref(), &finished.id);
        }
        if let Some(definition) = new_definition {
            self.schemas.add_definition(&definition);
        }
        if let Outcome::Skipped(SkipReason::Withheld(withheld)) = &finished.applied.outcome {
            let id = ObjectId {
                namespace: finished.namespace.clone(),
                ..finished.id.clone()
            };
            self.withheld.insert(id, withheld.clone());
        }
        self.definitions.extend(definition);
        self.namespaces.extend(namespace);
        self.new_namespaces.extend(new_namespace);
        self.volumes.free.extend(volume);
        self.quotas.extend(quota);
        self.raised.extend(raised);
        for finalizer in finalizers {
            let first = || (0, finished.id.clone());
            self.finalizers.entry(finalizer).or_insert_with(first).0 += 1;
        }
        self.backends.extend(backends);
        self.uids.extend(uid);
        self.orphans.extend(orphan);
        self.planned.extend(planned);
        if is_plan {
            self.planned_items.push(PlannedItem::new(
                finished.id,
                finished.namespace,
                finished.tier,
                finished.applied,
                finished.unchecked,
                finished.powers,
            ));
        } else {
            self.items.push(Item {
                id: finished.id,
                target_namespace: finished.namespace,
                outcome: finished.applied.outcome,
                altered: finished.applied.altered,
                warnings: finished.applied.warnings,
            });
        }
    }
}

/// Where network policies could not be restored.
#[derive(Debug, Default)]
pub(crate) struct Unprotected {
    namespaces: HashMap<String, ObjectId>,
    everywhere: Option<ObjectId>,
}

impl Unprotected {
    fn note(&mut self, namespace: Option<&str>, policy: &ObjectId) {
        match namespace {
            Some(namespace) => {
                self.namespaces.insert(namespace.to_owned(), policy.clone());
            }
            None => self.everywhere = Some(policy.clone()),
        }
    }

    /// The policy that is missing in a namespace.
    pub(crate) fn by(&self, namespace: &str) -> Option<&ObjectId> {
        self.namespaces.get(namespace).or(self.everywhere.as_ref())
    }
}
