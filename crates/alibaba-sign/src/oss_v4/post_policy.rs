//! Form uploads from a browser.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};

use super::stamp::Stamp;
use super::{ALGORITHM, Signer};
use crate::hex::Hex32;
use crate::{Credentials, Secret};

impl Signer {
    /// The value of `x-oss-credential`, which the policy's conditions must repeat.
    #[must_use]
    pub fn credential(&self, credentials: &Credentials, now: DateTime<Utc>) -> String {
        self.credential_at(credentials, &Stamp::new(now))
    }

    pub(super) fn credential_at(&self, credentials: &Credentials, stamp: &Stamp) -> String {
        let (id, scope) = (&credentials.access_key_id, self.scope(stamp));
        let mut out = String::with_capacity(id.len() + 1 + scope.len());
        out.push_str(id);
        out.push('/');
        scope.push_to(&mut out);
        out
    }

    /// Signs a POST policy: a JSON document whose conditions hold `x-oss-signature-version`,
    /// `x-oss-credential` and `x-oss-date` (and `x-oss-security-token`, where there is one) equal
    /// to the fields returned.
    #[must_use]
    pub fn sign_post_policy(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        policy_json: &str,
    ) -> PostPolicyFields {
        let stamp = Stamp::new(now);
        let policy = BASE64_STANDARD.encode(policy_json);
        let secret = &credentials.access_key_secret;
        let signature = self.signature_of(secret, &stamp, policy.as_bytes());
        PostPolicyFields {
            policy,
            credential: self.credential_at(credentials, &stamp),
            stamp,
            security_token: credentials.security_token.clone(),
            signature,
        }
    }
}

/// The form fields that go before `key` and `file`.
#[derive(Clone)]
pub struct PostPolicyFields {
    policy: String,
    credential: String,
    stamp: Stamp,
    security_token: Option<Secret>,
    signature: Hex32,
}

impl PostPolicyFields {
    /// Every field with its value, in the order to send.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("policy", Some(self.policy.as_str())),
            ("x-oss-signature-version", Some(ALGORITHM)),
            ("x-oss-credential", Some(self.credential.as_str())),
            ("x-oss-date", Some(self.stamp.as_str())),
            ("x-oss-signature", Some(self.signature.as_str())),
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
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}
