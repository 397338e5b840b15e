//! Printing an edited object so that what was not edited keeps its text.
//!
//! A number has a text and a value, and parsers keep the value: `1e5`, `1.0` and numbers of more digits than a
//! float has would come out in other words, or as other numbers. The API server keeps the text of some of
//! them, such as of defaults in schemas and of revisions' data. Nor does a value always come out as it was read:
//! reading a float may miss it by its last bit.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::Seen;
use crate::{Error, Result};

/// As long as most objects are.
const USUAL: usize = 4 << 10;

/// The text that an object was parsed from, kept where printing its values might not give it again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Original(Option<Bytes>);

impl Original {
    /// Of the object in `bytes`.
    pub(crate) fn of(bytes: &Bytes) -> Self {
        let is_needed = Seen::of(bytes).delicate_numbers;
        Self(is_needed.then(|| bytes.clone()))
    }

    /// Prints an object, or a part of it such as a merge patch: each field and element that is what it was
    /// comes out as it was, and so does each float, wherever it is by now.
    pub(crate) fn print(&self, value: &Value) -> Result<Bytes> {
        let failed = |error| Error::internal("encode an object", error);
        let mut out = Vec::with_capacity(USUAL);
        let original = self.0.as_ref();
        match original.and_then(|bytes| serde_json::from_slice::<&RawValue>(bytes).ok()) {
            Some(original) => {
                let floats = Floats::of(original.get());
                print(value, Some(original), &floats, &mut out).map_err(failed)?;
            }
            None => serde_json::to_writer(&mut out, value).map_err(failed)?,
        }
        Ok(out.into())
    }
}

/// The floats of an object as they were written, by the bits that they were read as.
struct Floats<'a>(BTreeMap<u64, &'a str>);

