//! Endpoints and EndpointSlices: only those written by hand, for Services without selector.

use serde_json::Value;

use super::{TransformContext, Verdict};

/// Labels with which controllers mark what they manage (k8s.io/kubernetes/pkg/controller/endpoint and
/// k8s.io/endpointslice).
const MANAGED_BY: [(&str, &str); 3] = [
    (
        "endpointslice.kubernetes.io/managed-by",
        "endpointslice-controller.k8s.io",
    ),
    (
        "endpointslice.kubernetes.io/managed-by",
        "endpointslicemirroring-controller.k8s.io",
    ),
    ("endpoints.kubernetes.io/managed-by", "endpoint-controller"),
];
/// Set by the same controller before it had a label.
const TRIGGERED: &str = "endpoints.kubernetes.io/last-change-trigger-time";

pub(super) fn transform(endpoints: &mut Value, _: &TransformContext<'_>) -> Verdict {
    let metadata = &endpoints["metadata"];
    let managed = MANAGED_BY
        .iter()
        .any(|(label, controller)| metadata["labels"][*label] == *controller);
    if managed || metadata["annotations"].get(TRIGGERED).is_some() {
        return Verdict::Skip("a controller makes it from its Service");
    }
    Verdict::Restore
}
