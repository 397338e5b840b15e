//! Secrets.

use serde_json::Value;

use super::{TransformContext, Verdict, remove, text};

pub(super) fn transform(secret: &mut Value, _: &TransformContext<'_>) -> Verdict {
    if text(secret, "/type") == "kubernetes.io/service-account-token" {
        // With the uid of the old account, the token controller would delete it; without, it fills
        // it in again.
        remove(
            secret,
            "/metadata/annotations",
            "kubernetes.io/service-account.uid",
        );
        for field in ["token", "ca.crt", "namespace"] {
            remove(secret, "/data", field);
        }
    }
    Verdict::Restore
}
