//! The client and its settings.

use std::fmt;
use std::sync::Arc;

use alibaba_core::clock::ServiceClock;
use alibaba_core::credentials::SharedCredentials;
use alibaba_core::retry::{Attempts, RetryPolicy, SharedJitter};
use alibaba_core::{Context, Region};
use http::HeaderValue;

use crate::call::Call;
use crate::endpoint::{Address, OssEndpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::operations::attributes::Encryption;
use crate::owner::ExpectedOwner;
use crate::signing::{SignatureVersion, Signer};
use crate::transport::{Patience, Transport};

/// A client of the OSS of one region. Cheap to clone; clones share connections, the derived signing
/// key and what was learnt of the server's clock.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    /// How what is stored is encrypted, and whose the buckets have to be.
    pub(crate) encryption: Option<Arc<Encryption>>,
    pub(crate) owner: Option<Arc<ExpectedOwner>>,
}

struct Inner {
    endpoint: OssEndpoint,
    credentials: SharedCredentials,
    signer: Signer,
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
    signature: SignatureVersion,
    retry: RetryPolicy,
}

impl ClientBuilder {
    /// Another address than the region's public one.
    pub fn with_endpoint(mut self, endpoint: OssEndpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Another signature than version 4: for private clouds that are too old for it.
    pub fn with_signature(mut self, version: SignatureVersion) -> Self {
        self.signature = version;
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
        let is_trusted = self.endpoint.is_trusted();
        if !is_trusted {
            tracing::warn!(
                endpoint = %self.endpoint,
                "OSS is called without TLS: objects and tokens can be read and changed on their way"
            );
        }
        let local = Arc::clone(&self.context.clock);
        let clock = ServiceClock::new(local).learning_if(is_trusted);
        let inner = Inner {
            signer: Signer::new(self.signature, self.region.as_str()),
            endpoint: self.endpoint,
            credentials: self.credentials,
            transport: Transport::new(&self.context.settings, &*self.context.environment)?,
            retry: self.retry,
            clock: Arc::new(clock),
            jitter: self.context.jitter,
            user_agent,
        };
        Ok(Client {
            inner: Arc::new(inner),
            encryption: None,
            owner: None,
        })
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
            signature: SignatureVersion::default(),
            retry: RetryPolicy::default(),
        }
    }

    /// The endpoint it talks to.
    #[must_use]
    pub fn endpoint(&self) -> &OssEndpoint {
        &self.inner.endpoint
    }

    /// How long the peer may be silent.
    pub(crate) fn patience(&self) -> &Patience {
        self.inner.transport.patience()
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    pub(crate) fn credentials(&self) -> &SharedCredentials {
        &self.inner.credentials
    }

    /// The attempts of a call that begins now.
    pub(crate) fn attempts(&self) -> Attempts {
        Attempts::new(
            &self.inner.retry,
            &self.inner.clock,
            Arc::clone(&self.inner.jitter),
        )
    }

    /// OSS's clock, as far as it is known.
    pub(crate) fn clock(&self) -> &ServiceClock {
        &self.inner.clock
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.inner.signer
    }

    pub(crate) fn user_agent(&self) -> &HeaderValue {
        &self.inner.user_agent
    }

    /// Where a call goes, without its query.
    pub(crate) fn address(&self, call: &Call) -> Result<Address> {
        self.inner
            .endpoint
            .address(call.bucket.as_deref(), call.key.as_deref())
            .map_err(|error| call.unusable(&error.to_string()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.inner.endpoint.to_string())
            .field("region", &self.inner.signer.region())
            .finish_non_exhaustive()
    }
}
