//! Signing by headers, and URLs that carry their signature.

use std::fmt;

use chrono::{DateTime, Utc};

use super::string_to_sign::string_to_sign;
use super::{Request, SCHEME};
use crate::mac::Sha1Mac;
use crate::percent::encode_to;
use crate::time::HttpDate;
use crate::{Credentials, PresignedQuery, Secret, header};

/// Headers that [`sign`] writes itself, whatever the caller had there.
const OWN_HEADERS: [&str; 2] = ["date", "x-oss-security-token"];

/// Parameters that [`presign`] sets itself; stale ones are dropped.
const OWN_PARAMETERS: [&str; 4] = ["Expires", "OSSAccessKeyId", "Signature", "security-token"];

/// The headers to add to a request sent at `now`.
///
/// An `x-oss-date` among the request's headers, for clients that cannot set `Date`, is what OSS
/// checks in place of `Date`: give it the same time.
#[must_use]
pub fn sign(credentials: &Credentials, now: DateTime<Utc>, request: &Request<'_>) -> SignedHeaders {
    let date = HttpDate::new(now);
    let token = credentials.security_token.as_ref();
    let headers = header::without(request.headers, &OWN_HEADERS)
        .chain(token.map(|token| ("x-oss-security-token", token.expose().as_bytes())));
    let x_oss_date = header::value(request.headers, "x-oss-date");
    let signed_date = std::str::from_utf8(x_oss_date)
        .ok()
        .filter(|date| !date.is_empty())
        .unwrap_or(date.as_str());
    let to_sign = string_to_sign(request, signed_date, request.query.iter().copied(), headers);
    let authorization = format!(
        "{SCHEME} {}:{}",
        credentials.access_key_id,
        Sha1Mac::new(credentials.access_key_secret.expose().as_bytes(), &to_sign).into_base64(),
    );
    SignedHeaders {
        date,
        security_token: token.cloned(),
        authorization,
    }
}

/// The query string of a URL that anyone may use until `expires_at`, for exactly this method,
/// bucket, key and sub-resources, with the signed headers among `request.headers`.
///
/// A URL signed with a security token dies with the token, even if `expires_at` is later. The time
/// is cut to whole seconds.
///
/// ```
/// use alibaba_sign::{oss_v1, Credentials};
/// use chrono::{TimeZone, Utc};
///
/// let request = oss_v1::Request {
///     bucket: Some("example-bucket"),
///     key: Some("a.txt"),
///     ..oss_v1::Request::new("GET")
/// };
/// let credentials = Credentials::new("LTAI-example-id", "example-secret");
/// let expires_at = Utc.with_ymd_and_hms(2026, 1, 15, 9, 30, 0).unwrap();
/// assert_eq!(
///     oss_v1::presign(&credentials, expires_at, &request).as_str(),
///     "OSSAccessKeyId=LTAI-example-id&Expires=1768469400&Signature=SVXZYCfwlpzq5zcIoHq6R9ev01k%3D",
/// );
/// ```
#[must_use]
pub fn presign(
    credentials: &Credentials,
    expires_at: DateTime<Utc>,
    request: &Request<'_>,
) -> PresignedQuery {
    let expires = expires_at.timestamp().to_string();
    let token = credentials.security_token.as_ref().map(Secret::expose);
    let pairs = || {
        request
            .query
            .iter()
            .copied()
            .filter(|(name, _)| !OWN_PARAMETERS.contains(name))
            .chain(token.map(|token| ("security-token", Some(token))))
    };
    let to_sign = string_to_sign(request, &expires, pairs(), request.headers.iter().copied());
    let signature = Sha1Mac::new(credentials.access_key_secret.expose().as_bytes(), &to_sign);
    let signature = signature.into_base64();

    let mut query = String::with_capacity(160);
    let own = [
        ("OSSAccessKeyId", Some(credentials.access_key_id.as_str())),
        ("Expires", Some(expires.as_str())),
        ("Signature", Some(signature.as_str())),
    ];
    for (name, value) in pairs().chain(own) {
        if !query.is_empty() {
            query.push('&');
        }
        encode_to(&mut query, name);
        if let Some(value) = value {
            query.push('=');
            encode_to(&mut query, value);
        }
    }
    PresignedQuery(query)
}

/// The headers that make a request authentic. Add all of them, unchanged.
#[derive(Clone)]
pub struct SignedHeaders {
    date: HttpDate,
    security_token: Option<Secret>,
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
        [
            ("date", Some(self.date.as_str())),
            (
                "x-oss-security-token",
                self.security_token.as_ref().map(Secret::expose),
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
            .field("date", &self.date.as_str())
            .finish_non_exhaustive()
    }
}
