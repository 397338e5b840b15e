//! Credentials of a role, assumed with other credentials.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use parking_lot::Mutex;

use crate::endpoint::Endpoint;
use crate::identity::{
    CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials, SharedCredentials,
};
use crate::sts::{self, AssumeRole, AssumedRole};
use crate::{Context, Error, ErrorKind};

const NAME: &str = "assumed role";

/// Assumes a role by `AssumeRole`, signed with the credentials of another provider. That provider
/// can be one of these too: a chain of roles.
///
/// Wrap this in a [cache](super::CachedProvider): each `provide` calls STS.
#[derive(Clone, Debug)]
pub struct AssumeRoleProvider {
    context: Context,
    source: SharedCredentials,
    request: AssumeRole,
    endpoint: Option<Endpoint>,
}

impl AssumeRoleProvider {
    /// Assumes the role that `request` names with what `source` provides.
    #[must_use]
    pub fn new(context: &Context, source: SharedCredentials, request: AssumeRole) -> Self {
        Self {
            context: context.clone(),
            source,
            request,
            endpoint: None,
        }
    }

    /// Calls STS at this address, and not where the environment says.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    async fn assume(&self) -> Result<Identity, CredentialsError> {
        let failed = |error| sts_failure(NAME, error);
        // Asked here, so that its error is not reported as one of STS.
        let first = self.source.provide().await?;
        let source = Given {
            first: Mutex::new(Some(first)),
            source: Arc::clone(&self.source),
        };
        let source = Arc::new(source);
        let client = match &self.endpoint {
            Some(endpoint) => sts::Client::builder(&self.context, None, source)
                .with_endpoint(endpoint.clone())
                .build(),
            None => sts::Client::from_environment(&self.context, source),
        }
        .map_err(failed)?;
        identity_of(
            NAME,
            client.assume_role(&self.request).await.map_err(failed)?,
        )
    }
}

impl ProvideCredentials for AssumeRoleProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move { self.assume().await.map(Arc::new) }.boxed()
    }
}

/// What the source has provided already, and after a refusal the source itself: it may have assumed
/// a role for it, and is not asked twice.
#[derive(Debug)]
struct Given {
    first: Mutex<Option<Arc<Identity>>>,
    source: SharedCredentials,
}

impl ProvideCredentials for Given {
    fn name(&self) -> &'static str {
        self.source.name()
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        match &*self.first.lock() {
            Some(first) => ready(Ok(Arc::clone(first))).boxed(),
            None => self.source.provide(),
        }
    }

    fn invalidate(&self, identity: &Identity) {
        *self.first.lock() = None;
        self.source.invalidate(identity);
    }
}

pub(super) fn identity_of(
    provider: &'static str,
    role: AssumedRole,
) -> Result<Identity, CredentialsError> {
    Identity::new(provider, role.credentials, Some(role.expires_at))
}

pub(super) fn sts_failure(provider: &'static str, error: Error) -> CredentialsError {
    let kind = match error.kind() {
        ErrorKind::Configuration | ErrorKind::Response => CredentialsErrorKind::Invalid,
        kind if kind.is_retryable() => CredentialsErrorKind::Unavailable,
        _ => CredentialsErrorKind::Refused,
    };
    CredentialsError::new(kind, provider, "exchange them at STS").with_source(error)
}
