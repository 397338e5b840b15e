//! Storage classes that have another name in the target cluster.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::GroupResource;
use crate::pointer::for_each_value;

/// Where a class is named; the annotation is what claims had before 1.6, and still counts.
const PLACES: [(&str, &str); 5] = [
    ("persistentvolumes", "/spec/storageClassName"),
    ("persistentvolumeclaims", "/spec/storageClassName"),
    (
        "persistentvolumeclaims",
        "/metadata/annotations/volume.beta.kubernetes.io~1storage-class",
    ),
    (
        "statefulsets.apps",
        "/spec/volumeClaimTemplates/*/spec/storageClassName",
    ),
    (
        "statefulsets.apps",
        "/spec/volumeClaimTemplates/*/metadata/annotations/volume.beta.kubernetes.io~1storage-class",
    ),
];

/// Puts the other class's name wherever one of the mapping is named.
pub(crate) fn map_storage_classes(
    kind: &GroupResource,
    object: &mut Value,
    mapping: &BTreeMap<String, String>,
) {
    if mapping.is_empty() {
        return;
    }
    let name = kind.to_string();
    for (of, pointer) in PLACES {
        if of == name {
            for_each_value(object, pointer, &mut |class| {
                if let Value::String(class) = class
                    && let Some(target) = mapping.get(class)
                {
                    class.clone_from(target);
                }
            });
        }
    }
}
