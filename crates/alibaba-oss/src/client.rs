//! The client and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alibaba_core::clock::ServiceClock;
use alibaba_core::credentials::SharedCredentials;
use alibaba_core::retry::{Attempts, RetryPolicy, SharedJitter};
use alibaba_core::{Context, Region};
use alibaba_sign::oss_v4;
use http::HeaderValue;

use crate::call::Call;
use crate::endpoint::{Address, OssEndpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::Transport;

/// A client of the OSS of one region. Cheap to clone; clones share connections, the derived signing
/// key and what was learnt of the server's clock.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoint: OssEndpoint,
    credentials: SharedCredentials,
    signer: oss_v4::Signer,
    transport: Transport,
    retry: RetryPolicy,
    clock: Arc<ServiceClock>,
    jitter: SharedJitter,
    user_agent: HeaderValue,
}

/// What a [`Client`] is made of. See [`Client::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    context: Context,
    region: Region,
    credentials: SharedCredentials,
    endpoint: OssEndpoint,
    retry: RetryPolicy,
}

impl ClientBuilder {
    /// Another address than the region's public one.
    pub fn with_endpoint(mut self, endpoint: OssEndpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// How often and how patiently calls are repeated.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where a setting of the context is unusable: proxy, roots of trust
    /// or user agent.
    pub fn build(self) -> Result<Client> {
        let user_agent = &self.context.settings.user_agent;
        let user_agent = HeaderValue::from_str(user_agent).map_err(|error| {
            Error::new(ErrorKind::Configuration, "set the user agent").with_source(error)
        })?;
        Ok(Client(Arc::new(Inner {
            signer: oss_v4::Signer::new(self.region.as_str()),
            endpoint: self.endpoint,
            credentials: self.credentials,
            transport: Transport::new(&self.context)?,
            retry: self.retry,
            clock: Arc::new(ServiceClock::new(self.context.clock)),
            jitter: self.context.jitter,
            user_agent,
        })))
    }
}

impl Client {
    /// A client for the OSS of a region, at its public endpoint.
    ///
    /// Of the context it uses clock, randomness and connection settings; it makes its connections
    /// itself.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn new(context: &Context, region: Region, credentials: SharedCredentials) -> Result<Self> {
        Self::builder(context, region, credentials).build()
    }

    /// The same with more to choose.
    pub fn builder(
        context: &Context,
        region: Region,
        credentials: SharedCredentials,
    ) -> ClientBuilder {
        ClientBuilder {
            context: context.clone(),
            endpoint: OssEndpoint::public(&region),
            region,
            credentials,
            retry: RetryPolicy::default(),
        }
    }

    /// The endpoint it talks to.
    #[must_use]
    pub fn endpoint(&self) -> &OssEndpoint {
        &self.0.endpoint
    }

    /// How long the peer may be silent.
    pub(crate) fn read_timeout(&self) -> Duration {
        self.0.transport.read_timeout()
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    pub(crate) fn credentials(&self) -> &SharedCredentials {
        &self.0.credentials
    }

    /// The attempts of a call that begins now.
    pub(crate) fn attempts(&self) -> Attempts {
        Attempts::new(&self.0.retry, &self.0.clock, Arc::clone(&self.0.jitter))
    }

    /// OSS's clock, as far as it is known.
    pub(crate) fn clock(&self) -> &ServiceClock {
        &self.0.clock
    }

    pub(crate) fn signer(&self) -> &oss_v4::Signer {
        &self.0.signer
    }

    pub(crate) fn user_agent(&self) -> &HeaderValue {
        &self.0.user_agent
    }

    /// Where a call goes, without its query.
    pub(crate) fn address(&self, call: &Call) -> Result<Address> {
        self.0
            .endpoint
            .address(call.bucket.as_deref(), call.key.as_deref())
            .map_err(|error| call.unusable("unusable bucket or key").with_source(error))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint.to_string())
            .field("region", &self.0.signer.region())
            .finish_non_exhaustive()
    }
}
