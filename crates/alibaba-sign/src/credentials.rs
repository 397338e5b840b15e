//! What a request is signed with.

use crate::Secret;

/// An AccessKey pair, with a security token where STS issued it.
///
/// ```
/// use alibaba_sign::Credentials;
///
/// let long_term = Credentials::new("LTAI-example-id", "example-secret");
/// let temporary = Credentials::new("STS.example-id", "example-secret").with_security_token("token");
/// assert!(long_term.security_token.is_none());
/// assert!(!format!("{temporary:?}").contains("example-secret"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `LTAI…` for long-term keys, `STS.…` for temporary ones. Not a secret.
    pub access_key_id: String,
    /// The key that signs.
    pub access_key_secret: Secret,
    /// Sent, and signed, with every request made with temporary credentials.
    pub security_token: Option<Secret>,
}

impl Credentials {
    /// A pair without a security token.
    pub fn new(access_key_id: impl Into<String>, access_key_secret: impl Into<Secret>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            access_key_secret: access_key_secret.into(),
            security_token: None,
        }
    }

    /// The same pair as issued by STS, together with its token.
    #[must_use]
    pub fn with_security_token(mut self, token: impl Into<Secret>) -> Self {
        self.security_token = Some(token.into());
        self
    }
}
