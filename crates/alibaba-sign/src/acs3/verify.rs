//! The other side: what a gateway or a test server does with a signed request.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::Mac;

use super::canonical::{Canonical, sha256};
use super::{ALGORITHM, Request, always_signed};
use crate::header::{self, lower};
use crate::time::IsoTime;
use crate::verify::{check_skew, malformed};
use crate::{Secret, VerifyError, hex};

/// Who a request says it is from, read from its `Authorization` header; nothing of it is believed
/// before [`Claim::verify`].
#[derive(Clone, Debug)]
pub struct Claim {
    /// Whose secret to look up.
    pub access_key_id: String,
    /// When the request was signed.
    pub signed_at: DateTime<Utc>,
    /// In lower case.
    signed_headers: Vec<String>,
    signature: [u8; 32],
}

impl Claim {
    /// Reads the claim of a request. Tolerant of spaces and order.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`].
    pub fn from_headers(authorization: &str, x_acs_date: &str) -> Result<Self, VerifyError> {
        let fields = authorization
            .strip_prefix(ALGORITHM)
            .filter(|rest| rest.starts_with(' '))
            .ok_or(malformed("authorization"))?;
        let (mut id, mut names, mut signature) = (None, None, None);
        for field in fields.split(',') {
            match field.trim().split_once('=') {
                Some(("Credential", value)) if !value.is_empty() => id = Some(value),
                Some(("SignedHeaders", value)) => names = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                _ => return Err(malformed("authorization")),
            }
        }
        let (Some(id), Some(names), Some(signature)) = (id, names, signature) else {
            return Err(malformed("authorization"));
        };
        Ok(Self {
            access_key_id: id.to_owned(),
            signed_at: IsoTime::parse(x_acs_date.trim_ascii()).ok_or(malformed("x-acs-date"))?,
            signed_headers: names
                .split(';')
                .filter(|name| !name.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
            signature: hex::read_32(signature).ok_or(malformed("signature"))?,
        })
    }

    /// Whether the request is by the owner of `secret`, and made within `tolerance` of `now` (the
    /// services take 15 minutes).
    ///
    /// `request` is everything that was sent: all headers, the whole query, the body. Its
    /// additional headers are ignored in favour of those the claim names; `host`, `content-type`
    /// and every `x-acs-*` must be among these where they are present. Signatures are compared in
    /// constant time.
    ///
    /// # Errors
    ///
    /// What was wrong, in the order signed headers, time, body, signature.
    pub fn verify(
        &self,
        secret: &Secret,
        now: DateTime<Utc>,
        tolerance: Duration,
        request: &Request<'_>,
    ) -> Result<(), VerifyError> {
        self.check_headers(request.headers)?;
        check_skew(self.signed_at, now, tolerance)?;
        let hash = sha256(request.body);
        let said = header::value(request.headers, "x-acs-content-sha256");
        if !said.is_empty() && !said.eq_ignore_ascii_case(hash.as_str().as_bytes()) {
            return Err(VerifyError::Payload);
        }
        let headers = request.headers.iter().copied();
        let canonical = Canonical::new(request, hash.as_str(), headers, |name| self.signs(name));
        let to_sign = canonical.string_to_sign();
        if to_sign.keyed(secret).verify_slice(&self.signature).is_ok() {
            return Ok(());
        }
        Err(VerifyError::Mismatch {
            string_to_sign: to_sign.to_string(),
            canonical_request: String::from_utf8_lossy(&canonical.bytes).into_owned(),
        })
    }

    fn signs(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|signed| signed == name)
    }

    fn check_headers(&self, headers: &[(&str, &[u8])]) -> Result<(), VerifyError> {
        let arrived = |name: &str| {
            headers
                .iter()
                .any(|(found, _)| found.eq_ignore_ascii_case(name))
        };
        if let Some(name) = self.signed_headers.iter().find(|name| !arrived(name)) {
            return Err(VerifyError::Absent(name.clone()));
        }
        if !self.signs("host") {
            return Err(VerifyError::Unsigned("host".to_owned()));
        }
        for (name, _) in headers {
            let name = lower(name);
            if always_signed(&name) && !self.signs(&name) {
                return Err(VerifyError::Unsigned(name.into_owned()));
            }
        }
        // The claim's time is the one that was signed, not one that stood elsewhere.
        let date = header::value(headers, "x-acs-date");
        if date != IsoTime::new(self.signed_at).as_str().as_bytes() {
            return Err(malformed("x-acs-date"));
        }
        Ok(())
    }
}
