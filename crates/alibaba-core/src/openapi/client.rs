//! A client of one product.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::ServiceClock;
use crate::endpoint::{Endpoint, Product, ProductNetwork};
use crate::identity::SharedCredentials;
use crate::retry::RetryPolicy;
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

#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) context: Context,
    pub(super) product: Product,
    region: Option<Region>,
    network: ProductNetwork,
    pub(super) endpoint: Endpoint,
    /// Whether the caller chose the endpoint, so that it does not follow the region.
    is_endpoint_chosen: bool,
    /// `None` sends calls unsigned.
    pub(super) credentials: Option<SharedCredentials>,
    pub(super) scheme: SignatureScheme,
    pub(super) retry: RetryPolicy,
    pub(super) timeout: Option<Duration>,
    pub(super) clock: Arc<ServiceClock>,
}

impl Client {
    /// A client of a product in a region; [global](Product::is_global) products need none.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn new(
        context: &Context,
        product: Product,
        region: impl Into<Option<Region>>,
        credentials: SharedCredentials,
    ) -> Result<Self, Error> {
        Self::builder(context, product, region, credentials).build()
    }

    /// The same with more to choose.
    pub fn builder(
        context: &Context,
        product: Product,
        region: impl Into<Option<Region>>,
        credentials: SharedCredentials,
    ) -> ClientBuilder {
        ClientBuilder {
            credentials: Some(credentials),
            ..Self::anonymous(context, product, region)
        }
    }

    /// A client that signs nothing, for the actions that give credentials in exchange for another
    /// proof of identity.
    pub fn anonymous(
        context: &Context,
        product: Product,
        region: impl Into<Option<Region>>,
    ) -> ClientBuilder {
        ClientBuilder {
            context: context.clone(),
            product,
            region: region.into(),
            network: ProductNetwork::Public,
            endpoint: None,
            credentials: None,
            scheme: SignatureScheme::Acs3,
            retry: RetryPolicy::default(),
            timeout: None,
            client: PhantomData,
        }
    }

    /// Where the calls go.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// The region whose resources the calls are about.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.0.region.as_ref()
    }

    /// The same client for another region, which shares connections, credentials and settings. An
    /// endpoint that was set by [`ClientBuilder::with_endpoint`] stays.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        let inner = Inner::clone(&self.0);
        let endpoint = if inner.is_endpoint_chosen {
            inner.endpoint
        } else {
            inner.product.endpoint(&region, inner.network)
        };
        Self(Arc::new(Inner {
            region: Some(region),
            endpoint,
            ..inner
        }))
    }

    /// The world in which the calls are made, for pollers that need its clock.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.0.context
    }
}

/// A client being set up: this module's, or one of a product made of it.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder<C = Client> {
    context: Context,
    product: Product,
    region: Option<Region>,
    network: ProductNetwork,
    endpoint: Option<Endpoint>,
    credentials: Option<SharedCredentials>,
    scheme: SignatureScheme,
    retry: RetryPolicy,
    timeout: Option<Duration>,
    client: PhantomData<fn() -> C>,
}

impl ClientBuilder {
    /// The same for a product's own client, which is made of the client that this would have built.
    pub fn typed<C: From<Client>>(self) -> ClientBuilder<C> {
        ClientBuilder {
            context: self.context,
            product: self.product,
            region: self.region,
            network: self.network,
            endpoint: self.endpoint,
            credentials: self.credentials,
            scheme: self.scheme,
            retry: self.retry,
            timeout: self.timeout,
            client: PhantomData,
        }
    }
}

impl<C: From<Client>> ClientBuilder<C> {
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

    /// Bounds one attempt, from connecting to the response's last byte.
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// If neither region nor endpoint is given, for a product that is called by region; and for STS at an
    /// endpoint without TLS that is not on this machine, since what it exchanges are credentials.
    pub fn build(self) -> Result<C, Error> {
        let is_endpoint_chosen = self.endpoint.is_some();
        let endpoint = match (self.endpoint, &self.region) {
            (Some(endpoint), _) => endpoint,
            (None, Some(region)) => self.product.endpoint(region, self.network),
            (None, None) if self.product.is_global() => self.product.global_endpoint(),
            (None, None) => {
                let step = format!(
                    "find the endpoint of `{}`: give a region or an endpoint",
                    self.product
                );
                return Err(Error::new(ErrorKind::Configuration, step));
            }
        };
        let is_trusted = endpoint.is_trusted();
        if !is_trusted && self.product == Product::STS {
            let step = format!("call STS at `{endpoint}`: it is called by TLS only");
            return Err(Error::new(ErrorKind::Configuration, step));
        }
        if !is_trusted {
            tracing::warn!(%endpoint, product = %self.product, "calls are made without TLS");
        }
        let clock = ServiceClock::new(Arc::clone(&self.context.clock));
        let client = Client(Arc::new(Inner {
            clock: Arc::new(clock.learning_if(is_trusted)),
            context: self.context,
            product: self.product,
            region: self.region,
            network: self.network,
            endpoint,
            is_endpoint_chosen,
            credentials: self.credentials,
            scheme: self.scheme,
            retry: self.retry,
            timeout: self.timeout,
        }));
        Ok(client.into())
    }
}
