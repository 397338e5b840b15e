//! Reading and changing objects by pointers.

use serde_json::Value;

use crate::kinds::adoption::adopter;
use crate::kinds::names::Kind;

/// Removes `key` of the object at `pointer`.
pub(super) fn remove(object: &mut Value, pointer: &str, key: &str) {
    if let Some(Value::Object(fields)) = object.pointer_mut(pointer) {
        fields.remove(key);
    }
}

/// The text at `pointer`.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The elements of the array at `pointer`.
pub(super) fn elements<'a>(
    object: &'a mut Value,
    pointer: &str,
) -> impl Iterator<Item = &'a mut Value> {
    object
        .pointer_mut(pointer)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// Whether an object is controlled by one of this kind, which adopts.
pub(super) fn is_controlled_by(object: &Value, kind: Kind) -> bool {
    let references = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    references.into_iter().flatten().any(|reference| {
        reference["controller"] == true
            && adopter(reference).is_some_and(|adopter| adopter.of == kind)
    })
}
