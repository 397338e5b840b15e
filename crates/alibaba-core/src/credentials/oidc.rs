//! Credentials of a role for a Kubernetes service account: RRSA, by OIDC.

use std::path::PathBuf;
use std::sync::Arc;

use alibaba_sign::Secret;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::assume_role::{identity_of, sts_failure};
use crate::Context;
use crate::endpoint::Endpoint;
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials};
use crate::sts::{AssumeRoleWithOidc, FederatedClient};

const NAME: &str = "OIDC role (RRSA)";
const ROLE: &str = "ALIBABA_CLOUD_ROLE_ARN";
const PROVIDER: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
const TOKEN_FILE: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";
const SESSION: &str = "ALIBABA_CLOUD_ROLE_SESSION_NAME";

/// The session name in audit logs where none is chosen.
pub(super) const DEFAULT_SESSION: &str = "alibaba-core";

/// Exchanges a service account's token for a role's credentials, by `AssumeRoleWithOIDC`.
///
/// The token file is read at each refresh, since the kubelet replaces it. Wrap this in a
/// [cache](super::CachedProvider): each `provide` calls STS.
#[derive(Clone, Debug)]
pub struct OidcProvider {
    context: Context,
    role: Option<Role>,
    endpoint: Option<Endpoint>,
}

/// Which role, by which token.
#[derive(Clone, Debug)]
struct Role {
    request: AssumeRoleWithOidc,
    token_file: PathBuf,
}

impl OidcProvider {
    /// What ACK's `ack-pod-identity-webhook` puts into the environment:
    /// `ALIBABA_CLOUD_ROLE_ARN`, `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`, `ALIBABA_CLOUD_OIDC_TOKEN_FILE`
    /// and `ALIBABA_CLOUD_STS_ENDPOINT`. Not configured unless the first three are set.
    #[must_use]
    pub fn from_environment(context: &Context) -> Self {
        Self {
            context: context.clone(),
            role: None,
            endpoint: None,
        }
    }

    /// An explicit role and token file.
    #[must_use]
    pub fn new(
        context: &Context,
        request: AssumeRoleWithOidc,
        token_file: impl Into<PathBuf>,
    ) -> Self {
        let role = Role {
            request,
            token_file: token_file.into(),
        };
        Self {
            role: Some(role),
            ..Self::from_environment(context)
        }
    }

    /// Calls STS at this address, and not where the environment says.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    fn role(&self) -> Result<Role, CredentialsError> {
        if let Some(role) = &self.role {
            return Ok(role.clone());
        }
        let environment = &*self.context.environment;
        let find = |name: &str| {
            environment.non_empty(name).ok_or_else(|| {
                let step = format!("find `{name}`: it is not set");
                CredentialsError::new(CredentialsErrorKind::NotConfigured, NAME, step)
            })
        };
        let session = environment
            .non_empty(SESSION)
            .unwrap_or_else(|| DEFAULT_SESSION.to_owned());
        Ok(Role {
            request: AssumeRoleWithOidc::new(find(ROLE)?, session, find(PROVIDER)?),
            token_file: find(TOKEN_FILE)?.into(),
        })
    }

    async fn exchange(&self) -> Result<Identity, CredentialsError> {
        let role = self.role()?;
        let file = &role.token_file;
        let fail = |kind, step| CredentialsError::new(kind, NAME, step);
        let token = self.context.files.read(file).await.map_err(|error| {
            let step = format!("read the OIDC token file `{}`", file.display());
            fail(CredentialsErrorKind::Unavailable, step).with_source(error)
        })?;
        let token = match String::from_utf8(token).map(Secret::new) {
            Ok(token) if is_token(token.expose().trim_ascii()) => token,
            _ => {
                let step = format!(
                    "read the OIDC token file `{}`: expected a token of 4 to 20000 characters on one line",
                    file.display()
                );
                return Err(fail(CredentialsErrorKind::Invalid, step));
            }
        };
        let token = Secret::new(token.expose().trim_ascii());
        let client = match &self.endpoint {
            Some(endpoint) => FederatedClient::builder(&self.context, None)
                .with_endpoint(endpoint.clone())
                .build(),
            None => FederatedClient::from_environment(&self.context),
        }
        .map_err(|error| sts_failure(NAME, error))?;
        let assumed = client
            .assume_role_with_oidc(&role.request, &token)
            .await
            .map_err(|error| sts_failure(NAME, error))?;
        identity_of(NAME, assumed.role)
    }
}

fn is_token(text: &str) -> bool {
    (4..=20_000).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

impl ProvideCredentials for OidcProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move { self.exchange().await.map(Arc::new) }.boxed()
    }
}
