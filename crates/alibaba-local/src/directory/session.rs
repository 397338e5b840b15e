//! Sessions of roles.

use alibaba_ram::PolicyDocument;
use alibaba_sign::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::written;

/// What a session is opened with.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) role: String,
    /// The session's own name.
    pub(crate) name: String,
    /// Narrows what the role may do.
    pub(crate) policy: Option<PolicyDocument>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Temporary credentials of somebody who assumed a role. They end by the clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) access_key_id: String,
    #[serde(with = "written")]
    pub(crate) secret: Secret,
    #[serde(with = "written")]
    pub(crate) token: Secret,
    pub(crate) role: String,
    pub(crate) role_id: String,
    pub(crate) name: String,
    #[serde(with = "written::optional")]
    pub(crate) policy: Option<PolicyDocument>,
    pub(crate) expires_at: DateTime<Utc>,
}

impl Session {
    /// New credentials for a role.
    pub(crate) fn open(new: NewSession, role_id: String) -> Self {
        Self {
            access_key_id: format!("STS.{}", random_text(24)),
            secret: Secret::from(random_text(44)),
            token: Secret::from(random_text(120)),
            role: new.role,
            role_id,
            name: new.name,
            policy: new.policy,
            expires_at: new.expires_at,
        }
    }
}

/// Letters and digits that nobody guesses.
pub(crate) fn random_text(len: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // From the system's generator; these bytes of a uid are random, and each letter is as likely as the others.
    let even = u8::MAX - u8::MAX % LETTERS.len() as u8;
    std::iter::repeat_with(|| Uuid::new_v4().into_bytes())
        .flat_map(|[a, b, c, d, e, f, _, h, _, rest @ ..]| {
            [a, b, c, d, e, f, h].into_iter().chain(rest)
        })
        .filter(|byte| *byte < even)
        .map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]))
        .take(len)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn random_texts_are_long_enough_of_all_letters_and_never_the_same() {
        for len in [0, 1, 24, 120] {
            assert_eq!(random_text(len).len(), len);
        }
        let all = random_text(20_000);
        let letters: HashSet<char> = all.chars().collect();
        assert_eq!(letters.len(), 62);
        assert!(all.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let texts: HashSet<String> = (0..1000).map(|_| random_text(24)).collect();
        assert_eq!(texts.len(), 1000);
    }
}
