//! PersistentVolumes.

use serde_json::Value;

use super::{TransformContext, Verdict, remove, text};

pub(super) fn transform(volume: &mut Value, _: &TransformContext<'_>) -> Verdict {
    if text(volume, "/spec/persistentVolumeReclaimPolicy") == "Delete" {
        // A second object for one disk would delete the disk when its own claim goes.
        return Verdict::Skip(
            "its disk goes with its claim (reclaim policy Delete); a new one is provisioned",
        );
    }
    if let Some(claim) = volume.pointer_mut("/spec/claimRef") {
        // The uid of the old claim would leave the volume Released.
        remove(claim, "", "uid");
        remove(claim, "", "resourceVersion");
    }
    remove(
        volume,
        "/metadata/annotations",
        "pv.kubernetes.io/bound-by-controller",
    );
    Verdict::Restore
}
