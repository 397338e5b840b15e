//! What to back up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kube::core::{Selector, SelectorExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::format::keys::check_name;
use crate::spec::{go_duration, null_is_default, other, selectors};
use crate::{Error, Result};

/// What to back up. The default is everything.
///
/// Names of kinds are read as `kubectl` reads them: `deployments.apps`, `deploy`, `Deployment`, and
/// `*.example.com` for all kinds of one group.
///
/// ```
/// use kube_backup_engine::backup::BackupSpec;
///
/// let spec = BackupSpec {
///     included_namespaces: ["shop".to_owned()].into(),
///     excluded_resources: vec!["events".to_owned()],
///     ..BackupSpec::named("before-upgrade")
/// };
/// # let _ = spec;
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackupSpec {
    /// The backup's name: lower-case letters, digits, `-` and `.`. It stands beside the specification, as
    /// `metadata.name`, and not in its JSON.
    #[serde(skip)]
    pub name: String,
    /// Only these namespaces; empty, or `*`, for all.
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
    /// Only these kinds; empty, or `*`, for all.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub included_resources: Vec<String>,
    /// Not these kinds.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub excluded_resources: Vec<String>,
    /// Not these kinds of the cluster; the same as if they stood in `excluded_resources`.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub excluded_cluster_scoped_resources: Vec<String>,
    /// Not these kinds of namespaces; the same as if they stood in `excluded_resources`.
    #[serde(
        default,
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub excluded_namespace_scoped_resources: Vec<String>,
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
    /// Cluster-scoped objects: `Some(true)` all, `Some(false)` none, `None` all when all namespaces
    /// are chosen, and otherwise those that the chosen objects need: their definitions and volumes, the
    /// classes they name (priority, runtime, storage, ingress), and the cluster roles bound to their
    /// service accounts. What every cluster has by itself does not come along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_cluster_resources: Option<bool>,
    /// How long it is worth keeping. Nothing is deleted by it here: retention reads it.
    #[serde(default, with = "go_duration", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub ttl: Option<Duration>,
    /// Labels of the record.
    #[serde(
        default,
        rename = "metadata",
        with = "labels_in_metadata",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "RecordMetadataFields"))]
    pub labels: BTreeMap<String, String>,
    /// Fields of Velero's that this crate does nothing about. They are kept as they are; those that ask for
    /// something are refused when the backup is run.
    #[serde(flatten, deserialize_with = "other::of_backup")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub other: Map<String, Value>,
}

/// Velero's `spec.metadata`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RecordMetadataFields {
    /// Labels of the record.
    #[serde(default, deserialize_with = "null_is_default")]
    labels: BTreeMap<String, String>,
}

/// Labels, as they stand in [`RecordMetadataFields`].
mod labels_in_metadata {
    use serde::{Deserializer, Serializer};

    use super::*;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, String>, D::Error> {
        Ok(Option::<RecordMetadataFields>::deserialize(deserializer)?
            .unwrap_or_default()
            .labels)
    }

    pub(super) fn serialize<S: Serializer>(
        labels: &BTreeMap<String, String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let labels = labels.clone();
        RecordMetadataFields { labels }.serialize(serializer)
    }
}

impl BackupSpec {
    /// Everything, under this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            included_namespaces: BTreeSet::new(),
            excluded_namespaces: BTreeSet::new(),
            included_resources: Vec::new(),
            excluded_resources: Vec::new(),
            excluded_cluster_scoped_resources: Vec::new(),
            excluded_namespace_scoped_resources: Vec::new(),
            label_selector: None,
            or_label_selectors: Vec::new(),
            include_cluster_resources: None,
            ttl: None,
            labels: BTreeMap::new(),
            other: Map::new(),
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        let refuse = |why: String| {
            Err(Error::invalid(format!(
                "plan backup `{}`: {why}",
                self.name
            )))
        };
        let both = self
            .included_namespaces
            .intersection(&self.excluded_namespaces);
        if let Some(both) = both.into_iter().next() {
            return refuse(format!("namespace `{both}` is both included and excluded"));
        }
        if self.label_selector.is_some() && !self.or_label_selectors.is_empty() {
            return refuse("labelSelector and orLabelSelectors exclude each other".to_owned());
        }
        if let Some(field) = other::unsupported(&self.other, other::BACKUP) {
            return refuse(format!(
                "`{field}` asks for something that is not done here; leave it out"
            ));
        }
        Ok(())
    }

    /// Whether no kind was asked for by its name.
    pub(crate) fn takes_all_kinds(&self) -> bool {
        self.included_resources.is_empty() || self.included_resources.iter().any(|name| name == "*")
    }

    fn takes_all_namespaces(&self) -> bool {
        self.included_namespaces.is_empty() || self.included_namespaces.contains("*")
    }

    pub(crate) fn wants_namespace(&self, namespace: &str) -> bool {
        (self.takes_all_namespaces() || self.included_namespaces.contains(namespace))
            && !self.excluded_namespaces.contains(namespace)
    }

    /// The namespaces that were asked for by their names.
    pub(crate) fn named_namespaces(&self) -> impl Iterator<Item = &String> {
        self.included_namespaces.iter().filter(|name| *name != "*")
    }

    /// Whether objects are chosen by their labels.
    pub(crate) fn is_by_label(&self) -> bool {
        self.label_selector.is_some() || !self.or_label_selectors.is_empty()
    }

    /// Whether labels are chosen.
    pub(crate) fn wants_labels(&self, labels: &[(String, String)]) -> bool {
        if !self.is_by_label() {
            return true;
        }
        let labels = labels.iter().cloned().collect();
        self.label_selector
            .iter()
            .chain(&self.or_label_selectors)
            .any(|selector| selector.matches(&labels))
    }

    /// All kinds that are excluded.
    pub(crate) fn excluded_kinds(&self) -> Vec<String> {
        [
            &self.excluded_resources,
            &self.excluded_cluster_scoped_resources,
            &self.excluded_namespace_scoped_resources,
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect()
    }

    /// Whether every cluster-scoped object is chosen, and not only what others need.
    pub(crate) fn wants_whole_cluster(&self) -> bool {
        let whole = self.takes_all_namespaces() && self.excluded_namespaces.is_empty();
        self.include_cluster_resources.unwrap_or(whole)
    }

    /// The fields of Velero's `BackupSpec` (velero.io/v1, backup_types.go), as they stand in a record. What
    /// is in the record elsewhere is left out: labels, and the expiry that follows from `ttl`.
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
        spec.remove("metadata");
        spec.remove("ttl");
        if self.included_namespaces.is_empty() {
            spec.insert("includedNamespaces".to_owned(), json!(["*"]));
        }
        spec.entry("snapshotVolumes").or_insert(json!(false));
        spec.entry("storageLocation").or_insert(json!("default"));
        Ok(spec)
    }
}
