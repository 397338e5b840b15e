//! What to restore.

use std::collections::{BTreeMap, BTreeSet};

use kube::core::{Selector, SelectorExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::kinds::exclusions::never_restored;
use crate::spec::{null_is_default, other, resources, selectors};
use crate::{Error, GroupResource, ObjectId, Result};

/// What to do about objects that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RestoreSpec {
    /// The restore's name, put as label `velero.io/restore-name` on what it creates. It stands beside the
    /// specification, as `metadata.name`, and not in its JSON.
    #[serde(skip)]
    pub name: String,
    /// Only these namespaces, by their names in the backup; empty, or `*`, for all.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub included_namespaces: BTreeSet<String>,
    /// Not these namespaces.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub excluded_namespaces: BTreeSet<String>,
    /// Only these kinds; empty for all.
    #[serde(
        default,
        deserialize_with = "resources::deserialize",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub included_resources: BTreeSet<GroupResource>,
    /// Not these kinds.
    #[serde(
        default,
        deserialize_with = "resources::deserialize",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub excluded_resources: BTreeSet<GroupResource>,
    /// Only objects of these names; empty for all. What these need comes along, as with labels.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    pub included_names: BTreeSet<String>,
    /// Only objects with these labels. The claims and service accounts of chosen Pods, with the roles
    /// bound to these, and what chosen objects need of the cluster come along whatever their labels.
    #[serde(
        default,
        with = "selectors::one",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<selectors::Shape>"))]
    pub label_selector: Option<Selector>,
    /// Only objects that one of these selects, instead of `label_selector`.
    #[serde(
        default,
        with = "selectors::many",
        skip_serializing_if = "Vec::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<selectors::Shape>"))]
    pub or_label_selectors: Vec<Selector>,
    /// Cluster-scoped objects: `Some(true)` all, `Some(false)` none, `None` all with all namespaces
    /// and otherwise only what the chosen objects need: their definitions and volumes, the classes they
    /// name (priority, runtime, storage, ingress), and the cluster roles bound to their service accounts.
    /// It is what a [backup](crate::backup::BackupSpec::include_cluster_resources) takes along with the
    /// same objects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_cluster_resources: Option<bool>,
    /// Namespace in the backup to namespace in the cluster. Followed wherever an object names a
    /// namespace: subjects of role bindings, services of webhooks, selectors of network policies and
    /// more.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub namespace_mapping: BTreeMap<String, String>,
    /// Storage class in the backup to storage class in the cluster.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub storage_class_mapping: BTreeMap<String, String>,
    /// Beginning of an image's name to what stands there in the cluster:
    /// `docker.io/library` to `registry.example.com/mirror`. The longest fitting one counts.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub image_mapping: BTreeMap<String, String>,
    /// Kinds whose status is written back too. It tells of the old cluster, so none is, unless a
    /// controller takes it for its memory; `velero.io/restore-status: "true"` on an object asks for it
    /// as well.
    #[serde(
        default,
        with = "kinds_with_status",
        skip_serializing_if = "BTreeSet::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "StatusFields"))]
    pub restore_status: BTreeSet<GroupResource>,
    /// What to do about objects that exist already.
    #[serde(default, deserialize_with = "policy_or_default")]
    pub existing_resource_policy: ExistingResourcePolicy,
    /// Keeps the node ports of Services even where the cluster chose them.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub preserve_node_ports: bool,
    /// Fields of Velero's that this crate does nothing about. They are kept as they are; those that ask for
    /// something are refused when the restore is run.
    #[serde(flatten, deserialize_with = "other::of_restore")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub other: Map<String, Value>,
}

/// Velero's `spec.restoreStatus`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusFields {
    /// Kinds whose status is written back.
    #[serde(default, deserialize_with = "resources::deserialize")]
    included_resources: BTreeSet<GroupResource>,
}

/// Kinds, as they stand in [`StatusFields`].
mod kinds_with_status {
    use serde::{Deserializer, Serializer};

