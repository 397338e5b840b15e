//! Parameters as serde sees them.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::error::ApiError;
use super::parameters::Parameters;

impl Parameters {
    /// All parameters of an action, in a type of its own.
    ///
    /// Numbers and truths are read from text, names in either case. A list may be numbered
    /// (`Id.1`) or JSON text, an object dotted (`Tag.Key`) or JSON text.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        T::deserialize(Node::root(self)).map_err(|error| match error {
            ReadError::Missing(name) => ApiError::missing(name),
            ReadError::Invalid(name) => ApiError::invalid(&name),
        })
    }
}

/// Which parameter cannot be read.
#[derive(Debug)]
enum ReadError {
    Missing(&'static str),
    /// Its name; empty where it is not known yet.
    Invalid(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "parameter `{name}` is missing"),
            Self::Invalid(name) => write!(f, "parameter `{name}` is invalid"),
        }
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Invalid(String::new())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

/// A parameter, under the name that errors call it by.
#[derive(Clone, Copy)]
struct Node<'de> {
    name: &'de str,
    parameters: &'de Parameters,
}

impl<'de> Node<'de> {
    fn root(parameters: &'de Parameters) -> Self {
        Self {
            name: "",
            parameters,
        }
    }

    fn invalid(&self) -> ReadError {
        ReadError::Invalid(self.name.to_owned())
    }

    fn text(&self) -> Result<&'de str, ReadError> {
        self.parameters
            .value
            .as_deref()
            .ok_or_else(|| self.invalid())
    }

    fn parse<T: std::str::FromStr>(&self) -> Result<T, ReadError> {
        self.text()?.trim().parse().map_err(|_| self.invalid())
    }

    /// A value that is JSON text.
    fn json(&self, opening: char) -> Option<Result<Value, ReadError>> {
        let text = self.parameters.value.as_deref()?.trim();
        text.starts_with(opening)
            .then(|| serde_json::from_str(text).map_err(|_| self.invalid()))
    }

    /// Text that is not JSON is no list and no object.
    fn refuse_text(&self) -> Result<(), ReadError> {
        let Parameters { value, members } = self.parameters;
        match value.as_deref().is_some_and(|text| !text.is_empty()) && members.is_empty() {
            true => Err(self.invalid()),
            false => Ok(()),
        }
    }

    /// Gives an error that knows no name this one's.
    fn named<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| match error {
            ReadError::Invalid(name) if name.is_empty() => self.invalid(),
            error => error,
        })
    }

    fn of_json<T>(&self, result: Result<T, serde_json::Error>) -> Result<T, ReadError> {
        result.map_err(|_| self.invalid())
    }
}

impl<'de> IntoDeserializer<'de, ReadError> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident: $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            let number = self.parse()?;
            self.named(visitor.$visit(number))
        })*
    };
}

impl<'de> de::Deserializer<'de> for Node<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.parameters.members.is_empty() {
            return self.named(visitor.visit_borrowed_str(self.text()?));
        }
        self.deserialize_map(visitor)
    }

    numbers! {
        deserialize_i8: visit_i8
        deserialize_i16: visit_i16
        deserialize_i32: visit_i32
        deserialize_i64: visit_i64
        deserialize_u8: visit_u8
        deserialize_u16: visit_u16
        deserialize_u32: visit_u32
        deserialize_u64: visit_u64
        deserialize_f32: visit_f32
        deserialize_f64: visit_f64
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        // The Python SDK writes `True`, the others `true`.
        let text = self.text()?.to_ascii_lowercase();
        let truth = text.parse().map_err(|_| self.invalid())?;
        self.named(visitor.visit_bool(truth))
    }

    /// An empty value is as good as none.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let Parameters { value, members } = self.parameters;
        if members.is_empty() && value.as_deref().is_none_or(str::is_empty) {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.named(visitor.visit_newtype_struct(self))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.named(visitor.visit_enum(self.text()?.into_deserializer()))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if let Some(json) = self.json('[') {
            return self.of_json(json?.deserialize_seq(visitor));
        }
        self.refuse_text()?;
        let mut items = Vec::new();
        for (number, item) in &self.parameters.members {
            let number: u32 = number.parse().map_err(|_| self.invalid())?;
            items.push((number, item));
        }
        items.sort_by_key(|(number, _)| *number);
        let items = items
            .into_iter()
            .map(|(_, parameters)| Node { parameters, ..self });
        self.named(visitor.visit_seq(SeqDeserializer::new(items)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if let Some(json) = self.json('{') {
            return self.of_json(json?.deserialize_map(visitor));
        }
        self.refuse_text()?;
        let members = self.parameters.members.iter();
        let members = members.map(|(name, parameters)| (name.as_str(), Node { name, parameters }));
        self.named(visitor.visit_map(MapDeserializer::new(members)))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if let Some(json) = self.json('{') {
            return self.of_json(json?.deserialize_map(visitor));
        }
        self.refuse_text()?;
        let members = Members {
            fields: fields.iter(),
            parameters: self.parameters,
            next: None,
        };
        self.named(visitor.visit_map(members))
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
        i128 u128
    }
}

/// The members of a struct that are there. Names are found in either case.
struct Members<'de> {
    fields: std::slice::Iter<'static, &'static str>,
    parameters: &'de Parameters,
    next: Option<Node<'de>>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        for field in self.fields.by_ref() {
            if let Some(parameters) = self.parameters.member(field) {
                self.next = Some(Node {
                    name: field,
                    parameters,
                });
                return seed.deserialize((*field).into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let node = self.next.take().expect("a key comes before its value");
        let value = seed.deserialize(node);
        node.named(value)
    }
}
