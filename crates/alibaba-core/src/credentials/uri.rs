//! Credentials from a local service, by `ALIBABA_CLOUD_CREDENTIALS_URI`.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::StatusCode;
use url::{Host, Url};

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
/// Plain HTTP is for this machine (loopback addresses, `localhost`) and for what serves it alone: link-local
/// addresses and the metadata service's `100.100.100.200`. Anyone on the way to another host could read
/// the credentials, or send their own. No proxy is asked, whatever the environment says: it would learn
/// both.
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
        if url.scheme() == "http"
            && !url
                .host()
                .is_some_and(|host| serves_this_machine_alone(&host))
        {
            let step = "read the URI: plain HTTP is only for loopback and link-local addresses and \
                        `100.100.100.200`; use `https://`";
            return Err(fail(CredentialsErrorKind::Invalid, step));
        }
        let request = http::Request::get(url.as_str())
            .body(Bytes::new())
            .map_err(|_| invalid())?;
        let options = SendOptions::default()
            .bypassing_proxy()
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

/// Whether nobody else can stand between.
fn serves_this_machine_alone(host: &Host<&str>) -> bool {
    const METADATA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    let address = match host {
        Host::Domain(name) => return *name == "localhost",
        Host::Ipv4(address) => IpAddr::V4(*address),
        Host::Ipv6(address) => IpAddr::V6(*address),
    };
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_link_local() || address == METADATA
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(uri: &str) -> bool {
        let url = Url::parse(uri).unwrap();
        url.host()
            .is_some_and(|host| serves_this_machine_alone(&host))
    }

    #[test]
    fn plain_http_is_for_what_serves_this_machine_alone() {
        for uri in [
            "http://127.0.0.1:7001/c",
            "http://127.8.9.1/c",
            "http://LOCALHOST/c",
            "http://[::1]:80/c",
            "http://[::ffff:127.0.0.1]/c",
            "http://2130706433/c",
            "http://169.254.169.254/c",
            "http://[fe80::1]/c",
            "http://100.100.100.200/c",
        ] {
            assert!(is_allowed(uri), "{uri}");
        }
        for uri in [
            "http://credentials.example/c",
            "http://10.0.0.1/c",
            "http://100.100.100.201/c",
            "http://0.0.0.0/c",
            "http://[::]/c",
            "http://[2001:db8::1]/c",
            "http://[::ffff:10.0.0.1]/c",
            "http://localhost.example/c",
            "http://127.0.0.1.example/c",
            "http://127.0.0.1@10.0.0.1/c",
        ] {
            assert!(!is_allowed(uri), "{uri}");
        }
    }
}
