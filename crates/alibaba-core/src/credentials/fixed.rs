//! Credentials given by the program.

use std::sync::Arc;

use alibaba_sign::{Credentials, Secret};
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

use crate::clock::{SharedClock, SystemClock};
use crate::identity::{
    CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials, SharedCredentials,
};

const NAME: &str = "static credentials";

/// Always the same credentials.
///
/// ```
/// use alibaba_core::credentials::StaticProvider;
///
/// let credentials = StaticProvider::shared("LTAI-example-id", "example-secret")?;
/// # Ok::<(), alibaba_core::credentials::CredentialsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StaticProvider {
    identity: Arc<Identity>,
    clock: SharedClock,
}

impl StaticProvider {
    /// A long-term AccessKey pair, or temporary credentials.
    ///
    /// # Errors
    ///
    /// If a part is empty or has characters that no credential has.
    pub fn new(credentials: Credentials) -> Result<Self, CredentialsError> {
        Self::named(NAME, credentials)
    }

    /// A long-term AccessKey pair, ready to share.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn shared(
        access_key_id: impl Into<String>,
        access_key_secret: impl Into<Secret>,
    ) -> Result<SharedCredentials, CredentialsError> {
        Ok(Arc::new(Self::new(Credentials::new(
            access_key_id,
            access_key_secret,
        ))?))
    }

    /// Checked credentials that another provider found, under its name.
    pub(super) fn named(
        name: &'static str,
        credentials: Credentials,
    ) -> Result<Self, CredentialsError> {
        Ok(Self {
            identity: Arc::new(Identity::new(name, credentials, None)?),
            clock: SystemClock::shared(),
        })
    }

    /// Says when temporary credentials expire. From then on they are refused here, with a clear
    /// error, instead of by each service in its own words.
    #[must_use]
    pub fn expiring_at(mut self, expires_at: DateTime<Utc>, clock: SharedClock) -> Self {
        Arc::make_mut(&mut self.identity).expires_at = Some(expires_at);
        self.clock = clock;
        self
    }
}

impl ProvideCredentials for StaticProvider {
    fn name(&self) -> &'static str {
        self.identity.provider
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        let provided = match self.identity.expires_at {
            Some(expires_at) if self.clock.now() >= expires_at => {
                let step = format!("use the temporary credentials: they expired at `{expires_at}`");
                Err(CredentialsError::new(
                    CredentialsErrorKind::Expired,
                    NAME,
                    step,
                ))
            }
            _ => Ok(Arc::clone(&self.identity)),
        };
        ready(provided).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn expired_temporary_credentials_are_refused() {
        let clock = ManualClock::at("2026-01-15T08:30:00Z".parse().unwrap());
        let credentials = Credentials::new("STS.id", "s3cr3t").with_security_token("t0k3n");
        let provider = StaticProvider::new(credentials).unwrap().expiring_at(
            "2026-01-15T08:31:00Z".parse().unwrap(),
            Arc::new(clock.clone()),
        );
        assert!(provider.provide().await.is_ok());
        clock.advance(Duration::from_secs(60));
        let error = provider.provide().await.unwrap_err();
        assert_eq!(error.kind(), CredentialsErrorKind::Expired);
    }

    #[test]
    fn values_that_would_split_a_header_are_refused_without_being_shown() {
        for credentials in [
            Credentials::new("id\nx-evil: 1", "hunter2"),
            Credentials::new("id", "hunter2\r\n"),
            Credentials::new("id", "hunter2").with_security_token("hunter2 "),
            Credentials::new("", "hunter2"),
            Credentials::new("id", ""),
        ] {
            let error = StaticProvider::new(credentials).unwrap_err();
            assert_eq!(error.kind(), CredentialsErrorKind::Invalid);
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
