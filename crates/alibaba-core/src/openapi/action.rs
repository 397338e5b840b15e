//! An action with its parameters: what stays the same in every attempt.

use std::collections::BTreeMap;

use serde::Serialize;

use super::flatten::flatten;
use crate::{Error, ErrorKind};

/// A fresh identifier of 128 random bits, for nonces and client tokens.
pub(super) fn fresh_id() -> String {
    format!("{:032x}", fastrand::u128(..))
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

    pub(super) fn is_idempotent(&self) -> bool {
        const READING: [&str; 5] = ["Describe", "Get", "List", "Query", "Search"];
        self.idempotent.unwrap_or_else(|| {
            self.query.contains_key("ClientToken")
                || self.form.contains_key("ClientToken")
                || READING.iter().any(|prefix| self.name.starts_with(prefix))
        })
    }
}

/// Adds a parameter, flattened.
pub(super) fn add(
    parameters: &mut BTreeMap<String, String>,
    name: &str,
    value: impl Serialize,
) -> Result<(), Error> {
    let value = serde_json::to_value(value).map_err(|error| {
        let step = format!("write the parameter `{name}`");
        Error::new(ErrorKind::Configuration, step).with_source(error)
    })?;
    flatten(parameters, name, value);
    Ok(())
}
