//! The client and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use alibaba_core::clock::{ServiceClock, SharedClock, SystemClock};
use alibaba_core::credentials::SharedCredentials;
use alibaba_core::retry::{Attempts, RandomJitter, RetryPolicy, SharedJitter};
use alibaba_core::{ConnectionSettings, Region};
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
#[derive(Debug)]
#[must_use]
pub struct Builder {
    region: Region,
    endpoint: OssEndpoint,
    credentials: Option<SharedCredentials>,
    retry: RetryPolicy,
    clock: SharedClock,
    settings: ConnectionSettings,
}

impl Builder {
    /// Where requests are signed from; required.
    pub fn with_credentials(mut self, credentials: SharedCredentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

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

    /// Another clock than the system's.
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Timeouts, proxy, trusted roots, user agent. By default the proxy is what the conventional
    /// environment variables say.
    pub fn with_settings(mut self, settings: ConnectionSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where credentials are missing or a setting is unusable.
    pub fn build(self) -> Result<Client> {
        let credentials = self.credentials.ok_or_else(|| {
            Error::new(
                ErrorKind::Configuration,
                "build the OSS client without credentials: call `with_credentials`",
            )
        })?;
        let user_agent = HeaderValue::from_str(&self.settings.user_agent).map_err(|error| {
            Error::new(ErrorKind::Configuration, "set the user agent").with_source(error)
        })?;
        Ok(Client(Arc::new(Inner {
            signer: oss_v4::Signer::new(self.region.as_str()),
            endpoint: self.endpoint,
            credentials,
            transport: Transport::new(&self.settings)?,
            retry: self.retry,
            clock: Arc::new(ServiceClock::new(self.clock)),
            jitter: Arc::new(RandomJitter),
            user_agent,
        })))
    }
}

impl Client {
    /// A client for the OSS of this region, by default at its public endpoint.
    pub fn builder(region: Region) -> Builder {
        Builder {
            endpoint: OssEndpoint::public(&region),
            region,
            credentials: None,
            retry: RetryPolicy::default(),
            clock: SystemClock::shared(),
            settings: ConnectionSettings::default(),
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
