//! An action with its parameters: what stays the same in every attempt.

use std::collections::BTreeMap;

use alibaba_sign::percent::encode_to;
use http::Method;
use serde::Serialize;

use super::flatten::flatten;
use crate::{Error, ErrorKind};

/// A fresh identifier of 128 random bits, for nonces and client tokens.
pub(super) fn fresh_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Where a call in the ROA style goes.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) method: Method,
    /// Encoded.
    pub(super) path: String,
}

#[derive(Clone)]
pub(super) struct Action {
    pub(super) name: String,
    /// `None` in the RPC style: a POST to `/`.
    pub(super) route: Option<Route>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) form: BTreeMap<String, String>,
    /// A JSON document, instead of a form.
    pub(super) document: Option<String>,
    /// Whether performing it twice does no harm, where the caller says so.
    pub(super) idempotent: Option<bool>,
}

impl Action {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            route: None,
            query: BTreeMap::new(),
            form: BTreeMap::new(),
            document: None,
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
        let reads = |route: &Route| route.method == Method::GET || route.method == Method::HEAD;
        self.idempotent.unwrap_or_else(|| {
            self.route.as_ref().is_some_and(reads)
                || self.query.contains_key("ClientToken")
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

/// The path of these segments, each encoded. None of them can be empty or lead elsewhere: a missing name would
/// make the path that of another resource.
pub(super) fn path_of(segments: &[&str]) -> Result<String, Invalid> {
    let mut path = String::new();
    for segment in segments {
        if matches!(*segment, "" | "." | "..") {
            let step =
                format!("write the path: `{segment}` cannot be a part of it, in {segments:?}");
            return Err(Invalid::new(step));
        }
        path.push('/');
        encode_to(&mut path, segment);
    }
    if path.is_empty() {
        path.push('/');
    }
    Ok(path)
}

/// A value as JSON.
pub(super) fn document(value: impl Serialize) -> Result<String, Invalid> {
    serde_json::to_string(&value).map_err(|error| Invalid {
        step: "write the body of the call".to_owned(),
        reason: Some(error.to_string()),
    })
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
