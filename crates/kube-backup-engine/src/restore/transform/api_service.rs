//! APIServices.

use serde_json::Value;

use super::{TransformContext, Verdict};

pub(super) fn transform(service: &mut Value, _: &TransformContext<'_>) -> Verdict {
    let automanaged =
        service.pointer("/metadata/labels/kube-aggregator.kubernetes.io~1automanaged");
    if automanaged.is_some() {
        return Verdict::Skip("the API server makes it for its own groups and for definitions");
    }
    Verdict::Restore
}
