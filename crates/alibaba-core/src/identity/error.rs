//! Why there are no credentials.

use std::error::Error as StdError;
use std::sync::Arc;

type Source = Arc<dyn StdError + Send + Sync>;

/// Why a provider has no credentials. Holds no secret in any of its forms.
///
/// Clones share the cause: one refresh fails for all who waited for it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("get credentials from {provider}: {step}")]
pub struct CredentialsError {
    kind: CredentialsErrorKind,
    provider: &'static str,
    step: String,
    #[source]
    source: Option<Source>,
}

/// What the caller can make of a [`CredentialsError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialsErrorKind {
    /// Nothing tells this provider to act here. A chain goes on to the next.
    NotConfigured,
    /// The configuration, or what it leads to, is wrong.
    Invalid,
    /// A service refused.
    Refused,
    /// A service or file could not be read; it may be there later.
    Unavailable,
    /// What the source holds has expired.
    Expired,
}

impl CredentialsError {
    /// A provider's error, with the step written as a fragment that fits after "failed to".
    pub fn new(
        kind: CredentialsErrorKind,
        provider: &'static str,
        step: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            provider,
            step: step.into(),
            source: None,
        }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// What the caller can make of it.
    #[must_use]
    pub fn kind(&self) -> CredentialsErrorKind {
        self.kind
    }

    /// The provider's name.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    /// The provider and the step, without the words around them.
    pub(crate) fn reason(&self) -> String {
        format!("{}: {}", self.provider, self.step)
    }

    /// Whether this provider is merely not used here.
    #[must_use]
    pub fn is_not_configured(&self) -> bool {
        self.kind == CredentialsErrorKind::NotConfigured
    }
}
