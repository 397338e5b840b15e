//! How Cloud Backup answers: `Success`, `Code` and `Message` beside what was asked for.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::state::Hbr;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// An action's response, as the samples of Cloud Backup's pages have it. Members that are null are
/// left out.
pub(super) fn answer(
    run: fn(&Hbr, &Call<'_>) -> Result<Value, ApiError>,
    hbr: &Hbr,
    call: &Call<'_>,
) -> Result<Value, ApiError> {
    let mut result = sparse(run(hbr, call)?);
    result["Success"] = true.into();
    result["Code"] = "200".into();
    result["Message"] = "successful".into();
    Ok(result)
}

/// A value without the members that are null.
pub(super) fn sparse(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name, sparse(member)))
            .collect(),
        Value::Array(items) => items.into_iter().map(sparse).collect(),
        other => other,
    }
}

/// UNIX seconds.
pub(super) fn seconds(time: impl Into<Option<DateTime<Utc>>>) -> Value {
    time.into()
        .map_or(Value::Null, |time| json!(time.timestamp()))
}

/// Paths as JSON in a text; null where there are none.
pub(super) fn paths(paths: &[String]) -> Value {
    match paths.is_empty() {
        true => Value::Null,
        false => json!(paths).to_string().into(),
    }
}

/// A text, and null where it is empty.
pub(super) fn text(text: &str) -> Value {
    match text.is_empty() {
        true => Value::Null,
        false => text.into(),
    }
}
