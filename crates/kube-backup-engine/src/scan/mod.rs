//! Finding values in raw JSON without parsing it.
//!
//! A backup stores what the API server sent. Splitting a list into items, and looking at an
//! item's name and labels, needs to know where values begin and end, not what they hold. These
//! functions walk bytes, never recurse, and return an error for what cannot be JSON.

mod printed;
mod walk;

use std::fmt;

use memchr::memchr2;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{Error, Result};

pub(crate) use printed::Original;
pub(crate) use walk::{Seen, Walk, check_depth};

fn malformed(at: usize, what: &str) -> Error {
    Error::corrupt(format!("read JSON: {what} at byte {at}"))
}

/// Position of the first byte at or after `at` that is not white space.
fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// `at` is just after an opening quote; returns the position after the closing one.
fn skip_string(bytes: &[u8], mut at: usize) -> Result<usize> {
    loop {
        match memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
            None => return Err(malformed(bytes.len(), "a string does not end")),
            Some(offset) if bytes[at + offset] == b'"' => return Ok(at + offset + 1),
            Some(offset) => at += offset + 2,
        }
    }
}

/// Position after the value that begins at `at`.
fn skip_value(bytes: &[u8], at: usize) -> Result<usize> {
    match bytes.get(at) {
        Some(b'"') => skip_string(bytes, at + 1),
        Some(b'{' | b'[') => Walk::default()
            .go_on(&bytes[at..])
            .map(|end| at + end)
            .ok_or_else(|| malformed(bytes.len(), "a value does not end")),
        Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
            let mut at = at;
            while matches!(
                bytes.get(at),
                Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E')
            ) {
                at += 1;
            }
            Ok(at)
        }
        _ => Err(malformed(at, "a value is missing")),
    }
}

/// Iterates over the fields of the object at the start of `bytes`, as raw `(key, value)`.
///
/// Keys are without quotes and still escaped; the names looked for here need no escapes.
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self> {
        let at = skip_space(bytes, 0);
        if bytes.get(at) != Some(&b'{') {
            return Err(malformed(at, "an object is missing"));
        }
        Ok(Self {
            bytes,
            at: at + 1,
            done: false,
        })
    }

    /// Position after the object, once all fields are read.
    pub(crate) fn end(&self) -> Option<usize> {
        self.done.then_some(self.at)
    }

    /// Where the value of the field `wanted` begins; `None` while its bytes are not all there.
    ///
    /// Unlike iterating, this does not need the value to be complete.
    pub(crate) fn start_of(mut self, wanted: &[u8]) -> Option<usize> {
        loop {
            let mut at = skip_space(self.bytes, self.at);
            if self.bytes.get(at) == Some(&b',') {
                at = skip_space(self.bytes, at + 1);
            }
            if self.bytes.get(at) != Some(&b'"') {
                return None;
            }
            let key_end = skip_string(self.bytes, at + 1).ok()?;
            let colon = skip_space(self.bytes, key_end);
            if self.bytes.get(colon) != Some(&b':') {
                return None;
            }
            let start = skip_space(self.bytes, colon + 1);
            self.bytes.get(start)?;
            if &self.bytes[at + 1..key_end - 1] == wanted {
                return Some(start);
            }
            self.at = skip_value(self.bytes, start).ok()?;
        }
    }

    fn step(&mut self) -> Result<Option<(&'a [u8], &'a [u8])>> {
        let bytes = self.bytes;
        let mut at = skip_space(bytes, self.at);
        if bytes.get(at) == Some(&b',') {
            at = skip_space(bytes, at + 1);
        }
        match bytes.get(at) {
            Some(b'}') => {
                self.at = at + 1;
                self.done = true;
                Ok(None)
            }
            Some(b'"') => {
                let key_end = skip_string(bytes, at + 1)?;
                let key = &bytes[at + 1..key_end - 1];
                let colon = skip_space(bytes, key_end);
                if bytes.get(colon) != Some(&b':') {
                    return Err(malformed(colon, "a colon is missing"));
                }
                let start = skip_space(bytes, colon + 1);
                let end = skip_value(bytes, start)?;
                self.at = end;
                Ok(Some((key, &bytes[start..end])))
            }
            _ => Err(malformed(at, "a field is missing")),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(&'a [u8], &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        if matches!(step, Some(Err(_))) {
            self.done = true;
        }
        step
    }
}

/// Iterates over the elements of the array at the start of `bytes`, as raw values.
pub(crate) struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Elements<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self> {
        let at = skip_space(bytes, 0);
        if bytes.get(at) != Some(&b'[') {
            return Err(malformed(at, "an array is missing"));
        }
        Ok(Self {
            bytes,
            at: at + 1,
            done: false,
        })
    }

    fn step(&mut self) -> Result<Option<&'a [u8]>> {
        let mut start = skip_space(self.bytes, self.at);
        if self.bytes.get(start) == Some(&b',') {
            start = skip_space(self.bytes, start + 1);
        }
        if self.bytes.get(start) == Some(&b']') {
            return Ok(None);
        }
        self.at = skip_value(self.bytes, start)?;
        Ok(Some(&self.bytes[start..self.at]))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}

