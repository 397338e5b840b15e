//! The members of a JSON object that may hold secrets, read leniently.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// The members of an object as they came; of two with one name the later counts. What is no object
/// has no members.
///
/// A member is looked at when it is used and not before, so an odd one that nobody wants does no
/// harm. Texts are overwritten in memory when they are dropped. No `Debug`: they may be secrets.
#[derive(Default)]
pub(super) struct Fields(BTreeMap<String, Field>);

enum Field {
    Null,
    Text(Zeroizing<String>),
    Number(i64),
    Flag(bool),
    Object(BTreeMap<String, Field>),
    /// A list, a fraction.
    Other,
}

/// A member is there and of another type than the one that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrongType {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
}

impl Fields {
    /// A text; empty where it is absent or null.
    pub(super) fn text(&self, name: &'static str) -> Result<&str, WrongType> {
        let expected = "a text";
        match self.0.get(name) {
            None | Some(Field::Null) => Ok(""),
            Some(Field::Text(text)) => Ok(text),
            Some(_) => Err(WrongType { name, expected }),
        }
    }

    /// A text that is not empty, or none.
    pub(super) fn some(&self, name: &'static str) -> Result<Option<&str>, WrongType> {
        self.text(name)
            .map(|text| Some(text).filter(|text| !text.is_empty()))
    }

    /// A whole number; 0 where it is absent or null.
    pub(super) fn number(&self, name: &'static str) -> Result<i64, WrongType> {
        let expected = "a whole number";
        match self.0.get(name) {
            None | Some(Field::Null) => Ok(0),
            Some(Field::Number(number)) => Ok(*number),
            Some(_) => Err(WrongType { name, expected }),
        }
    }

    /// Whether a switch is on; it is off where it is absent or null.
    pub(super) fn is_on(&self, name: &'static str) -> Result<bool, WrongType> {
        let expected = "true or false";
        match self.0.get(name) {
            None | Some(Field::Null) => Ok(false),
            Some(Field::Flag(is_on)) => Ok(*is_on),
            Some(_) => Err(WrongType { name, expected }),
        }
    }
}

impl fmt::Display for WrongType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its `{}` is not {}", self.name, self.expected)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(AnyField)? {
            Field::Object(members) => Ok(Self(members)),
            _ => Ok(Self::default()),
        }
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyField)
    }
}

struct AnyField;

impl<'de> Visitor<'de> for AnyField {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Field, E> {
        Ok(Field::Text(Zeroizing::new(text)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Field, E> {
        Ok(Field::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
        Ok(i64::try_from(number).map_or(Field::Other, Field::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Field, E> {
        Ok(Field::Flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry()? {
            members.insert(name, value);
        }
        Ok(Field::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(text: &str) -> Fields {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn absent_null_and_odd_members_are_told_apart_when_they_are_used() {
        let fields = fields(
            r#"{"a":null,"b":"","c":"text","d":7,"e":true,"f":[1,{"x":null}],"g":{"h":[]},
                "i":1.5,"j":18446744073709551615,"c":"later"}"#,
        );
        assert_eq!(fields.text("a"), Ok(""));
        assert_eq!(fields.some("b"), Ok(None));
        assert_eq!(fields.some("c"), Ok(Some("later")));
        assert_eq!(fields.text("nowhere"), Ok(""));
        assert_eq!(fields.number("d"), Ok(7));
        assert_eq!(fields.number("a"), Ok(0));
        assert_eq!(fields.is_on("e"), Ok(true));
        assert_eq!(fields.is_on("a"), Ok(false));
        for odd in ["d", "e", "f", "g", "i", "j"] {
            assert!(fields.text(odd).is_err(), "{odd}");
        }
        for odd in ["c", "e", "i", "j"] {
            assert!(fields.number(odd).is_err(), "{odd}");
        }
        let error = fields.is_on("c").unwrap_err();
        assert_eq!(error.to_string(), "its `c` is not true or false");
    }

    proptest! {
        /// Whatever stands beside it, a text is read.
        #[test]
        fn no_neighbour_spoils_a_text(neighbour in any_json(3)) {
            let text = format!(r#"{{"odd":{neighbour},"wanted":"x","more":{neighbour}}}"#);
            let fields = fields(&text);
            prop_assert_eq!(fields.text("wanted"), Ok("x"));
        }
    }

    fn any_json(depth: u32) -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(depth, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
