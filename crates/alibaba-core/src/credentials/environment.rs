//! Credentials from environment variables.

use std::sync::Arc;

use alibaba_sign::Credentials;
use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

use crate::environment::{SharedEnvironment, SystemEnvironment};
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials};

const NAME: &str = "environment variables";
const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";

/// `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for temporary
/// credentials, `ALIBABA_CLOUD_SECURITY_TOKEN`.
///
/// Neither id nor secret set is "not configured"; one without the other is an error.
#[derive(Clone, Debug)]
pub struct EnvProvider {
    environment: SharedEnvironment,
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
        Self { environment }
    }

    fn read(&self) -> Result<Identity, CredentialsError> {
        let missing = |kind, step: String| Err(CredentialsError::new(kind, NAME, step));
        match (
            self.environment.non_empty(ID),
            self.environment.non_empty(SECRET),
        ) {
            (Some(id), Some(secret)) => {
                let mut credentials = Credentials::new(id, secret);
                if let Some(token) = self.environment.non_empty(TOKEN) {
                    credentials = credentials.with_security_token(token);
                }
                Identity::new(NAME, credentials, None)
            }
            (None, None) => missing(
                CredentialsErrorKind::NotConfigured,
                format!("find `{ID}` and `{SECRET}`: neither is set"),
            ),
            (id, _) => {
                let (set, unset) = if id.is_some() {
                    (ID, SECRET)
                } else {
                    (SECRET, ID)
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
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        ready(self.read().map(Arc::new)).boxed()
    }
}
