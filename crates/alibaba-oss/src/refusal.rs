//! What an unsuccessful response means, and what can be done about it.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, StatusCode};

use crate::call::Call;
use crate::error::{Document, Error, ErrorKind};
use crate::headers::{number, text};
use crate::proof;
use crate::xml;

/// The error for a response, from its head and its body.
pub(crate) fn refused(
    call: &Call,
    (status, headers, body): (StatusCode, &HeaderMap, &[u8]),
) -> Error {
    let found = document(body);
    if found.is_none() && !proof::is_from_oss(headers) && is_anybodys(status) {
        return foreign(call, (status, headers, body));
    }
    let document = found.unwrap_or_default();
    let code = document.code.as_deref().unwrap_or_default();
    let kind = kind_of(status, code);
    let remedy = remedy(kind, code, call.action(), &document);
    Error::new(kind, format!("{}{remedy}", call.step))
        .with_response(status, headers)
        .with_document(document)
        .with_retry_after(retry_after(status, headers))
}

/// The document that OSS puts into a header where a response has no body, which is so after HEAD.
pub(crate) fn in_header(headers: &HeaderMap) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text(headers, "x-oss-err")?).ok()
}

/// OSS's account of an error.
fn document(body: &[u8]) -> Option<Document> {
    xml::parse("read", "Error", body).ok()
}

/// Whether a body is OSS's account of an error.
pub(crate) fn is_error(body: &[u8]) -> bool {
    xml::text_of("read", "Error", body).is_ok()
}

/// Statuses that mean what they say only where OSS sends them: who blocks a page, or has none,
/// knows nothing of the object. Conditions, ranges and overload are the same from everybody.
fn is_anybodys(status: StatusCode) -> bool {
    !matches!(status.as_u16(), 304 | 412 | 416 | 429 | 500..)
}

/// The error for a response that is not OSS's, with the beginning of what it says.
fn foreign(call: &Call, (status, headers, body): (StatusCode, &HeaderMap, &[u8])) -> Error {
    let page = String::from_utf8_lossy(body);
    let words: Vec<&str> = page.split_whitespace().collect();
    let beginning: String = words.join(" ").chars().take(BEGINNING).collect();
    let text = format!(
        "{}: the response is not OSS's; check the endpoint, and what stands between",
        call.step
    );
    Error::new(ErrorKind::Response, text)
        .with_response(status, headers)
        .with_message(beginning)
}

/// So much of a page is shown.
const BEGINNING: usize = 200;

fn kind_of(status: StatusCode, code: &str) -> ErrorKind {
    let status = if status.is_success() {
        status_of(code)
    } else {
        status.as_u16()
    };
    match (status, code) {
        (_, "RequestTimeTooSkewed") => ErrorKind::ClockSkew,
        (
            _,
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "SecurityTokenExpired"
            | "InvalidSecurityToken"
            | "AuthorizationHeaderMalformed",
        )
        | (401, _) => ErrorKind::Credentials,
        (_, "InvalidObjectState") => ErrorKind::Archived,
        (_, "FileAlreadyExists") => ErrorKind::AlreadyExists,
        (403, _) => ErrorKind::Denied,
        (404, _) => ErrorKind::NotFound,
        (304, _) => ErrorKind::NotModified,
        (412, _) => ErrorKind::Precondition,
        (416, _) => ErrorKind::RangeNotSatisfiable,
        (409, _) => ErrorKind::Conflict,
        (429, _) => ErrorKind::Throttled,
        (503, code) if code.ends_with("LimitExceeded") => ErrorKind::Throttled,
        (500.., _) => ErrorKind::Service,
        (400.., _) => ErrorKind::Refused,
        _ => ErrorKind::Response,
    }
}

/// With which status OSS sends a code, where it sent it after it had begun with another. Others than
/// these are not known to come so late.
fn status_of(code: &str) -> u16 {
    match code {
        "InternalError" => 500,
        "ServiceUnavailable" => 503,
        "AccessDenied" => 403,
        "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" => 404,
        code if code.ends_with("LimitExceeded") => 503,
        _ => 200,
    }
}

/// What to do about it, in one half-sentence.
fn remedy(kind: ErrorKind, code: &str, action: &str, document: &Document) -> String {
    let fixed = match (kind, code) {
        (ErrorKind::ClockSkew, _) => {
            return format!(
                ": this machine's clock is more than 15 minutes off{}; set it, for example with NTP",
                document
                    .server_time
                    .as_ref()
                    .map(|time| format!(" (OSS says {time})"))
                    .unwrap_or_default(),
            );
        }
        (_, "SignatureDoesNotMatch") => {
            ": check the AccessKey secret, it does not belong to this AccessKey id"
        }
        (_, "InvalidAccessKeyId") => {
            ": check the AccessKey id, or add the security token if the pair is temporary"
        }
        (_, "SecurityTokenExpired" | "InvalidSecurityToken") => {
            ": the security token is wrong or no longer valid; fetch new temporary credentials"
        }
        (_, "AuthorizationHeaderMalformed") => {
            ": check the region, it must be the one that the bucket lies in"
        }
        (_, "EntityTooLarge") => {
            ": upload it in parts, or copy it with `Client::copy`, which takes any size"
        }
        (_, "FileImmutable") => ": a retention or a legal hold keeps it",
        (_, "NoSuchUpload") => ": the upload was completed or aborted",
        (_, "ObjectNotAppendable") => ": only objects that were made by an append take appends",
        (_, "PositionNotEqualToLength") => ": look up where the object ends by a head request",
        (_, "BucketNotEmpty") => {
            ": delete its objects, all their versions, and the uploads under way first"
        }
        (_, "NoSuchBucket") => ": create the bucket, or check its name and region",
        (ErrorKind::Denied, _) => {
            return match &document.endpoint {
                Some(endpoint) => format!(": the bucket is reached at `{endpoint}`"),
                None => {
                    let action = document.auth_action.as_deref().unwrap_or(action);
                    format!(": add the action `{action}` to the caller's RAM policy")
                }
            };
        }
        (ErrorKind::Archived, _) => ": restore the archived object first",
        _ => "",
    };
    fixed.to_owned()
}

/// `x-oss-qos-delay-time` in milliseconds, or `Retry-After` in seconds.
fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(status.as_u16(), 429 | 503) {
        return None;
    }
    number(headers, "x-oss-qos-delay-time")
        .map(Duration::from_millis)
        .or_else(|| number(headers, "retry-after").map(Duration::from_secs))
}
