//! IPAddresses: the API server's record of the addresses of Services.

use serde_json::Value;

use super::{TransformContext, Verdict};

pub(super) fn transform(address: &mut Value, _: &TransformContext<'_>) -> Verdict {
    // Created again, it would reserve an address that no Service has.
    if address["metadata"]["labels"]["ipaddress.kubernetes.io/managed-by"] == "ipallocator.k8s.io" {
        return Verdict::Skip("the cluster hands it out to its Service");
    }
    Verdict::Restore
}
