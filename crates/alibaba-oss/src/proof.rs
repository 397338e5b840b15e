//! Whether a response is OSS's, and says that the request was carried out.
//!
//! Between the client and OSS there can be proxies, login portals and caches. What they send must not be
//! taken for a response of OSS: a page with status 200 is no stored object.

use http::{HeaderMap, StatusCode};

use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};

/// The header that OSS sends with every response.
pub(crate) const REQUEST_ID: &str = "x-oss-request-id";

/// Whether OSS says that it did what it was asked to. It has no other status for that: 203 is
/// a callback that failed, or a page that a proxy has changed.
pub(crate) fn is_done(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::OK
            | StatusCode::ACCEPTED
            | StatusCode::NO_CONTENT
            | StatusCode::PARTIAL_CONTENT
    )
}

/// Whether a response has what only OSS sends.
pub(crate) fn is_from_oss(headers: &HeaderMap) -> bool {
    headers.contains_key(REQUEST_ID) || headers.contains_key("x-oss-err")
}

/// Holds a response against the call. A cache in front of OSS may hide the request id of an object
/// that it hands out; then the entity tag, or the CRC-64, has to tell whose it is.
pub(crate) fn check(call: &Call, status: StatusCode, headers: &HeaderMap) -> Result<()> {
    let of_object = call.reads_object() && OBJECT.iter().any(|name| headers.contains_key(*name));
    if is_from_oss(headers) || of_object {
        return Ok(());
    }
    let text = format!(
        "{}: nothing shows that the response is OSS's, it has no `{REQUEST_ID}`; check the endpoint, and what stands between",
        call.step
    );
    Err(Error::new(ErrorKind::Response, text).with_response(status, headers))
}

/// What OSS sends with each object.
const OBJECT: [&str; 2] = ["etag", "x-oss-hash-crc64ecma"];
