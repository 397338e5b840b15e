//! Where objects name a namespace: all of it follows a mapping of namespaces.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pod_specs::{POD_SPECS, pod_specs};
use crate::GroupResource;
use crate::pointer::for_each_value;

/// How a place names a namespace.
#[derive(Clone, Copy)]
enum Form {
    /// As plain text.
    Name,
    /// As a label selector over namespaces, where it selects by name.
    Selector,
    /// As the user or group that service accounts of a namespace belong to.
    Subject,
}

use Form::{Name, Selector, Subject};

/// Every place, by kind; `*` for all kinds.
const PLACES: [(&str, &str, Form); 25] = [
    ("*", "/metadata/namespace", Name),
    ("namespaces", "/metadata/name", Name),
    (
        "namespaces",
        "/metadata/labels/kubernetes.io~1metadata.name",
        Name,
    ),
    ("persistentvolumes", "/spec/claimRef/namespace", Name),
    (
        "persistentvolumeclaims",
        "/spec/dataSourceRef/namespace",
        Name,
    ),
    (
        "endpoints",
        "/subsets/*/addresses/*/targetRef/namespace",
        Name,
    ),
    (
        "endpointslices.discovery.k8s.io",
        "/endpoints/*/targetRef/namespace",
        Name,
    ),
    (
        "rolebindings.rbac.authorization.k8s.io",
        "/subjects/*/namespace",
        Name,
    ),
    (
        "rolebindings.rbac.authorization.k8s.io",
        "/subjects/*/name",
        Subject,
    ),
    (
        "clusterrolebindings.rbac.authorization.k8s.io",
        "/subjects/*/namespace",
        Name,
    ),
    (
        "clusterrolebindings.rbac.authorization.k8s.io",
        "/subjects/*/name",
        Subject,
    ),
    (
        "networkpolicies.networking.k8s.io",
        "/spec/ingress/*/from/*/namespaceSelector",
        Selector,
    ),
    (
        "networkpolicies.networking.k8s.io",
        "/spec/egress/*/to/*/namespaceSelector",
        Selector,
    ),
    (
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "/webhooks/*/clientConfig/service/namespace",
        Name,
    ),
    (
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "/webhooks/*/namespaceSelector",
        Selector,
    ),
    (
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "/webhooks/*/clientConfig/service/namespace",
        Name,
    ),
    (
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
        "/webhooks/*/namespaceSelector",
        Selector,
    ),
    (
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "/spec/matchConstraints/namespaceSelector",
        Selector,
    ),
    (
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "/spec/matchResources/namespaceSelector",
        Selector,
    ),
    (
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        "/spec/paramRef/namespace",
        Name,
    ),
    (
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "/spec/matchConstraints/namespaceSelector",
        Selector,
    ),
    (
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "/spec/matchResources/namespaceSelector",
        Selector,
    ),
    (
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "/spec/paramRef/namespace",
        Name,
    ),
    (
        "apiservices.apiregistration.k8s.io",
        "/spec/service/namespace",
        Name,
    ),
    (
        "customresourcedefinitions.apiextensions.k8s.io",
        "/spec/conversion/webhook/clientConfig/service/namespace",
        Name,
    ),
];

/// The same within the specification of a Pod: which Pods it wants near or far.
const POD_PLACES: [(&str, Form); 8] = [
    (
        "/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/*/namespaces/*",
        Name,
    ),
    (
        "/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/*/namespaceSelector",
        Selector,
    ),
    (
        "/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/*/podAffinityTerm/namespaces/*",
        Name,
    ),
    (
        "/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/*/podAffinityTerm/namespaceSelector",
        Selector,
    ),
    (
        "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/*/namespaces/*",
        Name,
    ),
    (
        "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/*/namespaceSelector",
        Selector,
    ),
    (
        "/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/*/podAffinityTerm/namespaces/*",
        Name,
    ),
    (
        "/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/*/podAffinityTerm/namespaceSelector",
        Selector,
    ),
];

/// The label that selects one namespace by its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Maps every namespace that `object` names.
pub(crate) fn map_namespaces(
    kind: &GroupResource,
    object: &mut Value,
    mapping: &BTreeMap<String, String>,
) {
    if mapping.is_empty() {
        return;
    }
    let name = kind.to_string();
    for (of, pointer, form) in PLACES {
        if of == "*" || of == name {
            for_each_value(object, pointer, &mut |value| form.map(value, mapping));
        }
    }
    if POD_SPECS.iter().any(|(of, _)| *of == name) {
        pod_specs(kind, object, &mut |spec| {
            if spec.get("affinity").is_some() {
                for (pointer, form) in POD_PLACES {
                    for_each_value(spec, pointer, &mut |value| form.map(value, mapping));
                }
            }
        });
    }
}

impl Form {
    fn map(self, value: &mut Value, mapping: &BTreeMap<String, String>) {
        match self {
            Self::Name => map_name(value, mapping),
            Self::Selector => map_selector(value, mapping),
            Self::Subject => map_subject(value, mapping),
        }
    }
}

fn map_name(value: &mut Value, mapping: &BTreeMap<String, String>) {
    if let Value::String(namespace) = value
        && let Some(target) = mapping.get(namespace)
    {
        namespace.clone_from(target);
    }
}

fn map_selector(selector: &mut Value, mapping: &BTreeMap<String, String>) {
    if let Some(name) = selector
        .get_mut("matchLabels")
        .and_then(|labels| labels.get_mut(NAME_LABEL))
    {
        map_name(name, mapping);
    }
    let expressions = selector
        .get_mut("matchExpressions")
        .and_then(Value::as_array_mut);
    for expression in expressions.into_iter().flatten() {
        if expression["key"] == NAME_LABEL {
            for_each_value(expression, "/values/*", &mut |name| map_name(name, mapping));
        }
    }
}

/// `system:serviceaccounts:shop` means all accounts of a namespace, `system:serviceaccount:shop:bot`
/// one of them.
fn map_subject(value: &mut Value, mapping: &BTreeMap<String, String>) {
    let Value::String(name) = value else { return };
    for prefix in ["system:serviceaccounts:", "system:serviceaccount:"] {
        let Some(rest) = name.strip_prefix(prefix) else {
            continue;
        };
        let (namespace, account) = rest
            .split_once(':')
            .map_or((rest, None), |(namespace, account)| {
                (namespace, Some(account))
            });
        if let Some(target) = mapping.get(namespace) {
            *name = match account {
                Some(account) => format!("{prefix}{target}:{account}"),
                None => format!("{prefix}{target}"),
            };
        }
        return;
    }
}
