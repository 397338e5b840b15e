//! What every object loses and gains.

use serde_json::Value;

use super::TransformContext;
use crate::format::annotations::{FORMER_RESTORED_BY, RESTORED_BY};
use crate::format::labels;
use crate::kinds::evidence::Evidence;
use crate::kinds::finalizers::is_of_something_outside;

/// Set by the server, which refuses or overwrites what a client sends.
const SERVERS: [&str; 9] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generateName",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

pub(super) fn transform(object: &mut Value, context: &TransformContext<'_>) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    drop_finalizers(object);
    let Some(metadata) = object.get_mut("metadata") else {
        return;
    };
    let Some(metadata) = metadata.as_object_mut() else {
        return;
    };
    for field in SERVERS {
        metadata.remove(field);
    }
    if let Some(annotations) = metadata
        .get_mut("annotations")
        .and_then(Value::as_object_mut)
    {
        annotations.remove(RESTORED_BY);
        annotations.remove(FORMER_RESTORED_BY);
    }
    let labels = metadata
        .entry("labels")
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Some(fields) = labels.as_object_mut() {
        fields.insert(
            labels::BACKUP_NAME.into(),
            labels::value(context.backup).into(),
        );
        fields.insert(
            labels::RESTORE_NAME.into(),
            labels::value(&context.spec.name).into(),
        );
    }
}

/// Those that say that something outside of the old cluster is to be cleaned up for it, unless somebody
/// asked for them.
fn drop_finalizers(object: &mut Value) {
    let is_none = |finalizers: Option<&Value>| {
        let all = finalizers.and_then(Value::as_array);
        all.is_none_or(|all| {
            !all.iter()
                .any(|one| one.as_str().is_some_and(is_of_something_outside))
        })
    };
    if is_none(object.pointer("/metadata/finalizers")) {
        return;
    }
    let evidence = Evidence::of(object);
    let kept: Vec<Value> = object["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finalizer| {
            let name = finalizer.as_str().unwrap_or_default();
            !is_of_something_outside(name) || evidence.asks_for_finalizer(name)
        })
        .cloned()
        .collect();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        if kept.is_empty() {
            metadata.remove("finalizers");
        } else {
            metadata.insert("finalizers".into(), kept.into());
        }
    }
}
