//! Jobs.

use serde_json::Value;

use super::{TransformContext, Verdict, remove};

pub(super) fn transform(job: &mut Value, _: &TransformContext<'_>) -> Verdict {
    if job.pointer("/spec/manualSelector").and_then(Value::as_bool) != Some(true) {
        // The old uid would select nothing; the server puts in the new one.
        for label in ["controller-uid", "batch.kubernetes.io/controller-uid"] {
            remove(job, "/spec/selector/matchLabels", label);
            remove(job, "/spec/template/metadata/labels", label);
            remove(job, "/metadata/labels", label);
        }
    }
    Verdict::Restore
}
