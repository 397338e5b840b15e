//! The other side: what a gateway or a test server does with a signed request.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::string_to_sign::string_to_sign;
use super::{Request, SCHEME};
use crate::time::HttpDate;
use crate::verify::{check_sha1, check_skew, malformed, read_scheme};
use crate::{Secret, VerifyError};

/// Who a request says it is from, read from its headers; nothing of it is believed before
/// [`Claim::verify`].
#[derive(Clone, Debug)]
pub struct Claim {
    /// Whose secret to look up.
    pub access_key_id: String,
    /// When the request was signed.
    pub signed_at: DateTime<Utc>,
    signature: [u8; 20],
}

impl Claim {
    /// Reads the claim of a request from its headers `Authorization` and `Date`.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`].
    pub fn from_headers(authorization: &str, date: &str) -> Result<Self, VerifyError> {
        let (id, signature) = read_scheme(SCHEME, authorization)?;
        Ok(Self {
            access_key_id: id.to_owned(),
            signed_at: HttpDate::parse(date.trim_ascii()).ok_or(malformed("date"))?,
            signature,
        })
    }

    /// Whether the request is by the owner of `secret`, and made within `tolerance` of `now` (the
    /// services take 15 minutes).
    ///
    /// `request` is everything that was sent: all headers and the whole query. Signatures are
    /// compared in constant time.
    ///
    /// # Errors
    ///
    /// What was wrong, in the order time, signature.
    pub fn verify(
        &self,
        secret: &Secret,
        now: DateTime<Utc>,
        tolerance: Duration,
        request: &Request<'_>,
    ) -> Result<(), VerifyError> {
        check_skew(self.signed_at, now, tolerance)?;
        let date = HttpDate::new(self.signed_at);
        let to_sign = string_to_sign(request, date.as_str(), request.headers.iter().copied());
        check_sha1(secret.expose().as_bytes(), &to_sign, &self.signature)
    }
}
