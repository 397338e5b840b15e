//! Objects in responses that are too large for one `json!`.

use serde_json::Value;

/// An object with the members of another.
pub(super) fn join(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}
