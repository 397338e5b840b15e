//! The cloud that the backup center works with: real by default, the local one by one option.

use std::sync::Arc;

use alibaba_core::credentials::{SharedCredentials, StaticProvider};
use alibaba_core::endpoint::Endpoint;
use alibaba_core::openapi::{self, ClientBuilder};
use alibaba_core::{Context, Credentials, Error, ErrorKind, Region, sts};
use alibaba_oss::OssEndpoint;

/// An account, a region, and where its services are.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use ack_backup_center::cloud::Cloud;
/// use ack_backup_center::core::{Context, Region, credentials};
///
/// let context = Context::system()?;
/// let cloud = Cloud::new(&context, Region::CN_HANGZHOU, credentials::default_chain(&context));
/// println!("{}", cloud.sts()?.caller_identity().await?.arn);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Cloud {
    context: Context,
    region: Region,
    credentials: SharedCredentials,
    endpoint: Option<Endpoint>,
}

impl Cloud {
    /// The services of Alibaba Cloud in a region.
    #[must_use]
    pub fn new(context: &Context, region: Region, credentials: SharedCredentials) -> Self {
        Self {
            context: context.clone(),
            region,
            credentials,
            endpoint: None,
        }
    }

    /// All services at one endpoint, such as `alibaba-local`'s.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// The same, as somebody else.
    ///
    /// # Errors
    ///
    /// If the credentials cannot sign, since a part is empty or not plain text.
    pub fn acting_as(&self, credentials: Credentials) -> Result<Self, Error> {
        let provider = StaticProvider::new(credentials).map_err(|error| {
            Error::new(ErrorKind::Credentials, "sign with other credentials").with_source(error)
        })?;
        Ok(self.signing_with(Arc::new(provider)))
    }

    /// The same, with what these credentials are at the time of each call.
    #[must_use]
    pub fn signing_with(&self, credentials: SharedCredentials) -> Self {
        Self {
            credentials,
            ..self.clone()
        }
    }

    /// The same in another region.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        Self {
            region,
            ..self.clone()
        }
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The outside world.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whose credentials sign.
    #[must_use]
    pub fn credentials(&self) -> &SharedCredentials {
        &self.credentials
    }

    /// The one endpoint of all services, where it was set.
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// A client of RAM.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn ram(&self) -> Result<alibaba_ram::client::Client, Error> {
        let credentials = self.credentials.clone();
        self.build(alibaba_ram::client::Client::builder(
            &self.context,
            credentials,
        ))
    }

    /// A client of STS.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn sts(&self) -> Result<sts::Client, Error> {
        let (region, credentials) = (self.region.clone(), self.credentials.clone());
        self.build(sts::Client::builder(&self.context, region, credentials))
    }

    /// A client of ECS's snapshots.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn ecs(&self) -> Result<alibaba_ecs_snapshot::Client, Error> {
        let (region, credentials) = (self.region.clone(), self.credentials.clone());
        self.build(alibaba_ecs_snapshot::Client::builder(
            &self.context,
            region,
            credentials,
        ))
    }

    /// A client of Cloud Backup.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn hbr(&self) -> Result<alibaba_hbr::Client, Error> {
        let (region, credentials) = (self.region.clone(), self.credentials.clone());
        self.build(alibaba_hbr::Client::builder(
            &self.context,
            region,
            credentials,
        ))
    }

    /// At the one endpoint of all services, where it was set.
    fn build<C: From<openapi::Client>>(&self, client: ClientBuilder<C>) -> Result<C, Error> {
        match &self.endpoint {
            Some(endpoint) => client.with_endpoint(endpoint.clone()).build(),
            None => client.build(),
        }
    }

    /// A client of OSS at this endpoint, unless all services are at one of their own.
    ///
    /// # Errors
    ///
    /// If it cannot be built.
    pub fn oss(&self, endpoint: OssEndpoint) -> Result<alibaba_oss::Client, alibaba_oss::Error> {
        let builder = alibaba_oss::Client::builder(
            &self.context,
            self.region.clone(),
            self.credentials.clone(),
        );
        builder.with_endpoint(self.oss_endpoint(endpoint)).build()
    }

    fn oss_endpoint(&self, wanted: OssEndpoint) -> OssEndpoint {
        match &self.endpoint {
            // What is one endpoint is one of OSS's too.
            Some(endpoint) => endpoint.to_string().parse().unwrap_or(wanted),
            None => wanted,
        }
    }
}
