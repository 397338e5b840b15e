//! The default adapter.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{HttpSend, SendError, SendErrorKind, SendOptions};
use crate::environment::{Environment, SystemEnvironment};
use crate::{ConnectionSettings, Error, ErrorKind, Proxy, ProxyRules, ProxyScheme, tls};

/// Sends with reqwest: HTTP/1.1, rustls with ring, no redirects, no decompression.
#[derive(Clone, Debug)]
pub struct ReqwestSend {
    rules: ProxyRules,
    direct: reqwest::Client,
    // reqwest binds a proxy to a client; which of these to use is decided for each request by the
    // same rules that the OSS client follows.
    http_proxy: Option<reqwest::Client>,
    https_proxy: Option<reqwest::Client>,
}

impl ReqwestSend {
    /// An adapter with these settings, and the process's environment for the proxy.
    ///
    /// # Errors
    ///
    /// If a proxy or root certificate is unusable.
    pub fn new(settings: &ConnectionSettings) -> Result<Self, Error> {
        Self::with_environment(settings, &SystemEnvironment)
    }

    /// An adapter with these settings, and this environment for the proxy.
    ///
    /// # Errors
    ///
    /// If a proxy or root certificate is unusable.
    pub fn with_environment(
        settings: &ConnectionSettings,
        environment: &dyn Environment,
    ) -> Result<Self, Error> {
        let invalid = |step: &str| Error::new(ErrorKind::Configuration, step);
        let rules = settings
            .proxy_rules(environment)
            .map_err(|error| invalid("choose a proxy").with_source(error))?;
        let tls = tls::client_config(&settings.roots)?;
        let build = |proxy: Option<&Proxy>| {
            let mut builder = reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .http1_only()
                .connect_timeout(settings.connect_timeout)
                .read_timeout(settings.read_timeout)
                .pool_idle_timeout(settings.idle_timeout)
                .tcp_keepalive(Duration::from_secs(30))
                .user_agent(&settings.user_agent)
                .tls_backend_preconfigured(tls.clone());
            if let Some(proxy) = proxy {
                let mut through = reqwest::Proxy::all(proxy.to_string())?;
                match (proxy.scheme(), proxy.login()) {
                    (ProxyScheme::Socks5 | ProxyScheme::Socks5h, Some((user, password))) => {
                        through = through.basic_auth(user, password.expose());
                    }
                    _ => {
                        if let Some(login) = proxy.authorization() {
                            through = through.custom_http_auth(login);
                        }
                    }
                }
                builder = builder.proxy(through);
            }
            builder.build()
        };
        let build = |proxy: Option<&Proxy>| {
            build(proxy)
                .map_err(|error| invalid("set up the HTTP client").with_source(error.without_url()))
        };
        Ok(Self {
            direct: build(None)?,
            http_proxy: rules.http().map(|proxy| build(Some(proxy))).transpose()?,
            https_proxy: rules.https().map(|proxy| build(Some(proxy))).transpose()?,
            rules,
        })
    }

    fn client_for(&self, uri: &http::Uri, options: SendOptions) -> &reqwest::Client {
        let is_https = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let host = uri.host().unwrap_or_default();
        let scheme = if is_https { "https" } else { "http" };
        if options.bypass_proxy || self.rules.proxy_for(scheme, host, port).is_none() {
            return &self.direct;
        }
        let proxied = if is_https {
            &self.https_proxy
        } else {
            &self.http_proxy
        };
        proxied.as_ref().unwrap_or(&self.direct)
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        options: SendOptions,
    ) -> Result<http::Response<Bytes>, SendError> {
        let client = self.client_for(request.uri(), options);
        let (head, body) = request.into_parts();
        let url = unchanged_url(&head.uri)?;
        let mut builder = client
            .request(head.method, url)
            .headers(head.headers)
            .body(body);
        if let Some(timeout) = options.timeout {
            builder = builder.timeout(timeout);
        }
        let mut received = builder.send().await.map_err(failed)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = received.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > options.max_body {
                return Err(SendError::new(SendErrorKind::TooLong));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = http::Response::new(body.freeze());
        *response.status_mut() = received.status();
        *response.headers_mut() = std::mem::take(received.headers_mut());
        Ok(response)
    }
}

impl HttpSend for ReqwestSend {
    fn send(
        &self,
        request: http::Request<Bytes>,
        options: SendOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>> {
        self.exchange(request, options).boxed()
    }
}

/// The same address as reqwest's type, refused where that would rewrite what was signed.
fn unchanged_url(uri: &http::Uri) -> Result<reqwest::Url, SendError> {
    let refused = |why: &str| SendError::new(SendErrorKind::Request).with_source(why.to_owned());
    // The parser's own error could quote the address.
    let url =
        reqwest::Url::parse(&uri.to_string()).map_err(|_| refused("the address is malformed"))?;
    let sent = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let signed = uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    if sent != signed {
        return Err(refused(
            "reqwest would rewrite the path or query after they were signed",
        ));
    }
    Ok(url)
}

fn failed(error: reqwest::Error) -> SendError {
    let kind = if error.is_timeout() && !error.is_connect() {
        SendErrorKind::Timeout
    } else if error.is_connect() {
        SendErrorKind::Connect
    } else if error.is_builder() {
        SendErrorKind::Request
    } else {
        SendErrorKind::Interrupted
    };
    // The address may hold credentials in its query.
    SendError::new(kind).with_source(error.without_url())
}
