//! How the directory's records are written down: secrets and policy documents as their text.
//!
//! `#[serde(with = "written")]` is for one, `with = "written::optional"` for one that may be absent.

use alibaba_ram::PolicyDocument;
use alibaba_sign::Secret;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something with a text that says all of it.
pub(super) trait Written: Sized {
    fn text(&self) -> String;
    fn read(text: String) -> Result<Self, String>;
}

impl Written for Secret {
    fn text(&self) -> String {
        self.expose().to_owned()
    }

    fn read(text: String) -> Result<Self, String> {
        Ok(Self::from(text))
    }
}

impl Written for PolicyDocument {
    fn text(&self) -> String {
        self.to_string()
    }

    fn read(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|error| match std::error::Error::source(&error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        })
    }
}

pub(super) fn serialize<T: Written, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.text().serialize(to)
}

pub(super) fn deserialize<'de, T: Written, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(String::deserialize(from)?).map_err(D::Error::custom)
}

pub(super) mod optional {
    use super::{Deserialize, Deserializer, Error, Serialize, Serializer, Written};

    pub(in crate::directory) fn serialize<T: Written, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Written::text).serialize(to)
    }

    pub(in crate::directory) fn deserialize<'de, T: Written, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        let text: Option<String> = Option::deserialize(from)?;
        text.map(T::read).transpose().map_err(D::Error::custom)
    }
}
