//! Failures as the API server words them: `Status` objects with code, reason and details.

use serde_json::{Map, Value, json};

/// A refused request, ready to be printed as a `Status`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason} ({code}): {message}")]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    details: Map<String, Value>,
    /// Errors that the generic machinery makes print `details` although it is empty.
    empty_details: bool,
    pub(crate) retry_after: Option<u32>,
    /// Where an expired list can go on, at the price of consistency.
    continue_token: Option<String>,
}

/// One field that makes an object invalid.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    reason: &'static str,
    field: String,
    message: String,
}

impl Cause {
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = match detail {
            "" => "Required value".to_owned(),
            _ => format!("Required value: {detail}"),
        };
        Self {
            reason: "FieldValueRequired",
            field: field.into(),
            message,
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        let message = format!("Invalid value: {}: {detail}", shown(value));
        Self {
            reason: "FieldValueInvalid",
            field: field.into(),
            message,
        }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        let message = format!("Forbidden: {detail}");
        Self {
            reason: "FieldValueForbidden",
            field: field.into(),
            message,
        }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        let message = format!("Duplicate value: {}", shown(value));
        Self {
            reason: "FieldValueDuplicate",
            field: field.into(),
            message,
        }
    }

    pub(crate) fn not_found(field: impl Into<String>, value: &Value) -> Self {
        let message = format!("Not found: {}", shown(value));
        Self {
            reason: "FieldValueNotFound",
            field: field.into(),
            message,
        }
    }

    pub(crate) fn unsupported(field: impl Into<String>, value: &Value, allowed: &[&str]) -> Self {
        let allowed: Vec<String> = allowed.iter().map(|a| format!("\"{a}\"")).collect();
        let message = format!(
            "Unsupported value: {}: supported values: {}",
            shown(value),
            allowed.join(", ")
        );
        Self {
            reason: "FieldValueNotSupported",
            field: field.into(),
            message,
        }
    }

    pub(crate) fn too_long(field: impl Into<String>, max: u64) -> Self {
        Self {
            reason: "FieldValueTooLong",
            field: field.into(),
            message: format!("Too long: may not be more than {max} bytes"),
        }
    }

    pub(crate) fn too_many(field: impl Into<String>, count: usize, max: u64) -> Self {
        Self {
            reason: "FieldValueTooMany",
            field: field.into(),
            message: format!("Too many: {count}: must have at most {max} items"),
        }
    }

    /// The same cause for a field below `parent`, which the message does not name.
    pub(crate) fn within(mut self, parent: &str) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }

    pub(crate) fn type_invalid(field: impl Into<String>, shown: &str, detail: &str) -> Self {
        let message = format!("Invalid value: {shown}: {detail}");
        Self {
            reason: "FieldValueTypeInvalid",
            field: field.into(),
            message,
        }
    }
}

fn shown(value: &Value) -> String {
    value.to_string()
}

/// The kind or resource a failure is about, as `details` names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) group: &'a str,
    /// The plural resource, or the kind for `Invalid`.
    pub(crate) what: &'a str,
}

impl About<'_> {
    fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.what.to_owned()
        } else {
            format!("{}.{}", self.what, self.group)
        }
    }

    fn details(&self, name: &str) -> Map<String, Value> {
        let mut details = Map::new();
        if !name.is_empty() {
            details.insert("name".into(), name.into());
        }
        if !self.group.is_empty() {
            details.insert("group".into(), self.group.into());
        }
        if !self.what.is_empty() {
            details.insert("kind".into(), self.what.into());
        }
        details
    }
}

impl ApiError {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Map::new(),
            empty_details: false,
            retry_after: None,
            continue_token: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn not_found(about: About<'_>, name: &str) -> Self {
        let mut error = Self::new(
            404,
            "NotFound",
            format!("{} \"{name}\" not found", about.qualified()),
        );
        error.details = about.details(name);
        error
    }

    /// What the server says about a path or resource it does not know.
    pub(crate) fn no_such_resource() -> Self {
        let mut error = Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
        error.details = Map::new();
        error
    }

    pub(crate) fn already_exists(about: About<'_>, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", about.qualified());
        let mut error = Self::new(409, "AlreadyExists", message);
        error.details = about.details(name);
        error
    }

    /// The same, of an object that only waits for its finalizers.
    pub(crate) fn still_exists(about: About<'_>, name: &str) -> Self {
        let mut error = Self::already_exists(about, name);
        error.message.insert_str(0, "object is being deleted: ");
        error
    }

