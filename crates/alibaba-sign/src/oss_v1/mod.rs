//! OSS signature version 1 (HMAC-SHA1): headers, presigned URLs and POST policies.
//!
//! For old buckets, old private clouds and old clients. OSS has refused it since 2025 for new
//! accounts and buckets; prefer [`oss_v4`](crate::oss_v4), which binds a signature to a day and a
//! region.
//!
//! # The algorithm
//!
//! ```text
//! toSign    = VERB \n Content-MD5 \n Content-Type \n DATE \n HEADERS RESOURCE
//! DATE      = x-oss-date, else Date, as "Thu, 15 Jan 2026 08:30:00 GMT"; in a URL the value of Expires
//! HEADERS   = "name:value\n", sorted, of every x-oss-*; names in lower case, values trimmed
//! RESOURCE  = "/", "/bucket/" or "/bucket/key", whatever the URL style is,
//!             then "?" and the sub-resources of the query, "k" or "k=v", sorted, joined by "&"
//! signature = base64(HMAC-SHA1(secret, toSign))
//! ```
//!
//! Nothing is encoded: key and values are signed as the user wrote them, and encoded only to travel.
//! Which query parameters are sub-resources is a closed list ([`is_sub_resource`]); `prefix`,
//! `marker`, `max-keys` and their like are not, and go unsigned.
//!
//! (Object Storage Service documentation, "Signature V1", with the union of the lists in the
//! official Python and Go SDKs; equal to `oss2` and `alibabacloud-oss-v2`, whose results are this
//! crate's test vectors. The V1 signer of `alibabacloud-oss-v2` sends a token as `security-token`
//! header, where OSS reads `x-oss-security-token`: not copied.)
//!
//! # What stays unsigned
//!
//! - The payload, unless `Content-MD5` is sent.
//! - Every header that is neither `x-oss-*`, `Date`, `Content-Type` nor `Content-MD5`: `Host`,
//!   `Range`, `If-Match`, `Cache-Control` and so on. A signature says nothing about the region.
//! - Query parameters that are no sub-resources, in URLs too.
//! - Of a form upload everything but the policy: the other fields are bound as far as its conditions
//!   repeat them.
//! - Where things end: since nothing is encoded, the key `a?acl` and the sub-resource `acl` of the
//!   key `a` have the same signature.
//!
//! # Example
//!
//! ```
//! use alibaba_sign::{oss_v1, Credentials};
//! use chrono::{TimeZone, Utc};
//!
//! let request = oss_v1::Request {
//!     bucket: Some("example-bucket"),
//!     key: Some("目录/a b.txt"),
//!     query: &[("acl", None), ("prefix", Some("not signed"))],
//!     ..oss_v1::Request::new("GET")
//! };
//! let credentials = Credentials::new("LTAI-example-id", "example-secret");
//! let now = Utc.with_ymd_and_hms(2026, 1, 15, 8, 30, 0).unwrap();
//! let signed = oss_v1::sign(&credentials, now, &request);
//! // What was signed:
//! // GET\n\n\nThu, 15 Jan 2026 08:30:00 GMT\n/example-bucket/目录/a b.txt?acl
//! assert_eq!(signed.authorization(), "OSS LTAI-example-id:F1bIimBou7CH4uYlrYLA/1sIJ8Y=");
//!
//! // The other side.
//! let claim = oss_v1::Claim::from_headers(signed.authorization(), "Thu, 15 Jan 2026 08:30:00 GMT")?;
//! assert_eq!(claim.access_key_id, "LTAI-example-id");
//! let tolerance = std::time::Duration::from_secs(15 * 60);
//! claim.verify(&credentials.access_key_secret, now, tolerance, &request)?;
//! # Ok::<(), alibaba_sign::VerifyError>(())
//! ```

mod post_policy;
mod sign;
mod string_to_sign;
#[cfg(test)]
mod tests;
mod verify;

pub use post_policy::{PostPolicyFields, sign_post_policy, verify_post_policy};
pub use sign::{SignedHeaders, presign, sign};
pub use string_to_sign::is_sub_resource;
pub use verify::{Claim, Validity};

pub use crate::{PresignedQuery, VerifyError};

/// The first word of `Authorization`.
pub const SCHEME: &str = "OSS";

/// The parts of a request that its signature covers.
///
/// Bucket and key are given decoded, the way the user wrote them; so are query keys and values.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Upper-case HTTP method.
    pub method: &'a str,
    /// `None` for calls on the service, such as listing buckets.
    pub bucket: Option<&'a str>,
    /// `None` for calls on the bucket.
    pub key: Option<&'a str>,
    /// The whole query; an empty value and none are the same to this algorithm.
    pub query: &'a [(&'a str, Option<&'a str>)],
    /// Header names, in any case, with their values.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl<'a> Request<'a> {
    /// A request on the service itself; set the other fields with struct update syntax.
    #[must_use]
    pub fn new(method: &'a str) -> Self {
        Self {
            method,
            ..Self::default()
        }
    }
}
