//! What the target has for volumes: storage classes, machines, CSI snapshots.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::machine::Machine;

/// A storage class of the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Class {
    /// What makes its volumes; empty where that is not known yet.
    pub(crate) provisioner: String,
    /// The zones that its volumes may be in; `None` for any.
    pub(crate) zones: Option<BTreeSet<String>>,
    is_default: bool,
}

impl Class {
    fn of(class: &Value) -> Self {
        let topologies = class["allowedTopologies"].as_array();
        let expressions = topologies.into_iter().flatten().flat_map(|term| {
            term["matchLabelExpressions"]
                .as_array()
                .into_iter()
                .flatten()
        });
        let is_zonal = |it: &&Value| it["key"].as_str().is_some_and(|key| key.ends_with("/zone"));
        let zones: BTreeSet<String> = expressions
            .filter(is_zonal)
            .flat_map(|it| it["values"].as_array().into_iter().flatten())
            .filter_map(|zone| zone.as_str().map(str::to_owned))
            .collect();
        let annotations = &class["metadata"]["annotations"];
        let says_default = [
            "storageclass.kubernetes.io/is-default-class",
            "storageclass.beta.kubernetes.io/is-default-class",
        ];
        Self {
            provisioner: class["provisioner"].as_str().unwrap_or_default().to_owned(),
            zones: (!zones.is_empty()).then_some(zones),
            is_default: says_default.iter().any(|key| annotations[*key] == "true"),
        }
    }
}

/// What the target has for volumes.
#[derive(Debug, Default)]
pub(crate) struct Target {
    /// By name; `None` where they could not be listed.
    pub(crate) classes: Option<BTreeMap<String, Class>>,
    /// Empty where they could not be listed.
    pub(crate) machines: Vec<Machine>,
    /// Whether it serves `snapshot.storage.k8s.io/v1`.
    pub(crate) serves_snapshots: bool,
}

impl Target {
    pub(crate) fn note_classes(&mut self, classes: &[Value]) {
        let of = |class: &Value| {
            let name = class["metadata"]["name"].as_str()?.to_owned();
            Some((name, Class::of(class)))
        };
        self.classes = Some(classes.iter().filter_map(of).collect());
    }

    /// Notes classes that a plan would have restored by then.
    pub(crate) fn note_planned_classes(&mut self, names: impl IntoIterator<Item = String>) {
        if let Some(classes) = &mut self.classes {
            for name in names {
                classes.entry(name).or_default();
            }
        }
    }

    /// The class of a claim that names this one, or none; `Err` where there is no such class, for people.
    pub(crate) fn class(&self, name: Option<&str>) -> Result<Option<&Class>, String> {
        let Some(classes) = &self.classes else {
            return Ok(None);
        };
        match name {
            Some("") => Err(
                "it asks for a volume that is made by hand, and its data comes back in one that is provisioned; name a \
                 class for its driver in `defaultStorageClasses`"
                    .to_owned(),
            ),
            Some(name) => match classes.get(name) {
                Some(class) => Ok(Some(class)),
                None => Err(format!(
                    "the cluster has no storage class `{name}`; make it, or map it to one of the cluster's with \
                     `storageClassMapping`"
                )),
            },
            None => match classes.values().find(|class| class.is_default) {
                Some(class) => Ok(Some(class)),
                None => Err(
                    "it names no storage class, and the cluster has no default one; mark one with annotation \
                     storageclass.kubernetes.io/is-default-class"
                        .to_owned(),
                ),
            },
        }
    }

    pub(crate) fn has_class(&self, name: &str) -> bool {
        let classes = self.classes.as_ref();
        classes.is_none_or(|classes| classes.contains_key(name))
    }
}
