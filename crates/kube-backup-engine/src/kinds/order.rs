//! When a kind has its turn: in a restore, and in a backup.

use std::sync::LazyLock;

use serde::Serialize;
use serde_json::Value;

use super::names::{self, ByKind, Kind, is_built_in};
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

use Tier::{
    Classes, Configuration, CustomResources, Definitions, Everything, Foundations, Limits,
    Namespaces, PodOwners, Pods, RequestedServices, Webhooks,
};

/// The kinds of each tier. What is not named here is in [`Everything`] when it is built in, and in
/// [`CustomResources`] otherwise.
#[rustfmt::skip]
const TIERS: [(Tier, &[Kind]); 10] = [
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
    (Pods, &[names::PODS]),
    (PodOwners, &[names::REPLICA_SETS, names::CONTROLLER_REVISIONS, names::JOBS, names::REPLICATION_CONTROLLERS]),
    (RequestedServices, &[names::SERVICES]),
    (Limits, &[names::RESOURCE_QUOTAS, names::LIMIT_RANGES, names::AUTOSCALERS, names::DISRUPTION_BUDGETS]),
    (Webhooks, &[
        names::MUTATING_WEBHOOKS, names::VALIDATING_WEBHOOKS, names::API_SERVICES, names::MUTATING_POLICIES,
        names::MUTATING_POLICY_BINDINGS, names::VALIDATING_POLICIES, names::VALIDATING_POLICY_BINDINGS,
    ]),
];

static TIER_OF: LazyLock<ByKind<Tier>> = LazyLock::new(|| {
    let of_tier = |(tier, kinds): &(Tier, &[Kind])| {
        kinds.iter().map(|kind| (*kind, *tier)).collect::<Vec<_>>()
    };
    TIERS.iter().flat_map(of_tier).collect()
});

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
            Configuration => 7,
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
