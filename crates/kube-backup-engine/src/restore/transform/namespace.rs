//! Namespaces.

use serde_json::Value;

use super::{Context, Verdict, remove};

/// The label that holds the namespace's own name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

pub(super) fn transform(namespace: &mut Value, context: &Context<'_>) -> Verdict {
    // The server adds its own finalizer; another's would keep the copy from ever being deleted.
    remove(namespace, "/spec", "finalizers");
    if let Some(metadata) = namespace.get_mut("metadata") {
        context.map_namespace(metadata, "name");
        if let Some(labels) = metadata.get_mut("labels") {
            context.map_namespace(labels, NAME_LABEL);
        }
    }
    Verdict::Restore
}
