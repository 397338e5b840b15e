//! PersistentVolumeClaims.

use serde_json::Value;

use super::{TransformContext, Verdict, remove, text};

const BOUND: &str = "pv.kubernetes.io/bind-completed";
/// Annotations of binding, provisioning and other tools' backups, which are true of the old cluster only
/// (Velero, pvc_action.go).
const BINDING: [&str; 7] = [
    BOUND,
    "pv.kubernetes.io/bound-by-controller",
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
    "velero.io/volume-snapshot-name",
    "velero.io/data-upload-name",
];

pub(super) fn transform(claim: &mut Value, context: &TransformContext<'_>) -> Verdict {
    let bound = claim["metadata"]["annotations"].get(BOUND).is_some();
    if bound {
        // Filled once, from a snapshot or claim that the target need not have: waiting for it, the
        // claim would stay Pending (Velero, backup/actions/backup_pv_action.go).
        remove(claim, "/spec", "dataSource");
        remove(claim, "/spec", "dataSourceRef");
        if claim
            .pointer("/spec/storageClassName")
            .and_then(Value::as_str)
            != Some("")
        {
            // With a class, a volume is provisioned, and provisioners refuse selectors.
            remove(claim, "/spec", "selector");
        }
    }
    for annotation in BINDING {
        remove(claim, "/metadata/annotations", annotation);
    }
    if !context.volumes.contains(text(claim, "/spec/volumeName")) {
        // A claim bound to a volume that does not exist is Lost.
        remove(claim, "/spec", "volumeName");
    }
    Verdict::Restore
}
