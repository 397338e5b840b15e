//! What a cluster makes and keeps for itself: another cluster's is never brought into it.

use serde_json::Value;

use super::names::{
    API_SERVICES, CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, CONFIG_MAPS, ENDPOINT_SLICES, ENDPOINTS,
    FLOW_SCHEMAS, IP_ADDRESSES, Kind, LEASES, PRIORITY_CLASSES, PRIORITY_LEVELS, ROLE_BINDINGS,
    ROLES, SECRETS, SERVICE_CIDRS, SERVICES, TRUST_BUNDLES,
};
use super::tokens::BOOTSTRAP_TOKEN;
use crate::GroupResource;

/// By what such an object is known.
#[derive(Debug, Clone, Copy)]
enum Sign {
    /// Its name, or the beginning of it where that ends in `*`; in this namespace, or in any.
    Name(Option<&'static str>, &'static str),
    /// A label.
    Label(&'static str),
    /// A label with this value.
    Labelled(&'static str, &'static str),
    /// An annotation.
    Annotation(&'static str),
    /// Its type.
    Type(&'static str),
}

use Sign::{Annotation, Label, Labelled, Name, Type};

const SYSTEM: Option<&str> = Some("kube-system");

const ITSELF: &str = "the API server keeps it for itself, with its own address and certificates";
const EVERYWHERE: &str = "the cluster makes it in every namespace";
const GROUPS: &str = "the API server makes it for its own groups and for definitions";
const ADDRESSES: &str = "the cluster hands it out to its Service";
const RELEASE: &str = "the API server keeps it as its own release has it";
const MACHINE: &str = "a machine of the cluster it was taken from renews it";
const ELECTION: &str = "it says which process of the cluster it was taken from is at work";
const INSTALLER: &str = "it describes the cluster that it was taken from";
const BOOTSTRAP: &str = "it lets machines join the cluster that it was taken from";

/// Sources: k8s.io/kubernetes pkg/controlplane (controller/kubernetesendpoints, clusterauthenticationtrust,
/// defaultservicecidr, apiserver_identity), pkg/registry/{rbac,flowcontrol}/rest (bootstrap policies),
/// pkg/controller/certificates/rootcacertpublisher and clustertrustbundle publisher, cmd/kubeadm constants.
#[rustfmt::skip]
const OWNED: &[(Kind, Sign, &str)] = &[
    (SERVICES, Name(Some("default"), "kubernetes"), ITSELF),
    (ENDPOINTS, Name(Some("default"), "kubernetes"), ITSELF),
    (ENDPOINT_SLICES, Name(Some("default"), "kubernetes"), ITSELF),
    (CONFIG_MAPS, Name(SYSTEM, "extension-apiserver-authentication"), ITSELF),
    (CONFIG_MAPS, Name(SYSTEM, "kube-apiserver-legacy-service-account-token-tracking"), ITSELF),
    (SERVICE_CIDRS, Name(None, "kubernetes"), ITSELF),
    (TRUST_BUNDLES, Name(None, "kubernetes.io:*"), ITSELF),
    (CONFIG_MAPS, Name(None, "kube-root-ca.crt"), EVERYWHERE),
    (API_SERVICES, Label("kube-aggregator.kubernetes.io/automanaged"), GROUPS),
    (IP_ADDRESSES, Labelled("ipaddress.kubernetes.io/managed-by", "ipallocator.k8s.io"), ADDRESSES),
    (CLUSTER_ROLES, Label("kubernetes.io/bootstrapping"), RELEASE),
    (CLUSTER_ROLE_BINDINGS, Label("kubernetes.io/bootstrapping"), RELEASE),
    (ROLES, Label("kubernetes.io/bootstrapping"), RELEASE),
    (ROLE_BINDINGS, Label("kubernetes.io/bootstrapping"), RELEASE),
    (FLOW_SCHEMAS, Annotation("apf.kubernetes.io/autoupdate-spec"), RELEASE),
    (PRIORITY_LEVELS, Annotation("apf.kubernetes.io/autoupdate-spec"), RELEASE),
    (PRIORITY_CLASSES, Name(None, "system-*"), RELEASE),
    (LEASES, Name(Some("kube-node-lease"), "*"), MACHINE),
    (LEASES, Label("apiserver.kubernetes.io/identity"), MACHINE),
    (LEASES, Name(SYSTEM, "apiserver-*"), MACHINE),
    (LEASES, Name(SYSTEM, "*"), ELECTION),
    (CONFIG_MAPS, Name(Some("kube-public"), "cluster-info"), INSTALLER),
    (CONFIG_MAPS, Name(SYSTEM, "kubeadm-config"), INSTALLER),
    (CONFIG_MAPS, Name(SYSTEM, "kubelet-config*"), INSTALLER),
    (SECRETS, Type(BOOTSTRAP_TOKEN), BOOTSTRAP),
];

/// Why an object of a backup belongs to the cluster that it was taken from.
pub(crate) fn why_cluster_owned(kind: &GroupResource, object: &Value) -> Option<&'static str> {
    OWNED
        .iter()
        .find(|(of, sign, _)| of.is(kind) && sign.is_on(object))
        .map(|(_, _, reason)| *reason)
}

impl Sign {
    fn is_on(self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        match self {
            Name(namespace, name) => {
                let found = metadata["name"].as_str().unwrap_or_default();
                let is_named = match name.strip_suffix('*') {
                    Some(beginning) => found.starts_with(beginning),
                    None => found == name,
                };
                is_named && namespace.is_none_or(|namespace| metadata["namespace"] == namespace)
            }
            Label(key) => !metadata["labels"][key].is_null(),
            Labelled(key, value) => metadata["labels"][key] == value,
            Annotation(key) => !metadata["annotations"][key].is_null(),
            Type(name) => object["type"] == name,
        }
    }
}

/// Where a leader writes who it is, since before there were Leases (k8s.io/client-go, resourcelock).
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

/// Whether an object says which process holds it now.
pub(crate) fn is_lock(kind: &GroupResource, object: &Value) -> bool {
    LEASES.is(kind) || !object["metadata"]["annotations"][LEADER].is_null()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_cluster_keeps_for_itself_is_known_and_what_looks_like_it_is_not() {
        for (kind, metadata, owned) in [
            (
                "services",
                json!({"namespace": "default", "name": "kubernetes"}),
                true,
            ),
            (
                "services",
                json!({"namespace": "shop", "name": "kubernetes"}),
                false,
            ),
            (
                "endpointslices.discovery.k8s.io",
                json!({"namespace": "default", "name": "kubernetes"}),
                true,
            ),
            (
                "configmaps",
                json!({"namespace": "shop", "name": "kube-root-ca.crt"}),
                true,
            ),
            (
                "configmaps",
                json!({"namespace": "shop", "name": "kubeadm-config"}),
                false,
            ),
            (
                "clusterroles.rbac.authorization.k8s.io",
                json!({"name": "edit", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}),
                true,
            ),
            (
                "clusterroles.rbac.authorization.k8s.io",
                json!({"name": "edit"}),
                false,
            ),
            (
                "flowschemas.flowcontrol.apiserver.k8s.io",
                json!({"name": "exempt", "annotations": {"apf.kubernetes.io/autoupdate-spec": "true"}}),
                true,
            ),
            (
                "flowschemas.flowcontrol.apiserver.k8s.io",
                json!({"name": "mine"}),
                false,
            ),
            (
                "priorityclasses.scheduling.k8s.io",
                json!({"name": "system-node-critical"}),
                true,
            ),
            (
                "leases.coordination.k8s.io",
                json!({"namespace": "kube-node-lease", "name": "n1"}),
                true,
            ),
            (
                "leases.coordination.k8s.io",
                json!({"namespace": "shop", "name": "leader"}),
                false,
            ),
        ] {
            let kind: GroupResource = kind.parse().unwrap();
            let object = json!({"metadata": metadata});
            let found = why_cluster_owned(&kind, &object).is_some();
            assert_eq!(found, owned, "{kind} {object}");
        }
    }
}
