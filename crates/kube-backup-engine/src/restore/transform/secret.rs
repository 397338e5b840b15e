//! Secrets.

use serde_json::Value;

use super::{TransformContext, Verdict, remove, text};
use crate::kinds::tokens::{self, TOKEN};

pub(super) fn transform(secret: &mut Value, _: &TransformContext<'_>) -> Verdict {
    if tokens::is_auto_made(secret) {
        // Filled in, it would be a token without an end that nobody asked for.
        return Verdict::Skip("the cluster made it for its account, and makes tokens without it");
    }
    if text(secret, "/type") == TOKEN {
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
