//! An action with its parameters: what stays the same in every attempt.

use std::collections::BTreeMap;

use serde::Serialize;

use super::flatten::flatten;
use crate::{Error, ErrorKind};

/// A fresh identifier of 128 random bits, for nonces and client tokens.
pub(super) fn fresh_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[derive(Clone)]
pub(super) struct Action {
    pub(super) name: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) form: BTreeMap<String, String>,
    /// Whether performing it twice does no harm, where the caller says so.
    pub(super) idempotent: Option<bool>,
}

impl Action {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            query: BTreeMap::new(),
            form: BTreeMap::new(),
            idempotent: None,
        }
    }

    /// Whether a parameter is there, as one value or flattened.
    pub(super) fn has(&self, name: &str) -> bool {
        let is_of = |key: &String| {
            key.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.query.keys().chain(self.form.keys()).any(is_of)
    }

    pub(super) fn is_idempotent(&self) -> bool {
        const READING: [&str; 5] = ["Describe", "Get", "List", "Query", "Search"];
        self.idempotent.unwrap_or_else(|| {
            self.query.contains_key("ClientToken")
                || self.form.contains_key("ClientToken")
                || READING.iter().any(|prefix| self.name.starts_with(prefix))
        })
    }
}

/// Why a call cannot be sent: kept instead of an error, so that calls can be cloned.
#[derive(Clone)]
pub(super) struct Invalid {
    step: String,
    reason: Option<String>,
}

impl Invalid {
    pub(super) fn new(step: impl Into<String>) -> Self {
        Self {
            step: step.into(),
            reason: None,
        }
    }

    pub(super) fn into_error(self) -> Error {
        let error = Error::new(ErrorKind::Configuration, self.step);
        match self.reason {
            Some(reason) => error.with_source(reason),
            None => error,
        }
    }
}

/// Adds a parameter, flattened.
pub(super) fn add(
    parameters: &mut BTreeMap<String, String>,
    name: &str,
    value: impl Serialize,
) -> Result<(), Invalid> {
    let value = serde_json::to_value(value).map_err(|error| Invalid {
        step: format!("write the parameter `{name}`"),
        reason: Some(error.to_string()),
    })?;
    flatten(parameters, name, value);
    Ok(())
}
