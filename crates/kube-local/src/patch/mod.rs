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
    let Value::Array(operations) = patch else {
        return Err(ApiError::bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type \
             []handlers.jsonPatchOp",
        ));
    };
    for operation in operations {
        let mut operation = operation.clone();
        // The server's library lets a replace make a key that its object lacks.
        let absent = operation["path"]
            .as_str()
            .is_some_and(|path| target.pointer(path).is_none() && in_object(target, path));
        if operation["op"] == "replace" && absent {
            operation["op"] = "add".into();
        }
        serde_json::from_value(operation)
            .map_err(|_| refused())
            .and_then(|one| json_patch::patch(target, &[one]).map_err(|_| refused()))?;
    }
    Ok(())
}

/// Would `path` be a key of an object?
fn in_object(target: &Value, path: &str) -> bool {
    path.rsplit_once('/')
        .and_then(|(parent, _)| target.pointer(parent))
        .is_some_and(Value::is_object)
}

fn refused() -> ApiError {
    let why = "the server rejected our request due to an error in our request";
    ApiError::new(422, "Invalid", why).with_empty_details()
}

/// Strategic merge patch needs the Go types, so custom resources refuse it.
pub(crate) fn strategic(target: &mut Value, patch: &Value, shape: &Shape) -> Result<(), ApiError> {
    strategic_merge(target, patch, shape)
}
