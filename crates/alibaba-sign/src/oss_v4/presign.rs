//! URLs that carry their own signature.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::canonical::{canonical, string_to_sign};
use super::stamp::Stamp;
use super::{ALGORITHM, Request, Signer};
use crate::percent::encode_to;
use crate::{Credentials, PresignedQuery};

/// Seven days: OSS refuses more with EC 0002-00000232.
pub const MAX_EXPIRY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why a URL cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PresignError {
    /// OSS takes whole seconds, from one to seven days' worth.
    #[error("presigned URL expires after {0:?}: OSS takes 1 second to 7 days")]
    Expiry(Duration),
}

impl Signer {
    /// The query string of a URL that anyone may use until `now + expires`, for exactly this
    /// method, bucket, key and query, with the signed headers among `request.headers`.
    ///
    /// A URL signed with a security token dies with the token, even if `expires` is later.
    ///
    /// # Errors
    ///
    /// When `expires` is under a second or over [`MAX_EXPIRY`].
    pub fn presign(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        expires: Duration,
        request: &Request<'_>,
    ) -> Result<PresignedQuery, PresignError> {
        if expires.as_secs() == 0 || expires > MAX_EXPIRY {
            return Err(PresignError::Expiry(expires));
        }
        let stamp = Stamp::new(now);
        let scope = self.scope(&stamp);
        let seconds = expires.as_secs().to_string();
        let credential = format!("{}/{scope}", credentials.access_key_id);
        let additional = additional_names(request);
        let own = [
            ("x-oss-signature-version", Some(ALGORITHM)),
            ("x-oss-date", Some(stamp.as_str())),
            ("x-oss-expires", Some(seconds.as_str())),
            ("x-oss-credential", Some(credential.as_str())),
            (
                "x-oss-security-token",
                credentials
                    .security_token
                    .as_ref()
                    .map(crate::Secret::expose),
            ),
            (
                "x-oss-additional-headers",
                (!additional.is_empty()).then_some(additional.as_str()),
            ),
        ];
        let pairs = || {
            request
                .query
                .iter()
                .copied()
                .filter(|(name, _)| !is_signing_parameter(name))
                .chain(own.iter().filter(|(_, value)| value.is_some()).copied())
        };
        let canonical = canonical(request, pairs(), request.headers.iter().copied());
        let to_sign = string_to_sign(stamp.as_str(), &scope, &canonical.bytes);

        let mut query = String::with_capacity(320);
        for (name, value) in pairs() {
            encode_to(&mut query, name);
            if let Some(value) = value {
                query.push('=');
                encode_to(&mut query, value);
            }
            query.push('&');
        }
        query.push_str("x-oss-signature=");
        self.signature(&credentials.access_key_secret, &stamp, &to_sign, &mut query);
        Ok(PresignedQuery(query))
    }
}

/// Parameters that signing sets itself; stale ones are dropped.
fn is_signing_parameter(name: &str) -> bool {
    matches!(
        name,
        "x-oss-signature-version"
            | "x-oss-date"
            | "x-oss-expires"
            | "x-oss-credential"
            | "x-oss-security-token"
            | "x-oss-additional-headers"
            | "x-oss-signature"
    )
}

/// The additional names that are in the request and not signed anyway, joined by `;`.
fn additional_names(request: &Request<'_>) -> String {
    canonical(request, std::iter::empty(), request.headers.iter().copied()).additional
}
