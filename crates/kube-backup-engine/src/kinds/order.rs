//! The order of a restore, as a table.

use serde::Serialize;
use serde_json::Value;

use crate::GroupResource;

/// A stage of a restore. Tiers come one after the other; inside one, objects are created in
/// parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Tier {
    /// Until they are Established, their objects are 404.
    Definitions,
    /// Nothing can be created in a namespace that is not there.
    Namespaces,
    /// A Pod that names a missing RuntimeClass or PriorityClass is refused (403).
    Classes,
    /// A claim whose volume is not there is Lost; a token Secret without its ServiceAccount is
    /// deleted within seconds; a binding's role must not be missing while Pods start.
    Foundations,
    /// What Pods mount and are allowed to do.
    Configuration,
    /// Before what owns them: a Deployment that finds its ReplicaSet and Pods adopts them, and makes
    /// new ones otherwise.
    Pods,
    /// Between Pods and Deployments, for the same reason.
    PodOwners,
    /// Ports and addresses that somebody asked for, before others are handed out.
    RequestedServices,
    /// Deployments, and everything that the table does not name.
    Everything,
    /// Objects of definitions: after what converts and reconciles them, which is made of the above.
    CustomResources,
    /// What acts on or limits the others, once they are there.
    Limits,
    /// What stands in the way of every other create while its backend is not ready.
    Webhooks,
}

impl Tier {
    /// All tiers, in their order.
    pub const ALL: [Self; 12] = [
        Self::Definitions,
        Self::Namespaces,
        Self::Classes,
        Self::Foundations,
        Self::Configuration,
        Self::Pods,
        Self::PodOwners,
        Self::RequestedServices,
        Self::Everything,
        Self::CustomResources,
        Self::Limits,
        Self::Webhooks,
    ];

    /// The tier of a kind. Services are in [`Tier::RequestedServices`] until
    /// they are seen.
    #[must_use]
    pub fn of(resource: &GroupResource) -> Self {
        match (resource.group.as_str(), resource.resource.as_str()) {
            ("apiextensions.k8s.io", "customresourcedefinitions") => Self::Definitions,
            ("", "namespaces") => Self::Namespaces,
            ("storage.k8s.io", "storageclasses" | "csidrivers")
            | ("node.k8s.io", "runtimeclasses")
            | ("scheduling.k8s.io", "priorityclasses")
            | ("networking.k8s.io", "ingressclasses")
            | ("snapshot.storage.k8s.io", "volumesnapshotclasses") => Self::Classes,
            ("", "persistentvolumes" | "serviceaccounts")
            | ("rbac.authorization.k8s.io", "clusterroles" | "roles") => Self::Foundations,
            ("", "persistentvolumeclaims" | "secrets" | "configmaps")
            | ("rbac.authorization.k8s.io", "clusterrolebindings" | "rolebindings") => {
                Self::Configuration
            }
            ("", "pods") => Self::Pods,
            ("apps", "replicasets" | "controllerrevisions")
            | ("batch", "jobs")
            | ("", "replicationcontrollers") => Self::PodOwners,
            ("", "services") => Self::RequestedServices,
            ("", "resourcequotas" | "limitranges")
            | ("autoscaling", "horizontalpodautoscalers")
            | ("policy", "poddisruptionbudgets") => Self::Limits,
            ("admissionregistration.k8s.io", _) | ("apiregistration.k8s.io", "apiservices") => {
                Self::Webhooks
            }
            // Groups of Kubernetes itself have no dot, or end so.
            (group, _) if group.contains('.') && !group.ends_with(".k8s.io") => {
                Self::CustomResources
            }
            _ => Self::Everything,
        }
    }

    /// The words in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Definitions => "definitions",
            Self::Namespaces => "namespaces",
            Self::Classes => "classes",
            Self::Foundations => "foundations",
            Self::Configuration => "configuration",
            Self::Pods => "pods",
            Self::PodOwners => "pod owners",
            Self::RequestedServices => "requested services",
            Self::Everything => "everything",
            Self::CustomResources => "custom resources",
            Self::Limits => "limits",
            Self::Webhooks => "webhooks",
        }
    }

    /// Where a Service goes, once transformed: those that still ask for a port or an address come
    /// first.
    pub(crate) fn of_service(service: &Value) -> Self {
        let asks_for_port = service["spec"]["ports"].as_array().is_some_and(|ports| {
            ports
                .iter()
                .any(|port| port["nodePort"].as_i64().is_some_and(|p| p > 0))
        });
        let asks_for_address = service["spec"]["clusterIP"]
            .as_str()
            .is_some_and(|ip| !ip.is_empty() && ip != "None");
        if asks_for_port || asks_for_address {
            Self::RequestedServices
        } else {
            Self::Everything
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What must be there before what, as seen on a real server.
    const ORDER: [(&str, &str); 22] = [
        (
            "customresourcedefinitions.apiextensions.k8s.io",
            "namespaces",
        ),
        (
            "customresourcedefinitions.apiextensions.k8s.io",
            "carts.example.com",
        ),
        ("namespaces", "serviceaccounts"),
        ("runtimeclasses.node.k8s.io", "pods"),
        ("priorityclasses.scheduling.k8s.io", "pods"),
        ("storageclasses.storage.k8s.io", "persistentvolumes"),
        ("serviceaccounts", "secrets"),
        ("persistentvolumes", "persistentvolumeclaims"),
        (
            "roles.rbac.authorization.k8s.io",
            "rolebindings.rbac.authorization.k8s.io",
        ),
        ("secrets", "pods"),
        ("persistentvolumeclaims", "pods"),
        ("pods", "replicasets.apps"),
        ("pods", "replicationcontrollers"),
        ("replicasets.apps", "deployments.apps"),
        ("controllerrevisions.apps", "statefulsets.apps"),
        ("jobs.batch", "cronjobs.batch"),
        ("deployments.apps", "carts.example.com"),
        ("pods", "resourcequotas"),
        ("deployments.apps", "horizontalpodautoscalers.autoscaling"),
        ("deployments.apps", "poddisruptionbudgets.policy"),
        (
            "carts.example.com",
            "validatingwebhookconfigurations.admissionregistration.k8s.io",
        ),
        ("services", "apiservices.apiregistration.k8s.io"),
    ];

    #[test]
    fn what_others_need_comes_before_them() {
        let tier = |kind: &str| Tier::of(&kind.parse().unwrap());
        for (first, then) in ORDER {
            assert!(tier(first) < tier(then), "{first} before {then}");
        }
        assert!(Tier::ALL.is_sorted());
    }
}
