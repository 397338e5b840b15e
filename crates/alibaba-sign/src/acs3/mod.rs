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
//! product but by the host it covers. (Alibaba Cloud documentation, "Request syntax and signature
//! method V3"; equal to the official Python SDKs, whose results are this crate's test vectors.)
//!
//! # What stays unsigned
//!
//! Every header that is neither `host`, `content-type` nor `x-acs-*`, unless it is named as an
//! additional header. The body is covered by its hash.
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
//! assert!(signed.authorization().starts_with("ACS3-HMAC-SHA256 Credential=LTAI-example-id,"));
//! ```

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::percent::encode_to;
use crate::{Credentials, Secret, hex, time};

/// The name of the algorithm, as it stands in `Authorization`.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Headers that [`sign`] writes itself, whatever the caller had there.
const OWN_HEADERS: [&str; 6] = [
    "authorization",
    "x-acs-accesskey-id",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-security-token",
    "x-acs-signature-nonce",
];

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

/// The headers that make a request authentic. Add all of them, unchanged.
#[derive(Clone)]
pub struct SignedHeaders {
    date: String,
    nonce: String,
    content_sha256: String,
    temporary: Option<(String, Secret)>,
    authorization: String,
}

impl SignedHeaders {
    /// The value of `Authorization`. Mark the header as sensitive.
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Every header, with its lower-case name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let temporary = self.temporary.as_ref();
        [
            ("x-acs-date", Some(self.date.as_str())),
            ("x-acs-signature-nonce", Some(self.nonce.as_str())),
            ("x-acs-content-sha256", Some(self.content_sha256.as_str())),
            ("x-acs-accesskey-id", temporary.map(|(id, _)| id.as_str())),
            (
                "x-acs-security-token",
                temporary.map(|(_, token)| token.expose()),
            ),
            ("authorization", Some(self.authorization.as_str())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedHeaders")
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// The headers to add to a request sent at `now`. The nonce must be new with each attempt: a service
/// refuses one that it has seen.
#[must_use]
pub fn sign(
    credentials: &Credentials,
    now: DateTime<Utc>,
    nonce: &str,
    request: &Request<'_>,
) -> SignedHeaders {
    let mut signed = SignedHeaders {
        date: time::iso_seconds(now),
        nonce: nonce.to_owned(),
        content_sha256: sha256_hex(request.body),
        temporary: credentials
            .security_token
            .clone()
            .map(|token| (credentials.access_key_id.clone(), token)),
        authorization: String::new(),
    };
    let callers = request
        .headers
        .iter()
        .copied()
        .filter(|(name, _)| !OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)));
    let own: Vec<_> = signed
        .iter()
        .filter(|(name, _)| *name != "authorization")
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    let canonical = canonical(request, &signed.content_sha256, callers.chain(own));
    let signature = signature(&credentials.access_key_secret, &canonical.string_to_sign());
    signed.authorization = format!(
        "{ALGORITHM} Credential={},SignedHeaders={},Signature={signature}",
        credentials.access_key_id, canonical.signed_headers,
    );
    signed
}

/// The canonical request as bytes (header values need not be UTF-8), and the signed names.
struct Canonical {
    bytes: Vec<u8>,
    signed_headers: String,
}

impl Canonical {
    fn string_to_sign(&self) -> String {
        format!("{ALGORITHM}\n{}", sha256_hex(&self.bytes))
    }
}

fn canonical<'a>(
    request: &Request<'_>,
    content_sha256: &str,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Canonical {
    let mut signed: BTreeMap<Cow<'_, str>, Vec<&[u8]>> = BTreeMap::new();
    for (name, value) in headers {
        let name = if name.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        let additional = || {
            request
                .additional_headers
                .iter()
                .any(|a| a.eq_ignore_ascii_case(&name))
        };
        if matches!(&*name, "host" | "content-type") || name.starts_with("x-acs-") || additional() {
            signed.entry(name).or_default().push(value.trim_ascii());
        }
    }

    let mut out = String::with_capacity(512);
    out.push_str(request.method);
    out.push('\n');
    out.push_str(if request.path.is_empty() {
        "/"
    } else {
        request.path
    });
    out.push('\n');
    let mut query: Vec<_> = request.query.to_vec();
    query.sort_unstable();
    for (at, (name, value)) in query.into_iter().enumerate() {
        if at > 0 {
            out.push('&');
        }
        encode_to(&mut out, name);
        out.push('=');
        encode_to(&mut out, value);
    }
    out.push('\n');

    let mut bytes = out.into_bytes();
    let mut signed_headers = String::with_capacity(128);
    for (name, mut values) in signed {
        values.sort_unstable();
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b':');
        for (at, value) in values.into_iter().enumerate() {
            if at > 0 {
                bytes.push(b',');
            }
            bytes.extend_from_slice(value);
        }
        bytes.push(b'\n');
        if !signed_headers.is_empty() {
            signed_headers.push(';');
        }
        signed_headers.push_str(&name);
    }
    bytes.push(b'\n');
    bytes.extend_from_slice(signed_headers.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(content_sha256.as_bytes());
    Canonical {
        bytes,
        signed_headers,
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn signature(secret: &Secret, string_to_sign: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes keys of every length");
    let mut out = String::with_capacity(64);
    hex::push(
        &mut out,
        &mac.chain_update(string_to_sign.as_bytes())
            .finalize()
            .into_bytes(),
    );
    out
}

fn sha256_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    hex::push(&mut out, &Sha256::digest(bytes));
    out
}
