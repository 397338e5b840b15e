//! What every object loses and gains.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::TransformContext;
use crate::archive::hex;

/// On everything a restore creates; Velero's own names, so that its tools find them.
pub(crate) const BACKUP_LABEL: &str = "velero.io/backup-name";
pub(crate) const RESTORE_LABEL: &str = "velero.io/restore-name";

/// On what was there before and was changed by a restore: the restore, and what it did. A second run
/// of the same restore then reports what the first one did.
pub(crate) const TOUCHED: &str = "kube-backup-engine/restored-by";

/// Set by the server, and refused or overwritten by it when it comes from us.
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
        annotations.remove(TOUCHED);
    }
    let labels = metadata
        .entry("labels")
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(BACKUP_LABEL.into(), label_value(context.backup).into());
        labels.insert(RESTORE_LABEL.into(), label_value(&context.spec.name).into());
    }
}

/// A name as the value of a label: those longer than the 63 characters allowed keep 57 and end in six
/// of their digest (Velero, pkg/label/label.go).
pub(crate) fn label_value(name: &str) -> String {
    if name.len() <= 63 {
        return name.to_owned();
    }
    let digest = hex::encode(&Sha256::digest(name.as_bytes()));
    format!(
        "{}{}",
        name.chars().take(57).collect::<String>(),
        &digest[..6]
    )
}
