//! URLs that carry their own signature.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::canonical::{additional_names, canonical};
use super::stamp::Stamp;
use super::{ALGORITHM, Request, Signer};
use crate::{Credentials, PresignedQuery, Secret};

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
    /// If `expires` is under a second or over [`MAX_EXPIRY`].
    pub fn presign(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        expires: Duration,
        request: &Request<'_>,
    ) -> Result<PresignedQuery, PresignError> {
        self.presign_after("", credentials, now, expires, request)
            .map(PresignedQuery)
    }

    /// As [`Signer::presign`], with what the query stands after before it.
    pub(crate) fn presign_after(
        &self,
        before: &str,
        credentials: &Credentials,
        now: DateTime<Utc>,
        expires: Duration,
        request: &Request<'_>,
    ) -> Result<String, PresignError> {
        if expires.as_secs() == 0 || expires > MAX_EXPIRY {
            return Err(PresignError::Expiry(expires));
        }
        let stamp = Stamp::new(now);
        let seconds = expires.as_secs().to_string();
        let credential = self.credential_at(credentials, &stamp);
        let additional = additional_names(request);
        let token = credentials.security_token.as_ref();
        // Sorted, which leaves less to sort.
        let own = [
            (
                "x-oss-additional-headers",
                (!additional.is_empty()).then_some(additional.as_str()),
            ),
            ("x-oss-credential", Some(credential.as_str())),
            ("x-oss-date", Some(stamp.as_str())),
            ("x-oss-expires", Some(seconds.as_str())),
            ("x-oss-security-token", token.map(Secret::expose)),
            ("x-oss-signature-version", Some(ALGORITHM)),
        ];
        let pairs = request
            .query
            .iter()
            .copied()
            .filter(|(name, _)| !is_signing_parameter(name))
            .chain(own.iter().filter(|(_, value)| value.is_some()).copied());
        let canonical = canonical(request, pairs, request.headers.iter().copied());

        // The order of parameters is free, so they are sent as they are signed.
        let sent = canonical.query();
        let mut out = String::with_capacity(before.len() + sent.len() + 17 + 64);
        for part in [before, sent, "&x-oss-signature="] {
            out.push_str(part);
        }
        let secret = &credentials.access_key_secret;
        out.push_str(self.signature(secret, &stamp, canonical).as_str());
        Ok(out)
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
