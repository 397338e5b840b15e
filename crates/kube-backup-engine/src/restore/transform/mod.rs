//! What is changed in an object before it is created again, one file for each kind.
//!
//! An object in a backup is as the API server showed it, with what the server, its controllers and the
//! machine it ran on have added. What another server would refuse, or wrongly believe, is removed; all
//! else stays. The rules follow Velero where it has one (pkg/restore/restore.go and actions/), and
//! what a real server does where it has none.

mod bounds;
mod claim;
mod definition;
mod edit;
mod endpoints;
mod image;
mod init_hooks;
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
use crate::kinds::cluster_owned::why_cluster_owned;
use crate::kinds::names::PODS;
use crate::kinds::namespaces::map_namespaces;
use crate::kinds::run_once;
use crate::kinds::storage_classes::map_storage_classes;

pub(crate) use bounds::{Lowering, lowered, lowering};
use edit::{elements, is_controlled_by, remove, text};
use rule::Rule;
pub(crate) use rule::{Services, TransformContext, Verdict, Volumes};

/// The rule of each kind that has one.
const RULES: [(&str, &str, Rule); 15] = [
    ("", "endpoints", endpoints::endpoints),
    ("", "limitranges", bounds::range),
    ("", "namespaces", namespace::transform),
    ("", "persistentvolumeclaims", claim::transform),
    ("", "persistentvolumes", volume::transform),
    ("", "pods", pod::transform),
    ("", "resourcequotas", bounds::quota),
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
    ("batch", "jobs", job::transform),
    ("discovery.k8s.io", "endpointslices", endpoints::slice),
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
    if let Some(reason) = why_cluster_owned(kind, object) {
        return Verdict::Skip(reason);
    }
    if run_once::is_over(kind, object) {
        return Verdict::Skip("it has run to its end");
    }
    let rule = RULES
        .iter()
        .find(|(group, plural, _)| kind.is(group, plural));
    // The kind's rule first: some read what the metadata's rules remove.
    let verdict = rule.map_or(Verdict::Restore, |(_, _, rule)| rule(object, context));
    if matches!(verdict, Verdict::Skip(_)) {
        return verdict;
    }
    metadata::transform(object, context);
    let spec = context.spec;
    map_namespaces(kind, object, &spec.namespace_mapping);
    if PODS.is(kind) {
        init_hooks::add_annotated(object);
    }
    image::map_images(kind, object, &spec.image_mapping);
    if PODS.is(kind) {
        // Their images are of the target.
        init_hooks::add_specified(object, spec);
    }
    map_storage_classes(kind, object, &spec.storage_class_mapping);
    verdict
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
