//! ROA signature version 1 (HMAC-SHA1), for REST-like gateways that know no other.
//!
//! # The algorithm
//!
//! ```text
//! toSign    = METHOD \n Accept \n Content-MD5 \n Content-Type \n Date \n HEADERS RESOURCE
//! HEADERS   = "name:value\n", sorted, of every x-acs-*; names in lower case, values trimmed
//! RESOURCE  = the encoded path as sent, then "?" and the query, "k" or "k=v", sorted, joined by "&",
//!             decoded
//! signature = base64(HMAC-SHA1(secret, toSign))
//! ```
//!
//! It resembles [`oss_v1`](crate::oss_v1), with three differences that are easy to miss: `Accept` has
//! a line of its own, the path is signed encoded while the query is signed decoded, and the whole
//! query counts. Unlike [`rpc_v1`](crate::rpc_v1), nothing is appended to the secret.
//!
//! (Alibaba Cloud documentation, "ROA-style requests and signature V1"; equal to the official Python
//! SDKs, whose results are this crate's test vectors.)
//!
//! # What stays unsigned
//!
//! The body, unless `Content-MD5` is sent, and every header that is neither listed above nor
//! `x-acs-*`, such as `Host`: a signature is good at every gateway. Since the query is signed
//! decoded, where its parameters end is not: `a=1&b=2` signs like the single parameter `a` with the
//! value `1&b=2`. Prefer [`acs3`](crate::acs3).
//!
//! # Example
//!
//! ```
//! use alibaba_sign::{roa_v1, Credentials};
//! use chrono::{TimeZone, Utc};
//!
//! let request = roa_v1::Request {
//!     path: "/clusters/c%2F1%20x/nodes",
//!     query: &[("name", "a b"), ("all", "")],
//!     headers: &[("accept", b"application/json"), ("x-acs-version", b"2015-12-15")],
//!     ..roa_v1::Request::new("GET")
//! };
//! let credentials = Credentials::new("LTAI-example-id", "example-secret");
//! let now = Utc.with_ymd_and_hms(2026, 1, 15, 8, 30, 0).unwrap();
//! let signed = roa_v1::sign(&credentials, now, "b1a7c2d4", &request);
//! // What was signed:
//! // GET\napplication/json\n\n\nThu, 15 Jan 2026 08:30:00 GMT\n
//! // x-acs-signature-method:HMAC-SHA1\nx-acs-signature-nonce:b1a7c2d4\n
//! // x-acs-signature-version:1.0\nx-acs-version:2015-12-15\n
//! // /clusters/c%2F1%20x/nodes?all&name=a b
//! assert_eq!(signed.authorization(), "acs LTAI-example-id:4rvlW8wS4WT9LVjoHLOu89nD8s0=");
//!
//! // The other side sees the caller's headers and the signer's.
//! let mut headers = request.headers.to_vec();
//! headers.extend(signed.iter().map(|(name, value)| (name, value.as_bytes())));
//! let claim = roa_v1::Claim::from_headers(signed.authorization(), "Thu, 15 Jan 2026 08:30:00 GMT")?;
//! let tolerance = std::time::Duration::from_secs(15 * 60);
//! claim.verify(
//!     &credentials.access_key_secret,
//!     now,
//!     tolerance,
//!     &roa_v1::Request { headers: &headers, ..request },
//! )?;
//! # Ok::<(), alibaba_sign::VerifyError>(())
//! ```

mod sign;
mod string_to_sign;
#[cfg(test)]
mod tests;
mod verify;

pub use sign::{SignedHeaders, sign};
pub use verify::Claim;

pub use crate::VerifyError;

/// The first word of `Authorization`.
pub const SCHEME: &str = "acs";

/// The parts of a request that its signature covers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Upper-case HTTP method.
    pub method: &'a str,
    /// The path as sent, each segment encoded.
    pub path: &'a str,
    /// Query parameters, decoded, in any order, no name twice; one without a value has an empty one.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers, names in any case: `accept` and `x-acs-version` at least, `content-type` and
    /// `content-md5` (base64) with a body.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> Request<'a> {
    /// A request without anything but its method.
    #[must_use]
    pub fn new(method: &'a str) -> Self {
        Self {
            method,
            path: "/",
            query: &[],
            headers: &[],
        }
    }
}
