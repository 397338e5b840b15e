//! A client of one product.

use std::sync::Arc;
use std::time::Duration;

use super::Call;
use crate::clock::ServiceClock;
use crate::endpoint::{Endpoint, Product, ProductNetwork};
use crate::http_send::SharedHttp;
use crate::identity::SharedCredentials;
use crate::retry::{RetryPolicy, SharedJitter};
use crate::{Context, Error, ErrorKind, Region};

/// How calls are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// `ACS3-HMAC-SHA256`, what today's SDKs use.
    #[default]
    Acs3,
    /// RPC signature V1 (HMAC-SHA1), for old gateways. Puts a security token into the URL.
    RpcV1,
}

/// Calls one product. Cloning is cheap and shares connections, credentials and clock correction.
#[derive(Clone, Debug)]
pub struct Client(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) version: String,
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Option<SharedCredentials>,
    pub(super) scheme: SignatureScheme,
    pub(super) retry: RetryPolicy,
    pub(super) timeout: Option<Duration>,
    pub(super) http: SharedHttp,
    pub(super) clock: Arc<ServiceClock>,
    pub(super) jitter: SharedJitter,
}

impl Client {
    /// Begins a client of a product's API of this version.
    pub fn builder(product: Product, version: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            product,
            version: version.into(),
            region: None,
            network: ProductNetwork::Public,
            endpoint: None,
            credentials: None,
            scheme: SignatureScheme::Acs3,
            retry: RetryPolicy::default(),
            timeout: None,
        }
    }

    /// Begins a call of an action.
    pub fn call(&self, action: &str) -> Call {
        Call::new(self.clone(), action)
    }

    /// Where the calls go.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }
}

/// A client being set up.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    product: Product,
    version: String,
    region: Option<Region>,
    network: ProductNetwork,
    endpoint: Option<Endpoint>,
    credentials: Option<SharedCredentials>,
    scheme: SignatureScheme,
    retry: RetryPolicy,
    timeout: Option<Duration>,
}

impl ClientBuilder {
    /// Calls the product in this region.
    pub fn with_region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Calls it over this network.
    pub fn with_network(mut self, network: ProductNetwork) -> Self {
        self.network = network;
        self
    }

    /// Calls it at this address, whatever region and network are.
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Signs with what this source provides.
    pub fn with_credentials(mut self, credentials: SharedCredentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Signs in this way.
    pub fn with_signature(mut self, scheme: SignatureScheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Repeats calls in this way.
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Bounds one attempt, from connecting to the answer's last byte.
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// Where neither region nor endpoint is given, for a product that is called by region.
    pub fn build(self, context: &Context) -> Result<Client, Error> {
        let endpoint = match (self.endpoint, &self.region) {
            (Some(endpoint), _) => endpoint,
            (None, Some(region)) => self.product.endpoint(region, self.network),
            (None, None) if matches!(self.product.as_str(), "ram" | "sts") => {
                self.product.global_endpoint()
            }
            (None, None) => {
                let step = format!(
                    "find the endpoint of `{}`: give a region or an endpoint",
                    self.product
                );
                return Err(Error::new(ErrorKind::Configuration, step));
            }
        };
        Ok(Client(Arc::new(Inner {
            version: self.version,
            endpoint,
            credentials: self.credentials,
            scheme: self.scheme,
            retry: self.retry,
            timeout: self.timeout,
            http: Arc::clone(&context.http),
            clock: Arc::new(ServiceClock::new(Arc::clone(&context.clock))),
            jitter: Arc::clone(&context.jitter),
        })))
    }
}
