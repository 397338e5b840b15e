//! What services, and whatever responds in their place, say of a refused call.

use alibaba_core::ServiceError;
use http::{HeaderMap, HeaderValue, StatusCode};

/// An error's body in JSON, XML or anything, of a status and with a waiting time that its first bytes
/// choose.
pub fn service_error(input: &[u8]) {
    let Some((&[status, wait], body)) = input.split_first_chunk() else {
        return;
    };
    let status = StatusCode::from_u16(400 + u16::from(status % 200)).unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert("x-acs-retry-after", HeaderValue::from(u16::from(wait)));
    let error = ServiceError::parse(status, &headers, body);
    assert_eq!(error.status, status.as_u16());
    assert_eq!(error.retry_after.is_some(), wait > 0);
    let _ = (error.kind(), error.is_clock_skew(), error.to_string());
}
