//! OpenAPI signature version 3, `ACS3-HMAC-SHA256`, of both RPC and ROA styles.
//!
//! # The algorithm
//!
//! ```text
//! canonical  = METHOD \n URI \n QUERY \n HEADERS \n SIGNED \n hex(SHA256(body))
//! URI        = the encoded path as sent, "/" where it is empty
//! QUERY      = key=value pairs, encoded, sorted by raw key; an empty value keeps its "="
//! HEADERS    = "name:value\n", sorted, of host, content-type, every x-acs-* and additional ones;
//!              values of one name are trimmed, sorted and joined by ","
//! SIGNED     = the names of these headers, sorted, joined by ";"
//! toSign     = "ACS3-HMAC-SHA256" \n hex(SHA256(canonical))
//! signature  = hex(HMAC-SHA256(secret, toSign))
//! ```
//!
//! The secret is used as it is: no derived key, no scope, so a signature says nothing about region or
//! product but by the host it covers.
//!
//! Action, version and time are headers (`x-acs-action`, `x-acs-version`, `x-acs-date`) in both
//! styles. They differ in the path: `/` in the RPC style, a real one with each segment encoded in the
//! ROA style. The body is signed exactly as it is sent, be it a form, JSON or bytes, so how a form is
//! encoded does not matter; structured parameters of a query or form are flattened by the caller
//! (`Tag.1.Key`).
//!
//! (Alibaba Cloud documentation, "Request syntax and signature method V3". It leaves open what the
//! official SDKs decide: query keys are encoded like values; a parameter without a value is left
//! out, one with an empty value keeps its `=`; SDKs differ in which further headers they sign, so a
//! server goes by the list. Equal to the official Python SDKs, whose results are this crate's test
//! vectors.)
//!
//! # What stays unsigned
//!
//! Every header that is neither `host`, `content-type` nor `x-acs-*`, unless it is named as an
//! additional header. The body is covered by its hash. That a request is sent once is for the server
//! to check: it remembers nonces as long as it takes their dates.
//!
//! # Example
//!
//! ```
//! use alibaba_sign::{acs3, Credentials};
//! use chrono::{TimeZone, Utc};
//!
//! let request = acs3::Request {
//!     query: &[("RegionId", "cn-hangzhou")],
//!     headers: &[
//!         ("host", b"ecs.cn-hangzhou.aliyuncs.com"),
//!         ("x-acs-action", b"DescribeSnapshots"),
//!         ("x-acs-version", b"2014-05-26"),
//!     ],
//!     ..acs3::Request::new("POST")
//! };
//! let credentials = Credentials::new("LTAI-example-id", "example-secret");
//! let now = Utc.with_ymd_and_hms(2026, 1, 15, 8, 30, 0).unwrap();
//! let signed = acs3::sign(&credentials, now, "3f0d9c1b2a4e4c7d8f6a5b4c3d2e1f00", &request);
//! assert_eq!(
//!     signed.authorization(),
//!     "ACS3-HMAC-SHA256 Credential=LTAI-example-id,\
//!      SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,\
//!      Signature=e09c7287db18c073e6ec82bef8e4850ecac1466dac74281e700c0f63db5a307a",
//! );
//!
//! // The other side sees the caller's headers and the signer's.
//! let mut headers = request.headers.to_vec();
//! headers.extend(signed.iter().map(|(name, value)| (name, value.as_bytes())));
//! let claim = acs3::Claim::from_headers(signed.authorization(), "2026-01-15T08:30:00Z")?;
//! assert_eq!(claim.access_key_id, "LTAI-example-id");
//! let tolerance = std::time::Duration::from_secs(15 * 60);
//! claim.verify(
//!     &credentials.access_key_secret,
//!     now,
//!     tolerance,
//!     &acs3::Request { headers: &headers, ..request },
//! )?;
//! # Ok::<(), alibaba_sign::VerifyError>(())
//! ```

mod canonical;
mod sign;
#[cfg(test)]
mod tests;
mod verify;

#[cfg(feature = "http")]
pub use crate::http_request::acs3::{sign_http, sign_parts};
pub use sign::{AnonymousHeaders, SignedHeaders, anonymous, sign};
pub use verify::Claim;

pub use crate::VerifyError;

/// The name of the algorithm, as in `Authorization`.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The parts of a request that its signature covers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Upper-case HTTP method.
    pub method: &'a str,
    /// The path as sent, encoded. RPC style: `/`.
    pub path: &'a str,
    /// Query parameters, decoded, in any order, no name twice.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers, names in any case: `host`, `x-acs-action` and `x-acs-version` at least.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Names of further headers to sign.
    pub additional_headers: &'a [&'a str],
    /// The body as sent.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request without anything but its method.
    #[must_use]
    pub fn new(method: &'a str) -> Self {
        Self {
            method,
            path: "/",
            ..Self::default()
        }
    }
}

/// Whether a header is signed wherever it is present. The name is in lower case.
fn always_signed(name: &str) -> bool {
    matches!(name, "host" | "content-type") || name.starts_with("x-acs-")
}
