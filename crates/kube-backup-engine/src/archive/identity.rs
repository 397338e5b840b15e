//! What an object says that it is.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::Result;
use crate::scan::{self, Anything};

/// What an object says that it is, read in one pass that sees all of it.
///
/// Read by the same parser as everything later; duplicate fields are refused. What is checked here is what will
/// be applied.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) name: String,
    namespace: Option<String>,
}

impl Identity {
    pub(super) fn of(data: &[u8]) -> Result<Self> {
        scan::read(data)
    }

    pub(super) fn is_in(&self, namespace: Option<&str>) -> bool {
        let own = self.namespace.as_deref();
        own.filter(|own| !own.is_empty()) == namespace
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    ApiVersion,
    Kind,
    Metadata,
    Name,
    Namespace,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Identity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfObject)
    }
}

struct OfObject;

impl<'de> Visitor<'de> for OfObject {
    type Value = Identity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Identity, A::Error> {
        let (mut api_version, mut kind, mut metadata) = (None, None, None);
        while let Some(field) = fields.next_key()? {
            match field {
                Field::ApiVersion => once(&mut api_version, "apiVersion", &mut fields)?,
                Field::Kind => once(&mut kind, "kind", &mut fields)?,
                Field::Metadata => once(&mut metadata, "metadata", &mut fields)?,
                Field::Name | Field::Namespace | Field::Other => {
                    fields.next_value::<Anything>()?;
                }
            }
        }
        let Metadata { name, namespace } =
            metadata.ok_or_else(|| A::Error::missing_field("metadata"))?;
        Ok(Identity {
            api_version: api_version.flatten(),
            kind: kind.flatten(),
            name,
            namespace,
        })
    }
}

struct Metadata {
    name: String,
    namespace: Option<String>,
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfMetadata)
    }
}

struct OfMetadata;

impl<'de> Visitor<'de> for OfMetadata {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object's metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Metadata, A::Error> {
        let (mut name, mut namespace) = (None, None);
        while let Some(field) = fields.next_key()? {
            match field {
                Field::Name => once(&mut name, "name", &mut fields)?,
                Field::Namespace => once(&mut namespace, "namespace", &mut fields)?,
                _ => {
                    fields.next_value::<Anything>()?;
                }
            }
        }
        Ok(Metadata {
            name: name.ok_or_else(|| A::Error::missing_field("name"))?,
            namespace: namespace.flatten(),
        })
    }
}

/// Reads a field's value that may stand in an object once.
fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    value: &mut Option<T>,
    name: &'static str,
    fields: &mut A,
) -> Result<(), A::Error> {
    if value.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    *value = Some(fields.next_value()?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn of(text: &str) -> Result<Identity> {
        Identity::of(text.as_bytes())
    }

    #[test]
    fn an_object_is_what_it_says_wherever_it_says_so() {
        let text = r#"{"spec":{"name":"x","metadata":{"name":"y"}},"kind":"Pod",
            "metadata":{"labels":{"name":"z"},"namespace":"shop","name":"w\u0065b"},"name":1,"apiVersion":"v1"}"#;
        let found = of(text).unwrap();
        assert_eq!(found.api_version.as_deref(), Some("v1"));
        assert_eq!(found.kind.as_deref(), Some("Pod"));
        assert_eq!(found.name, "web");
        assert!(found.is_in(Some("shop")) && !found.is_in(None));
        let found = of(r#"{"kind":null,"metadata":{"name":"a","namespace":""}}"#).unwrap();
        assert!(found.kind.is_none() && found.api_version.is_none() && found.is_in(None));
    }

    #[test]
    fn what_is_meant_in_two_ways_or_cannot_be_read_is_refused() {
        for text in [
            "[]",
            "{}",
            r#"["v1","Pod",{"name":"a"}]"#,
            r#"{"metadata":{}}"#,
            r#"{"metadata":["a"]}"#,
            r#"{"metadata":{"name":1}}"#,
            r#"{"metadata":{"name":"a","name":"a"}}"#,
            r#"{"metadata":{"name":"a"},"metadata":{"name":"a"}}"#,
            r#"{"kind":"a","metadata":{"name":"a"},"k\u0069nd":"b"}"#,
            r#"{"metadata":{"name":"a"},"data":{"x":"\ud800"}}"#,
            r#"{"metadata":{"name":"a","labels":{"x":1e999}}}"#,
            r#"{"metadata":{"name":"a"}}}"#,
        ] {
            assert!(of(text).is_err(), "{text}");
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just(r#""\ud800""#.to_owned()),
            Just("1e999".to_owned()),
            Just("null".to_owned()),
            any::<i64>().prop_map(|n| n.to_string()),
            "[a-z\\\\\"]{0,4}".prop_map(|text| format!("\"{text}\"")),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let fields = prop::collection::vec(("[a-c]", inner.clone()), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|all| format!("[{}]", all.join(","))),
                fields.prop_map(|all| {
                    let all = all.iter().map(|(key, value)| format!("\"{key}\":{value}"));
                    format!("{{{}}}", all.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    proptest! {
        /// What is taken is what the parser takes that reads all of it.
        #[test]
        fn nothing_is_passed_over(spec in json(), labels in json(), nested in 0_usize..200) {
            let deep = format!("{}{}", "[".repeat(nested), "]".repeat(nested));
            let text = format!(
                r#"{{"spec":{spec},"metadata":{{"labels":{labels},"name":"a"}},"deep":{deep}}}"#
            );
            let can_be_read = serde_json::from_str::<Value>(&text).is_ok();
            // Depth is counted with a little room to spare.
            if of(&text).is_ok() {
                prop_assert!(can_be_read, "{text}");
            } else {
                prop_assert!(!can_be_read || nested >= 120, "{text}");
            }
        }
    }
}