    use super::*;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeSet<GroupResource>, D::Error> {
        Ok(Option::<StatusFields>::deserialize(deserializer)?
            .unwrap_or_default()
            .included_resources)
    }

    pub(super) fn serialize<S: Serializer>(
        kinds: &BTreeSet<GroupResource>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let included_resources = kinds.clone();
        StatusFields { included_resources }.serialize(serializer)
    }
}

/// Velero takes an empty policy for none.
fn policy_or_default<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<ExistingResourcePolicy, D::Error> {
    use serde::de::IntoDeserializer as _;

    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None | Some("") => Ok(ExistingResourcePolicy::None),
        Some(policy) => ExistingResourcePolicy::deserialize(policy.into_deserializer()),
    }
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
            label_selector: None,
            or_label_selectors: Vec::new(),
            include_cluster_resources: None,
            namespace_mapping: BTreeMap::new(),
            storage_class_mapping: BTreeMap::new(),
            image_mapping: BTreeMap::new(),
            restore_status: BTreeSet::new(),
            existing_resource_policy: ExistingResourcePolicy::default(),
            preserve_node_ports: false,
            other: Map::new(),
        }
    }

    /// The fields of Velero's `RestoreSpec` (velero.io/v1, restore_types.go). What it has no field for is
    /// left out: names of objects, and mappings of storage classes and images.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when it cannot be written as JSON.
    pub fn to_velero(&self) -> Result<Map<String, Value>> {
        let value = serde_json::to_value(self)
            .map_err(|error| Error::internal("write the specification", error))?;
        let Value::Object(mut spec) = value else {
            return Err(Error::internal(
                "write the specification",
                "it is no object",
            ));
        };
        for ours in ["includedNames", "storageClassMapping", "imageMapping"] {
            spec.remove(ours);
        }
        if self.included_namespaces.is_empty() {
            spec.insert("includedNamespaces".to_owned(), json!(["*"]));
        }
        Ok(spec)
    }

    fn takes_all_namespaces(&self) -> bool {
        self.included_namespaces.is_empty() || self.included_namespaces.contains("*")
    }

    /// The namespaces that were asked for by their names; none for all.
    pub(crate) fn named_namespaces(&self) -> BTreeSet<String> {
        if self.takes_all_namespaces() {
            BTreeSet::new()
        } else {
            self.included_namespaces.clone()
        }
    }

    /// Whether objects are chosen by their labels.
    pub(crate) fn is_by_label(&self) -> bool {
        self.label_selector.is_some() || !self.or_label_selectors.is_empty()
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
        (self.takes_all_namespaces() || self.included_namespaces.contains(namespace))
            && !self.excluded_namespaces.contains(namespace)
    }

    /// Whether every cluster-scoped object is chosen, and not only what others need.
    pub(crate) fn wants_whole_cluster(&self) -> bool {
        let all = self.takes_all_namespaces() && self.excluded_namespaces.is_empty();
        self.include_cluster_resources.unwrap_or(all)
    }

    pub(crate) fn wants_kind(&self, resource: &GroupResource) -> bool {
        never_restored(resource).is_none()
            && (self.included_resources.is_empty() || self.included_resources.contains(resource))
            && !self.excluded_resources.contains(resource)
    }

    /// What is asked for by name and no restore brings back, with the reason.
    pub(crate) fn excluded_by_kind(&self) -> impl Iterator<Item = String> {
        self.included_resources.iter().filter_map(|kind| {
            let reason = never_restored(kind)?;
            Some(format!("`{kind}` is not restored: {reason}"))
        })
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
        !self.is_by_label()
            || self
                .label_selector
                .iter()
                .chain(&self.or_label_selectors)
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
        if self.label_selector.is_some() && !self.or_label_selectors.is_empty() {
            return refuse("labelSelector and orLabelSelectors exclude each other".to_owned());
        }
        if let Some(field) = other::unsupported(&self.other, other::RESTORE) {
            return refuse(format!(
                "`{field}` asks for something that is not done here; leave it out"
            ));
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
