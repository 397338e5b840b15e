//! RAM users, and the account itself.

use alibaba_ram::{PolicyDocument, Statement};
use alibaba_sign::Secret;
use serde::{Deserialize, Serialize};

use super::written;

/// A policy under the name that denials and the request log call it by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NamedPolicy {
    pub(crate) name: String,
    #[serde(with = "written")]
    pub(crate) document: PolicyDocument,
}

impl NamedPolicy {
    pub(crate) fn new(name: impl Into<String>, document: PolicyDocument) -> Self {
        Self {
            name: name.into(),
            document,
        }
    }
}

/// A RAM user with one pair of keys, perhaps a security token, and its policies.
///
/// ```
/// use alibaba_local::{PolicyDocument, Statement, User};
///
/// let only_reads = PolicyDocument::new().statement(
///     Statement::allow().action(["oss:GetObject", "oss:ListObjects"]).resource("acs:oss:*:*:backups*"),
/// );
/// let reader = User::new("LTAI-reader", "secret").named("reader").policy("ReadBackups", only_reads);
/// # let _ = reader;
/// ```
#[derive(Clone, Debug)]
pub struct User {
    pub(crate) access_key_id: String,
    pub(crate) secret: Secret,
    pub(crate) token: Option<Secret>,
    pub(crate) name: Option<String>,
    pub(crate) is_account: bool,
    /// `None` before the first one is set: an administrator.
    pub(crate) policies: Option<Vec<NamedPolicy>>,
}

impl User {
    /// A user who may do everything, by the system policy `AdministratorAccess`; the first
    /// [`policy`](Self::policy) takes its place.
    pub fn new(access_key_id: impl Into<String>, access_key_secret: impl Into<Secret>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret: access_key_secret.into(),
            token: None,
            name: None,
            is_account: false,
            policies: None,
        }
    }

    /// A pair of keys of the account itself, which no policy restricts, and which cannot assume
    /// roles.
    pub fn account(access_key_id: impl Into<String>, access_key_secret: impl Into<Secret>) -> Self {
        Self {
            is_account: true,
            ..Self::new(access_key_id, access_key_secret)
        }
    }

    /// The user's name; that of the AccessKey unless set.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Temporary credentials: requests must carry this token.
    #[must_use]
    pub fn with_security_token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Gives the user a policy that is its alone: RAM neither lists nor detaches it. From the first
    /// one on the user may do what its policies allow, and no more.
    #[must_use]
    pub fn policy(mut self, name: impl Into<String>, document: PolicyDocument) -> Self {
        self.policies
            .get_or_insert_default()
            .push(NamedPolicy::new(name, document));
        self
    }

    /// Attaches a policy that allows these RAM actions, such as `oss:PutObject`, on everything.
    #[must_use]
    pub fn allow_only<A: Into<String>>(self, actions: impl IntoIterator<Item = A>) -> Self {
        let actions: Vec<A> = actions.into_iter().collect();
        let allowed = Statement::allow().action(actions).resource("*");
        self.policy("AllowOnly", PolicyDocument::new().statement(allowed))
    }
}
