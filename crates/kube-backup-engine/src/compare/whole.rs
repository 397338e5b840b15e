//! A first look at what a server made of an object: whether its answer holds every value that it was asked for,
//! to the letter. Most do, and are not kept to see that. Of all others nothing is said here.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::ZeroValues;

/// An answer that holds all that was asked for, in the same words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WholeAnswer {
    /// The uid of the object in it.
    pub(crate) uid: Option<String>,
}

impl WholeAnswer {
    /// Reads the JSON that a server answered; `None` if it is no JSON, or may lack anything of `asked`. What an
    /// object is called is in it as it was asked for.
    pub(crate) fn read(asked: &Value, answer: &[u8], zero_values: ZeroValues) -> Option<Self> {
        asked.get("metadata")?.as_object()?;
        let uid = RefCell::new(None);
        let wanted = Wanted {
            value: asked,
            at: At::Root,
            zero_values,
            uid: &uid,
        };
        let mut answer = serde_json::Deserializer::from_slice(answer);
        wanted.deserialize(&mut answer).ok()?;
        answer.end().ok()?;
        let uid = uid.into_inner();
        Some(Self { uid })
    }
}

/// How deep in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Root,
    Metadata,
    Within,
}

/// A value that is asked for; any other is an error.
#[derive(Clone, Copy)]
struct Wanted<'v> {
    value: &'v Value,
    at: At,
    zero_values: ZeroValues,
    uid: &'v RefCell<Option<String>>,
}

impl<'v> Wanted<'v> {
    fn child(self, key: &str, value: &'v Value) -> Self {
        let at = match (self.at, key) {
            (At::Root, "metadata") => At::Metadata,
            _ => At::Within,
        };
        Self { value, at, ..self }
    }

    /// Whether all of these fields were in the answer, or say nothing. What an object is called says something.
    fn has_all(self, fields: &Map<String, Value>, mut found: Vec<&str>) -> bool {
        found.sort_unstable();
        found.dedup();
        let may_be_missing = |key: &str, value: &Value| {
            self.at == At::Within
                && self.zero_values.says_nothing(value)
                && found.binary_search(&key).is_err()
        };
        let missing = fields.len() - found.len();
        missing == 0
            || fields
                .iter()
                .filter(|(key, value)| may_be_missing(key, value))
                .count()
                == missing
    }
}

fn another<E: Error>() -> E {
    E::custom("another value")
}

