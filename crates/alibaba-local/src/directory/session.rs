//! Sessions of roles.

use alibaba_ram::PolicyDocument;
use alibaba_sign::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(len)
        .collect()
}
