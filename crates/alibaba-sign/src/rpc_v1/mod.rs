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
//! (Alibaba Cloud documentation, "RPC mechanism and signature V1"; equal to the official Python SDKs,
//! whose results are this crate's test vectors.)
//!
//! # What stays unsigned
//!
//! Host, path and all headers, and a body that is no form. A security token travels in the URL.
//! Prefer [`acs3`](crate::acs3).
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
//! let now = Utc.with_ymd_and_hms(2016, 2, 23, 12, 46, 24).unwrap();
//! let nonce = "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf";
//! let signed = rpc_v1::sign(&Credentials::new("testid", "testsecret"), now, nonce, &request);
//! assert_eq!(signed.signature(), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
//! ```

#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};

use crate::mac::Sha1Mac;
use crate::percent::encode_to;
use crate::{Credentials, Secret, time};

/// Parameters that [`sign`] writes itself, whatever the caller had there.
const OWN_PARAMETERS: [&str; 7] = [
    "AccessKeyId",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureVersion",
    "Timestamp",
];

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

/// The query parameters that make a request authentic. Add all of them, unchanged.
#[derive(Clone)]
pub struct SignedParameters {
    access_key_id: String,
    timestamp: String,
    nonce: String,
    security_token: Option<Secret>,
    signature: String,
}

impl SignedParameters {
    /// The value of `Signature`, not yet encoded.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// Every parameter, not yet encoded.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("AccessKeyId", Some(self.access_key_id.as_str())),
            ("SignatureMethod", Some("HMAC-SHA1")),
            ("SignatureVersion", Some("1.0")),
            ("SignatureNonce", Some(self.nonce.as_str())),
            ("Timestamp", Some(self.timestamp.as_str())),
            (
                "SecurityToken",
                self.security_token.as_ref().map(Secret::expose),
            ),
            ("Signature", Some(self.signature.as_str())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl fmt::Debug for SignedParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedParameters")
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// The query parameters to add to a request sent at `now`. The nonce must be new with each attempt.
#[must_use]
pub fn sign(
    credentials: &Credentials,
    now: DateTime<Utc>,
    nonce: &str,
    request: &Request<'_>,
) -> SignedParameters {
    let mut signed = SignedParameters {
        access_key_id: credentials.access_key_id.clone(),
        timestamp: time::iso_seconds(now),
        nonce: nonce.to_owned(),
        security_token: credentials.security_token.clone(),
        signature: String::new(),
    };
    let mut parameters: Vec<(&str, &str)> = Vec::with_capacity(16);
    let callers = request.query.iter().chain(request.form).copied();
    parameters.extend(callers.filter(|(name, _)| !OWN_PARAMETERS.contains(name)));
    for (name, value) in signed.iter().filter(|(name, _)| *name != "Signature") {
        parameters.push((name, value));
    }
    let to_sign = string_to_sign(request.method, parameters);
    signed.signature = signature(&credentials.access_key_secret, &to_sign);
    signed
}

fn string_to_sign(method: &str, mut parameters: Vec<(&str, &str)>) -> String {
    parameters.sort_unstable();
    let mut canonical = String::with_capacity(256);
    for (name, value) in parameters {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        encode_to(&mut canonical, name);
        canonical.push('=');
        encode_to(&mut canonical, value);
    }
    let mut out = String::with_capacity(method.len() + 5 + canonical.len() * 3 / 2);
    out.push_str(method);
    out.push_str("&%2F&");
    encode_to(&mut out, &canonical);
    out
}

fn signature(secret: &Secret, string_to_sign: &str) -> String {
    let mut key = zeroize::Zeroizing::new(String::with_capacity(secret.expose().len() + 1));
    key.push_str(secret.expose());
    key.push('&');
    Sha1Mac::new(key.as_bytes(), string_to_sign.as_bytes()).into_base64()
}
