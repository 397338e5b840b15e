//! The HTTP port of alibaba-core over the connections of this crate, so that a program needs one HTTP stack.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use alibaba_core::environment::{Environment, SystemEnvironment};
use alibaba_core::http_send::{HttpSend, SendError, SendErrorKind, SendOptions};
use alibaba_core::{ConnectionSettings, Context, ProxyChoice};
use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{HeaderValue, USER_AGENT};
use http::{Request, Response};
use http_body_util::BodyExt;

use super::Transport;
use crate::error::{Error, ErrorKind, Result};
use crate::payload::Payload;

/// Sends the calls of other products, such as those by which credentials are found, over the same
/// HTTP stack as those to OSS: HTTP/1.1, rustls with ring, no redirects, no decompression.
///
/// ```no_run
/// use alibaba_oss::HyperSend;
/// use alibaba_oss::core::{ConnectionSettings, Region, credentials};
///
/// # fn run() -> alibaba_oss::Result<()> {
/// let context = HyperSend::context(ConnectionSettings::default())?;
/// let credentials = credentials::default_chain(&context);
/// let client = alibaba_oss::Client::new(&context, Region::CN_HANGZHOU, credentials)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HyperSend {
    transport: Transport,
    /// For what must not go through a proxy.
    direct: Transport,
    user_agent: HeaderValue,
}

impl fmt::Debug for HyperSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperSend").finish_non_exhaustive()
    }
}

impl HyperSend {
    /// An adapter with these settings, and the process's environment for the proxy.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where a setting is unusable: proxy, roots of trust or user agent.
    pub fn new(settings: &ConnectionSettings) -> Result<Self> {
        Self::with_environment(settings, &SystemEnvironment)
    }

    /// An adapter with these settings, and this environment for the proxy.
    ///
    /// # Errors
    ///
    /// As [`HyperSend::new`].
    pub fn with_environment(
        settings: &ConnectionSettings,
        environment: &dyn Environment,
    ) -> Result<Self> {
        let user_agent = HeaderValue::from_str(&settings.user_agent).map_err(|error| {
            Error::new(ErrorKind::Configuration, "set the user agent").with_source(error)
        })?;
        let unproxied = settings.clone().with_proxy(ProxyChoice::Direct);
        Ok(Self {
            transport: Transport::new(settings, environment)?,
            direct: Transport::new(&unproxied, environment)?,
            user_agent,
        })
    }

    /// The machine's own world, connected to as `settings` say, with HTTP by this adapter:
    /// `Context::connecting` for programs without reqwest.
    ///
    /// # Errors
    ///
    /// As [`HyperSend::new`].
    pub fn context(settings: ConnectionSettings) -> Result<Context> {
        let mut context = Context::new(Arc::new(Self::new(&settings)?));
        context.settings = settings;
        Ok(context)
    }

    async fn exchange(
        &self,
        request: Request<Bytes>,
        options: SendOptions,
    ) -> Result<Response<Bytes>, SendError> {
        let transport = if options.bypass_proxy {
            &self.direct
        } else {
            &self.transport
        };
        let (mut head, body) = request.into_parts();
        if !head.headers.contains_key(USER_AGENT) {
            head.headers.insert(USER_AGENT, self.user_agent.clone());
        }
        let mut request = Request::from_parts(head, Payload::from(body).body());
        transport.authorize_at_proxy(&mut request);
        let silence = transport.patience().limit();
        let response = within(silence, transport.client.request(request)).await?;
        let (head, mut body) = response.map_err(failed)?.into_parts();
        let mut collected = BytesMut::new();
        while let Some(frame) = within(silence, body.frame()).await? {
            let frame = frame
                .map_err(|error| SendError::new(SendErrorKind::Interrupted).with_source(error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if collected.len() + data.len() > options.max_body {
                return Err(SendError::new(SendErrorKind::TooLong));
            }
            collected.extend_from_slice(&data);
        }
        Ok(Response::from_parts(head, collected.freeze()))
    }
}

impl HttpSend for HyperSend {
    fn send(
        &self,
        request: Request<Bytes>,
        options: SendOptions,
    ) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let exchange = self.exchange(request, options);
        match options.timeout {
            None => exchange.boxed(),
            Some(longest) => async move { within(longest, exchange).await? }.boxed(),
        }
    }
}

/// What comes within this time.
async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Result<T, SendError> {
    tokio::time::timeout(time, future)
        .await
        .map_err(|_| SendError::new(SendErrorKind::Timeout))
}

/// hyper's errors quote no request.
fn failed(error: hyper_util::client::legacy::Error) -> SendError {
    let kind = if error.is_connect() {
        SendErrorKind::Connect
    } else {
        SendErrorKind::Interrupted
    };
    SendError::new(kind).with_source(error)
}
