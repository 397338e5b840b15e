//! One HTTP/1.1 exchange over pooled connections.
//!
//! hyper-util and not a higher client: those normalise URLs (`/a/./x`), and object keys must travel
//! as they are signed. Nothing is decompressed on the way, which would break lengths and CRCs.

mod dial;
mod patience;
mod port;

use alibaba_core::environment::Environment;
use alibaba_core::{ConnectionSettings, ProxyRules, tls};
use bytes::Bytes;
use http::header::PROXY_AUTHORIZATION;
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::error::{Error, ErrorKind, Result};
use crate::payload::{Sent, SentBody};
use dial::Connector;
pub(crate) use patience::Patience;

pub use port::HyperSend;

/// Read and write buffers of a connection: a frame of a transfer and its head fit.
const BUFFER: usize = 512 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: hyper_util::client::legacy::Client<Connector, SentBody>,
    rules: ProxyRules,
    patience: Patience,
}

impl Transport {
    pub(crate) fn new(
        settings: &ConnectionSettings,
        environment: &dyn Environment,
    ) -> Result<Self> {
        let unusable = |step: &str| Error::new(ErrorKind::Configuration, step);
        let config = tls::client_config(&settings.roots)
            .map_err(|error| unusable("prepare TLS").with_source(error))?;
        let rules = settings
            .proxy_rules(environment)
            .map_err(|error| unusable("choose the proxy").with_source(error))?;
        let connector = Connector::new(config, rules.clone(), settings.connect_timeout);
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.idle_timeout)
            // A connection that OSS closed meanwhile is found out by the attempt, which our own
            // policy repeats, signed anew.
            .retry_canceled_requests(false)
            .http1_max_buf_size(BUFFER)
            .build(connector);
        Ok(Self {
            client,
            rules,
            patience: Patience::new(settings.read_timeout),
        })
    }

    /// Sends a request and waits for the head of its response. Fails with a timeout when neither side
    /// moves for the time that the settings allow.
    pub(crate) async fn send(
        &self,
        step: &str,
        mut request: Request<SentBody>,
        sent: &Sent,
    ) -> Result<Response<Incoming>> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let is_tls = request.uri().scheme() == Some(&http::uri::Scheme::HTTPS);
        self.authorize_at_proxy(&mut request);
        let exchange = self.client.request(request);
        tokio::pin!(exchange);
        let mut seen = 0;
        loop {
            match self.patience.within(&mut exchange).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => {
                    // What could not be read here is no matter of the network.
                    if let Some(failure) = sent.failure() {
                        let text = format!("{step}: read what is to be sent");
                        return Err(Error::new(ErrorKind::Local, text).with_source(failure));
                    }
                    let reached = match wrong_scheme(&error, is_tls) {
                        Some(remedy) => format!(": `{host}` {remedy}"),
                        None if error.is_connect() => format!(
                            ": cannot connect to `{host}`; check the endpoint, the network and the proxy"
                        ),
                        None => String::new(),
                    };
                    return Err(
                        Error::new(ErrorKind::Connection, format!("{step}{reached}"))
                            .with_source(error),
                    );
                }
                Err(_) if sent.bytes() > seen => seen = sent.bytes(),
                Err(_) => {
                    let limit = self.patience.limit();
                    let text = format!("{step}: `{host}` was silent for {limit:?}");
                    return Err(Error::new(ErrorKind::Timeout, text));
                }
            }
        }
    }

    /// A proxy sees plain requests themselves, and wants its login on each of them.
    fn authorize_at_proxy(&self, request: &mut Request<SentBody>) {
        let uri = request.uri();
        if uri.scheme() != Some(&http::uri::Scheme::HTTP) {
            return;
        }
        let host = uri.host().unwrap_or_default();
        let proxy = self
            .rules
            .proxy_for("http", host, uri.port_u16().unwrap_or(80));
        if let Some(login) = proxy.and_then(alibaba_core::Proxy::authorization) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, login);
        }
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }
}

/// What is wrong where one side speaks TLS and the other does not.
fn wrong_scheme(error: &(dyn std::error::Error + 'static), is_tls: bool) -> Option<&'static str> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if is_tls && let Some(rustls::Error::InvalidMessage(_)) = rustls_error(error) {
            return Some(
                "does not speak TLS; where that is meant, switch it off with `OssEndpoint::without_tls`",
            );
        }
        if !is_tls
            && error
                .downcast_ref::<hyper::Error>()
                .is_some_and(hyper::Error::is_parse)
        {
            return Some(
                "does not respond in HTTP; if it speaks TLS, give the endpoint as `https://`",
            );
        }
        cause = error.source();
    }
    None
}

/// The error of TLS, which reaches us as one of input and output, perhaps within another.
fn rustls_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    let wrapped = error.downcast_ref::<std::io::Error>();
    match wrapped.and_then(std::io::Error::get_ref) {
        Some(inner) => rustls_error(inner),
        None => error.downcast_ref(),
    }
}

/// No document is longer: a page of 1000 keys of 1023 encoded bytes stays well below.
const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// The whole body of a response that is a document.
pub(crate) async fn collect(step: &str, body: Incoming, patience: &Patience) -> Result<Bytes> {
    let body = Limited::new(body, MAX_DOCUMENT);
    match patience.within(body.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) => Err(Error::new(
            ErrorKind::Connection,
            format!("{step}: read the response"),
        )
        .with_source(error)),
        Err(_) => Err(Error::new(
            ErrorKind::Timeout,
            format!("{step}: read the response within {:?}", patience.limit()),
        )),
    }
}
