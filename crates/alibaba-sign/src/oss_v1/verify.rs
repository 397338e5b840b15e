//! The other side: what a gateway or a test server does with a signed request.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::string_to_sign::string_to_sign;
use super::{Request, SCHEME};
use crate::time::HttpDate;
use crate::verify::{check_sha1, check_skew, malformed, read_scheme};
use crate::{Secret, VerifyError, header, mac};

/// Who a request says it is from, read from its `Authorization` header or its query; nothing of it
/// is believed before [`Claim::verify`].
#[derive(Clone, Debug)]
pub struct Claim {
    /// Whose secret to look up.
    pub access_key_id: String,
    /// When the request is good.
    pub validity: Validity,
    /// The `DATE` of the string to sign, as it was sent.
    date: String,
    signature: [u8; 20],
}

/// When a signed request is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Around the time of signing, where headers are signed.
    SignedAt(DateTime<Utc>),
    /// Until then, for a presigned URL. When it was signed is not known.
    Until(DateTime<Utc>),
}

impl Claim {
    /// Reads the claim of a request signed by headers. `date` is the value of `x-oss-date` where
    /// that was sent, of `Date` otherwise.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`].
    pub fn from_headers(authorization: &str, date: &str) -> Result<Self, VerifyError> {
        let date = date.trim_ascii();
        let (id, signature) = read_scheme(SCHEME, authorization)?;
        Ok(Self {
            access_key_id: id.to_owned(),
            validity: Validity::SignedAt(HttpDate::parse(date).ok_or(malformed("date"))?),
            date: date.to_owned(),
            signature,
        })
    }

    /// Reads the claim of a presigned URL from its decoded query.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`].
    pub fn from_query(query: &[(&str, Option<&str>)]) -> Result<Self, VerifyError> {
        let value = |name: &'static str| {
            query
                .iter()
                .find(|(found, _)| *found == name)
                .and_then(|(_, value)| *value)
                .filter(|value| !value.is_empty())
                .ok_or(malformed(name))
        };
        let expires = value("Expires")?;
        let until = expires
            .parse()
            .ok()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .ok_or(malformed("Expires"))?;
        Ok(Self {
            access_key_id: value("OSSAccessKeyId")?.to_owned(),
            validity: Validity::Until(until),
            date: expires.to_owned(),
            signature: mac::read_sha1(value("Signature")?).ok_or(malformed("Signature"))?,
        })
    }

    /// Whether the request is by the owner of `secret` and good `now`: signed within `tolerance`
    /// for headers (OSS takes 15 minutes), not after its expiry for a presigned URL.
    ///
    /// `request` is everything that was sent: all headers and the whole query. Signatures are
    /// compared in constant time.
    ///
    /// # Errors
    ///
    /// What was wrong, in the order form, time, signature.
    pub fn verify(
        &self,
        secret: &Secret,
        now: DateTime<Utc>,
        tolerance: Duration,
        request: &Request<'_>,
    ) -> Result<(), VerifyError> {
        match self.validity {
            Validity::SignedAt(signed_at) => {
                // A claim made from `Date` says nothing where OSS would read `x-oss-date`.
                let x_oss_date = header::value(request.headers, "x-oss-date");
                if !x_oss_date.is_empty() && x_oss_date != self.date.as_bytes() {
                    return Err(malformed("x-oss-date"));
                }
                check_skew(signed_at, now, tolerance)?;
            }
            Validity::Until(end) if now > end => return Err(VerifyError::Expired(end)),
            Validity::Until(_) => {}
        }
        let to_sign = string_to_sign(
            request,
            &self.date,
            request.query.iter().copied(),
            request.headers.iter().copied(),
        );
        check_sha1(secret.expose().as_bytes(), &to_sign, &self.signature)
    }
}
