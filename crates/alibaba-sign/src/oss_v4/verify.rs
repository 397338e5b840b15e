//! The other side: what a gateway or a test server does with a signed request.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::Mac;

use super::canonical::{canonical, write_string_to_sign};
use super::key::derive;
use super::presign::MAX_EXPIRY;
use super::scope::Scope;
use super::stamp::{self, Stamp};
use super::{ALGORITHM, Request, SCOPE_END};
use crate::verify::{check_skew, malformed};
use crate::{Secret, VerifyError, hex, mac};

/// Who a request says it is from, read from its `Authorization` header, its query or its form; nothing
/// of it is believed before [`Claim::verify`] or [`Claim::verify_post_policy`].
#[derive(Clone, Debug)]
pub struct Claim {
    /// Whose secret to look up.
    pub access_key_id: String,
    /// The region that the scope names.
    pub region: String,
    /// The product that the scope names, `oss` as a rule.
    pub product: String,
    /// When the request was signed.
    pub signed_at: DateTime<Utc>,
    /// How long a presigned URL is good for; `None` where headers are signed.
    pub expires: Option<Duration>,
    additional: Vec<String>,
    signature: [u8; 32],
}

impl Claim {
    /// Reads the claim of a request signed by headers. Tolerant of spaces and order, as one
    /// official SDK (`oss2`) writes both its own way.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`] and [`VerifyError::ScopeDate`].
    pub fn from_headers(authorization: &str, x_oss_date: &str) -> Result<Self, VerifyError> {
        let fields = authorization
            .strip_prefix(ALGORITHM)
            .filter(|rest| rest.starts_with(' '))
            .ok_or(malformed("authorization"))?;
        let (mut credential, mut signature, mut additional) = (None, None, "");
        for field in fields.split(',') {
            match field.trim().split_once('=') {
                Some(("Credential", value)) => credential = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                Some(("AdditionalHeaders", value)) => additional = value,
                _ => return Err(malformed("authorization")),
            }
        }
        Self::new(
            credential.ok_or(malformed("authorization"))?,
            x_oss_date,
            additional,
            signature.ok_or(malformed("authorization"))?,
            None,
        )
    }

