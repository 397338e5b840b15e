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
//! A presigned URL is signed like a request whose query holds everything (`x-oss-credential`,
//! `x-oss-date`, `x-oss-expires` and so on) but `x-oss-signature` itself; the method is signed too, so
//! a URL for GET is none for HEAD. Of a form upload only the policy is signed, and of the time only the
//! day, by which the key is derived: the other fields are bound as far as the policy's conditions
//! repeat them.
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
//! // What was hashed:
//! // GET\n/\n\nx-oss-content-sha256:UNSIGNED-PAYLOAD\nx-oss-date:20260115T083000Z\n\n\nUNSIGNED-PAYLOAD
//! // and what was signed, with that hash:
//! // OSS4-HMAC-SHA256\n20260115T083000Z\n20260115/cn-hangzhou/oss/aliyun_v4_request\n<hash>
//!
//! // The other side sees the signer's headers.
//! let headers: Vec<_> = signed.iter().map(|(name, value)| (name, value.as_bytes())).collect();
//! let seen = oss_v4::Request { headers: &headers, ..oss_v4::Request::new("GET") };
//! let claim = oss_v4::Claim::from_headers(signed.authorization(), "20260115T083000Z")?;
//! assert_eq!(claim.access_key_id, "LTAI-example-id");
//! let tolerance = std::time::Duration::from_secs(15 * 60);
//! claim.verify(&credentials.access_key_secret, "cn-hangzhou", now, tolerance, &seen)?;
//! # Ok::<(), oss_v4::VerifyError>(())
//! ```
//!
//! A URL, and a form upload whose policy repeats what the fields say:
//!
//! ```
//! use std::time::Duration;
//! use alibaba_sign::{oss_v4, Credentials};
//! use chrono::{TimeZone, Utc};
//!
//! let signer = oss_v4::Signer::new("cn-hangzhou");
//! let credentials = Credentials::new("LTAI-example-id", "example-secret");
//! let now = Utc.with_ymd_and_hms(2026, 1, 15, 8, 30, 0).unwrap();
//!
//! let request = oss_v4::Request {
//!     bucket: Some("example-bucket"),
//!     key: Some("a b.txt"),
//!     ..oss_v4::Request::new("GET")
//! };
//! let query = signer.presign(&credentials, now, Duration::from_secs(3600), &request)?;
//! let url = format!("https://example-bucket.oss-cn-hangzhou.aliyuncs.com/a%20b.txt?{}", query.as_str());
//! assert!(url.contains("&x-oss-expires=3600&"));
//!
//! let credential = signer.credential(&credentials, now);
//! let policy = format!(
//!     r#"{{"expiration":"2026-01-15T09:30:00.000Z","conditions":[{{"bucket":"example-bucket"}},
//!     {{"x-oss-signature-version":"OSS4-HMAC-SHA256"}},{{"x-oss-credential":"{credential}"}},
//!     {{"x-oss-date":"20260115T083000Z"}},["starts-with","$key","uploads/"]]}}"#
//! );
//! let fields = signer.sign_post_policy(&credentials, now, &policy);
//! let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
//! let expected = ["policy", "x-oss-signature-version", "x-oss-credential", "x-oss-date", "x-oss-signature"];
//! assert_eq!(names, expected); // then `key`, and `file` last
//! # Ok::<(), oss_v4::PresignError>(())
//! ```

mod canonical;
mod key;
mod post_policy;
mod presign;
mod scope;
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

/// The name of the algorithm, as in `Authorization` and in presigned URLs.
pub const ALGORITHM: &str = "OSS4-HMAC-SHA256";

/// The only payload hash that OSS supports.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The scope's last part, and the last step of the key derivation.
const SCOPE_END: &str = "aliyun_v4_request";

/// The parts of a request that its signature covers.
///
/// Bucket and key are given decoded, the way the user wrote them; so are query keys and values.
/// The canonical URI always has the bucket, even if the URL has it in the host name.
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
    /// Names of headers to sign in addition to the ones that always are. Names that are absent from
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
