//! Signing by headers.

use std::fmt;

use chrono::{DateTime, Utc};

use super::string_to_sign::string_to_sign;
use super::{Request, SCHEME};
use crate::mac::Sha1Mac;
use crate::time::HttpDate;
use crate::{Credentials, Secret, header};

/// Headers that [`sign`] writes itself, whatever the caller had there.
const OWN_HEADERS: [&str; 7] = [
    "authorization",
    "date",
    "x-acs-accesskey-id",
    "x-acs-security-token",
    "x-acs-signature-method",
    "x-acs-signature-nonce",
    "x-acs-signature-version",
];

/// The headers to add to a request sent at `now`. The nonce must be new with each attempt.
#[must_use]
pub fn sign(
    credentials: &Credentials,
    now: DateTime<Utc>,
    nonce: &str,
    request: &Request<'_>,
) -> SignedHeaders {
    let mut signed = SignedHeaders {
        date: HttpDate::new(now),
        nonce: nonce.to_owned(),
        temporary: credentials
            .security_token
            .clone()
            .map(|token| (credentials.access_key_id.clone(), token)),
        authorization: String::new(),
    };
    let callers = header::without(request.headers, &OWN_HEADERS);
    let own = signed.iter().map(|(name, value)| (name, value.as_bytes()));
    let to_sign = string_to_sign(request, signed.date.as_str(), callers.chain(own));
    let mac = Sha1Mac::new(credentials.access_key_secret.expose().as_bytes(), &to_sign);
    signed.authorization = format!(
        "{SCHEME} {}:{}",
        credentials.access_key_id,
        mac.into_base64()
    );
    signed
}

/// The headers that make a request authentic. Add all of them, unchanged.
#[derive(Clone)]
pub struct SignedHeaders {
    date: HttpDate,
    nonce: String,
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
            ("date", Some(self.date.as_str())),
            ("x-acs-signature-method", Some("HMAC-SHA1")),
            ("x-acs-signature-version", Some("1.0")),
            ("x-acs-signature-nonce", Some(self.nonce.as_str())),
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
            .field("date", &self.date.as_str())
            .finish_non_exhaustive()
    }
}
