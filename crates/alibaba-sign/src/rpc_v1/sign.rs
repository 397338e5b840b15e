//! Signing by query parameters.

use std::fmt;

use chrono::{DateTime, Utc};

use super::string_to_sign::{key, string_to_sign};
use super::{METHOD, Request, VERSION};
use crate::mac::Sha1Mac;
use crate::time::IsoTime;
use crate::{Credentials, Secret};

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

/// The query parameters to add to a request sent at `now`. The nonce must be new with each attempt.
#[must_use]
pub fn sign(
    credentials: &Credentials,
    now: DateTime<Utc>,
    nonce: &str,
    request: &Request<'_>,
) -> SignedParameters {
    let mut signed = SignedParameters {
        plain: anonymous(now, nonce),
        access_key_id: credentials.access_key_id.clone(),
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
    let key = key(&credentials.access_key_secret);
    signed.signature = Sha1Mac::new(key.as_bytes(), to_sign.as_bytes()).into_base64();
    signed
}

/// The query parameters of an unsigned call, such as `AssumeRoleWithOIDC`: when it was made,
/// and a nonce.
///
/// ```
/// use alibaba_sign::rpc_v1;
/// use chrono::DateTime;
///
/// let parameters = rpc_v1::anonymous(DateTime::UNIX_EPOCH, "nonce");
/// let parameters: Vec<_> = parameters.iter().collect();
/// assert_eq!(parameters, [("SignatureNonce", "nonce"), ("Timestamp", "1970-01-01T00:00:00Z")]);
/// ```
#[must_use]
pub fn anonymous(now: DateTime<Utc>, nonce: &str) -> AnonymousParameters {
    AnonymousParameters {
        nonce: nonce.to_owned(),
        timestamp: IsoTime::new(now),
    }
}

/// What describes a request without proving anything.
#[derive(Clone)]
pub struct AnonymousParameters {
    nonce: String,
    timestamp: IsoTime,
}

impl AnonymousParameters {
    /// Every parameter, not yet encoded.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("SignatureNonce", self.nonce.as_str()),
            ("Timestamp", self.timestamp.as_str()),
        ]
        .into_iter()
    }
}

impl fmt::Debug for AnonymousParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The query parameters that make a request authentic. Add all of them, unchanged.
#[derive(Clone)]
pub struct SignedParameters {
    plain: AnonymousParameters,
    access_key_id: String,
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
        let own = [
            ("AccessKeyId", Some(self.access_key_id.as_str())),
            ("SignatureMethod", Some(METHOD)),
            ("SignatureVersion", Some(VERSION)),
            (
                "SecurityToken",
                self.security_token.as_ref().map(Secret::expose),
            ),
            ("Signature", Some(self.signature.as_str())),
        ];
        let own = own
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        self.plain.iter().chain(own)
    }
}

impl fmt::Debug for SignedParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedParameters")
            .field("timestamp", &self.plain.timestamp.as_str())
            .finish_non_exhaustive()
    }
}
