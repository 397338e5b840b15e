//! Whose keys signed a request.

use alibaba_ram::Principal;
use alibaba_sign::Secret;
use chrono::{DateTime, Utc};

use super::ACCOUNT_ID;

/// The owner of a pair of keys.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) access_key_id: String,
    pub(crate) secret: Secret,
    /// What requests must carry beside the signature.
    pub(crate) token: Option<Secret>,
    /// When the keys end, of those that do.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) identity: Identity,
}

/// Why a pair of keys opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyProblem {
    /// There is none of this id.
    Unknown,
    /// It was taken out of use.
    Inactive,
}

/// What is wrong with the security token of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    /// The keys are temporary, and no token came with them.
    Missing,
    /// It is not that of these keys.
    Mismatch,
    /// The session is over.
    Expired,
}

impl Caller {
    /// Whether the token that came with a request is the one of these keys, and still good.
    pub(crate) fn check_token(
        &self,
        sent: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), TokenProblem> {
        match (&self.token, sent) {
            (None, None) => Ok(()),
            (Some(_), None) => Err(TokenProblem::Missing),
            (Some(token), Some(sent)) if is_same(token.expose(), sent) => {
                if self.expires_at.is_some_and(|end| end <= now) {
                    return Err(TokenProblem::Expired);
                }
                Ok(())
            }
            _ => Err(TokenProblem::Mismatch),
        }
    }
}

/// Compares without telling, by the time that it takes, how much was right.
fn is_same(own: &str, sent: &str) -> bool {
    let pairs = own.bytes().zip(sent.bytes());
    let differing = pairs.fold(0, |differing, (own, sent)| differing | (own ^ sent));
    own.len() == sent.len() && std::hint::black_box(differing) == 0
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The account itself, which may do everything.
    Account,
    User {
        name: String,
        id: String,
    },
    /// Somebody who assumed a role.
    Session {
        role: String,
        role_id: String,
        name: String,
    },
}

impl Identity {
    /// The resource name, as policies and GetCallerIdentity have it.
    pub(crate) fn arn(&self) -> String {
        match self {
            Self::Account => format!("acs:ram::{ACCOUNT_ID}:root"),
            Self::User { name, .. } => format!("acs:ram::{ACCOUNT_ID}:user/{name}"),
            Self::Session { role, name, .. } => {
                format!("acs:ram::{ACCOUNT_ID}:role/{role}/{name}")
            }
        }
    }

    /// As the policy evaluator names it.
    pub(crate) fn principal(&self) -> Principal {
        Principal::ram(self.arn())
    }

    /// As `AuthPrincipalType` has it.
    pub(crate) fn principal_type(&self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::User { .. } => "SubUser",
            Self::Session { .. } => "AssumedRoleUser",
        }
    }

    /// As `AuthPrincipalDisplayName` has it.
    pub(crate) fn display_name(&self) -> String {
        match self {
            Self::Account => ACCOUNT_ID.to_owned(),
            Self::User { id, .. } => id.clone(),
            Self::Session { role, name, .. } => format!("{role}:{name}"),
        }
    }
}
