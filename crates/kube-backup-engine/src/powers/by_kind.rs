//! Powers that kinds have by what they are.

use serde_json::Value;

use super::power::Danger::{Critical, High, Low, Medium};
use super::power::Power::{
    Admission, ApiServing, Certificates, Identity, Network, Node, Rbac, Scope, Status,
};
use super::power::Powers;
use crate::GroupResource;
use crate::format::annotations::RESTORE_STATUS;
use crate::kinds::names::{
    API_SERVICES, CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, DEFINITIONS, ENDPOINT_SLICES, ENDPOINTS,
    NAMESPACES, RUNTIME_CLASSES, SECRETS, SERVICE_ACCOUNTS, SERVICES, VOLUMES,
};

const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";

/// Annotations with which an account is a role of a cloud: RRSA of ACK, IRSA of EKS, and the identities of
/// GKE, AKS and OpenShift's own.
const CLOUD_ROLES: [&str; 5] = [
    "pod-identity.alibabacloud.com/role-name",
    "eks.amazonaws.com/role-arn",
    "iam.gke.io/gcp-service-account",
    "azure.workload.identity/client-id",
    "serviceaccounts.openshift.io/oauth-redirectreference",
];
/// Words that such an annotation of another cloud would have.
const ROLE_WORDS: [&str; 4] = ["role-arn", "role-name", "gcp-service-account", "client-id"];

pub(super) fn add(kind: &GroupResource, object: &Value, powers: &mut Powers) {
    let metadata = &object["metadata"];
    let texts = |of: &str| {
        let map = metadata[of].as_object().into_iter().flatten();
        map.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
    };
    match kind.group.as_str() {
        ADMISSION => of_admission(kind, powers),
        CERTIFICATES => powers.add(Certificates, High, "it makes or trusts certificates"),
        RBAC => {
            powers.add(Rbac, Low, "it is about rights");
            if object["aggregationRule"].is_object() {
                powers.add(
                    Rbac,
                    High,
                    "`aggregationRule` takes the rules of every role with a label",
                );
            }
            for (key, value) in texts("labels") {
                if key.contains("/aggregate-to-") && value == "true" {
                    powers.widens_others = true;
                    powers.add(
                        Rbac,
                        High,
                        format!("label `{key}` adds its rules to another role"),
                    );
                }
            }
        }
        // Of cert-manager and others like it: whoever makes one is noted as the one who asks.
        group if !group.is_empty() && kind.resource == "certificaterequests" => {
            powers.add(
                Certificates,
                Medium,
                "it asks for a certificate as whoever restores it",
            );
        }
        _ => {}
    }
    if CLUSTER_ROLES.is(kind) || CLUSTER_ROLE_BINDINGS.is(kind) {
        powers.add(Rbac, Medium, "it is about rights in all namespaces");
    }
    if API_SERVICES.is(kind) && object["spec"]["service"].is_object() {
        let group = object["spec"]["group"].as_str().unwrap_or_default();
        let danger = match object["spec"]["insecureSkipTLSVerify"] {
            Value::Bool(true) => Critical,
            _ => High,
        };
        powers.add(
            ApiServing,
            danger,
            format!("`spec.service` answers for group `{group}`"),
        );
    }
    if DEFINITIONS.is(kind) && object["spec"]["conversion"]["strategy"] == "Webhook" {
        powers.add(
            ApiServing,
            High,
            "`spec.conversion` sees and changes all its objects",
        );
    }
    if NAMESPACES.is(kind) {
        for (key, value) in texts("labels") {
            if key.starts_with("pod-security.kubernetes.io/") {
                let danger = match value {
                    "privileged" => High,
                    _ => Medium,
                };
                let what = format!("label `{key}: {value}` says which Pods are admitted");
                powers.add(Admission, danger, what);
            }
        }
    }
    if RUNTIME_CLASSES.is(kind) {
        powers.add(Node, Medium, "it names what runs containers on the machine");
    }
    if VOLUMES.is(kind) && object["spec"]["local"]["path"].is_string() {
        powers.add(
            Node,
            High,
            "`spec.local` is a folder or disk of the machine",
        );
    }
    if SECRETS.is(kind) {
        match object["type"].as_str() {
            Some("kubernetes.io/service-account-token") => {
                let account = &metadata["annotations"]["kubernetes.io/service-account.name"];
                let account = account.as_str().unwrap_or_default();
                powers.add(
                    Identity,
                    High,
                    format!("a token of account `{account}` is put into it"),
                );
            }
            Some("bootstrap.kubernetes.io/token") => {
                powers.add(
                    Identity,
                    Critical,
                    "its token lets machines join the cluster",
                );
            }
            _ => {}
        }
    }
    if SERVICE_ACCOUNTS.is(kind) {
        for (key, _) in texts("annotations") {
            if CLOUD_ROLES.contains(&key) || ROLE_WORDS.iter().any(|word| key.ends_with(word)) {
                powers.add(
                    Identity,
                    High,
                    format!("annotation `{key}` makes it a role of a cloud"),
                );
            }
        }
    }
    of_network(kind, object, powers);
    if texts("annotations").any(|(key, value)| key == RESTORE_STATUS && value == "true") {
        powers.add(
            Status,
            Medium,
            format!("annotation `{RESTORE_STATUS}` asks for its status"),
        );
    }
    if metadata.get("namespace").is_none() {
        powers.add(Scope, Low, "it is of the whole cluster");
    }
}

fn of_admission(kind: &GroupResource, powers: &mut Powers) {
    let what = match kind.resource.as_str() {
        name if name.starts_with("mutating") => "it changes other people's requests",
        name if name.starts_with("validating") => "it sees and refuses other people's requests",
        _ => "it decides on other people's requests",
    };
    powers.add(Admission, High, what);
}

fn of_network(kind: &GroupResource, object: &Value, powers: &mut Powers) {
    if ENDPOINTS.is(kind) || ENDPOINT_SLICES.is(kind) {
        powers.add(
            Network,
            Medium,
            "it says by hand where a Service's traffic goes",
        );
    }
    if SERVICES.is(kind) && object["spec"]["type"] == "ExternalName" {
        let name = object["spec"]["externalName"].as_str().unwrap_or_default();
        powers.add(
            Network,
            Medium,
            format!("`spec.externalName` sends traffic to `{name}`"),
        );
    }
    if kind.is("networking.k8s.io", "ipaddresses") || kind.is("networking.k8s.io", "servicecidrs") {
        powers.add(Network, Medium, "it is about the addresses of Services");
    }
}
