//! What the official SDKs made of a request, as files in `tests/vectors`, and what every verifier is
//! held to.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Credentials, Secret, VerifyError};

/// How far a signing time may be off, in all tests.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(900);

/// One recorded request. The types of its halves are the algorithm's own.
#[derive(Deserialize)]
pub(crate) struct Case<I, E> {
    pub(crate) name: String,
    pub(crate) input: I,
    pub(crate) expected: E,
}

#[derive(Deserialize)]
struct File<I, E> {
    cases: Vec<Case<I, E>>,
}

/// The cases of a file, which holds `count` of them.
pub(crate) fn cases<I: DeserializeOwned, E: DeserializeOwned>(
    file: &str,
    count: usize,
) -> Vec<Case<I, E>> {
    let file: File<I, E> = serde_json::from_str(file).unwrap();
    assert_eq!(file.cases.len(), count);
    file.cases
}

/// Who signed.
#[derive(Deserialize)]
pub(crate) struct Keys {
    pub(crate) access_key_id: String,
    access_key_secret: String,
    security_token: Option<String>,
}

impl Keys {
    pub(crate) fn credentials(&self) -> Credentials {
        let credentials = Credentials::new(&*self.access_key_id, &*self.access_key_secret);
        match &self.security_token {
            Some(token) => credentials.with_security_token(token.as_str()),
            None => credentials,
        }
    }

    pub(crate) fn secret(&self) -> Secret {
        Secret::new(&*self.access_key_secret)
    }
}

/// Recorded headers as the algorithms take them.
pub(crate) fn bytes(headers: &[(String, String)]) -> Vec<(&str, &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect()
}

/// Recorded query parameters, of which some have no value.
pub(crate) fn optional(query: &[(String, Option<String>)]) -> Vec<(&str, Option<&str>)> {
    query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect()
}

/// The recorded header of this name, in any case.
pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map_or("", |(_, value)| value)
}

/// Holds a verifier to the secret and, to the second, to the tolerance. `verify` gets the secret and
/// how many seconds after signing it is. Returns the string to sign and the canonical request that
/// the verifier shows to whoever signed with another secret.
pub(crate) fn check_verifier(
    name: &str,
    secret: &Secret,
    verify: impl Fn(&Secret, u64) -> Result<(), VerifyError>,
) -> (String, String) {
    verify(secret, 900).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        matches!(verify(secret, 901), Err(VerifyError::Skewed { .. })),
        "{name}"
    );
    mismatch(name, verify(&Secret::new("another"), 0))
}

/// What a verifier shows that was given another secret.
pub(crate) fn mismatch(name: &str, verified: Result<(), VerifyError>) -> (String, String) {
    match verified {
        Err(VerifyError::Mismatch {
            string_to_sign,
            canonical_request,
        }) => (string_to_sign, canonical_request),
        other => panic!("{name}: another secret made {other:?}"),
    }
}
