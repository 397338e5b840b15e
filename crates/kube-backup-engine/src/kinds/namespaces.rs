//! Where objects name a namespace: all of it follows a mapping of namespaces.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::follow::rows;
use super::names::{
    ByKind, CLAIMS, CLUSTER_ROLE_BINDINGS, INGRESS_CLASSES, MUTATING_POLICIES,
    MUTATING_POLICY_BINDINGS, MUTATING_WEBHOOKS, NAMESPACES, NETWORK_POLICIES, ROLE_BINDINGS,
    VALIDATING_POLICIES, VALIDATING_POLICY_BINDINGS, VALIDATING_WEBHOOKS,
};
use super::references::Within::{self, Object, PodSpec};
use crate::GroupResource;
use crate::pointer::for_each_value;

/// How a place names a namespace.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// As plain text.
    Name,
    /// As a label selector over namespaces, where it selects by name.
    Selector,
    /// As the user or group that service accounts of a namespace belong to.
    Subject,
}

use Form::{Name, Selector, Subject};

/// Every place, but for an object's own namespace and those of [references](super::references) to
/// objects elsewhere.
#[rustfmt::skip]
const PLACES: [(Within, &str, Form); 24] = [
    (Object(NAMESPACES), "/metadata/name", Name),
    (Object(NAMESPACES), "/metadata/labels/kubernetes.io~1metadata.name", Name),
    (Object(CLAIMS), "/spec/dataSourceRef/namespace", Name),
    (Object(INGRESS_CLASSES), "/spec/parameters/namespace", Name),
    (Object(ROLE_BINDINGS), "/subjects/*/name", Subject),
    (Object(CLUSTER_ROLE_BINDINGS), "/subjects/*/name", Subject),
    (Object(NETWORK_POLICIES), "/spec/ingress/*/from/*/namespaceSelector", Selector),
    (Object(NETWORK_POLICIES), "/spec/egress/*/to/*/namespaceSelector", Selector),
    (Object(MUTATING_WEBHOOKS), "/webhooks/*/namespaceSelector", Selector),
    (Object(VALIDATING_WEBHOOKS), "/webhooks/*/namespaceSelector", Selector),
    (Object(MUTATING_POLICIES), "/spec/matchConstraints/namespaceSelector", Selector),
    (Object(VALIDATING_POLICIES), "/spec/matchConstraints/namespaceSelector", Selector),
    (Object(MUTATING_POLICY_BINDINGS), "/spec/matchResources/namespaceSelector", Selector),
    (Object(MUTATING_POLICY_BINDINGS), "/spec/paramRef/namespace", Name),
    (Object(VALIDATING_POLICY_BINDINGS), "/spec/matchResources/namespaceSelector", Selector),
    (Object(VALIDATING_POLICY_BINDINGS), "/spec/paramRef/namespace", Name),
    // Which Pods a Pod wants near, or far.
    (PodSpec, "/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/*/namespaces/*", Name),
    (PodSpec, "/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/*/namespaceSelector", Selector),
    (PodSpec, "/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/*/podAffinityTerm/namespaces/*", Name),
    (PodSpec, "/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/*/podAffinityTerm/namespaceSelector", Selector),
    (PodSpec, "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/*/namespaces/*", Name),
    (PodSpec, "/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/*/namespaceSelector", Selector),
    (PodSpec, "/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/*/podAffinityTerm/namespaces/*", Name),
    (PodSpec, "/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/*/podAffinityTerm/namespaceSelector", Selector),
];

/// The same, kind by kind.
static PLACES_OF: LazyLock<ByKind<Vec<(String, Form)>>> = LazyLock::new(|| {
    let mut places = ByKind::<Vec<(String, Form)>>::default();
    for (within, at, form) in PLACES {
        for place in within.places(at) {
            places.entry(place.kind).push((place.pointer, form));
        }
    }
    for row in rows().filter(|row| row.reference.elsewhere) {
        let pointer = format!("{}/namespace", row.place.pointer);
        let places = places.entry(row.place.kind);
        if !places.iter().any(|(known, _)| *known == pointer) {
            places.push((pointer, Name));
        }
    }
    places
});

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
    if let Some(own) = object.pointer_mut("/metadata/namespace") {
        map_name(own, mapping);
    }
    for (pointer, form) in PLACES_OF.get(kind).into_iter().flatten() {
        for_each_value(object, pointer, &mut |value| form.map(value, mapping));
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

/// Every place with a value that fits there, for a test against the API.
#[cfg(test)]
pub(super) fn places_to_check() -> Vec<(super::names::Kind, String, Value)> {
    let of = |(within, at, form): &(Within, &'static str, Form)| {
        let value = match form {
            Name | Subject => "x".into(),
            Selector => serde_json::json!({"matchLabels": {NAME_LABEL: "x"}}),
        };
        let places = within.places(at).into_iter();
        places
            .map(move |place| (place.kind, place.pointer, value.clone()))
            .collect::<Vec<_>>()
    };
    PLACES.iter().flat_map(of).collect()
}
