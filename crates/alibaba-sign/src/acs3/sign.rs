//! Signing by headers.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::Mac;

use super::canonical::{Canonical, sha256};
use super::{ALGORITHM, Request, always_signed};
use crate::hex::Hex32;
use crate::time::IsoTime;
use crate::{Credentials, Secret, header};

/// Headers that [`sign`] writes itself, whatever the caller had there.
const OWN_HEADERS: [&str; 6] = [
    "authorization",
    "x-acs-accesskey-id",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-security-token",
    "x-acs-signature-nonce",
];

/// The headers to add to a request sent at `now`. The nonce must be new with each attempt: a service
/// refuses one that it has seen.
#[must_use]
pub fn sign(
    credentials: &Credentials,
    now: DateTime<Utc>,
    nonce: &str,
    request: &Request<'_>,
) -> SignedHeaders {
    let plain = anonymous(now, nonce, request.body);
    let temporary = credentials.security_token.as_ref().map(|token| {
        let id = credentials.access_key_id.clone();
        (id, token.clone())
    });
    let callers = header::without(request.headers, &OWN_HEADERS);
    let own = plain.iter().chain(temporary_headers(temporary.as_ref()));
    let own = own.map(|(name, value)| (name, value.as_bytes()));
    let hash = plain.content_sha256.as_str();
    let canonical = Canonical::new(request, hash, callers.chain(own), |name| {
        let mut additional = request.additional_headers.iter();
        always_signed(name) || additional.any(|a| a.eq_ignore_ascii_case(name))
    });
    let mac = canonical
        .string_to_sign()
        .keyed(&credentials.access_key_secret);
    let signature = Hex32::new(&mac.finalize().into_bytes().into());

    let (id, names) = (&credentials.access_key_id, canonical.signed_headers());
    let mut authorization =
        String::with_capacity(ALGORITHM.len() + id.len() + names.len() + 12 + 15 + 11 + 64);
    for part in [
        ALGORITHM,
        " Credential=",
        id,
        ",SignedHeaders=",
        names,
        ",Signature=",
        signature.as_str(),
    ] {
        authorization.push_str(part);
    }
    SignedHeaders {
        others: OtherHeaders { plain, temporary },
        authorization,
    }
}

/// The headers of an unsigned call, such as `AssumeRoleWithOIDC`: what it is and when, as
/// [`sign`] writes them, without an `Authorization`. Such calls carry `Format=json` in their query.
///
/// ```
/// use alibaba_sign::acs3;
/// use chrono::DateTime;
///
/// let headers = acs3::anonymous(DateTime::UNIX_EPOCH, "nonce", b"");
/// let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"]);
/// ```
#[must_use]
pub fn anonymous(now: DateTime<Utc>, nonce: &str, body: &[u8]) -> AnonymousHeaders {
    AnonymousHeaders {
        date: IsoTime::new(now),
        nonce: nonce.to_owned(),
        content_sha256: sha256(body),
    }
}

/// What describes a request without proving anything.
#[derive(Clone)]
pub struct AnonymousHeaders {
    date: IsoTime,
    nonce: String,
    content_sha256: Hex32,
}

impl AnonymousHeaders {
    /// Every header, with its lower-case name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("x-acs-date", self.date.as_str()),
            ("x-acs-signature-nonce", self.nonce.as_str()),
            ("x-acs-content-sha256", self.content_sha256.as_str()),
        ]
        .into_iter()
    }
}

impl fmt::Debug for AnonymousHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The headers that make a request authentic. Add all of them, unchanged.
#[derive(Clone)]
pub struct SignedHeaders {
    others: OtherHeaders,
    authorization: String,
}

/// All but `Authorization`.
#[derive(Clone)]
pub(crate) struct OtherHeaders {
    plain: AnonymousHeaders,
    temporary: Option<(String, Secret)>,
}

impl OtherHeaders {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let temporary = temporary_headers(self.temporary.as_ref());
        self.plain.iter().chain(temporary)
    }
}

impl SignedHeaders {
    /// `Authorization` apart from the others, to keep.
    #[cfg(feature = "http")]
    pub(crate) fn into_parts(self) -> (OtherHeaders, String) {
        (self.others, self.authorization)
    }

    /// The value of `Authorization`. Mark the header as sensitive.
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Every header, with its lower-case name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.others
            .iter()
            .chain([("authorization", self.authorization.as_str())])
    }
}

fn temporary_headers(
    temporary: Option<&(String, Secret)>,
) -> impl Iterator<Item = (&'static str, &str)> {
    temporary.into_iter().flat_map(|(id, token)| {
        [
            ("x-acs-accesskey-id", id.as_str()),
            ("x-acs-security-token", token.expose()),
        ]
    })
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedHeaders")
            .field("date", &self.others.plain.date.as_str())
            .finish_non_exhaustive()
    }
}