    /// Reads the claim of a presigned URL from its decoded query.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`] and [`VerifyError::ScopeDate`].
    pub fn from_query(query: &[(&str, Option<&str>)]) -> Result<Self, VerifyError> {
        let value = |name: &'static str| {
            query
                .iter()
                .find(|(found, _)| *found == name)
                .and_then(|(_, value)| *value)
                .ok_or(malformed(name))
        };
        if value("x-oss-signature-version")? != ALGORITHM {
            return Err(malformed("x-oss-signature-version"));
        }
        let expires = value("x-oss-expires")?
            .parse()
            .map(Duration::from_secs)
            .ok()
            .filter(|expires| !expires.is_zero() && *expires <= MAX_EXPIRY)
            .ok_or(malformed("x-oss-expires"))?;
        Self::new(
            value("x-oss-credential")?,
            value("x-oss-date")?,
            value("x-oss-additional-headers").unwrap_or_default(),
            value("x-oss-signature")?,
            Some(expires),
        )
    }

    /// Reads the claim of a form upload from its fields. `expires` is `None`: how long the form is
    /// good for, its policy says.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`] and [`VerifyError::ScopeDate`].
    pub fn from_form(fields: &[(&str, &str)]) -> Result<Self, VerifyError> {
        // Field names of a form are taken in any case.
        let value = |name: &'static str| {
            let found = fields.iter().find(|(f, _)| f.eq_ignore_ascii_case(name));
            found.map(|(_, value)| *value).ok_or(malformed(name))
        };
        if value("x-oss-signature-version")? != ALGORITHM {
            return Err(malformed("x-oss-signature-version"));
        }
        Self::new(
            value("x-oss-credential")?,
            value("x-oss-date")?,
            "",
            value("x-oss-signature")?,
            None,
        )
    }

    fn new(
        credential: &str,
        date: &str,
        additional: &str,
        signature: &str,
        expires: Option<Duration>,
    ) -> Result<Self, VerifyError> {
        let signed_at = stamp::parse(date).ok_or(malformed("x-oss-date"))?;
        // From the right, since nothing forbids a slash in an access key id.
        let mut parts = credential.rsplitn(5, '/');
        let (end, product, region, day, id) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        );
        let (Some(SCOPE_END), Some(product), Some(region), Some(day), Some(id)) =
            (end, product, region, day, id)
        else {
            return Err(malformed("credential"));
        };
        if day != Stamp::new(signed_at).day() {
            return Err(VerifyError::ScopeDate);
        }
        Ok(Self {
            access_key_id: id.to_owned(),
            region: region.to_owned(),
            product: product.to_owned(),
            signed_at,
            expires,
            additional: additional
                .split(';')
                .filter(|name| !name.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
            signature: hex::read_32(signature).ok_or(malformed("signature"))?,
        })
    }

    /// Whether the request is by the owner of `secret`, for `region`, and made at a time that is
    /// acceptable `now`: within `tolerance` for headers (OSS takes 15 minutes), before its expiry
    /// for a presigned URL.
    ///
    /// `request` is everything that was sent: all headers and the whole query. Its additional
    /// headers are ignored in favour of those the claim names. Signatures are compared in
    /// constant time.
    ///
    /// # Errors
    ///
    /// What was wrong, in the order region, product, time, signature.
    pub fn verify(
        &self,
        secret: &Secret,
        region: &str,
        now: DateTime<Utc>,
        tolerance: Duration,
        request: &Request<'_>,
    ) -> Result<(), VerifyError> {
        self.check_scope(region)?;
        self.check_time(now, tolerance)?;
        let additional: Vec<&str> = self.additional.iter().map(String::as_str).collect();
        let request = Request {
            additional_headers: &additional,
            ..*request
        };
        let presigned = self.expires.is_some();
        let query = request
            .query
            .iter()
            .copied()
            .filter(|(name, _)| !(presigned && *name == "x-oss-signature"));
        let canonical = canonical(&request, query, request.headers.iter().copied());
        let (stamp, hash) = (Stamp::new(self.signed_at), canonical.hash());
        let mut to_sign = Vec::new();
        write_string_to_sign(&mut to_sign, &stamp, &self.scope(&stamp), &hash);
        if self.signed(secret, &to_sign) {
            return Ok(());
        }
        Err(VerifyError::Mismatch {
            string_to_sign: String::from_utf8_lossy(&to_sign).into_owned(),
            canonical_request: String::from_utf8_lossy(&canonical.bytes).into_owned(),
        })
    }

    /// Whether the POST policy, in base64 as sent in the form, is signed by the owner of
    /// `secret`, for `region`. When it expires, and whether the form meets its conditions (among
    /// them that `x-oss-date` and `x-oss-credential` are what they were), is for the caller to
    /// check.
    ///
    /// # Errors
    ///
    /// What was wrong, in the order region, product, signature.
    pub fn verify_post_policy(
        &self,
        secret: &Secret,
        region: &str,
        policy: &str,
    ) -> Result<(), VerifyError> {
        self.check_scope(region)?;
        if self.signed(secret, policy.as_bytes()) {
            return Ok(());
        }
        Err(VerifyError::Mismatch {
            string_to_sign: policy.to_owned(),
            canonical_request: String::new(),
        })
    }

    /// Compares in constant time.
    fn signed(&self, secret: &Secret, text: &[u8]) -> bool {
        let key = derive(secret, &self.scope(&Stamp::new(self.signed_at)));
        let mac = mac::sha256(&*key).chain_update(text);
        mac.verify_slice(&self.signature).is_ok()
    }

    fn scope<'a>(&'a self, stamp: &'a Stamp) -> Scope<'a> {
        Scope {
            day: stamp.day(),
            region: &self.region,
            product: &self.product,
        }
    }

    fn check_scope(&self, region: &str) -> Result<(), VerifyError> {
        if self.region != region {
            return Err(VerifyError::Region {
                found: self.region.clone(),
                expected: region.to_owned(),
            });
        }
        if !self.product.starts_with("oss") {
            return Err(VerifyError::Product(self.product.clone()));
        }
        Ok(())
    }

    fn check_time(&self, now: DateTime<Utc>, tolerance: Duration) -> Result<(), VerifyError> {
        let Some(expires) = self.expires else {
            return check_skew(self.signed_at, now, tolerance);
        };
        let end = self.signed_at + expires;
        if now > end {
            Err(VerifyError::Expired(end))
        } else if now < self.signed_at {
            check_skew(self.signed_at, now, tolerance)
        } else {
            Ok(())
        }
    }
}