fn check<E: Error>(is_same: bool) -> Result<(), E> {
    is_same.then_some(()).ok_or_else(another)
}

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what was asked for")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        check(self.value.is_null())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        check(self.value.as_bool() == Some(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        check(is_number(self.value, &value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        check(is_number(self.value, &value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        let number = Number::from_f64(value);
        check(number.is_some_and(|number| is_number(self.value, &number)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        check(self.value.as_str() == Some(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for wanted in self.value.as_array().ok_or_else(another)? {
            items
                .next_element_seed(self.child("", wanted))?
                .ok_or_else(another)?;
        }
        check(items.next_element::<IgnoredAny>()?.is_none())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let wanted = self.value.as_object().ok_or_else(another)?;
        let mut found = Vec::with_capacity(wanted.len());
        while let Some(key) = fields.next_key_seed(Keys {
            wanted,
            at: self.at,
        })? {
            match key {
                Key::Wanted(key, value) => {
                    fields.next_value_seed(self.child(key, value))?;
                    found.push(key);
                }
                Key::Uid => {
                    let uid: Value = fields.next_value()?;
                    let uid = uid.as_str().map(str::to_owned);
                    self.uid.replace(uid);
                }
                Key::Other => {
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        check(self.has_all(wanted, found))
    }
}

fn is_number(wanted: &Value, number: &Number) -> bool {
    matches!(wanted, Value::Number(wanted) if wanted == number)
}

/// The keys of an object's fields.
struct Keys<'v> {
    wanted: &'v Map<String, Value>,
    at: At,
}

enum Key<'v> {
    Wanted(&'v str, &'v Value),
    /// That of the object, which nobody asks for.
    Uid,
    Other,
}

impl<'de, 'v> DeserializeSeed<'de> for Keys<'v> {
    type Value = Key<'v>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key<'v>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'v> Visitor<'_> for Keys<'v> {
    type Value = Key<'v>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key<'v>, E> {
        Ok(match self.wanted.get_key_value(key) {
            Some((key, value)) => Key::Wanted(key, value),
            None if self.at == At::Metadata && key == "uid" => Key::Uid,
            None => Key::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::walk_lost;
    use super::*;

    fn read(asked: &Value, answer: &str) -> Option<WholeAnswer> {
        WholeAnswer::read(asked, answer.as_bytes(), ZeroValues::LeftOut)
    }

    #[test]
    fn what_a_server_adds_makes_no_difference() {
        let asked = json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {"x": [1, {"y": null}], "z": ""}});
        let answer = r#"{"status":{},"spec":{"more":{"x":[2]},"x":[1,{"y":null,"n":1.5}]},
            "kind":"Pod","metadata":{"uid":"u","name":"a","managedFields":[]}}"#;
        let uid = Some("u".to_owned());
        assert_eq!(read(&asked, answer), Some(WholeAnswer { uid }));
        let kept = WholeAnswer::read(&asked, answer.as_bytes(), ZeroValues::Kept);
        assert_eq!(kept, None);
    }

    #[test]
    fn what_may_be_another_object_or_less_is_left_to_a_closer_look() {
        let asked =
            json!({"kind": "Pod", "metadata": {"name": "1", "namespace": ""}, "spec": {"a": [1]}});
        for answer in [
            "",
            "[]",
            "null",
            r#"{"kind":"Pod","metadata":{"name":"1","namespace":""},"spec":{"a":[1]}"#,
            r#"{"kind":"Pod","metadata":{"name":"1","namespace":""},"spec":{"a":[1]}}}"#,
            // Another, though the same as a quantity.
            r#"{"kind":"Pod","metadata":{"name":"1000m","namespace":""},"spec":{"a":[1]}}"#,
            r#"{"kind":"Pod","metadata":{"name":"1"},"spec":{"a":[1]}}"#,
            r#"{"kind":"Pod","metadata":{"name":"1","namespace":""},"spec":{"a":[1,1]}}"#,
            r#"{"kind":"Pod","metadata":{"name":"1","namespace":""},"spec":{"a":[]}}"#,
            r#"{"kind":"Pod","metadata":{"name":"1","namespace":""},"spec":{"a":[1.0]}}"#,
            r#"{"kind":"Pod","metadata":{"name":"1","namespace":""},"spec":{}}"#,
            r#"{"kind":"Pod","metadata":{"name":"1","namespace":""}}"#,
            // Twice: the last one counts.
            r#"{"kind":"Pod","kind":"Job","metadata":{"name":"1","namespace":""},"spec":{"a":[1]}}"#,
            r#"{"metadata":{"name":"1","namespace":""},"metadata":{"name":"1","namespace":""},"spec":{"a":[1]}}"#,
        ] {
            assert_eq!(read(&asked, answer), None, "{answer}");
        }
        let answer = r#"{"kind":"Pod","metadata":{"name":"1","namespace":""},"spec":{"a":[1]}}"#;
        assert_eq!(read(&asked, answer), Some(WholeAnswer { uid: None }));
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-1_i64..2).prop_map(Value::from),
            Just(json!(0.5)),
            "[0a]{0,1}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("metadata|uid|[a-c]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// Takes out, changes or adds something here and there.
    fn edit(value: &mut Value, random: &mut impl FnMut() -> usize) {
        match value {
            Value::Object(fields) => {
                fields.values_mut().for_each(|it| edit(it, random));
                if random() == 0 {
                    fields.insert("d".to_owned(), 7.into());
                }
                if random() == 1
                    && let Some(key) = fields.keys().next().cloned()
                {
                    fields.remove(&key);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|it| edit(it, random)),
            it if random() == 0 => *it = json!("other"),
            _ => {}
        }
    }

    proptest! {
        /// Where it says that an answer is whole, a closer look finds the same, and the same uid.
        #[test]
        fn a_closer_look_finds_nothing_missing(
            asked in json_value(),
            other in json_value(),
            seeds in prop::collection::vec(0_usize..8, 64),
        ) {
            let mut asked = asked;
            if !asked["metadata"].is_object() {
                asked = json!({"metadata": {"name": "a"}, "spec": asked});
            }
            let mut edited = asked.clone();
            let mut seeds = seeds.into_iter().cycle();
            edit(&mut edited, &mut || seeds.next().unwrap_or_default());
            for answer in [&asked, &edited, &other] {
                for zero_values in [ZeroValues::LeftOut, ZeroValues::Kept] {
                    let text = answer.to_string();
                    let Some(whole) = WholeAnswer::read(&asked, text.as_bytes(), zero_values) else {
                        prop_assert!(!std::ptr::eq(answer, &asked));
                        continue;
                    };
                    walk_lost(&asked, answer, zero_values, &mut |at, _| panic!("{at} of {asked} {answer}"));
                    for at in ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"] {
                        let asked = asked.pointer(at);
                        prop_assert!(asked.is_none() || asked == answer.pointer(at));
                    }
                    let is_asked_for = asked.pointer("/metadata/uid").is_some();
                    let uid = answer["metadata"]["uid"].as_str().map(str::to_owned);
                    prop_assert!(whole.uid == uid || is_asked_for);
                }
            }
        }
    }
}
