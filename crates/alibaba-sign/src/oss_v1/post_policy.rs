//! Form uploads from a browser.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::mac::{self, Sha1Mac};
use crate::verify::{check_sha1, malformed};
use crate::{Credentials, Secret, VerifyError};

/// Signs a POST policy, a JSON document. Only the policy is signed: the policy's conditions say
/// what else a form must have.
#[must_use]
pub fn sign_post_policy(credentials: &Credentials, policy_json: &str) -> PostPolicyFields {
    let policy = BASE64_STANDARD.encode(policy_json);
    let secret = credentials.access_key_secret.expose().as_bytes();
    PostPolicyFields {
        access_key_id: credentials.access_key_id.clone(),
        signature: Sha1Mac::new(secret, policy.as_bytes()).into_base64(),
        security_token: credentials.security_token.clone(),
        policy,
    }
}

/// Whether a form's `Signature` is that of its `policy`, both as sent in the form, by the
/// owner of `secret`. Compared in constant time. When the policy expires, and whether the form meets
/// its conditions, is for the caller to check.
///
/// # Errors
///
/// [`VerifyError::Malformed`] and [`VerifyError::Mismatch`].
pub fn verify_post_policy(
    secret: &Secret,
    policy: &str,
    signature: &str,
) -> Result<(), VerifyError> {
    let signature = mac::read_sha1(signature).ok_or(malformed("Signature"))?;
    check_sha1(secret.expose().as_bytes(), policy.as_bytes(), &signature)
}

/// The form fields that go before `key` and `file`.
#[derive(Clone)]
pub struct PostPolicyFields {
    access_key_id: String,
    policy: String,
    signature: String,
    security_token: Option<Secret>,
}

impl PostPolicyFields {
    /// Every field with its value, in the order to send.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("OSSAccessKeyId", Some(self.access_key_id.as_str())),
            ("policy", Some(self.policy.as_str())),
            ("Signature", Some(self.signature.as_str())),
            (
                "x-oss-security-token",
                self.security_token.as_ref().map(Secret::expose),
            ),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl fmt::Debug for PostPolicyFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostPolicyFields")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}
