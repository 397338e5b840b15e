//! What to restore, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::{Entry, GroupResource};

/// What becomes of objects that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ExistingPolicy {
    /// They stay as they are; the report says which of them differ.
    #[default]
    Leave,
    /// They are patched to what the backup holds; fields that only the cluster knows stay.
    Update,
}

/// What to restore, and how. The default is everything that a restore ever brings back, under its
/// own name.
///
/// ```
/// use kube_backup_engine::restore::RestoreSpec;
///
/// let spec = RestoreSpec {
///     included_namespaces: ["shop".to_owned()].into(),
///     namespace_mapping: [("shop".to_owned(), "shop-copy".to_owned())].into(),
///     ..RestoreSpec::named("try-out")
/// };
/// assert_eq!(spec.target_namespace("shop"), "shop-copy");
/// ```
#[derive(Debug, Clone)]
pub struct RestoreSpec {
    /// The restore's name, put as label `velero.io/restore-name` on what it creates.
    pub name: String,
    /// Only these namespaces, by their names in the backup; empty for all.
    pub included_namespaces: BTreeSet<String>,
    /// Not these namespaces.
    pub excluded_namespaces: BTreeSet<String>,
    /// Only these kinds; empty for all.
    pub included_resources: BTreeSet<GroupResource>,
    /// Not these kinds.
    pub excluded_resources: BTreeSet<GroupResource>,
    /// Only objects of these names; empty for all.
    pub included_names: BTreeSet<String>,
    /// Cluster-scoped objects: `Some(true)` all, `Some(false)` none, `None` all with all namespaces
    /// and otherwise only what the chosen namespaces need (their definitions and volumes).
    pub include_cluster_resources: Option<bool>,
    /// Namespace in the backup to namespace in the cluster.
    pub namespace_mapping: BTreeMap<String, String>,
    /// What becomes of objects that are there already.
    pub existing: ExistingPolicy,
    /// Keeps the node ports of Services even where nobody asked for them.
    pub preserve_node_ports: bool,
    /// Requests under way at once.
    pub parallel: usize,
    /// How long to wait for any one thing: a definition to be served, a namespace to be active, an
    /// object of the same name to be gone, a server to answer.
    pub patience: Duration,
}

/// Never restored: they belong to a machine or tell what happened (Velero, restore_controller.go).
const NEVER: [(&str, &str); 9] = [
    ("", "nodes"),
    ("", "events"),
    ("events.k8s.io", "events"),
    ("velero.io", "backups"),
    ("velero.io", "restores"),
    ("velero.io", "resticrepositories"),
    ("velero.io", "backuprepositories"),
    ("storage.k8s.io", "csinodes"),
    ("storage.k8s.io", "volumeattachments"),
];

impl RestoreSpec {
    /// Everything, under this restore's name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            included_namespaces: BTreeSet::new(),
            excluded_namespaces: BTreeSet::new(),
            included_resources: BTreeSet::new(),
            excluded_resources: BTreeSet::new(),
            included_names: BTreeSet::new(),
            include_cluster_resources: None,
            namespace_mapping: BTreeMap::new(),
            existing: ExistingPolicy::default(),
            preserve_node_ports: false,
            parallel: 32,
            patience: Duration::from_secs(60),
        }
    }

    /// Where a namespace of the backup goes.
    #[must_use]
    pub fn target_namespace<'a>(&'a self, namespace: &'a str) -> &'a str {
        self.namespace_mapping
            .get(namespace)
            .map_or(namespace, String::as_str)
    }

    /// Whether a namespace of the backup is chosen.
    pub(crate) fn wants_namespace(&self, namespace: &str) -> bool {
        (self.included_namespaces.is_empty() || self.included_namespaces.contains(namespace))
            && !self.excluded_namespaces.contains(namespace)
    }

    fn wants_kind(&self, resource: &GroupResource) -> bool {
        !NEVER
            .iter()
            .any(|(group, plural)| resource.is(group, plural))
            && (self.included_resources.is_empty() || self.included_resources.contains(resource))
            && !self.excluded_resources.contains(resource)
    }

    /// The entries to restore. Namespaces come along with what lies in them.
    pub(crate) fn choose(&self, entries: Vec<Entry>) -> Vec<Entry> {
        let namespaced: BTreeSet<GroupResource> = entries
            .iter()
            .filter(|entry| self.wants(entry))
            .filter(|entry| entry.id.namespace.is_some())
            .map(|entry| entry.id.resource.clone())
            .collect();
        let used: BTreeSet<String> = entries
            .iter()
            .filter(|entry| self.wants(entry))
            .filter_map(|entry| entry.id.namespace.clone())
            .collect();
        let chosen = entries.into_iter().filter(|entry| {
            let id = &entry.id;
            if id.namespace.is_some() {
                return self.wants(entry);
            }
            if id.resource.is("", "namespaces") {
                return self.wants_namespace(&id.name)
                    && (used.contains(&id.name) || self.wants(entry));
            }
            if !self.wants(entry) {
                return false;
            }
            match self.include_cluster_resources {
                Some(all) => all,
                None if self.included_namespaces.is_empty() => true,
                None if id
                    .resource
                    .is("apiextensions.k8s.io", "customresourcedefinitions") =>
                {
                    namespaced.iter().any(|kind| kind.to_string() == id.name)
                }
                None => id.resource.is("", "persistentvolumes"),
            }
        });
        chosen.collect()
    }

    fn wants(&self, entry: &Entry) -> bool {
        let id = &entry.id;
        self.wants_kind(&id.resource)
            && id
                .namespace
                .as_deref()
                .is_none_or(|namespace| self.wants_namespace(namespace))
            && (self.included_names.is_empty() || self.included_names.contains(&id.name))
    }
}
