//! Credentials from a local service, by `ALIBABA_CLOUD_CREDENTIALS_URI`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::StatusCode;
use url::Url;

use super::document;
use crate::Context;
use crate::http_send::SendOptions;
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials};

const NAME: &str = "credentials URI";
const VARIABLE: &str = "ALIBABA_CLOUD_CREDENTIALS_URI";
const TIMEOUT: Duration = Duration::from_secs(15);

/// Gets the URI and reads the response: `Code` must be `Success`, and id, secret, token and expiration
/// must all be there. The URI itself can be a secret, and is never shown.
///
/// Wrap this in a [cache](super::CachedProvider): each `provide` asks.
#[derive(Clone)]
pub struct UriProvider {
    context: Context,
    uri: Option<String>,
}

impl std::fmt::Debug for UriProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UriProvider").finish_non_exhaustive()
    }
}

impl UriProvider {
    /// The URI that `ALIBABA_CLOUD_CREDENTIALS_URI` holds.
    #[must_use]
    pub fn from_environment(context: &Context) -> Self {
        Self {
            context: context.clone(),
            uri: None,
        }
    }

    /// This URI.
    #[must_use]
    pub fn new(context: &Context, uri: impl Into<String>) -> Self {
        Self {
            context: context.clone(),
            uri: Some(uri.into()),
        }
    }

    async fn ask(&self) -> Result<Identity, CredentialsError> {
        let fail = |kind, step: &str| CredentialsError::new(kind, NAME, step);
        let uri = self
            .uri
            .clone()
            .or_else(|| self.context.environment.non_empty(VARIABLE));
        let uri = uri.ok_or_else(|| {
            let step = format!("find `{VARIABLE}`: it is not set");
            CredentialsError::new(CredentialsErrorKind::NotConfigured, NAME, step)
        })?;
        let invalid = || {
            fail(
                CredentialsErrorKind::Invalid,
                "read the URI: expected `http://host[:port]/path`",
            )
        };
        let url = Url::parse(&uri).map_err(|_| invalid())?;
        if !url.has_host() || !matches!(url.scheme(), "http" | "https") {
            return Err(invalid());
        }
        let request = http::Request::get(url.as_str())
            .body(Bytes::new())
            .map_err(|_| invalid())?;
        let options = SendOptions::default()
            .with_timeout(TIMEOUT)
            .with_max_body(1 << 20);
        let response = self
            .context
            .http
            .send(request, options)
            .await
            .map_err(|error| {
                fail(CredentialsErrorKind::Unavailable, "get the URI").with_source(error)
            })?;
        if response.status() != StatusCode::OK {
            let step = format!("get the URI: it returned {}", response.status().as_u16());
            return Err(CredentialsError::new(
                CredentialsErrorKind::Refused,
                NAME,
                step,
            ));
        }
        document::read(NAME, response.body())
    }
}

impl ProvideCredentials for UriProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move { self.ask().await.map(Arc::new) }.boxed()
    }
}
