//! Names of the kinds that the tables know.

use std::collections::HashMap;

use crate::GroupResource;

/// A kind as the tables name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    /// API group, empty for the core group.
    pub(crate) group: &'static str,
    /// Plural name.
    pub(crate) resource: &'static str,
    /// Whether its objects live in namespaces.
    pub(crate) namespaced: bool,
}

pub(super) const fn namespaced(group: &'static str, resource: &'static str) -> Kind {
    Kind {
        group,
        resource,
        namespaced: true,
    }
}

pub(super) const fn cluster(group: &'static str, resource: &'static str) -> Kind {
    Kind {
        group,
        resource,
        namespaced: false,
    }
}

impl Kind {
    pub(crate) fn group_resource(self) -> GroupResource {
        GroupResource::new(self.group, self.resource)
    }

    pub(crate) fn is(self, kind: &GroupResource) -> bool {
        kind.is(self.group, self.resource)
    }
}

/// What a table says about each kind, found by the kind's name.
#[derive(Debug)]
pub(crate) struct ByKind<T>(HashMap<&'static str, HashMap<&'static str, T>>);

impl<T> ByKind<T> {
    pub(crate) fn get(&self, kind: &GroupResource) -> Option<&T> {
        let groups = self.0.get(kind.resource.as_str())?;
        groups.get(kind.group.as_str())
    }

    /// The kinds that the table has.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = GroupResource> {
        self.0.iter().flat_map(|(resource, groups)| {
            let of = groups.keys();
            of.map(|group| GroupResource::new(*group, *resource))
        })
    }
}

impl<T: Default> ByKind<T> {
    /// What is said about `kind` so far, to add to.
    pub(crate) fn entry(&mut self, kind: Kind) -> &mut T {
        let groups = self.0.entry(kind.resource).or_default();
        groups.entry(kind.group).or_default()
    }
}

