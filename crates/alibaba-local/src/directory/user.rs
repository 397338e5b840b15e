//! Who may call.

use std::collections::HashMap;

use alibaba_sign::Secret;

/// A caller that the server knows: an AccessKey pair, perhaps a security token, and its rights.
#[derive(Clone, Debug)]
pub struct User {
    pub(crate) access_key_id: String,
    pub(crate) secret: Secret,
    pub(crate) token: Option<Secret>,
    pub(crate) actions: Option<Vec<String>>,
}

impl User {
    /// A user who may do everything.
    pub fn new(access_key_id: impl Into<String>, access_key_secret: impl Into<Secret>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret: access_key_secret.into(),
            token: None,
            actions: None,
        }
    }

    /// Temporary credentials: requests must carry this token.
    #[must_use]
    pub fn with_security_token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Restricts the user to these RAM actions, such as `oss:PutObject`.
    #[must_use]
    pub fn allow_only<A: Into<String>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.actions = Some(actions.into_iter().map(Into::into).collect());
        self
    }

    /// Whether the user's rights cover a RAM action.
    pub(crate) fn may(&self, action: &str) -> bool {
        self.actions.as_ref().is_none_or(|allowed| {
            allowed
                .iter()
                .any(|a| a.eq_ignore_ascii_case(action) || a == "oss:*" || a == "*")
        })
    }
}

/// Every known user by AccessKey id.
pub(crate) type Users = HashMap<String, User>;
