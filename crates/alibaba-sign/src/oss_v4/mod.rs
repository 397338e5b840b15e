//! OSS signature version 4, `OSS4-HMAC-SHA256`: headers, presigned URLs and POST policies.
//!
//! # The algorithm
//!
//! ```text
//! canonical    = VERB \n URI \n QUERY \n HEADERS \n ADDITIONAL \n "UNSIGNED-PAYLOAD"
//! URI          = percent-encoded "/", "/bucket/" or "/bucket/key", whatever the URL style is
//! QUERY        = key=value pairs, encoded, sorted by encoded key; a pair without a value has no "="
//! HEADERS      = "name:value\n", sorted, of every x-oss-*, content-type, content-md5 and additional
//! ADDITIONAL   = the additional names, sorted, joined by ";"
//! toSign       = "OSS4-HMAC-SHA256" \n stamp \n date/region/oss/aliyun_v4_request \n hex(SHA256(canonical))
//! key          = HMAC(HMAC(HMAC(HMAC("aliyun_v4" + secret, date), region), "oss"), "aliyun_v4_request")
//! signature    = hex(HMAC(key, toSign))
//! ```
//!
//! (Object Storage Service documentation, "Signature V4"; equal to the official Python SDKs, whose
//! results are this crate's test vectors.)
//!
//! # What stays unsigned
//!
//! The payload, always: a body altered on the way is caught by its CRC-64 or `Content-MD5`, not by
//! the signature. And every header that is neither `x-oss-*`, `content-type` nor `content-md5`,
//! such as `Host` and `Range`, unless it is named as an additional header.
//!
//! # Example
//!
//! ```
//! use alibaba_sign::{oss_v4, Credentials};
//! use chrono::{TimeZone, Utc};
//!
//! let signer = oss_v4::Signer::new("cn-hangzhou");
//! let credentials = Credentials::new("LTAI-example-id", "example-secret");
//! let now = Utc.with_ymd_and_hms(2026, 1, 15, 8, 30, 0).unwrap();
//! let signed = signer.sign(&credentials, now, &oss_v4::Request::new("GET"));
//! assert_eq!(
//!     signed.authorization(),
//!     "OSS4-HMAC-SHA256 Credential=LTAI-example-id/20260115/cn-hangzhou/oss/aliyun_v4_request,\
//!      Signature=3c18dca0c4f0c5674c0143c64858b734653363992cf043e11b82c4f684e53ad4",
//! );
//! ```

mod canonical;
mod key;
mod post_policy;
mod presign;
mod sign;
mod stamp;
#[cfg(test)]
mod tests;
mod verify;

pub use post_policy::PostPolicyFields;
pub use presign::{MAX_EXPIRY, PresignError};
pub use sign::{SignedHeaders, Signer};
pub use verify::Claim;

pub use crate::{PresignedQuery, VerifyError};

/// The name of the algorithm, as it stands in `Authorization` and in presigned URLs.
pub const ALGORITHM: &str = "OSS4-HMAC-SHA256";

/// The only payload hash that OSS supports.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The scope's last part, and the last step of the key derivation.
const SCOPE_END: &str = "aliyun_v4_request";

/// The parts of a request that its signature covers.
///
/// Bucket and key are given decoded, the way the user wrote them; so are query keys and values.
/// The canonical URI always holds the bucket, also where the URL has it in the host name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Upper-case HTTP method.
    pub method: &'a str,
    /// `None` for calls on the service, such as listing buckets.
    pub bucket: Option<&'a str>,
    /// `None` for calls on the bucket.
    pub key: Option<&'a str>,
    /// Query parameters; an empty value and none are the same to this algorithm.
    pub query: &'a [(&'a str, Option<&'a str>)],
    /// Header names, in any case, with their values.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// Names of headers to sign beside the ones that always are. Names that are absent from
    /// `headers`, or signed anyway, are skipped.
    pub additional_headers: &'a [&'a str],
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