impl<T> Default for ByKind<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> FromIterator<(Kind, T)> for ByKind<T> {
    fn from_iter<I: IntoIterator<Item = (Kind, T)>>(rows: I) -> Self {
        let mut all = Self::default();
        for (kind, row) in rows {
            let groups = all.0.entry(kind.resource).or_default();
            groups.insert(kind.group, row);
        }
        all
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const NETWORKING: &str = "networking.k8s.io";
const STORAGE: &str = "storage.k8s.io";

pub(crate) const CONFIG_MAPS: Kind = namespaced("", "configmaps");
pub(crate) const ENDPOINTS: Kind = namespaced("", "endpoints");
pub(crate) const LIMIT_RANGES: Kind = namespaced("", "limitranges");
pub(crate) const NAMESPACES: Kind = cluster("", "namespaces");
pub(crate) const CLAIMS: Kind = namespaced("", "persistentvolumeclaims");
pub(crate) const VOLUMES: Kind = cluster("", "persistentvolumes");
pub(crate) const PODS: Kind = namespaced("", "pods");
pub(crate) const POD_TEMPLATES: Kind = namespaced("", "podtemplates");
pub(crate) const REPLICATION_CONTROLLERS: Kind = namespaced("", "replicationcontrollers");
pub(crate) const RESOURCE_QUOTAS: Kind = namespaced("", "resourcequotas");
pub(crate) const SECRETS: Kind = namespaced("", "secrets");
pub(crate) const SERVICE_ACCOUNTS: Kind = namespaced("", "serviceaccounts");
pub(crate) const SERVICES: Kind = namespaced("", "services");

pub(crate) const MUTATING_POLICIES: Kind = cluster(ADMISSION, "mutatingadmissionpolicies");
pub(crate) const MUTATING_POLICY_BINDINGS: Kind =
    cluster(ADMISSION, "mutatingadmissionpolicybindings");
pub(crate) const MUTATING_WEBHOOKS: Kind = cluster(ADMISSION, "mutatingwebhookconfigurations");
pub(crate) const VALIDATING_POLICIES: Kind = cluster(ADMISSION, "validatingadmissionpolicies");
pub(crate) const VALIDATING_POLICY_BINDINGS: Kind =
    cluster(ADMISSION, "validatingadmissionpolicybindings");
pub(crate) const VALIDATING_WEBHOOKS: Kind = cluster(ADMISSION, "validatingwebhookconfigurations");

pub(crate) const DEFINITIONS: Kind = cluster("apiextensions.k8s.io", "customresourcedefinitions");
pub(crate) const API_SERVICES: Kind = cluster("apiregistration.k8s.io", "apiservices");

pub(crate) const CONTROLLER_REVISIONS: Kind = namespaced("apps", "controllerrevisions");
pub(crate) const DAEMON_SETS: Kind = namespaced("apps", "daemonsets");
pub(crate) const DEPLOYMENTS: Kind = namespaced("apps", "deployments");
pub(crate) const REPLICA_SETS: Kind = namespaced("apps", "replicasets");
pub(crate) const STATEFUL_SETS: Kind = namespaced("apps", "statefulsets");

pub(crate) const AUTOSCALERS: Kind = namespaced("autoscaling", "horizontalpodautoscalers");
pub(crate) const CRON_JOBS: Kind = namespaced("batch", "cronjobs");
pub(crate) const JOBS: Kind = namespaced("batch", "jobs");
pub(crate) const ENDPOINT_SLICES: Kind = namespaced("discovery.k8s.io", "endpointslices");
pub(crate) const LEASES: Kind = namespaced("coordination.k8s.io", "leases");
pub(crate) const DISRUPTION_BUDGETS: Kind = namespaced("policy", "poddisruptionbudgets");

pub(crate) const INGRESSES: Kind = namespaced(NETWORKING, "ingresses");
pub(crate) const INGRESS_CLASSES: Kind = cluster(NETWORKING, "ingressclasses");
pub(crate) const NETWORK_POLICIES: Kind = namespaced(NETWORKING, "networkpolicies");

pub(crate) const FLOW_SCHEMAS: Kind = cluster("flowcontrol.apiserver.k8s.io", "flowschemas");
pub(crate) const PRIORITY_LEVELS: Kind = cluster(
    "flowcontrol.apiserver.k8s.io",
    "prioritylevelconfigurations",
);
pub(crate) const IP_ADDRESSES: Kind = cluster(NETWORKING, "ipaddresses");
pub(crate) const SERVICE_CIDRS: Kind = cluster(NETWORKING, "servicecidrs");
pub(crate) const TRUST_BUNDLES: Kind = cluster("certificates.k8s.io", "clustertrustbundles");

pub(crate) const PRIORITY_CLASSES: Kind = cluster("scheduling.k8s.io", "priorityclasses");
pub(crate) const RUNTIME_CLASSES: Kind = cluster("node.k8s.io", "runtimeclasses");

pub(crate) const CLUSTER_ROLE_BINDINGS: Kind = cluster(RBAC, "clusterrolebindings");
pub(crate) const CLUSTER_ROLES: Kind = cluster(RBAC, "clusterroles");
pub(crate) const ROLE_BINDINGS: Kind = namespaced(RBAC, "rolebindings");
pub(crate) const ROLES: Kind = namespaced(RBAC, "roles");

pub(crate) const CSI_DRIVERS: Kind = cluster(STORAGE, "csidrivers");
pub(crate) const STORAGE_CLASSES: Kind = cluster(STORAGE, "storageclasses");
pub(crate) const VOLUME_ATTRIBUTES_CLASSES: Kind = cluster(STORAGE, "volumeattributesclasses");
pub(crate) const VOLUME_SNAPSHOT_CLASSES: Kind =
    cluster("snapshot.storage.k8s.io", "volumesnapshotclasses");
pub(crate) const VOLUME_GROUP_SNAPSHOT_CLASSES: Kind =
    cluster("groupsnapshot.storage.k8s.io", "volumegroupsnapshotclasses");

/// Groups that the API server itself serves (k8s.io/kubernetes, pkg/controlplane/instance.go), and
/// that of the metrics server, which stores nothing. Kinds of other groups need a definition.
const BUILT_IN_GROUPS: [&str; 25] = [
    "",
    ADMISSION,
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "metrics.k8s.io",
    NETWORKING,
    "node.k8s.io",
    "policy",
    RBAC,
    "resource.k8s.io",
    "scheduling.k8s.io",
    STORAGE,
    "storagemigration.k8s.io",
];

/// Whether a kind comes with Kubernetes, and not by a definition.
pub(crate) fn is_built_in(kind: &GroupResource) -> bool {
    BUILT_IN_GROUPS.contains(&kind.group.as_str())
}
