//! Requests taken apart, before anything of them is believed.

use futures::StreamExt;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use super::error::ApiError;
use crate::gateway::response::Body;

/// Larger bodies are refused.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// Names and values as they travelled, decoded.
pub(crate) type Pairs = Vec<(String, String)>;

/// The parameters of the query.
pub(crate) fn query(parts: &Parts) -> Pairs {
    decode(parts.uri.query().unwrap_or_default().as_bytes())
}

/// The parameters of a form body; none of a body of another kind.
pub(crate) fn form(headers: &HeaderMap, body: &[u8]) -> Pairs {
    if is(headers, "application/x-www-form-urlencoded") {
        decode(body)
    } else {
        Pairs::new()
    }
}

/// The value of a parameter.
pub(crate) fn value<'p>(pairs: &'p Pairs, name: &str) -> Option<&'p str> {
    pairs
        .iter()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.as_str())
}

/// Whether the body is of this kind.
pub(crate) fn is(headers: &HeaderMap, media_type: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|found| found.trim().eq_ignore_ascii_case(media_type))
}

/// The whole body.
pub(crate) async fn read(mut body: Body) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| {
            ApiError::bad_request("InvalidRequestBody", "The body of the request broke off.")
        })?;
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_BODY {
            return Err(ApiError::bad_request(
                "RequestBodyTooLarge",
                "The body of the request is too large.",
            ));
        }
    }
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Pairs {
    form_urlencoded::parse(bytes).into_owned().collect()
}
