//! Who signs: credentials with their expiry, and the port through which they come.

mod error;

use std::fmt::Debug;
use std::sync::Arc;

use alibaba_sign::Credentials;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

pub use error::{CredentialsError, CredentialsErrorKind};

/// The longest id, secret or token taken. Services refuse headers far shorter than this.
const MAX_PART: usize = 64 << 10;

/// Credentials, until when they are good, and where they came from.
///
/// Shared as one `Arc` until they change, so that whatever is derived from them (the signing key
/// of a day) can be kept with them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identity {
    /// What requests are signed with.
    pub credentials: Credentials,
    /// When they stop working; `None` for long-term keys and where that is not known.
    pub expires_at: Option<DateTime<Utc>>,
    /// The provider's name, for logs and errors.
    pub provider: &'static str,
}

impl Identity {
    /// Checked credentials from the provider of this name.
    ///
    /// # Errors
    ///
    /// If id, secret or token is empty, longer than 64 KiB, or has characters that a header
    /// cannot have: they would break the request, or split it in two.
    pub fn new(
        provider: &'static str,
        credentials: Credentials,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<Self, CredentialsError> {
        let check = |name: &str, value: &str| {
            let problem = if value.is_empty() {
                "is empty"
            } else if value.len() > MAX_PART {
                "is longer than 64 KiB"
            } else if value.bytes().any(|b| !(0x21..=0x7e).contains(&b)) {
                "holds spaces, line ends or other characters that no credential has"
            } else {
                return Ok(());
            };
            let step = format!("accept the credentials: the {name} {problem}");
            Err(CredentialsError::new(
                CredentialsErrorKind::Invalid,
                provider,
                step,
            ))
        };
        check("AccessKey id", &credentials.access_key_id)?;
        check("AccessKey secret", credentials.access_key_secret.expose())?;
        if let Some(token) = &credentials.security_token {
            check("security token", token.expose())?;
        }
        Ok(Self {
            credentials,
            expires_at,
            provider,
        })
    }

    /// Whether they still work at `now`.
    #[must_use]
    pub fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// A source of credentials.
///
/// Implementations say whether they are [not configured](CredentialsErrorKind::NotConfigured), so
/// that a chain may go on to the next, or configured and failing, where a chain must stop: falling
/// through to other credentials would act under an identity that nobody chose.
pub trait ProvideCredentials: Debug + Send + Sync {
    /// The provider's name, for logs and errors.
    fn name(&self) -> &'static str;

    /// The credentials to sign with now.
    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>>;

    /// Told that a service refused this identity, so that a provider which keeps it fetches
    /// another. Those that keep nothing ignore it.
    fn invalidate(&self, identity: &Identity) {
        let _ = identity;
    }
}

/// A source of credentials shared between clients.
pub type SharedCredentials = Arc<dyn ProvideCredentials>;

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        (**self).provide()
    }

    fn invalidate(&self, identity: &Identity) {
        (**self).invalidate(identity);
    }
}
