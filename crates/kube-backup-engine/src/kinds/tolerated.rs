//! What may differ between an object and its restored copy, and why.

use serde_json::Value;

use super::evidence::Evidence;
use crate::GroupResource;
use crate::format::PUT_ON_BY_A_RESTORE;
use crate::pointer::for_each;

/// A place that may differ.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// The kind, as `plural.group`; `*` for all.
    pub kind: &'static str,
    /// The place, with `*` for each element or key.
    pub pointer: &'static str,
    /// Why it may differ.
    pub reason: &'static str,
    /// Further condition on the object as it was.
    when: Option<fn(&Value) -> bool>,
}

const fn always(kind: &'static str, pointer: &'static str, reason: &'static str) -> Tolerance {
    Tolerance {
        kind,
        pointer,
        reason,
        when: None,
    }
}

const fn when(
    kind: &'static str,
    pointer: &'static str,
    when: fn(&Value) -> bool,
    reason: &'static str,
) -> Tolerance {
    Tolerance {
        kind,
        pointer,
        reason,
        when: Some(when),
    }
}

/// Everything that may differ. References to owners that adopt by selector are not listed: objects are
/// compared without those.
pub const TOLERATED: &[Tolerance] = &[
    always("*", "/metadata/uid", "names one life of the object"),
    always(
        "*",
        "/metadata/resourceVersion",
        "counts the writes of one cluster",
    ),
    always(
        "*",
        "/metadata/creationTimestamp",
        "is when this copy was made",
    ),
    always(
        "*",
        "/metadata/generation",
        "counts the changes of this copy",
    ),
    always("*", "/metadata/managedFields", "says who wrote this copy"),
    always("*", "/metadata/selfLink", "was set by servers before 1.20"),
    always(
        "*",
        "/metadata/generateName",
        "is spent once the object has its name",
    ),
    always(
        "*",
        "/metadata/ownerReferences/*/uid",
        "names this cluster's copy of the owner",
    ),
    always("*", PUT_ON_BY_A_RESTORE[0], "is put on by the restore"),
    always("*", PUT_ON_BY_A_RESTORE[1], "is put on by the restore"),
    always("*", PUT_ON_BY_A_RESTORE[2], "is put on by the restore"),
    always("*", PUT_ON_BY_A_RESTORE[3], "is put on by the restore"),
    always("*", PUT_ON_BY_A_RESTORE[4], "is put on by the restore"),
    always("*", PUT_ON_BY_A_RESTORE[5], "is put on by the restore"),
    always("*", "/status", "is what controllers make of the object"),
    always("namespaces", "/spec/finalizers", "is the server's own"),
    when(
        "services",
        "/spec/clusterIP",
        has_address,
        "is handed out by the cluster",
    ),
    when(
        "services",
        "/spec/clusterIPs",
        has_address,
        "is handed out by the cluster",
    ),
    when(
        "services",
        "/spec/ipFamilies",
        |service| !asks_for(service, "ipFamilies"),
        "is what the cluster has",
    ),
    when(
        "services",
        "/spec/ipFamilyPolicy",
        |service| !asks_for(service, "ipFamilyPolicy"),
        "is what the cluster has",
    ),
    when(
        "services",
        "/spec/loadBalancerIP",
        |service| Evidence::of(service).is_there() && !asks_for(service, "loadBalancerIP"),
        "is handed out by the cluster",
    ),
    when(
        "services",
        "/spec/ports/*/nodePort",
        asks_for_no_port,
        "is handed out by the cluster",
    ),
    when(
        "services",
        "/spec/healthCheckNodePort",
        asks_for_no_port,
        "is handed out by the cluster",
    ),
    when(
        "serviceaccounts",
        "/secrets",
        has_token_secrets,
        "names a token that the cluster made",
    ),
    when(
        "secrets",
        "/data/token",
        is_token,
        "is signed by this cluster",
    ),
    when(
        "secrets",
        "/data/ca.crt",
        is_token,
        "is this cluster's certificate",
    ),
    when(
        "secrets",
        "/data/namespace",
        is_token,
        "is filled in by this cluster",
    ),
    when(
        "secrets",
        "/metadata/annotations/kubernetes.io~1service-account.uid",
        is_token,
        "names this cluster's copy of the account",
    ),
    when(
        "clusterroles.rbac.authorization.k8s.io",
        "/rules",
        is_aggregated,
        "is computed from the roles that it aggregates",
    ),
    always("pods", "/spec/nodeName", "is the scheduler's choice"),
    always(
        "pods",
        "/spec/priority",
        "is computed from the priority class",
    ),
    always(
        "pods",
        "/spec/preemptionPolicy",
        "is computed from the priority class",
    ),
    always(
        "pods",
        "/spec/ephemeralContainers",
        "are for debugging and refused on create",
    ),
    always(
        "persistentvolumeclaims",
        "/spec/volumeName",
        "is the volume this copy is bound to",
    ),
    when(
        "persistentvolumeclaims",
        "/spec/dataSource",
        is_bound,
        FILLED,
    ),
    when(
        "persistentvolumeclaims",
        "/spec/dataSourceRef",
        is_bound,
        FILLED,
    ),
    when(
        "persistentvolumeclaims",
        "/spec/selector",
        is_bound,
        "chose a volume among those of one cluster",
    ),
    always(
        "persistentvolumeclaims",
        "/metadata/annotations/pv.kubernetes.io~1bind-completed",
        BOUND,
    ),
    always(
        "persistentvolumeclaims",
        "/metadata/annotations/pv.kubernetes.io~1bound-by-controller",
        BOUND,
    ),
    always(
        "persistentvolumeclaims",
        "/metadata/annotations/volume.kubernetes.io~1selected-node",
        BOUND,
    ),
    always(
        "persistentvolumeclaims",
        "/metadata/annotations/volume.kubernetes.io~1storage-provisioner",
        BOUND,
    ),
    always(
        "persistentvolumeclaims",
        "/metadata/annotations/volume.beta.kubernetes.io~1storage-provisioner",
        BOUND,
    ),
    always(
        "persistentvolumes",
        "/spec/claimRef/uid",
        "names this cluster's copy of the claim",
    ),
    always(
        "persistentvolumes",
        "/spec/claimRef/resourceVersion",
        "counts the writes of one cluster",
    ),
    always(
        "persistentvolumes",
        "/metadata/annotations/pv.kubernetes.io~1bound-by-controller",
        BOUND,
    ),
    always("jobs.batch", "/metadata/labels/controller-uid", JOB_UID),
    always(
        "jobs.batch",
        "/metadata/labels/batch.kubernetes.io~1controller-uid",
        JOB_UID,
    ),
    always(
        "jobs.batch",
        "/spec/selector/matchLabels/controller-uid",
        JOB_UID,
    ),
    always(
        "jobs.batch",
        "/spec/selector/matchLabels/batch.kubernetes.io~1controller-uid",
        JOB_UID,
    ),
    always(
        "jobs.batch",
        "/spec/template/metadata/labels/controller-uid",
        JOB_UID,
    ),
    always(
        "jobs.batch",
        "/spec/template/metadata/labels/batch.kubernetes.io~1controller-uid",
        JOB_UID,
    ),
];

