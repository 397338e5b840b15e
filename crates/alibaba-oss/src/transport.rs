//! One HTTP/1.1 exchange over pooled connections.
//!
//! hyper-util and not a higher client: those normalise URLs (`/a/./x`), and object keys must travel
//! as they are signed. Nothing is decompressed on the way, which would break lengths and CRCs.

use std::time::Duration;

use alibaba_core::{ConnectionSettings, tls};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::error::{Error, ErrorKind, Result};
use crate::payload::SentBody;

/// Read and write buffers of a connection: a frame of a transfer and its head fit.
const BUFFER: usize = 512 * 1024;

#[derive(Clone, Debug)]
pub(crate) struct Transport {
    client: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, SentBody>,
    silence: Duration,
}

impl Transport {
    pub(crate) fn new(settings: &ConnectionSettings) -> Result<Self> {
        let config = tls::client_config(&settings.roots).map_err(|error| {
            Error::new(ErrorKind::Configuration, "prepare TLS").with_source(error)
        })?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.connect_timeout));
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
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
            silence: settings.read_timeout,
        })
    }

    /// Sends a request and waits for the head of its answer. Fails with a timeout when neither side
    /// moves for the time that the settings allow.
    pub(crate) async fn send(
        &self,
        step: &str,
        request: Request<SentBody>,
    ) -> Result<Response<Incoming>> {
        let progress = request.body().progress();
        let host = request.uri().host().unwrap_or_default().to_owned();
        let exchange = self.client.request(request);
        tokio::pin!(exchange);
        let mut sent = 0;
        loop {
            match tokio::time::timeout(self.silence, &mut exchange).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => {
                    let reached = if error.is_connect() {
                        format!(
                            ": cannot connect to `{host}`; check the endpoint, the network and the proxy"
                        )
                    } else {
                        String::new()
                    };
                    return Err(
                        Error::new(ErrorKind::Connection, format!("{step}{reached}"))
                            .with_source(error),
                    );
                }
                Err(_) if progress.sent() > sent => sent = progress.sent(),
                Err(_) => {
                    let text = format!("{step}: `{host}` was silent for {:?}", self.silence);
                    return Err(Error::new(ErrorKind::Timeout, text));
                }
            }
        }
    }

    pub(crate) fn silence(&self) -> Duration {
        self.silence
    }
}
