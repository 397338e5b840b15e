//! Endpoints and EndpointSlices: those that a controller makes are told by their Service, which selects its
//! backends. What is written by hand is for a Service without selector.

use serde_json::Value;

use super::{TransformContext, Verdict, text};

/// Labels with which controllers mark what they manage (k8s.io/kubernetes/pkg/controller/endpoint and
/// k8s.io/endpointslice).
const MANAGED_BY: [(&str, &str); 2] = [
    (
        "endpointslice.kubernetes.io/managed-by",
        "endpointslice-controller.k8s.io",
    ),
    ("endpoints.kubernetes.io/managed-by", "endpoint-controller"),
];
/// Set by the same controller before it had a label.
const TRIGGERED: &str = "endpoints.kubernetes.io/last-change-trigger-time";

const MADE: &str = "a controller makes it from its Service";

pub(super) fn endpoints(endpoints: &mut Value, context: &TransformContext<'_>) -> Verdict {
    let service = text(endpoints, "/metadata/name");
    judge(endpoints, service, context)
}

pub(super) fn slice(slice: &mut Value, context: &TransformContext<'_>) -> Verdict {
    let labels = &slice["metadata"]["labels"];
    if labels["endpointslice.kubernetes.io/managed-by"]
        == "endpointslicemirroring-controller.k8s.io"
    {
        // The Endpoints that it mirrors are restored.
        return Verdict::Skip(MADE);
    }
    let service = text(slice, "/metadata/labels/kubernetes.io~1service-name");
    judge(slice, service, context)
}

fn judge(object: &Value, service: &str, context: &TransformContext<'_>) -> Verdict {
    let metadata = &object["metadata"];
    let namespace = text(object, "/metadata/namespace");
    let is_made = context
        .services
        .selects(namespace, service)
        .unwrap_or_else(|| {
            // Of a Service that is not restored with it, nothing but the marks is known.
            let managed = MANAGED_BY
                .iter()
                .any(|(label, controller)| metadata["labels"][*label] == *controller);
            managed || metadata["annotations"].get(TRIGGERED).is_some()
        });
    if is_made {
        Verdict::Skip(MADE)
    } else {
        Verdict::Restore
    }
}
