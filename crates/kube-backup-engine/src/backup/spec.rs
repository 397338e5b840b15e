//! What to back up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kube::core::Selector;
use serde_json::{Map, Value, json};

use crate::format::keys::check_name;
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
#[derive(Debug, Clone)]
pub struct BackupSpec {
    /// The backup's name: lower-case letters, digits, `-` and `.`.
    pub name: String,
    /// Only these namespaces; empty for all.
    pub included_namespaces: BTreeSet<String>,
    /// Not these namespaces.
    pub excluded_namespaces: BTreeSet<String>,
    /// Only these kinds; empty for all.
    pub included_resources: Vec<String>,
    /// Not these kinds.
    pub excluded_resources: Vec<String>,
    /// Only objects with these labels. The claims and service accounts of chosen Pods, with the roles
    /// bound to these, and what chosen objects need of the cluster come along whatever their labels.
    pub label_selector: Option<Selector>,
    /// Cluster-scoped objects: `Some(true)` all, `Some(false)` none, `None` all when all namespaces
    /// are chosen, and otherwise those that the chosen objects need: their definitions and volumes, the
    /// classes they name (priority, runtime, storage, ingress), and the cluster roles bound to their
    /// service accounts. What every cluster has by itself does not come along.
    pub include_cluster_resources: Option<bool>,
    /// How long it is worth keeping. Nothing is deleted by it here: retention reads it.
    pub ttl: Option<Duration>,
    /// Labels of the record.
    pub labels: BTreeMap<String, String>,
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
            label_selector: None,
            include_cluster_resources: None,
            ttl: None,
            labels: BTreeMap::new(),
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_name(&self.name)?;
        if let Some(both) = self
            .included_namespaces
            .intersection(&self.excluded_namespaces)
            .next()
        {
            return Err(Error::invalid(format!(
                "plan backup `{}`: namespace `{both}` is both included and excluded",
                self.name
            )));
        }
        Ok(())
    }

    pub(crate) fn wants_namespace(&self, namespace: &str) -> bool {
        (self.included_namespaces.is_empty() || self.included_namespaces.contains(namespace))
            && !self.excluded_namespaces.contains(namespace)
    }

    /// Whether every cluster-scoped object is chosen, and not only what others need.
    pub(crate) fn wants_whole_cluster(&self) -> bool {
        let whole = self.included_namespaces.is_empty() && self.excluded_namespaces.is_empty();
        self.include_cluster_resources.unwrap_or(whole)
    }

    /// The fields of Velero's `BackupSpec` (velero.io/v1, backup_types.go).
    pub(crate) fn to_velero(&self) -> Map<String, Value> {
        let all_or = |names: Vec<&str>| {
            if names.is_empty() {
                json!(["*"])
            } else {
                json!(names)
            }
        };
        let mut spec = Map::new();
        let mut put = |key: &str, value: Value| spec.insert(key.to_owned(), value);
        put(
            "includedNamespaces",
            all_or(
                self.included_namespaces
                    .iter()
                    .map(String::as_str)
                    .collect(),
            ),
        );
        if !self.excluded_namespaces.is_empty() {
            put("excludedNamespaces", json!(self.excluded_namespaces));
        }
        if !self.included_resources.is_empty() {
            put("includedResources", json!(self.included_resources));
        }
        if !self.excluded_resources.is_empty() {
            put("excludedResources", json!(self.excluded_resources));
        }
        if let Some(include) = self.include_cluster_resources {
            put("includeClusterResources", json!(include));
        }
        if let Some(selector) = &self.label_selector {
            let selector = k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector::from(
                selector.clone(),
            );
            put("labelSelector", json!(selector));
        }
        put("snapshotVolumes", json!(false));
        put("storageLocation", json!("default"));
        spec
    }
}
