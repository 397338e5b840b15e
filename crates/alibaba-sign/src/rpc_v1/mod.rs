//! RPC signature version 1 (HMAC-SHA1), for gateways that know no other.
//!
//! # The algorithm
//!
//! ```text
//! canonical = pct(key) "=" pct(value) of all query and form parameters, sorted by raw key, joined by "&"
//! toSign    = METHOD "&" "%2F" "&" pct(canonical)
//! signature = base64(HMAC-SHA1(secret + "&", toSign))
//! ```
//!
//! Everything is a parameter: `Action`, `Version`, `Format`, `AccessKeyId`, `Timestamp`,
//! `SignatureNonce`, and the signature itself. Keys are sorted by their bytes before encoding, so
//! upper case comes before lower case and `Tag.10.Key` before `Tag.2.Key`; an empty value keeps its
//! `=`. The canonical text is encoded a second time, so the colon of a timestamp ends up as `%253A`.
//! How parameters are encoded to travel does not matter, since decoded ones are signed.
//!
//! (Alibaba Cloud documentation, "RPC mechanism and signature V1"; the newer SDKs call the same
//! algorithm "v2". Equal to the official Python SDKs, whose results are this crate's test vectors.)
//!
//! # What stays unsigned
//!
//! Host, path and all headers, and a body that is no form. A security token is part of the URL.
//! Whether a parameter is in the query or in the form is not signed either. Prefer
//! [`acs3`](crate::acs3).
//!
//! # Example
//!
//! The worked example of Alibaba Cloud's documentation:
//!
//! ```
//! use alibaba_sign::{rpc_v1, Credentials};
//! use chrono::{TimeZone, Utc};
//!
//! let request = rpc_v1::Request {
//!     query: &[("Action", "DescribeRegions"), ("Version", "2014-05-26"), ("Format", "XML")],
//!     ..rpc_v1::Request::new("GET")
//! };
//! let credentials = Credentials::new("testid", "testsecret");
//! let now = Utc.with_ymd_and_hms(2016, 2, 23, 12, 46, 24).unwrap();
//! let nonce = "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf";
//! let signed = rpc_v1::sign(&credentials, now, nonce, &request);
//! assert_eq!(signed.signature(), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
//!
//! // The other side sees the caller's parameters and the signer's.
//! let query: Vec<_> = request.query.iter().copied().chain(signed.iter()).collect();
//! let seen = rpc_v1::Request { query: &query, ..request };
//! let claim = rpc_v1::Claim::from_request(&seen)?;
//! assert_eq!(claim.access_key_id, "testid");
//! let tolerance = std::time::Duration::from_secs(15 * 60);
//! claim.verify(&credentials.access_key_secret, now, tolerance, &seen)?;
//! # Ok::<(), alibaba_sign::VerifyError>(())
//! ```

mod sign;
mod string_to_sign;
#[cfg(test)]
mod tests;
mod verify;

pub use sign::{AnonymousParameters, SignedParameters, anonymous, sign};
pub use verify::Claim;

pub use crate::VerifyError;

/// The value of `SignatureMethod`.
const METHOD: &str = "HMAC-SHA1";

/// The value of `SignatureVersion`.
const VERSION: &str = "1.0";

/// The parts of a request that its signature covers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Upper-case HTTP method.
    pub method: &'a str,
    /// Query parameters, decoded, no name twice: `Action`, `Version` and `Format` at least.
    pub query: &'a [(&'a str, &'a str)],
    /// Parameters of a form body, decoded. A body of another kind is not signed.
    pub form: &'a [(&'a str, &'a str)],
}

impl<'a> Request<'a> {
    /// A request without anything but its method.
    #[must_use]
    pub fn new(method: &'a str) -> Self {
        Self {
            method,
            query: &[],
            form: &[],
        }
    }
}
