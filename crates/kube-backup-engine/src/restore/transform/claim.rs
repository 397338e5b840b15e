//! PersistentVolumeClaims.

use serde_json::Value;

use super::{TransformContext, Verdict, remove, text};
use crate::format::annotations::FILL;
use crate::kinds::evidence::Evidence;

const BOUND: &str = "pv.kubernetes.io/bind-completed";
/// Annotations of binding, provisioning and other tools' backups, which are true of the old cluster only
/// (Velero, pvc_action.go).
const BINDING: [&str; 11] = [
    BOUND,
    "pv.kubernetes.io/bound-by-controller",
    "pv.kubernetes.io/migrated-to",
    "volume.beta.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/storage-provisioner",
    "volume.kubernetes.io/selected-node",
    "velero.io/volume-snapshot-name",
    "velero.io/data-upload-name",
    // A disk to be adopted, and a snapshot to be restored (provisioner of diskplugin.csi.alibabacloud.com): the
    // one would be taken from whoever has it, the other be restored over what comes from the backup.
    "volume.alibabacloud.com/disk-id",
    "csi.alibabacloud.com/disk-snapshot-id",
    // Of an earlier restore.
    FILL,
];

pub(super) fn transform(claim: &mut Value, context: &TransformContext<'_>) -> Verdict {
    let was_asked_for = Evidence::of(claim).asks_for(&["spec", "volumeName"]);
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
    let volume = text(claim, "/spec/volumeName");
    let is_free = context.volumes.free.contains(volume);
    // One that somebody made for it is waited for, lest the claim gets another one without the data. It is
    // not the copy's, and not that of a claim whose volume was in the backup and cannot be had.
    let namespace = text(claim, "/metadata/namespace");
    let is_copy = context.spec.target_namespace(namespace) != namespace;
    let is_asked_for = was_asked_for && !is_copy && !context.volumes.lost.contains(volume);
    if !is_free && !is_asked_for {
        // A claim bound to a volume that does not exist is Lost.
        remove(claim, "/spec", "volumeName");
    }
    Verdict::Restore
}
