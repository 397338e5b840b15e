//! The four kinds of patch; server-side apply is in `apply`.

mod strategic;

use serde_json::Value;

use crate::error::ApiError;
use crate::schema::Shape;

pub(crate) use strategic::strategic_merge;

/// RFC 7396.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(map) = target {
        for (key, change) in changes {
            if change.is_null() {
                map.remove(key);
            } else {
                merge(map.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
    }
}

/// RFC 6902.
pub(crate) fn json(target: &mut Value, patch: &Value) -> Result<(), ApiError> {
    let patch: json_patch::Patch = serde_json::from_value(patch.clone())
        .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
    json_patch::patch(target, &patch).map_err(|error| {
        ApiError::new(
            422,
            "Invalid",
            format!("the server rejected our request due to an error in our request: {error}"),
        )
    })
}

/// Strategic merge patch needs the Go types, so custom resources refuse it.
pub(crate) fn strategic(target: &mut Value, patch: &Value, shape: &Shape) -> Result<(), ApiError> {
    strategic_merge(target, patch, shape)
}
