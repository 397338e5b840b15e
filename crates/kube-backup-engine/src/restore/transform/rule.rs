//! What a rule is given, and what it decides.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::restore::spec::RestoreSpec;

/// What a rule may use.
pub(crate) struct TransformContext<'a> {
    pub(crate) spec: &'a RestoreSpec,
    /// The backup's name.
    pub(crate) backup: &'a str,
    /// What became of the PersistentVolumes of the backup.
    pub(crate) volumes: &'a Volumes,
    /// The Services of the backup, as far as they are restored.
    pub(crate) services: &'a Services,
    /// The machines of the cluster, by name; none where they are not known.
    pub(crate) nodes: &'a HashSet<String>,
}

/// What became of PersistentVolumes.
#[derive(Debug, Default)]
pub(crate) struct Volumes {
    /// Those that a claim may be bound to again.
    pub(crate) free: HashSet<String>,
    /// Those that were in the backup, and that no claim of it can have.
    pub(crate) lost: HashSet<String>,
}

/// Whether Services select their backends, by namespace and name in the backup.
#[derive(Debug, Default)]
pub(crate) struct Services(HashMap<(String, String), bool>);

impl Services {
    /// Notes a Service.
    pub(crate) fn note(&mut self, service: &Value) {
        let text = |key: &str| service["metadata"][key].as_str().unwrap_or_default();
        let selector = service["spec"]["selector"].as_object();
        let selects = selector.is_some_and(|selector| !selector.is_empty());
        let name = (text("namespace").to_owned(), text("name").to_owned());
        self.0.insert(name, selects);
    }

    /// Whether a Service selects its backends; `None` where it is not restored.
    pub(super) fn selects(&self, namespace: &str, name: &str) -> Option<bool> {
        self.0
            .get(&(namespace.to_owned(), name.to_owned()))
            .copied()
    }
}

/// Whether an object is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Restore,
    /// With something that the report tells.
    RestoreWith(String),
    /// For a reason that the report gives.
    Skip(&'static str),
}

/// Changes an object of its kind.
pub(super) type Rule = fn(&mut Value, &TransformContext<'_>) -> Verdict;
