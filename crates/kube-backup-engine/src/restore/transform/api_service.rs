//! APIServices.

use serde_json::Value;

use super::{Context, Verdict};

pub(super) fn transform(service: &mut Value, context: &Context<'_>) -> Verdict {
    let automanaged =
        service.pointer("/metadata/labels/kube-aggregator.kubernetes.io~1automanaged");
    if automanaged.is_some() {
        return Verdict::Skip("the API server makes it for its own groups and for definitions");
    }
    if let Some(backend) = service.pointer_mut("/spec/service") {
        context.map_namespace(backend, "namespace");
    }
    Verdict::Restore
}
