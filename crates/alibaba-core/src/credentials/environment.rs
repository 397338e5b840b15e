//! Credentials from environment variables.

use std::sync::Arc;

use alibaba_sign::Credentials;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

use crate::environment::{SharedEnvironment, SystemEnvironment};
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials};

/// Which variables hold what.
#[derive(Debug)]
struct Variables {
    provider: &'static str,
    id: &'static str,
    secret: &'static str,
    token: &'static str,
}

const ALIBABA_CLOUD: Variables = Variables {
    provider: "environment variables",
    id: "ALIBABA_CLOUD_ACCESS_KEY_ID",
    secret: "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    token: "ALIBABA_CLOUD_SECURITY_TOKEN",
};

const OSS: Variables = Variables {
    provider: "OSS environment variables",
    id: "OSS_ACCESS_KEY_ID",
    secret: "OSS_ACCESS_KEY_SECRET",
    token: "OSS_SESSION_TOKEN",
};

/// `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for temporary
/// credentials, `ALIBABA_CLOUD_SECURITY_TOKEN`; or [what ossutil reads](Self::oss).
///
/// Neither id nor secret set is "not configured"; one without the other is an error.
#[derive(Clone, Debug)]
pub struct EnvProvider {
    environment: SharedEnvironment,
    variables: &'static Variables,
}

impl Default for EnvProvider {
    /// Reads the process's environment.
    fn default() -> Self {
        Self::new(Arc::new(SystemEnvironment))
    }
}

impl EnvProvider {
    /// Reads this environment.
    #[must_use]
    pub fn new(environment: SharedEnvironment) -> Self {
        Self {
            environment,
            variables: &ALIBABA_CLOUD,
        }
    }

    /// The variables of ossutil and of OSS's own SDKs: `OSS_ACCESS_KEY_ID`, `OSS_ACCESS_KEY_SECRET`
    /// and, for temporary credentials, `OSS_SESSION_TOKEN`.
    ///
    /// The default chain does not ask for them, as the official one does not: keys that were meant
    /// for one bucket would call every product. A program that talks to OSS alone puts them first:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use alibaba_core::Context;
    /// use alibaba_core::credentials::{Chain, EnvProvider};
    ///
    /// # fn example(context: Context) {
    /// let oss = EnvProvider::oss(Arc::clone(&context.environment));
    /// let official = Chain::official(&context);
    /// let chain = Chain::new("OSS's chain", vec![Arc::new(oss), Arc::new(official)]);
    /// # }
    /// ```
    #[must_use]
    pub fn oss(environment: SharedEnvironment) -> Self {
        Self {
            environment,
            variables: &OSS,
        }
    }

    fn read(&self) -> Result<Identity, CredentialsError> {
        let Variables {
            provider,
            id: id_name,
            secret: secret_name,
            token: token_name,
        } = *self.variables;
        let missing = |kind, step: String| Err(CredentialsError::new(kind, provider, step));
        match (
            self.environment.non_empty(id_name),
            self.environment.non_empty(secret_name),
        ) {
            (Some(id), Some(secret)) => {
                let mut credentials = Credentials::new(id, secret);
                if let Some(token) = self.environment.non_empty(token_name) {
                    credentials = credentials.with_security_token(token);
                }
                Identity::new(provider, credentials, None)
            }
            (None, None) => missing(
                CredentialsErrorKind::NotConfigured,
                format!("find `{id_name}` and `{secret_name}`: neither is set"),
            ),
            (id, _) => {
                let (set, unset) = if id.is_some() {
                    (id_name, secret_name)
                } else {
                    (secret_name, id_name)
                };
                missing(
                    CredentialsErrorKind::Invalid,
                    format!("find `{unset}`: it is not set, while `{set}` is"),
                )
            }
        }
    }
}

impl ProvideCredentials for EnvProvider {
    fn name(&self) -> &'static str {
        self.variables.provider
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        ready(self.read().map(Arc::new)).boxed()
    }
}
