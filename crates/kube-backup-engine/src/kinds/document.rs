//! An object to look into: parsed, or as raw JSON of which only the way to a place is read.

use std::borrow::Cow;

use serde_json::Value;

use crate::scan::{self, Elements, Fields};

/// A JSON value that the tables' places are looked up in.
pub(crate) trait Document<'a>: Copy {
    /// Calls `act` with each of these fields that the object has, and the field's position in `names`.
    fn fields<N: AsRef<str>>(self, names: &[N], act: &mut dyn FnMut(usize, Self));

    /// Calls `act` with each element of an array.
    fn elements(self, act: &mut dyn FnMut(Self));

    /// The value, when it is a text.
    fn text(self) -> Option<Cow<'a, str>>;

    /// Whether the value is `true`.
    fn is_true(self) -> bool;

    /// The field `name` of the object.
    fn field(self, name: &str) -> Option<Self> {
        let mut found = None;
        self.fields(&[name], &mut |_, value| found = Some(value));
        found
    }

    /// The text of the field `name`.
    fn text_of(self, name: &str) -> Option<Cow<'a, str>> {
        self.field(name).and_then(Self::text)
    }
}

impl<'a> Document<'a> for &'a Value {
    fn fields<N: AsRef<str>>(self, names: &[N], act: &mut dyn FnMut(usize, Self)) {
        for (at, name) in names.iter().enumerate() {
            if let Some(value) = self.get(name.as_ref()) {
                act(at, value);
            }
        }
    }

    fn elements(self, act: &mut dyn FnMut(Self)) {
        self.as_array().into_iter().flatten().for_each(act);
    }

    fn text(self) -> Option<Cow<'a, str>> {
        self.as_str().map(Cow::Borrowed)
    }

    fn is_true(self) -> bool {
        *self == Value::Bool(true)
    }
}

/// Raw JSON. What is malformed ends the look at it: whoever stores or restores the object says so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl<'a> Document<'a> for Raw<'a> {
    fn fields<N: AsRef<str>>(self, names: &[N], act: &mut dyn FnMut(usize, Self)) {
        for (key, value) in Fields::of(self.0)
            .into_iter()
            .flatten()
            .map_while(Result::ok)
        {
            if let Some(at) = names
                .iter()
                .position(|name| name.as_ref().as_bytes() == key)
            {
                act(at, Self(value));
            }
        }
    }

    fn elements(self, act: &mut dyn FnMut(Self)) {
        for value in Elements::of(self.0)
            .into_iter()
            .flatten()
            .map_while(Result::ok)
        {
            act(Self(value));
        }
    }

    fn text(self) -> Option<Cow<'a, str>> {
        scan::text(self.0).map(Cow::Owned)
    }

    fn is_true(self) -> bool {
        self.0 == b"true"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen<'a>(document: impl Document<'a>) -> Vec<(usize, String)> {
        let mut seen = Vec::new();
        document.fields(&["b", "list"], &mut |at, value| {
            value.elements(&mut |element| {
                seen.push((at, element.text_of("name").unwrap_or_default().into_owned()));
            });
            seen.extend(value.text().map(|text| (at, text.into_owned())));
        });
        seen
    }

    #[test]
    fn raw_and_parsed_objects_look_the_same() {
        let raw =
            br#"{"a": {"list": [1]}, "b": "x", "list": [ {"name": "y"}, {"no": 1}, [] ], "c": tr}"#;
        let expected = [
            (0, "x".into()),
            (1, "y".into()),
            (1, String::new()),
            (1, String::new()),
        ];
        assert_eq!(seen(Raw(raw)), expected);
        let parsed: Value = serde_json::from_slice(&raw[..raw.len() - 10]).unwrap_or_default();
        assert_eq!(parsed, Value::Null);
        let whole: Value =
            serde_json::from_str(r#"{"b": "x", "list": [{"name": "y"}, {"no": 1}, []]}"#).unwrap();
        assert_eq!(seen(&whole), expected);
        assert!(Raw(b"true").is_true() && (&Value::Bool(true)).is_true());
        assert!(!Raw(b"\"true\"").is_true() && !(&Value::Null).is_true());
    }

    #[test]
    fn malformed_json_shows_what_comes_before_the_damage() {
        let mut names = Vec::new();
        Raw(br#"[{"name":"a"},{"name":"b"},{"name"#).elements(&mut |element| {
            names.extend(element.text_of("name").map(Cow::into_owned));
        });
        assert_eq!(names, ["a", "b"]);
        assert!(Raw(b"{\"a\"").field("a").is_none());
        assert!(Raw(b"").field("a").is_none());
    }
}
