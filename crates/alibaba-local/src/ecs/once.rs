//! Client tokens: a call that is repeated is carried out once.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::records::token::Token;
use super::state::State;
use crate::openapi::call::Call;
use crate::openapi::error::ApiError;

/// Carries a call out, unless one with its token and its parameters was carried out before: then
/// the response is the one there was.
pub(super) fn once(
    state: &mut State,
    now: DateTime<Utc>,
    call: &Call<'_>,
    (action, region): (&str, &str),
    carry_out: impl FnOnce(&mut State) -> Result<Value, ApiError>,
) -> Result<Value, ApiError> {
    let Some(token) = call.parameters.text("ClientToken") else {
        return carry_out(state);
    };
    if token.len() > 64 || !token.is_ascii() {
        return Err(ApiError::forbidden(
            "InvalidClientToken.Malformed",
            "The specified parameter \"ClientToken\" is not valid.",
        ));
    }
    let parameters = call.parameters.digest(&["ClientToken"]);
    let key = format!("{region}/{action}/{token}");
    if let Some(known) = state.records.tokens.get(&key) {
        if known.parameters == parameters {
            return Ok(known.response.clone());
        }
        let message =
            "The specified parameter has changed while using an already used clientToken.";
        let code = "IdempotentParameterMismatch";
        // 403 in the table of CreateSnapshot, 400 in that of all actions.
        return Err(match action {
            "CreateSnapshot" => ApiError::forbidden(code, message),
            _ => ApiError::bad_request(code, message),
        });
    }
    let response = carry_out(state)?;
    let token = Token {
        parameters,
        response: response.clone(),
        used: now,
    };
    state.records.tokens.insert(key, token);
    Ok(response)
}
