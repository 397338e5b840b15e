//! What is part of the cluster itself.

use glob::Pattern;
use serde_json::Value;

use super::power::Danger::{High, Medium};
use super::power::{Power, Powers};
use crate::GroupResource;
use crate::kinds::names::NAMESPACES;
use crate::kinds::provided::is_provided;

/// The names that system namespaces have by default: Kubernetes keeps those that begin so for itself
/// (kubernetes.io/docs, "Working with Namespaces").
const KUBE: &str = "kube-*";

/// Namespaces of the control plane and of what every cluster is equipped with. What is in them is the cluster's
/// own, whoever put it there.
#[derive(Debug)]
pub(crate) struct SystemNames(Vec<Pattern>);

impl SystemNames {
    /// Those that begin with `kube-`, and those named or meant by patterns here. What is no pattern was
    /// refused before.
    pub(crate) fn with<'a>(names: impl IntoIterator<Item = &'a String>) -> Self {
        let more = names.into_iter().map(String::as_str);
        let all = std::iter::once(KUBE).chain(more);
        Self(all.filter_map(|name| Pattern::new(name).ok()).collect())
    }

    pub(crate) fn have(&self, namespace: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(namespace))
    }
}

impl Default for SystemNames {
    fn default() -> Self {
        Self::with([])
    }
}

pub(super) fn add(kind: &GroupResource, object: &Value, system: &SystemNames, powers: &mut Powers) {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let namespace = match NAMESPACES.is(kind) {
        true => Some(name),
        false => metadata["namespace"].as_str(),
    };
    if let Some(namespace) = namespace.filter(|namespace| system.have(namespace)) {
        powers.add(
            Power::System,
            High,
            format!("namespace `{namespace}` is the cluster's own"),
        );
    }
    // Of their own kinds, and no application's.
    let of_control_plane = [
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "storagemigration.k8s.io",
    ];
    if of_control_plane.contains(&kind.group.as_str()) {
        powers.add(Power::System, Medium, "it steers the API server");
    }
    let is_of_cluster = metadata.get("namespace").is_none() && !NAMESPACES.is(kind);
    let is_bootstrapped = metadata["labels"]["kubernetes.io/bootstrapping"].is_string();
    if is_of_cluster && (is_provided(kind, name) || name.starts_with("system:") || is_bootstrapped)
    {
        powers.add(
            Power::System,
            High,
            format!("`{name}` comes with the control plane"),
        );
    }
}
