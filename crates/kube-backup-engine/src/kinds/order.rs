//! When a kind has its turn: in a restore, and in a backup.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::Value;

use super::names::{self, ByKind, Kind, cluster, is_built_in, namespaced};
use crate::GroupResource;

/// Kinds that a restore creates together. Tiers come one after the other; inside one, objects are
/// created in parallel.
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
    /// What keeps others from Pods, and Pods within bounds: network policies, limits, quotas, and admission
    /// policies that the API server carries out by itself. Pods that start before it run without.
    Protection,
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
    /// What acts on the others, once they are there.
    Limits,
    /// What stands in the way of every other create while its backend is not ready.
    Webhooks,
}

use Tier::{
    Classes, Configuration, CustomResources, Definitions, Everything, Foundations, Limits,
    Namespaces, PodOwners, Pods, Protection, RequestedServices, Webhooks,
};

/// Policies that say who may speak with Pods: Kubernetes' own, and those of the network plugins and meshes
/// that have their own.
#[rustfmt::skip]
const NETWORK_POLICIES: [Kind; 18] = [
    names::NETWORK_POLICIES,
    cluster("policy.networking.k8s.io", "adminnetworkpolicies"),
    cluster("policy.networking.k8s.io", "baselineadminnetworkpolicies"),
    cluster("policy.networking.k8s.io", "clusternetworkpolicies"),
    namespaced("cilium.io", "ciliumnetworkpolicies"),
    cluster("cilium.io", "ciliumclusterwidenetworkpolicies"),
    namespaced("crd.projectcalico.org", "networkpolicies"),
    cluster("crd.projectcalico.org", "globalnetworkpolicies"),
    cluster("crd.projectcalico.org", "globalnetworksets"),
    namespaced("crd.projectcalico.org", "networksets"),
    namespaced("projectcalico.org", "networkpolicies"),
    cluster("projectcalico.org", "globalnetworkpolicies"),
    cluster("projectcalico.org", "globalnetworksets"),
    namespaced("projectcalico.org", "networksets"),
    namespaced("crd.antrea.io", "networkpolicies"),
    cluster("crd.antrea.io", "clusternetworkpolicies"),
    namespaced("security.istio.io", "authorizationpolicies"),
    namespaced("security.istio.io", "peerauthentications"),
];

/// Whether objects of a kind say who may speak with Pods.
pub(crate) fn is_network_policy(kind: &GroupResource) -> bool {
    NETWORK_POLICIES.iter().any(|policy| policy.is(kind))
}

/// The kinds of each tier. What is not named here is in [`Everything`] when it is built in, and in
/// [`CustomResources`] otherwise.
#[rustfmt::skip]
const TIERS: [(Tier, &[Kind]); 12] = [
    (Definitions, &[names::DEFINITIONS]),
    (Namespaces, &[names::NAMESPACES]),
    (Classes, &[
        names::STORAGE_CLASSES, names::CSI_DRIVERS, names::VOLUME_ATTRIBUTES_CLASSES, names::VOLUME_SNAPSHOT_CLASSES,
        names::RUNTIME_CLASSES, names::PRIORITY_CLASSES, names::INGRESS_CLASSES,
    ]),
    (Foundations, &[names::VOLUMES, names::SERVICE_ACCOUNTS, names::CLUSTER_ROLES, names::ROLES]),
    (Configuration, &[
        names::CLAIMS, names::SECRETS, names::CONFIG_MAPS, names::CLUSTER_ROLE_BINDINGS, names::ROLE_BINDINGS,
    ]),
    (Protection, &[
        names::LIMIT_RANGES, names::RESOURCE_QUOTAS, names::VALIDATING_POLICIES, names::VALIDATING_POLICY_BINDINGS,
        names::MUTATING_POLICIES, names::MUTATING_POLICY_BINDINGS,
    ]),
    (Protection, &NETWORK_POLICIES),
    (Pods, &[names::PODS]),
    (PodOwners, &[names::REPLICA_SETS, names::CONTROLLER_REVISIONS, names::JOBS, names::REPLICATION_CONTROLLERS]),
    (RequestedServices, &[names::SERVICES]),
    (Limits, &[names::AUTOSCALERS, names::DISRUPTION_BUDGETS]),
    (Webhooks, &[names::MUTATING_WEBHOOKS, names::VALIDATING_WEBHOOKS, names::API_SERVICES]),
];

