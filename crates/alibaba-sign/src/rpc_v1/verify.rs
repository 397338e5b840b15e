//! The other side: what a gateway or a test server does with a signed request.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::string_to_sign::{key, string_to_sign};
use super::{METHOD, Request, VERSION};
use crate::time::IsoTime;
use crate::verify::{check_sha1, check_skew, malformed};
use crate::{Secret, VerifyError, mac};

/// Who a request says it is from, read from its parameters; nothing of it is believed before
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
    /// Reads the claim of a request. The parameters may be in the query or in the form.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`].
    pub fn from_request(request: &Request<'_>) -> Result<Self, VerifyError> {
        let value = |name: &'static str| {
            let mut all = request.query.iter().chain(request.form);
            all.find(|(found, _)| *found == name)
                .map(|(_, value)| *value)
                .filter(|value| !value.is_empty())
                .ok_or(malformed(name))
        };
        if value("SignatureMethod")? != METHOD {
            return Err(malformed("SignatureMethod"));
        }
        if value("SignatureVersion")? != VERSION {
            return Err(malformed("SignatureVersion"));
        }
        Ok(Self {
            access_key_id: value("AccessKeyId")?.to_owned(),
            signed_at: IsoTime::parse(value("Timestamp")?).ok_or(malformed("Timestamp"))?,
            signature: mac::read_sha1(value("Signature")?).ok_or(malformed("Signature"))?,
        })
    }

    /// Whether the request is by the owner of `secret`, and made within `tolerance` of `now` (the
    /// services take 15 minutes).
    ///
    /// `request` is the one that the claim was read from: all that was sent. Signatures are
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
        let all = request.query.iter().chain(request.form).copied();
        let signed = all.filter(|(name, _)| *name != "Signature").collect();
        let to_sign = string_to_sign(request.method, signed);
        check_sha1(key(secret).as_bytes(), to_sign.as_bytes(), &self.signature)
    }
}
