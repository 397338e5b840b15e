//! Fields of an object: made where they are absent.

use serde_json::{Map, Value};

/// The object below a key, made if it is absent or null.
pub(crate) fn object<'v>(value: &'v mut Value, key: &str) -> &'v mut Map<String, Value> {
    let slot = &mut value[key];
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    match slot {
        Value::Object(map) => map,
        _ => unreachable!("made an object just above"),
    }
}

/// Sets a field unless it is there; null and the empty string count as absent.
pub(super) fn default_to(map: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    let absent = match map.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    };
    if absent {
        map.insert(key.to_owned(), value.into());
    }
}
