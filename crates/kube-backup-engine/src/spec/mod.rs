//! The shapes that specifications have as JSON: Velero's (velero.io/v1), so that what was written for one is
//! read for the other.
//!
//! A field that nobody knows is an error, since a typo may lose data. Fields of Velero's that this crate
//! does nothing about are kept, and refused before anything is done where they ask for something.

pub(crate) mod filter;
pub mod go_duration;
pub(crate) mod hooks;
pub(crate) mod kind_names;
pub(crate) mod other;
pub(crate) mod resources;
pub(crate) mod restore_hooks;
pub(crate) mod selection;
pub(crate) mod selector_text;
pub(crate) mod selectors;

use serde::{Deserialize, Deserializer};

/// `null` for the default, as Kubernetes reads it.
pub(crate) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(all(test, feature = "schema"))]
mod tests {
    use serde_json::Value;

    use crate::backup::BackupSpec;
    use crate::restore::RestoreSpec;

    fn properties(schema: &schemars::Schema) -> Vec<String> {
        let Some(Value::Object(properties)) = schema.get("properties") else {
            panic!("{schema:?} has no properties");
        };
        assert_eq!(schema.get("type"), Some(&"object".into()));
        properties.keys().cloned().collect()
    }

    #[test]
    fn schemas_have_the_fields_that_are_read() {
        let backup = schemars::schema_for!(BackupSpec);
        let restore = schemars::schema_for!(RestoreSpec);
        for field in [
            "includedNamespaces",
            "labelSelector",
            "orLabelSelectors",
            "includeClusterResources",
        ] {
            for schema in [&backup, &restore] {
                assert!(properties(schema).contains(&field.to_owned()), "{field}");
            }
        }
        for (schema, field) in [
            (&backup, "ttl"),
            (&backup, "metadata"),
            (&restore, "restoreStatus"),
        ] {
            assert!(properties(schema).contains(&field.to_owned()), "{field}");
        }
        for schema in [&backup, &restore] {
            assert!(!properties(schema).contains(&"name".to_owned()));
            // A specification may be empty.
            assert_eq!(schema.get("required"), None);
        }
    }
}
