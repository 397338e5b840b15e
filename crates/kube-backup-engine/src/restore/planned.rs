//! What a planned restore would have created by the time an object's turn comes.
//!
//! A dry run cannot ask the server about an object whose namespace or definition is itself only
//! planned, and a refusal because something else is missing means nothing while that is planned.

use std::collections::HashSet;

use serde_json::Value;

use super::served::NotServed;
use crate::kinds::follow::{is_looked_for, looked_for};
use crate::kinds::names::{PODS, SERVICE_ACCOUNTS};
use crate::kinds::order::Tier;
use crate::{GroupResource, ObjectId};

/// An object that a plan would create and that later ones may ask for.
#[derive(Debug)]
pub(crate) enum Planned {
    Namespace(String),
    Definition(String),
    Prerequisite(ObjectId),
}

impl Planned {
    /// What is to be remembered of an object; `namespace` and `name` are those in the cluster.
    pub(crate) fn of(
        tier: Tier,
        kind: &GroupResource,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<Self> {
        match tier {
            Tier::Definitions => Some(Self::Definition(name.to_owned())),
            Tier::Namespaces => Some(Self::Namespace(name.to_owned())),
            _ => is_looked_for(kind).then(|| {
                Self::Prerequisite(ObjectId {
                    resource: kind.clone(),
                    namespace: namespace.map(str::to_owned),
                    name: name.to_owned(),
                })
            }),
        }
    }
}

/// What a plan would have created so far.
#[derive(Debug, Default)]
pub(crate) struct PlannedObjects {
    namespaces: HashSet<String>,
    definitions: HashSet<String>,
    prerequisites: HashSet<ObjectId>,
}

impl Extend<Planned> for PlannedObjects {
    fn extend<T: IntoIterator<Item = Planned>>(&mut self, planned: T) {
        for planned in planned {
            match planned {
                Planned::Namespace(name) => self.namespaces.insert(name),
                Planned::Definition(name) => self.definitions.insert(name),
                Planned::Prerequisite(id) => self.prerequisites.insert(id),
            };
        }
    }
}

impl PlannedObjects {
    /// Whether the definition of a kind would be created or changed.
    pub(crate) fn has_definition(&self, kind: &GroupResource) -> bool {
        !self.definitions.is_empty() && self.definitions.contains(&kind.to_string())
    }

    pub(crate) fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.contains(name)
    }

    /// Why the server cannot be asked about objects of a kind that it does not know.
    pub(crate) fn instead_of_kind(
        &self,
        kind: &GroupResource,
        reason: &NotServed,
    ) -> Option<String> {
        let planned = self.has_definition(kind);
        (planned && matches!(reason, NotServed::Unknown(_)))
            .then(|| "its definition is restored first, and is not in the cluster yet".to_owned())
    }

    /// Why the server cannot be asked about objects in a namespace that is not there.
    pub(crate) fn instead_of_namespace(&self, namespace: Option<&str>) -> Option<String> {
        let namespace = namespace.filter(|name| self.has_namespace(name))?;
        Some(format!(
            "namespace `{namespace}` is made first, and is not in the cluster yet"
        ))
    }

    /// Why a refusal says nothing: it names what is only planned.
    pub(crate) fn instead_of_refusal(
        &self,
        kind: &GroupResource,
        object: &Value,
        namespace: Option<&str>,
        refusal: &str,
    ) -> Option<String> {
        let missing = prerequisites(kind, object, namespace)
            .into_iter()
            .find(|id| self.prerequisites.contains(id) && refusal.contains(&id.name))?;
        Some(format!(
            "{missing} is restored first, and is not in the cluster yet"
        ))
    }
}

/// What the server looks up when it admits `object`, by names in the target cluster.
fn prerequisites(kind: &GroupResource, object: &Value, namespace: Option<&str>) -> Vec<ObjectId> {
    let mut found = looked_for(kind, namespace, object);
    let accounts = SERVICE_ACCOUNTS.group_resource();
    if PODS.is(kind) && !found.iter().any(|id| id.resource == accounts) {
        found.push(ObjectId {
            resource: accounts,
            namespace: namespace.map(str::to_owned),
            name: "default".to_owned(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_counts_unless_it_is_for_something_planned() {
        let mut planned_objects = PlannedObjects::default();
        let accounts = GroupResource::core("serviceaccounts");
        planned_objects.extend(Planned::of(
            Tier::Foundations,
            &accounts,
            Some("shop"),
            "bot",
        ));
        let pods = GroupResource::core("pods");
        let pod = json!({"spec": {"serviceAccountName": "bot", "priorityClassName": "high"}});
        let refused = |namespace: &str, why: &str| {
            planned_objects.instead_of_refusal(&pods, &pod, Some(namespace), why)
        };
        let for_account = r#"error looking up service account shop/bot: not found"#;
        assert_eq!(
            refused("shop", for_account).as_deref(),
            Some("serviceaccounts shop/bot is restored first, and is not in the cluster yet")
        );
        assert_eq!(refused("other", for_account), None);
        assert_eq!(
            refused("shop", "no PriorityClass with name high was found"),
            None
        );
    }
}