impl<'a> Floats<'a> {
    fn of(text: &'a str) -> Self {
        let mut floats = BTreeMap::new();
        let mut rest = text;
        while let Some(at) = rest.find(['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
        {
            rest = &rest[at..];
            let end = match rest.starts_with('"') {
                true => end_of_text(rest),
                false => {
                    let is_number = |char: char| char.is_ascii_digit() || "+-.eE".contains(char);
                    rest.find(|char| !is_number(char)).unwrap_or(rest.len())
                }
            };
            let (word, after) = rest.split_at(end);
            let number: Option<Number> = serde_json::from_str(word).ok();
            if let Some(float) = number.filter(Number::is_f64).and_then(|it| it.as_f64()) {
                floats.entry(float.to_bits()).or_insert(word);
            }
            rest = after;
        }
        Self(floats)
    }

    fn text_of(&self, number: &Number) -> Option<&'a str> {
        let float = number.as_f64().filter(|_| number.is_f64())?;
        self.0.get(&float.to_bits()).copied()
    }
}

/// How long the JSON string is that `text` begins with.
fn end_of_text(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn print(
    value: &Value,
    original: Option<&RawValue>,
    floats: &Floats<'_>,
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    let original = original.map_or("null", RawValue::get);
    if serde_json::from_str::<Value>(original)? == *value {
        out.extend_from_slice(original.as_bytes());
        return Ok(());
    }
    match value {
        Value::Object(fields) => {
            let before: BTreeMap<String, &RawValue> =
                serde_json::from_str(original).unwrap_or_default();
            out.push(b'{');
            for (at, (key, value)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, key)?;
                out.push(b':');
                print(value, before.get(key).copied(), floats, out)?;
            }
            out.push(b'}');
        }
        Value::Array(elements) => {
            let before: Vec<&RawValue> = serde_json::from_str(original).unwrap_or_default();
            let mut matched = matched(elements, &before).into_iter();
            out.push(b'[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                print(element, matched.next().flatten(), floats, out)?;
            }
            out.push(b']');
        }
        Value::Number(number) => match floats.text_of(number) {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => serde_json::to_writer(&mut *out, number)?,
        },
        other => serde_json::to_writer(&mut *out, other)?,
    }
    Ok(())
}

/// What each element was before: the next one that is the same, as where some were taken out, or else the one
/// at its place.
fn matched<'a>(elements: &[Value], before: &[&'a RawValue]) -> Vec<Option<&'a RawValue>> {
    let values: Vec<Option<Value>> = before
        .iter()
        .map(|raw| serde_json::from_str(raw.get()).ok())
        .collect();
    let mut next = 0;
    let mut matched = Vec::with_capacity(elements.len());
    for (at, element) in elements.iter().enumerate() {
        let same = values[next.min(values.len())..]
            .iter()
            .position(|value| value.as_ref() == Some(element));
        let place = match same {
            Some(offset) => {
                next += offset + 1;
                Some(next - 1)
            }
            None => Some(at).filter(|_| elements.len() == before.len()),
        };
        matched.push(place.and_then(|place| before.get(place).copied()));
    }
    matched
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn original(text: &str) -> (Original, Value) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        (Original::of(&bytes), serde_json::from_str(text).unwrap())
    }

    fn printed(original: &Original, value: &Value) -> String {
        String::from_utf8(original.print(value).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn what_is_not_edited_keeps_its_text() {
        let text = r#"{"metadata":{"name":"a","uid":"1"},"spec":{"a":1e5,"b":[1.0,{"c":12345678901234567890123},-0],"d":"\u003c"},"status":{"x":1E300}}"#;
        let (original, mut object) = original(text);
        object["metadata"]["labels"] = json!({"x": "y"});
        object.as_object_mut().unwrap().remove("status");
        assert_eq!(
            printed(&original, &object),
            r#"{"metadata":{"labels":{"x":"y"},"name":"a","uid":"1"},"spec":{"a":1e5,"b":[1.0,{"c":12345678901234567890123},-0],"d":"\u003c"}}"#
        );
        // A part, and edits next to numbers.
        object["spec"]["b"].as_array_mut().unwrap().remove(0);
        object["spec"]["b"][0]["new"] = json!(2.5);
        assert_eq!(
            printed(&original, &json!({"spec": object["spec"]})),
            r#"{"spec":{"a":1e5,"b":[{"c":12345678901234567890123,"new":2.5},-0],"d":"\u003c"}}"#
        );
    }

    /// Every number of a text, in the order of their texts.
    fn numbers(text: &str) -> Vec<&str> {
        let is_number = |char: char| char.is_ascii_digit() || "+-.eE".contains(char);
        let words = text.split(|char| !is_number(char));
        let mut numbers: Vec<_> = words.filter(|it| it.contains(char::is_numeric)).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Takes some elements out of every list, moves the rest, and puts a field into every object.
    fn edit(value: &mut Value, dropped: usize) {
        match value {
            Value::Array(elements) => {
                elements.iter_mut().for_each(|it| edit(it, dropped));
                if dropped < elements.len() {
                    elements.remove(dropped);
                }
                elements.reverse();
            }
            Value::Object(fields) => {
                fields.values_mut().for_each(|it| edit(it, dropped));
                fields.insert("added".to_owned(), "x".into());
            }
            _ => {}
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            any::<f64>()
                .prop_filter("finite", |x| x.is_finite())
                .prop_map(|x| format!("{x:e}")),
            any::<i64>().prop_map(|n| n.to_string()),
            any::<u64>().prop_map(|n| n.to_string()),
            "[1-9][0-9]{15,30}",
            "-?[0-9]\\.[0-9]{1,20}",
            "[1-9](\\.[0-9]{1,20})?[eE][-+]?[0-9]{1,2}",
            Just("\"\\u003c\\\"\"".to_owned()),
            Just("null".to_owned()),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::btree_map("[a-e]", inner, 0..4).prop_map(|fields| {
                    let fields: Vec<String> = fields
                        .iter()
                        .map(|(key, value)| format!("\"{key}\":{value}"))
                        .collect();
                    format!("{{{}}}", fields.join(","))
                }),
            ]
        })
    }

    proptest! {
        /// However an object was edited, the floats that are left are those that were there: a reader that
        /// is more exact than ours reads what it would have read before.
        #[test]
        fn no_float_is_printed_otherwise(
            floats in prop::collection::btree_map("[a-z]", any::<u64>(), 1..12),
            dropped in 0usize..4,
        ) {
            // 17 to 20 digits: most miss their last bit when they are read. Texts of their own, so that
            // each has one place.
            let texts: Vec<String> = floats.values().map(|it| format!("0.{it}7")).collect();
            let items: Vec<String> = texts.iter().map(|it| format!(r#"{{"n":[{it}],"m":{it}}}"#)).collect();
            let text = format!(r#"{{"spec":[{}],"name":"1.5 \\\" 2.5"}}"#, items.join(","));
            let (original, mut object) = original(&text);
            edit(&mut object, dropped);
            let edited = printed(&original, &object);
            let before = numbers(&text);
            for number in numbers(&edited) {
                prop_assert!(before.contains(&number), "{number} in {edited} is not in {text}");
            }
        }

        /// An edit in one place changes no text in another.
        #[test]
        fn edits_touch_nothing_else(spec in json(), other in json(), at in 0usize..4) {
            let text = format!(r#"{{"metadata":{{"name":"a","n":[{other},{spec}]}},"spec":{spec}}}"#);
            let (original, mut object) = original(&text);
            let unedited = printed(&original, &object);
            if Seen::of(text.as_bytes()).delicate_numbers {
                prop_assert_eq!(&unedited, &text);
            }
            object["metadata"]["name"] = "b".into();
            object["metadata"]["n"].as_array_mut().unwrap().insert(at % 3, json!("new"));
            let text_of = |raw: &str| format!(r#""spec":{raw}}}"#);
            let edited = printed(&original, &object);
            if Seen::of(text.as_bytes()).delicate_numbers {
                prop_assert!(edited.ends_with(&text_of(&spec)), "{edited}");
            }
            let read: Value = serde_json::from_str(&edited).unwrap();
            prop_assert_eq!(read, object);
        }
    }
}
