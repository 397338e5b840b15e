//! ConfigMaps.

use serde_json::Value;

use super::{TransformContext, Verdict, text};

pub(super) fn transform(map: &mut Value, _: &TransformContext<'_>) -> Verdict {
    if text(map, "/metadata/name") == "kube-root-ca.crt" {
        // The certificate of the old cluster; the new one has its own.
        return Verdict::Skip("the cluster makes it in every namespace");
    }
    Verdict::Restore
}