    pub(crate) fn conflict(about: About<'_>, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            about.qualified()
        );
        let mut error = Self::new(409, "Conflict", message);
        error.details = about.details(name);
        error
    }

    pub(crate) fn apply_conflict(causes: &[(String, String)]) -> Self {
        let count = causes.len();
        let plural = if count == 1 { "" } else { "s" };
        let message = match causes {
            [(manager, field)] => {
                format!("Apply failed with 1 conflict: conflict with {manager}: {field}")
            }
            _ => {
                let mut lines = format!("Apply failed with {count} conflict{plural}:");
                let mut last = "";
                for (manager, field) in causes {
                    if manager != last {
                        lines.push_str(&format!(" conflicts with {manager}:"));
                        last = manager;
                    }
                    lines.push_str(&format!("\n- {field}"));
                }
                lines
            }
        };
        let mut error = Self::new(409, "Conflict", message);
        let causes: Vec<Value> = causes
            .iter()
            .map(|(manager, field)| {
                json!({
                    "reason": "FieldManagerConflict",
                    "message": format!("conflict with {manager}"),
                    "field": field,
                })
            })
            .collect();
        error.details.insert("causes".into(), causes.into());
        error
    }

    pub(crate) fn forbidden(about: About<'_>, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", about.qualified());
        let mut error = Self::new(403, "Forbidden", message);
        error.details = about.details(name);
        error
    }

    /// An error in the words of the generic machinery.
    pub(crate) fn with_empty_details(mut self) -> Self {
        self.empty_details = true;
        self
    }

    /// What a patched object is refused with that cannot be read.
    pub(crate) fn unreadable_patch(patched: &Value, why: &str) -> Self {
        let cause = Cause::invalid("patch", &Value::String(patched.to_string()), why);
        let nothing = About {
            group: "",
            what: "",
        };
        Self::invalid(nothing, "", &[cause])
    }

    /// A server-side apply whose configuration does not fit the type.
    pub(crate) fn untyped_patch(object: &str, problems: &[String]) -> Self {
        let all = match problems {
            [one] => one.clone(),
            many => format!("errors:\n  {}", many.join("\n  ")),
        };
        let message = format!("failed to create typed patch object ({object}): {all}");
        Self::new(500, "", message)
    }

    /// Adds a cause to `details`, as admission does for a namespace that goes away.
    pub(crate) fn with_cause(mut self, reason: &str, message: &str, field: &str) -> Self {
        let cause = json!({"reason": reason, "message": message, "field": field});
        self.details.insert("causes".into(), json!([cause]));
        self
    }

    /// `about.what` is a kind here: that is how the server words it.
    pub(crate) fn invalid(about: About<'_>, name: &str, causes: &[Cause]) -> Self {
        let mut lines: Vec<String> = Vec::new();
        for cause in causes {
            let line = format!("{}: {}", cause.field, cause.message);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let all = match lines.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {all}", about.qualified());
        let mut error = Self::new(422, "Invalid", message);
        error.details = about.details(name);
        let causes: Vec<Value> = causes
            .iter()
            .map(|c| json!({"reason": c.reason, "message": c.message, "field": c.field}))
            .collect();
        error.details.insert("causes".into(), causes.into());
        error
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// An old page: the token of `self` goes on without consistency.
    pub(crate) fn expired_page(token: String) -> Self {
        let mut error = Self::expired(
            "The provided continue parameter is too old to display a consistent list result. \
             You can start a new list without the continue parameter, or use the continue token \
             in this response to retrieve the remainder of the results. Continuing with the \
             provided token results in an inconsistent list - objects that were created, \
             modified, or deleted between the time the first chunk was returned and now may show \
             up in the list.",
        );
        error.continue_token = Some(token);
        error
    }

    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(crate) fn not_acceptable() -> Self {
        let message = "406: Not Acceptable\n\nAvailable representations: application/json, \
                       application/yaml, application/vnd.kubernetes.protobuf";
        Self::new(406, "NotAcceptable", message).with_empty_details()
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {message}"),
        );
        error
            .details
            .insert("causes".into(), json!([{"message": message}]));
        error
    }

    pub(crate) fn too_many_requests(seconds: u32) -> Self {
        let mut error = Self::new(
            429,
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        );
        error
            .details
            .insert("retryAfterSeconds".into(), seconds.into());
        error.retry_after = Some(seconds);
        error
    }

    /// The `Status` object.
    pub(crate) fn to_value(&self) -> Value {
        let mut metadata = Map::new();
        if let Some(token) = &self.continue_token {
            metadata.insert("continue".into(), token.as_str().into());
        }
        let mut status = Map::new();
        status.insert("kind".into(), "Status".into());
        status.insert("apiVersion".into(), "v1".into());
        status.insert("metadata".into(), metadata.into());
        status.insert("status".into(), "Failure".into());
        status.insert("message".into(), self.message.as_str().into());
        if !self.reason.is_empty() {
            status.insert("reason".into(), self.reason.into());
        }
        if !self.details.is_empty() || self.empty_details || matches!(self.code, 404 | 405) {
            status.insert("details".into(), self.details.clone().into());
        }
        status.insert("code".into(), self.code.into());
        Value::Object(status)
    }
}
