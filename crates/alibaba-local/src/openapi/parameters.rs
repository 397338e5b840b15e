//! Parameters, unflattened: `Tag.1.Key=a` is member `Key` of the first item of `Tag`.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use super::flat::Pairs;

/// Parameters that every call has, beside those of its action.
const COMMON: [&str; 11] = [
    "Action",
    "Version",
    "Format",
    "Timestamp",
    "AccessKeyId",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
];

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

    /// The value of a plain parameter, which may be empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.member(name)?.value.as_deref()
    }

    /// Whether a parameter says anything: a value, or items.
    pub(crate) fn has(&self, name: &str) -> bool {
        let member = self.member(name);
        member.is_some_and(|it| {
            it.value.as_deref().is_some_and(|it| !it.is_empty()) || !it.members.is_empty()
        })
    }

    /// The values of a list of plain parameters, in no particular order.
    pub(crate) fn texts(&self, name: &str) -> Vec<&str> {
        let items = self.member(name).into_iter();
        let items = items.flat_map(|list| list.members.values());
        items.filter_map(|item| item.value.as_deref()).collect()
    }

    /// A hash of what an action is called with, but for these parameters: equal for equal calls,
    /// however each is signed.
    pub(crate) fn digest(&self, but: &[&str]) -> String {
        let mut hash = Sha256::new();
        for (name, member) in &self.members {
            let mut skipped = COMMON.iter().chain(but);
            if !skipped.any(|skipped| skipped.eq_ignore_ascii_case(name)) {
                member.add_to(name, &mut hash);
            }
        }
        base16ct::lower::encode_string(&hash.finalize())
    }

    fn add_to(&self, name: &str, hash: &mut Sha256) {
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        add(name);
        add(self.value.as_deref().unwrap_or_default());
        hash.update((self.members.len() as u64).to_be_bytes());
        for (name, member) in &self.members {
            member.add_to(name, hash);
        }
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