const FILLED: &str = "is what the volume was first filled from";
const BOUND: &str = "is noted while binding, which this copy does anew";
const JOB_UID: &str = "is the uid of this copy";

impl Tolerance {
    pub(crate) fn applies(&self, kind: &GroupResource, before: &Value) -> bool {
        (self.kind == "*" || self.kind == kind.to_string())
            && self.when.is_none_or(|when| when(before))
    }

    pub(crate) fn strip(&self, object: &mut Value) {
        for_each(object, self.pointer, &mut |parent, key| {
            if let Value::Object(fields) = parent {
                fields.remove(key);
            }
        });
    }
}

fn asks_for(service: &Value, field: &str) -> bool {
    Evidence::of(service).asks_for(&["spec", field])
}

fn has_address(service: &Value) -> bool {
    service["spec"]["clusterIP"] != "None"
}

/// Whether nobody asked for a node port: it is not in what `kubectl apply` keeps, and no manager owns one.
fn asks_for_no_port(service: &Value) -> bool {
    let metadata = &service["metadata"];
    let applied = &metadata["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    let written = |value: &Value| {
        value.to_string().to_lowercase().contains("nodeport\\\":")
            || value.to_string().to_lowercase().contains("nodeport\":")
    };
    !written(applied) && !written(&metadata["managedFields"])
}

fn has_token_secrets(account: &Value) -> bool {
    let prefix = format!(
        "{}-token-",
        account["metadata"]["name"].as_str().unwrap_or_default()
    );
    account["secrets"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|secret| {
            secret["name"]
                .as_str()
                .is_some_and(|name| name.starts_with(&prefix))
        })
}

fn is_bound(claim: &Value) -> bool {
    !claim["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"].is_null()
}

fn is_aggregated(role: &Value) -> bool {
    !role["aggregationRule"].is_null()
}

fn is_token(secret: &Value) -> bool {
    secret["type"] == "kubernetes.io/service-account-token"
}