/// The text of a raw JSON string; `None` for any other value.
pub(crate) fn text(raw: &[u8]) -> Option<String> {
    match raw {
        [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => {
            std::str::from_utf8(inner).ok().map(str::to_owned)
        }
        [b'"', ..] => serde_json::from_slice(raw).ok(),
        _ => None,
    }
}

/// What selection and the archive need to know of an object.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) api_version: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) terminating: bool,
}

impl Head {
    /// Reads the head of the object in `bytes`, which must hold nothing else.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self> {
        let mut head = Self::default();
        let mut fields = Fields::of(bytes)?;
        for field in &mut fields {
            match field? {
                (b"apiVersion", raw) => head.api_version = text(raw),
                (b"kind", raw) => head.kind = text(raw),
                (b"metadata", raw) if raw.starts_with(b"{") => head.read_metadata(raw)?,
                _ => {}
            }
        }
        let end = fields.end().unwrap_or(bytes.len());
        if skip_space(bytes, end) != bytes.len() {
            return Err(malformed(end, "bytes follow the object"));
        }
        if head.name.is_empty() {
            return Err(Error::corrupt("read JSON: the object has no name"));
        }
        Ok(head)
    }

    /// What can be read of the head of an object that is damaged, or of which only the beginning is there.
    pub(crate) fn of_some(bytes: &[u8]) -> Self {
        let mut head = Self::default();
        let metadata = Fields::of(bytes)
            .ok()
            .and_then(|fields| fields.start_of(b"metadata"))
            .filter(|start| bytes.get(*start) == Some(&b'{'));
        if let Some(start) = metadata {
            // As far as it goes.
            let _ = head.read_metadata(&bytes[start..]);
        }
        head
    }

    fn read_metadata(&mut self, raw: &[u8]) -> Result<()> {
        for field in Fields::of(raw)? {
            match field? {
                (b"name", raw) => self.name = text(raw).unwrap_or_default(),
                (b"namespace", raw) => {
                    self.namespace = text(raw).filter(|namespace| !namespace.is_empty());
                }
                (b"deletionTimestamp", raw) => self.terminating = raw != b"null",
                (b"labels", raw) if raw.starts_with(b"{") => {
                    for label in Fields::of(raw)? {
                        let (key, value) = label?;
                        let quoted = [b"\"", key, b"\""].concat();
                        if let (Some(key), Some(value)) = (text(&quoted), text(value)) {
                            self.labels.push((key, value));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The value of the label `key`.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

/// The raw value at `path` (object fields only), when there is one.
pub(crate) fn raw_at<'a>(bytes: &'a [u8], path: &[&str]) -> Option<&'a [u8]> {
    let mut value = bytes;
    for step in path {
        value = Fields::of(value)
            .ok()?
            .find_map(|field| field.ok().filter(|(key, _)| *key == step.as_bytes()))?
            .1;
    }
    Some(value)
}

/// The object without the field `field` of the object at `path`, all other bytes as they are; `None` when it
/// has none.
pub(crate) fn without(bytes: &[u8], path: &[&str], field: &[u8]) -> Option<Vec<u8>> {
    let inner = raw_at(bytes, path)?;
    let start = inner.as_ptr() as usize - bytes.as_ptr() as usize;
    let fields: Vec<_> = Fields::of(inner).ok()?.collect::<Result<_>>().ok()?;
    if !fields.iter().any(|(key, _)| *key == field) {
        return None;
    }
    let mut rest = bytes[..start].to_vec();
    rest.push(b'{');
    let mut is_first = true;
    for (key, value) in fields.into_iter().filter(|(key, _)| *key != field) {
        if !std::mem::take(&mut is_first) {
            rest.push(b',');
        }
        rest.push(b'"');
        rest.extend_from_slice(key);
        rest.extend_from_slice(b"\":");
        rest.extend_from_slice(value);
    }
    rest.push(b'}');
    rest.extend_from_slice(&bytes[start + inner.len()..]);
    Some(rest)
}

/// Reads `T` from `bytes`, which must be one JSON value that is not nested too deeply, whole and well-formed
/// down to the last string and number: what `T` has no use for, it is to take for [`Anything`].
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    check_depth(Seen::of(&bytes[skip_space(bytes, 0)..]).depth)?;
    serde_json::from_slice(bytes)
        .map_err(|error: serde_json::Error| Error::corrupt("read JSON").with_source(error))
}

/// Any value, of which nothing is kept.
///
/// Not [`IgnoredAny`](serde::de::IgnoredAny), which passes over strings that are no Unicode and numbers that
/// are none, and so accepts what cannot be read later.
pub(crate) struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Self, A::Error> {
        while fields.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
