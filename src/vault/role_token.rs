//! The token of the role of managed clusters, as ACK keeps it in a Secret and replaces it.

use std::fmt;
use std::sync::Arc;

use alibaba_core::Context;
use alibaba_core::credentials::{
    AddonToken, AddonTokenError, CredentialsError, CredentialsErrorKind, Identity,
    ProvideCredentials,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use crate::component::{ADDON_NAMESPACE, ROLE_TOKEN, ROLE_TOKEN_SECRET};

const NAME: &str = "role of managed clusters";

/// Reads the Secret each time: ACK replaces the token before it expires. Wrap it in a cache.
pub(super) struct RoleToken {
    context: Context,
    secrets: Api<Secret>,
}

impl fmt::Debug for RoleToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleToken").finish_non_exhaustive()
    }
}

impl RoleToken {
    pub(super) fn new(context: &Context, cluster: kube::Client) -> Self {
        Self {
            context: context.clone(),
            secrets: Api::namespaced(cluster, ADDON_NAMESPACE),
        }
    }

    async fn read(&self) -> Result<Identity, CredentialsError> {
        let failed = |kind, step: &str| {
            let step = format!("{step} Secret `{ADDON_NAMESPACE}/{ROLE_TOKEN_SECRET}`");
            CredentialsError::new(kind, NAME, step)
        };
        let found = self.secrets.get(ROLE_TOKEN_SECRET).await.map_err(|error| {
            failed(CredentialsErrorKind::Unavailable, "read").with_source(error)
        })?;
        let content = found.data.as_ref().and_then(|data| data.get(ROLE_TOKEN));
        let content = content.ok_or_else(|| {
            failed(
                CredentialsErrorKind::Invalid,
                "find `addon.token.config` in",
            )
        })?;
        let token = AddonToken::parse(&content.0).map_err(|error| {
            let kind = match error {
                AddonTokenError::Remote { .. } => CredentialsErrorKind::Refused,
                _ => CredentialsErrorKind::Invalid,
            };
            failed(kind, "open the token in").with_source(error)
        })?;
        if token.expires_at <= self.context.clock.now() {
            return Err(failed(CredentialsErrorKind::Expired, "use the token in"));
        }
        Identity::new(NAME, token.credentials, Some(token.expires_at))
    }
}

impl ProvideCredentials for RoleToken {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move { self.read().await.map(Arc::new) }.boxed()
    }
}
