//! Parameters, unflattened: `Tag.1.Key=a` is member `Key` of the first item of `Tag`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::ApiError;
use super::flat::Pairs;

/// A parameter: a value, or members, which of a list are numbered from 1 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(super) value: Option<String>,
    pub(super) members: BTreeMap<String, Parameters>,
}

impl Parameters {
    /// Puts the parts of dotted names into each other.
    pub(crate) fn unflatten(pairs: Pairs) -> Self {
        let mut root = Self::default();
        for (name, value) in pairs {
            let at = name.split('.').fold(&mut root, |at, part| {
                at.members.entry(part.to_owned()).or_default()
            });
            at.value = Some(value);
        }
        root
    }

    /// Takes in the members of a JSON body.
    pub(crate) fn add_json(&mut self, body: &[u8]) -> Result<(), ApiError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| {
            ApiError::bad_request("InvalidRequestBody", "The body of the request is not JSON.")
        })?;
        self.members.extend(Self::of_json(value).members);
        Ok(())
    }

    fn of_json(value: Value) -> Self {
        match value {
            Value::Null => Self::default(),
            Value::Bool(truth) => Self::text_of(truth.to_string()),
            Value::Number(number) => Self::text_of(number.to_string()),
            Value::String(text) => Self::text_of(text),
            Value::Array(items) => Self {
                value: None,
                members: (1_usize..)
                    .map(|at| at.to_string())
                    .zip(items.into_iter().map(Self::of_json))
                    .collect(),
            },
            Value::Object(members) => Self {
                value: None,
                members: members
                    .into_iter()
                    .map(|(name, value)| (name, Self::of_json(value)))
                    .collect(),
            },
        }
    }

    fn text_of(text: String) -> Self {
        Self {
            value: Some(text),
            members: BTreeMap::new(),
        }
    }

    /// The value of a plain parameter, unless it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let value = self.member(name)?.value.as_deref();
        value.filter(|text| !text.is_empty())
    }

    /// A parameter by its name, which some actions spell with a small first letter.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        self.members.get(name).or_else(|| {
            let mut others = self.members.iter();
            others
                .find(|(found, _)| found.eq_ignore_ascii_case(name))
                .map(|(_, member)| member)
        })
    }
}
