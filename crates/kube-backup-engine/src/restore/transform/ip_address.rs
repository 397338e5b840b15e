//! IPAddresses: the book that the API server keeps of the addresses of Services.

use serde_json::Value;

use super::{TransformContext, Verdict};

pub(super) fn transform(address: &mut Value, _: &TransformContext<'_>) -> Verdict {
    // Created again, it would keep an address from everybody, since its Service has another one.
    if address["metadata"]["labels"]["ipaddress.kubernetes.io/managed-by"] == "ipallocator.k8s.io" {
        return Verdict::Skip("the cluster hands it out to its Service");
    }
    Verdict::Restore
}
