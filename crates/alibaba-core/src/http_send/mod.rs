//! The HTTP port, for calls whose bodies are small: OpenAPI, STS, metadata.

#[cfg(any(test, not(feature = "reqwest")))]
mod absent;
#[cfg(feature = "reqwest")]
mod with_reqwest;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;

#[cfg(any(test, not(feature = "reqwest")))]
pub(crate) use absent::NoHttp;
#[cfg(feature = "reqwest")]
pub use with_reqwest::ReqwestSend;

/// Sends one request and reads the whole response.
///
/// Implementations follow no redirect (the response is the addressed host's own), send path and
/// query exactly as given, since these are signed, and put no part of a request into their errors.
pub trait HttpSend: fmt::Debug + Send + Sync {
    /// Sends the request. Any status is a response and not an error.
    fn send(
        &self,
        request: http::Request<Bytes>,
        options: SendOptions,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>>;
}

/// An HTTP port shared between clients.
pub type SharedHttp = Arc<dyn HttpSend>;

/// How one request is sent.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SendOptions {
    /// Never through a proxy: the metadata service serves the machine itself only.
    pub bypass_proxy: bool,
    /// The longest time for everything, from connecting to the response's last byte.
    pub timeout: Option<Duration>,
    /// The longest body that is read.
    pub max_body: usize,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            bypass_proxy: false,
            timeout: None,
            max_body: 16 << 20,
        }
    }
}

impl SendOptions {
    /// Sends without a proxy.
    #[must_use]
    pub fn bypassing_proxy(mut self) -> Self {
        self.bypass_proxy = true;
        self
    }

    /// Sets the longest time for everything.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the longest body that is read.
    #[must_use]
    pub fn with_max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct SendError {
    kind: SendErrorKind,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// At what point sending failed. Printed as a fragment that fits after "failed to".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// The request cannot be sent as it is.
    Request,
    /// No connection: the service has seen nothing.
    Connect,
    /// No response in time. The service may have acted.
    Timeout,
    /// The connection broke. The service may have acted.
    Interrupted,
    /// The response is longer than asked for.
    TooLong,
}

impl fmt::Display for SendErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "form the HTTP request",
            Self::Connect => "connect",
            Self::Timeout => "get a response in time",
            Self::Interrupted => "read the response: the connection broke",
            Self::TooLong => "read the response: it is longer than allowed",
        })
    }
}

impl SendError {
    /// An error at this point.
    #[must_use]
    pub fn new(kind: SendErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// The same error with its cause, which must not quote the request.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// At what point sending failed.
    #[must_use]
    pub fn kind(&self) -> SendErrorKind {
        self.kind
    }
}
