//! Storage classes that have another name in the target cluster.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::follow::rows;
use super::names::{ByKind, STORAGE_CLASSES};
use crate::GroupResource;
use crate::pointer::for_each_value;

/// Where objects name a storage class.
static PLACES: LazyLock<ByKind<Vec<String>>> = LazyLock::new(|| {
    let mut places = ByKind::<Vec<String>>::default();
    for row in rows().filter(|row| row.reference.to == STORAGE_CLASSES) {
        places.entry(row.place.kind).push(row.place.pointer);
    }
    places
});

/// Puts the other class's name wherever one of the mapping is named.
pub(crate) fn map_storage_classes(
    kind: &GroupResource,
    object: &mut Value,
    mapping: &BTreeMap<String, String>,
) {
    if mapping.is_empty() {
        return;
    }
    for pointer in PLACES.get(kind).into_iter().flatten() {
        for_each_value(object, pointer, &mut |class| {
            if let Value::String(class) = class
                && let Some(target) = mapping.get(class)
            {
                class.clone_from(target);
            }
        });
    }
}
