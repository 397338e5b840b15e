//! RAM's refusals. Each names what it is about: `User`, `Role.Policy`.

use http::StatusCode;

use crate::openapi::error::ApiError;

/// There is none.
pub(super) fn not_exist(what: &str) -> ApiError {
    let message = format!("The {} does not exist.", words(what));
    ApiError::not_found(format!("EntityNotExist.{what}"), message)
}

/// There is one already.
pub(super) fn already_exists(what: &str) -> ApiError {
    let message = format!("The {} already exists.", words(what));
    conflict(format!("EntityAlreadyExists.{what}"), message)
}

/// There are as many as there may be.
pub(super) fn limit_exceeded(what: &str) -> ApiError {
    let message = format!("The number of {} is beyond the limit.", words(what));
    conflict(format!("LimitExceeded.{what}"), message)
}

/// Something else has to be deleted or detached first.
pub(super) fn delete_conflict(what: &str, message: &str) -> ApiError {
    conflict(format!("DeleteConflict.{what}"), message.to_owned())
}

/// A document that is no policy.
pub(super) fn malformed_document(reason: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(
        "MalformedPolicyDocument",
        format!("The policy document is malformed: {reason}."),
    )
}

fn conflict(code: String, message: String) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, message)
}

fn words(what: &str) -> String {
    what.to_ascii_lowercase().replace('.', " ")
}
