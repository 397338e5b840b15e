//! What to restore.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::{Selector, SelectorExt as _};

use crate::kinds::exclusions::never_restored;
use crate::{Error, GroupResource, ObjectId, Result};

/// What to do about objects that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ExistingResourcePolicy {
    /// They stay as they are; the report says which of them differ.
    #[default]
    None,
    /// They are patched to what the backup holds; fields that only the cluster knows stay. What the
    /// server lets nobody change in place is reported as failed, with its fields and the remedy. A
    /// volume that is bound to another claim is left alone all the same.
    ///
    /// Service accounts are an exception to both policies: what they lack is always added, for every
    /// namespace has its `default` one before anything is restored, and this policy overwrites what
    /// differs, but takes nothing away.
    Update,
}

/// What to restore. The default is everything that a restore ever brings back, under its
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
    /// Only objects of these names; empty for all. What these need comes along, as with labels.
    pub included_names: BTreeSet<String>,
    /// Only objects whose labels one of these selects; empty for all. The claims and service accounts of
    /// chosen Pods, with the roles bound to these, and what chosen objects need of the cluster come along
    /// whatever their labels.
    pub label_selectors: Vec<Selector>,
    /// Cluster-scoped objects: `Some(true)` all, `Some(false)` none, `None` all with all namespaces
    /// and otherwise only what the chosen objects need: their definitions and volumes, the classes they
    /// name (priority, runtime, storage, ingress), and the cluster roles bound to their service accounts.
    /// It is what a [backup](crate::backup::BackupSpec::include_cluster_resources) takes along with the
    /// same objects.
    pub include_cluster_resources: Option<bool>,
    /// Namespace in the backup to namespace in the cluster. Followed wherever an object names a
    /// namespace: subjects of role bindings, services of webhooks, selectors of network policies and
    /// more.
    pub namespace_mapping: BTreeMap<String, String>,
    /// Storage class in the backup to storage class in the cluster.
    pub storage_class_mapping: BTreeMap<String, String>,
    /// Beginning of an image's name to what stands there in the cluster:
    /// `docker.io/library` to `registry.example.com/mirror`. The longest fitting one counts.
    pub image_mapping: BTreeMap<String, String>,
    /// Kinds whose status is written back too. It tells of the old cluster, so none is, unless a
    /// controller takes it for its memory; `velero.io/restore-status: "true"` on an object asks for it
    /// as well.
    pub restore_status: BTreeSet<GroupResource>,
    /// What to do about objects that exist already.
    pub existing_resource_policy: ExistingResourcePolicy,
    /// Keeps the node ports of Services even where the cluster chose them.
    pub preserve_node_ports: bool,
}

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
            label_selectors: Vec::new(),
            include_cluster_resources: None,
            namespace_mapping: BTreeMap::new(),
            storage_class_mapping: BTreeMap::new(),
            image_mapping: BTreeMap::new(),
            restore_status: BTreeSet::new(),
            existing_resource_policy: ExistingResourcePolicy::default(),
            preserve_node_ports: false,
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

    /// Whether every cluster-scoped object is chosen, and not only what others need.
    pub(crate) fn wants_whole_cluster(&self) -> bool {
        let all = self.included_namespaces.is_empty() && self.excluded_namespaces.is_empty();
        self.include_cluster_resources.unwrap_or(all)
    }

    pub(crate) fn wants_kind(&self, resource: &GroupResource) -> bool {
        never_restored(resource).is_none()
            && (self.included_resources.is_empty() || self.included_resources.contains(resource))
            && !self.excluded_resources.contains(resource)
    }

    /// Whether an object is chosen by its name alone, labels aside.
    pub(crate) fn wants(&self, id: &ObjectId) -> bool {
        self.wants_kind(&id.resource)
            && id
                .namespace
                .as_deref()
                .is_none_or(|namespace| self.wants_namespace(namespace))
            && (self.included_names.is_empty() || self.included_names.contains(&id.name))
    }

    /// Whether labels are chosen.
    pub(crate) fn wants_labels(&self, labels: &BTreeMap<String, String>) -> bool {
        self.label_selectors.is_empty()
            || self
                .label_selectors
                .iter()
                .any(|selector| selector.matches(labels))
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |why: String| {
            Err(Error::invalid(format!(
                "plan restore `{}`: {why}",
                self.name
            )))
        };
        // It becomes the value of a label.
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let ends = [self.name.bytes().next(), self.name.bytes().last()];
        if !self.name.bytes().all(inner)
            || !ends
                .iter()
                .all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        {
            return refuse(
                "its name is to begin and end with a letter or digit, and to hold only these, `-`, \
                 `_` and `.`"
                    .to_owned(),
            );
        }
        let both = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.intersection(b).next().cloned();
        if let Some(name) = both(&self.included_namespaces, &self.excluded_namespaces) {
            return refuse(format!("namespace `{name}` is both included and excluded"));
        }
        if let Some(kind) = self
            .included_resources
            .intersection(&self.excluded_resources)
            .next()
        {
            return refuse(format!("kind `{kind}` is both included and excluded"));
        }
        for target in self.namespace_mapping.values() {
            let legal =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if target.is_empty() || target.len() > 63 || !target.bytes().all(legal) {
                return refuse(format!(
                    "`{target}` cannot be a namespace: use up to 63 lower-case letters, digits and `-`"
                ));
            }
        }
        Ok(())
    }
}
