//! Several providers, the first that is configured.

use std::sync::{Arc, OnceLock};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{
    AddonTokenProvider, CachedProvider, CliProfileProvider, EcsMetadataProvider, EnvProvider,
    IniProfileProvider, OidcProvider, UriProvider,
};
use crate::Context;
use crate::identity::{
    CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials, SharedCredentials,
};
use crate::process::NoProcesses;

/// Asks its providers in order.
///
/// One that is not configured is skipped; one that is configured and fails ends the search with its
/// error, because going on would act under an identity that nobody chose. The first that succeeds is
/// kept: from then on it alone is asked, and its errors are returned as they are.
#[derive(Debug)]
pub struct Chain {
    name: &'static str,
    providers: Vec<SharedCredentials>,
    chosen: OnceLock<usize>,
    /// What the official chain was made of.
    official: Option<Context>,
}

impl Chain {
    /// A chain of these providers. `name` is for logs and errors.
    #[must_use]
    pub fn new(name: &'static str, providers: Vec<SharedCredentials>) -> Self {
        Self {
            name,
            providers,
            chosen: OnceLock::new(),
            official: None,
        }
    }

    /// The official SDKs' chain, with the add-on token where ACK's own tools have it: environment,
    /// OIDC (RRSA), ACK add-on token, CLI profile, INI profile, ECS metadata, credentials URI.
    ///
    /// Most programs want it with a cache: [`default_chain`].
    #[must_use]
    pub fn official(context: &Context) -> Self {
        let chain = Self::new(
            "the default chain",
            vec![
                Arc::new(EnvProvider::new(Arc::clone(&context.environment))),
                Arc::new(OidcProvider::from_environment(context)),
                Arc::new(AddonTokenProvider::new(context)),
                Arc::new(CliProfileProvider::new(context)),
                Arc::new(IniProfileProvider::new(context)),
                Arc::new(EcsMetadataProvider::new(context)),
                Arc::new(UriProvider::from_environment(context)),
            ],
        );
        Self {
            official: Some(context.clone()),
            ..chain
        }
    }

    /// The official chain, for programs that must not run others: a profile of mode `External` is
    /// refused, whoever wrote the file or set the variable that names it. What is private to this
    /// program, a service that acts for many, stays with it.
    ///
    /// Providers that were given to [`Chain::new`] stay as they are; give them a [`Context`] with
    /// [`NoProcesses`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use alibaba_core::Context;
    /// use alibaba_core::credentials::{CachedProvider, Chain};
    ///
    /// # fn example(context: Context) {
    /// let chain = Chain::official(&context).without_processes();
    /// let credentials = Arc::new(CachedProvider::new(&context, Arc::new(chain)));
    /// # }
    /// ```
    #[must_use]
    pub fn without_processes(self) -> Self {
        match &self.official {
            None => self,
            Some(context) => {
                let context = context.clone().with_processes(Arc::new(NoProcesses));
                Self::official(&context)
            }
        }
    }

    async fn ask(&self) -> Result<Arc<Identity>, CredentialsError> {
        if let Some(chosen) = self.chosen.get().and_then(|&at| self.providers.get(at)) {
            return chosen.provide().await;
        }
        let mut skipped = Vec::new();
        for (at, provider) in self.providers.iter().enumerate() {
            match provider.provide().await {
                Ok(identity) => {
                    tracing::debug!(provider = provider.name(), "credentials found");
                    // Of two that race here, either's choice is the same.
                    let _ = self.chosen.set(at);
                    return Ok(identity);
                }
                Err(error) if error.is_not_configured() => skipped.push(error),
                Err(error) => {
                    let skipped: Vec<_> = skipped.iter().map(CredentialsError::provider).collect();
                    let before = if skipped.is_empty() {
                        String::new()
                    } else {
                        format!(" (not configured: {})", skipped.join(", "))
                    };
                    let step = format!("use {}, which is configured here{before}", provider.name());
                    let kind = error.kind();
                    return Err(CredentialsError::new(kind, self.name, step).with_source(error));
                }
            }
        }
        let reasons: Vec<_> = skipped.iter().map(CredentialsError::reason).collect();
        let step = format!(
            "find any: nothing is configured here; {}",
            reasons.join("; ")
        );
        Err(CredentialsError::new(
            CredentialsErrorKind::NotConfigured,
            self.name,
            step,
        ))
    }
}

impl ProvideCredentials for Chain {
    fn name(&self) -> &'static str {
        self.name
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        self.ask().boxed()
    }

    fn invalidate(&self, identity: &Identity) {
        if let Some(chosen) = self.chosen.get().and_then(|&at| self.providers.get(at)) {
            chosen.invalidate(identity);
        }
    }
}

/// The [official chain](Chain::official) with a cache in front, ready to share between clients.
#[must_use]
pub fn default_chain(context: &Context) -> SharedCredentials {
    Arc::new(CachedProvider::new(
        context,
        Arc::new(Chain::official(context)),
    ))
}
