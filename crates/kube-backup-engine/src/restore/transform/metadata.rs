//! What every object loses and gains.

use serde_json::Value;

use super::TransformContext;
use crate::format::annotations::{FORMER_RESTORED_BY, RESTORED_BY};
use crate::format::labels;

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
