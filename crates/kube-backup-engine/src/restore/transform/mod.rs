//! What is changed in an object before it is created again, one file for each kind.
//!
//! An object in a backup is as the API server showed it, with what the server, its controllers and the
//! machine it ran on have added. What another server would refuse, or wrongly believe, is removed; all
//! else stays. The rules follow Velero where it has one (pkg/restore/restore.go and actions/), and
//! what a real server does where it has none.

mod api_service;
mod claim;
mod config_map;
mod definition;
mod edit;
mod endpoints;
mod image;
mod ip_address;
mod job;
mod metadata;
mod namespace;
mod pod;
mod rule;
mod secret;
mod service;
mod service_account;
mod volume;
mod webhook;

use serde_json::Value;

use crate::GroupResource;
use crate::kinds::namespaces::map_namespaces;
use crate::kinds::storage_classes::map_storage_classes;

use edit::{elements, is_controlled_by, remove, text};
use rule::Rule;
pub(crate) use rule::{TransformContext, Verdict};

/// The rule of each kind that has one.
const RULES: [(&str, &str, Rule); 16] = [
    ("", "configmaps", config_map::transform),
    ("", "endpoints", endpoints::transform),
    ("", "namespaces", namespace::transform),
    ("", "persistentvolumeclaims", claim::transform),
    ("", "persistentvolumes", volume::transform),
    ("", "pods", pod::transform),
    ("", "secrets", secret::transform),
    ("", "serviceaccounts", service_account::transform),
    ("", "services", service::transform),
    (
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        webhook::transform,
    ),
    (
        "admissionregistration.k8s.io",
        "validatingwebhookconfigurations",
        webhook::transform,
    ),
    (
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        definition::transform,
    ),
    (
        "apiregistration.k8s.io",
        "apiservices",
        api_service::transform,
    ),
    ("batch", "jobs", job::transform),
    ("discovery.k8s.io", "endpointslices", endpoints::transform),
    ("networking.k8s.io", "ipaddresses", ip_address::transform),
];

/// Changes an object into what is to be created.
///
/// Owner references are not touched here: [`super::owners`] removes them afterwards, and a rule
/// may read them.
pub(crate) fn transform(
    kind: &GroupResource,
    object: &mut Value,
    context: &TransformContext<'_>,
) -> Verdict {
    let rule = RULES
        .iter()
        .find(|(group, plural, _)| kind.is(group, plural));
    // The kind's rule first: some read what the metadata's rules remove.
    if let Some((_, _, rule)) = rule
        && let Verdict::Skip(reason) = rule(object, context)
    {
        return Verdict::Skip(reason);
    }
    metadata::transform(object, context);
    let spec = context.spec;
    map_namespaces(kind, object, &spec.namespace_mapping);
    image::map_images(kind, object, &spec.image_mapping);
    map_storage_classes(kind, object, &spec.storage_class_mapping);
    Verdict::Restore
}

#[cfg(test)]
mod tests;
