//! Why a verifier refuses a request.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::mac;

/// Why a signed request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Some part of the claim is missing or not in its form.
    #[error("malformed `{part}`")]
    Malformed {
        /// The header, parameter or part of it.
        part: &'static str,
    },
    /// The day of the scope is not the day of the signing time.
    #[error("credential scope and signing time name different days")]
    ScopeDate,
    /// Signed for another region.
    #[error("signed for region `{found}`, expected `{expected}`")]
    Region {
        /// The region of the scope.
        found: String,
        /// The region asked about.
        expected: String,
    },
    /// Signed for another product.
    #[error("signed for product `{0}`")]
    Product(String),
    /// The signing time is too far from now.
    #[error("signed at {signed_at}, which is more than {tolerance:?} from {now}")]
    Skewed {
        /// The time in the request.
        signed_at: DateTime<Utc>,
        /// The verifier's time.
        now: DateTime<Utc>,
        /// What would have been accepted.
        tolerance: Duration,
    },
    /// A presigned URL was used after its time.
    #[error("presigned URL expired at {0}")]
    Expired(DateTime<Utc>),
    /// A header that must be signed wherever it is present is not in the signed list.
    #[error("header `{0}` is not signed")]
    Unsigned(String),
    /// A header of the signed list did not arrive: a proxy on the way may have removed it.
    #[error("signed header `{0}` did not arrive")]
    Absent(String),
    /// The body does not have the hash that was signed.
    #[error("body does not have the hash that was signed")]
    Payload,
    /// The signature is not that of this request and this secret.
    #[error("signature does not match")]
    Mismatch {
        /// What the verifier signed; compare it with the client's.
        string_to_sign: String,
        /// What the string's hash was made of; empty for the algorithms of the first generation,
        /// which sign the text itself.
        canonical_request: String,
    },
}

pub(crate) fn malformed(part: &'static str) -> VerifyError {
    VerifyError::Malformed { part }
}

/// Reads an `Authorization` of the first generation, `SCHEME id:signature`.
pub(crate) fn read_scheme<'a>(
    scheme: &str,
    authorization: &'a str,
) -> Result<(&'a str, [u8; 20]), VerifyError> {
    let (id, signature) = authorization
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix(' '))
        // From the right: base64 holds no colon, and nothing forbids one in an id.
        .and_then(|rest| rest.trim().rsplit_once(':'))
        .filter(|(id, _)| !id.is_empty())
        .ok_or(malformed("authorization"))?;
    let signature = mac::read_sha1(signature).ok_or(malformed("signature"))?;
    Ok((id, signature))
}

/// Refuses a signing time further than `tolerance` from now, either way.
pub(crate) fn check_skew(
    signed_at: DateTime<Utc>,
    now: DateTime<Utc>,
    tolerance: Duration,
) -> Result<(), VerifyError> {
    if now
        .signed_duration_since(signed_at)
        .abs()
        .to_std()
        .unwrap_or(Duration::MAX)
        > tolerance
    {
        return Err(VerifyError::Skewed {
            signed_at,
            now,
            tolerance,
        });
    }
    Ok(())
}

/// Whether this is the signature of the first generation that `key` makes of the text.
pub(crate) fn check_sha1(
    key: &[u8],
    string_to_sign: &[u8],
    signature: &[u8; 20],
) -> Result<(), VerifyError> {
    if mac::Sha1Mac::new(key, string_to_sign).is(signature) {
        return Ok(());
    }
    Err(VerifyError::Mismatch {
        string_to_sign: String::from_utf8_lossy(string_to_sign).into_owned(),
        canonical_request: String::new(),
    })
}
