//! Structured parameters as flat name-value pairs.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Sends a structure as compact JSON text in one parameter, where an API wants it so.
///
/// ```
/// use alibaba_core::openapi::Json;
///
/// let text = serde_json::to_value(Json(["a", "b"]))?;
/// assert_eq!(text, serde_json::Value::from(r#"["a","b"]"#));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: Serialize> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(&self.0).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

/// Adds `value` under `name`: lists as `name.1`, `name.2`, maps as `name.key`, freely nested.
///
/// What is null is left out; in a list it keeps its number. Booleans are `true` and `false`.
pub(super) fn flatten(into: &mut BTreeMap<String, String>, name: &str, value: Value) {
    match value {
        Value::Null => {}
        Value::Bool(value) => {
            into.insert(name.to_owned(), value.to_string());
        }
        Value::Number(value) => {
            into.insert(name.to_owned(), value.to_string());
        }
        Value::String(value) => {
            into.insert(name.to_owned(), value);
        }
        Value::Array(items) => {
            for (at, item) in items.into_iter().enumerate() {
                flatten(into, &format!("{name}.{}", at + 1), item);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                flatten(into, &format!("{name}.{key}"), member);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nesting_numbers_and_gaps() {
        let mut flat = BTreeMap::new();
        flatten(
            &mut flat,
            "Tag",
            json!([{"Key": "env", "Value": true}, null, {"Ids": [1, -2.5]}, {}, []]),
        );
        let expected = [
            ("Tag.1.Key", "env"),
            ("Tag.1.Value", "true"),
            ("Tag.3.Ids.1", "1"),
            ("Tag.3.Ids.2", "-2.5"),
        ];
        assert!(
            flat.iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .eq(expected)
        );
    }
}
