//! The order in which Go prints the fields of an object.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

/// An object as Go prints its struct: `kind`, `apiVersion` and `metadata` come first. The other
/// keys stay in alphabetical order, where Go has the order of the struct's fields.
pub(crate) struct GoOrder<'a>(pub(crate) &'a Value);

impl Serialize for GoOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const FIRST: [&str; 3] = ["kind", "apiVersion", "metadata"];
        let Value::Object(object) = self.0 else {
            return self.0.serialize(serializer);
        };
        let mut map = serializer.serialize_map(Some(object.len()))?;
        for key in FIRST {
            if let Some(value) = object.get(key) {
                map.serialize_entry(key, value)?;
            }
        }
        for (key, value) in object {
            if !FIRST.contains(&key.as_str()) {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}
