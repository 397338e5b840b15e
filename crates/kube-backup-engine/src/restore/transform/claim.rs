//! PersistentVolumeClaims.

use serde_json::Value;

use super::{Context, Verdict, remove, text};

/// What binding and provisioning left behind, true of the old cluster only (Velero,
/// pvc_action.go).
const BINDING: [&str; 5] = [
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
];

pub(super) fn transform(claim: &mut Value, context: &Context<'_>) -> Verdict {
    for annotation in BINDING {
        remove(claim, "/metadata/annotations", annotation);
    }
    if !context.volumes.contains(text(claim, "/spec/volumeName")) {
        // Bound to a volume that is not there, a claim is Lost.
        remove(claim, "/spec", "volumeName");
    }
    Verdict::Restore
}
