//! What an unsuccessful response means, and what can be done about it.

mod codes;
mod remedy;

use std::time::Duration;

use alibaba_core::clock::ServiceClock;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use codes::kind_of;
use remedy::remedy;

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
    let mut document = found.unwrap_or_default();
    if document.ec.is_none() {
        document.ec = text(headers, "x-oss-ec").map(str::to_owned);
    }
    let kind = kind_of(status, &document);
    let remedy = remedy(kind, call.action(), &document);
    Error::new(kind, format!("{}{remedy}", call.step))
        .with_response(status, headers)
        .with_document(document)
        .with_retry_after(retry_after(headers))
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

/// How long OSS, or who stands before it, asks to wait: `x-oss-qos-delay-time` in milliseconds, or
/// `Retry-After` in seconds or as a date, which is counted from the response's own.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = || {
        let text = text(headers, RETRY_AFTER.as_str())?;
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = httpdate::parse_http_date(text).ok()?;
        let from = ServiceClock::served_at(headers)?;
        until.duration_since(from.into()).ok()
    };
    number(headers, "x-oss-qos-delay-time")
        .map(Duration::from_millis)
        .or_else(asked)
}
