//! What one object says about itself and about others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::asked::powers_of;
use super::references::references;
use crate::cluster::schema::Schemas;
use crate::kinds::adoption::is_adopted;
use crate::kinds::follow::Named;
use crate::kinds::names::DEFINITIONS;
use crate::powers::Powers;
use crate::{GroupResource, ObjectId};

/// A short summary of one object; all that the checks ever see of it.
#[derive(Debug, Default)]
pub(super) struct ObjectSummary {
    pub(super) api_version: String,
    pub(super) uid: Option<String>,
    pub(super) owners: Vec<NamedOwner>,
    pub(super) references: Vec<Named>,
    /// The kind and its served versions, when the object is a definition.
    pub(super) defines: Option<(GroupResource, Vec<String>)>,
    /// What it would let somebody do.
    pub(super) powers: Powers,
    /// Places that the cluster to restore to would not keep, the first few; elements of lists are `*`.
    pub(super) unknown: BTreeSet<String>,
}

/// Most such places of one object.
const UNKNOWN: usize = 50;

/// An owner that an object names.
#[derive(Debug)]
pub(super) struct NamedOwner {
    pub(super) uid: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// Whether its controller adopts by selector.
    pub(super) adopts: bool,
}

impl ObjectSummary {
    /// The summary of the object whose place is `id`; the reason when it does not
    /// belong there.
    pub(super) fn of(id: &ObjectId, json: &[u8], schemas: &Schemas) -> Result<Self, String> {
        let object: Value = match serde_json::from_slice(json) {
            Ok(object) => object,
            Err(error) => return Err(format!("its JSON cannot be read: {error}")),
        };
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let (Some(api_version), Some(_)) = (text("/apiVersion"), text("/kind")) else {
            return Err("it does not say its kind and apiVersion, and cannot be restored".into());
        };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if group != id.resource.group {
            return Err(format!(
                "it is stored among `{}` and says that it is of `{api_version}`",
                id.resource
            ));
        }
        let owners = object
            .pointer("/metadata/ownerReferences")
            .and_then(Value::as_array);
        Ok(Self {
            api_version: api_version.to_owned(),
            uid: text("/metadata/uid").map(str::to_owned),
            owners: owners
                .into_iter()
                .flatten()
                .filter_map(|reference| owner(&id.resource, reference))
                .collect(),
            references: references(id, &object),
            defines: defines(&id.resource, &object),
            powers: powers_of(&id.resource, &object),
            unknown: unknown(&id.resource, &object, schemas),
        })
    }
}

fn unknown(kind: &GroupResource, object: &Value, schemas: &Schemas) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    schemas.unknown(kind, object, &mut |at| {
        if places.len() < UNKNOWN {
            let is_element = |step: &str| step.bytes().all(|byte| byte.is_ascii_digit());
            let steps = at.split('/').skip(1);
            let steps = steps.map(|step| if is_element(step) { "*" } else { step });
            places.insert(steps.fold(String::new(), |at, step| format!("{at}/{step}")));
        }
    });
    places
}

/// Nodes own mirror Pods and leases, which are never restored.
fn owner(owned: &GroupResource, reference: &Value) -> Option<NamedOwner> {
    let text = |key: &str| reference[key].as_str().map(str::to_owned);
    let owner = NamedOwner {
        uid: text("uid")?,
        kind: text("kind")?,
        name: text("name")?,
        adopts: is_adopted(owned, reference),
    };
    (owner.kind != "Node").then_some(owner)
}

fn defines(resource: &GroupResource, object: &Value) -> Option<(GroupResource, Vec<String>)> {
    if !DEFINITIONS.is(resource) {
        return None;
    }
    let spec = &object["spec"];
    let kind = GroupResource::new(spec["group"].as_str()?, spec["names"]["plural"].as_str()?);
    let versions = spec["versions"].as_array()?.iter();
    let served = versions
        .filter(|version| version["served"] == true)
        .filter_map(|version| version["name"].as_str())
        .map(|version| format!("{}/{version}", kind.group))
        .collect();
    Some((kind, served))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(resource: &str, object: &Value) -> Result<ObjectSummary, String> {
        let id = ObjectId {
            resource: resource.parse().unwrap(),
            namespace: None,
            name: "a".into(),
        };
        ObjectSummary::of(&id, object.to_string().as_bytes(), &Schemas::default())
    }

    #[test]
    fn an_object_among_others_of_another_group_is_found() {
        let object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}});
        assert!(of("jobs.batch", &object).is_ok());
        assert!(of("jobs.apps", &object).unwrap_err().contains("`batch/v1`"));
        assert!(
            of("jobs", &json!({"metadata": {}}))
                .unwrap_err()
                .contains("does not say")
        );
    }

    #[test]
    fn owners_are_in_the_summary_and_nodes_are_not() {
        let owners = json!([
            {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "1"},
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "2", "controller": true},
            {"apiVersion": "example.com/v1", "kind": "Cart", "name": "c", "uid": "3"}]);
        let object = json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "a", "uid": "9", "ownerReferences": owners}});
        let summary = of("pods", &object).unwrap();
        let owners: Vec<_> = summary
            .owners
            .iter()
            .map(|owner| (owner.name.as_str(), owner.adopts))
            .collect();
        // A ReplicaSet adopts Pods, and nothing else.
        assert_eq!(owners, [("r", true), ("c", false)]);
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "2", "controller": true}]}});
        assert!(!of("configmaps", &map).unwrap().owners[0].adopts);
        assert_eq!(summary.uid.as_deref(), Some("9"));
    }

    #[test]
    fn what_a_definition_serves_is_in_the_summary() {
        let object = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "a"}, "spec": {"group": "example.com", "names": {"plural": "carts"},
            "versions": [{"name": "v1", "served": true}, {"name": "v0", "served": false}]}});
        let summary = of("customresourcedefinitions.apiextensions.k8s.io", &object).unwrap();
        let (kind, versions) = summary.defines.unwrap();
        assert_eq!(kind.to_string(), "carts.example.com");
        assert_eq!(versions, ["example.com/v1"]);
    }
}