static TIER_OF: LazyLock<ByKind<Tier>> = LazyLock::new(|| {
    let of_tier = |(tier, kinds): &(Tier, &[Kind])| {
        kinds.iter().map(|kind| (*kind, *tier)).collect::<Vec<_>>()
    };
    TIERS.iter().flat_map(of_tier).collect()
});

impl Tier {
    /// All tiers, in their order.
    pub const ALL: [Self; 13] = [
        Self::Definitions,
        Self::Namespaces,
        Self::Classes,
        Self::Foundations,
        Self::Configuration,
        Self::Protection,
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
        match TIER_OF.get(resource) {
            Some(tier) => *tier,
            None if is_built_in(resource) => Everything,
            None => CustomResources,
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
            Self::Protection => "protection",
            Self::Pods => "pods",
            Self::PodOwners => "pod owners",
            Self::RequestedServices => "requested services",
            Self::Everything => "everything",
            Self::CustomResources => "custom resources",
            Self::Limits => "limits",
            Self::Webhooks => "webhooks",
        }
    }

    /// Where an object goes, once it is transformed and can be seen: at its kind's turn, or later.
    pub(crate) fn of_object(resource: &GroupResource, object: &Value) -> Self {
        let binds_parameters = || !object["spec"]["paramRef"].is_null();
        if names::SERVICES.is(resource) {
            Self::of_service(object)
        } else if (names::VALIDATING_POLICY_BINDINGS.is(resource)
            || names::MUTATING_POLICY_BINDINGS.is(resource))
            && binds_parameters()
        {
            // Its parameters may be custom resources; without them it can refuse everything.
            Webhooks
        } else {
            Self::of(resource)
        }
    }

    /// Services that still ask for a port or an address come first.
    fn of_service(service: &Value) -> Self {
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

/// When a backup reads a kind: referrers before what they refer to. While all lists are of one point in
/// time it does not matter; once the server's history has run out, what is read later holds at least all
/// that was referred to. What comes along is read in this order too, so that whatever names it is known.
///
/// It is the order of a restore, backwards, but for Pods and their owners: a restore puts them before
/// what adopts them, though it is they who name their owners. And accounts are read before the Secrets that
/// they name to pull images with; a restore makes them first, for the Secrets that hold their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReadStage(u8);

impl ReadStage {
    pub(crate) fn of(kind: &GroupResource) -> Self {
        Self(match Tier::of(kind) {
            Webhooks => 0,
            Limits => 1,
            Pods => 2,
            PodOwners => 3,
            Everything | CustomResources => 4,
            RequestedServices => 5,
            Foundations if names::SERVICE_ACCOUNTS.is(kind) => 6,
            Configuration | Protection => 7,
            Foundations => 8,
            Classes => 9,
            Namespaces => 10,
            Definitions => 11,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What must be there before what, as seen on a real server.
    const ORDER: [(&str, &str); 30] = [
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
        ("resourcequotas", "pods"),
        ("limitranges", "pods"),
        ("networkpolicies.networking.k8s.io", "pods"),
        ("ciliumnetworkpolicies.cilium.io", "pods"),
        ("globalnetworkpolicies.crd.projectcalico.org", "pods"),
        (
            "validatingadmissionpolicybindings.admissionregistration.k8s.io",
            "pods",
        ),
        ("persistentvolumeclaims", "resourcequotas"),
        ("secrets", "resourcequotas"),
        ("resourcequotas", "deployments.apps"),
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
