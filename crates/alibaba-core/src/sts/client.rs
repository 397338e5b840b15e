//! The actions that are signed.

use super::endpoint::endpoint_from_environment;
use super::request::AssumeRole;
use super::response::{AssumeRoleBody, AssumedRole, CallerIdentity};
use crate::endpoint::Product;
use crate::identity::SharedCredentials;
use crate::{Context, Error, Region, openapi};

/// A client of STS.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use alibaba_core::{Context, Region, credentials, sts};
///
/// let context = Context::system()?;
/// let credentials = credentials::default_chain(&context);
/// let sts = sts::Client::new(&context, Region::CN_HANGZHOU, credentials)?;
/// let who = sts.caller_identity().await?;
/// println!("{}", who.arn);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client(openapi::Client);

impl Client {
    /// A client of STS in a region, or without one at the global endpoint.
    ///
    /// # Errors
    ///
    /// None today; building a client may fail.
    pub fn new(
        context: &Context,
        region: impl Into<Option<Region>>,
        credentials: SharedCredentials,
    ) -> Result<Self, Error> {
        Self::builder(context, region, credentials).build()
    }

    /// The same with more to choose.
    pub fn builder(
        context: &Context,
        region: impl Into<Option<Region>>,
        credentials: SharedCredentials,
    ) -> openapi::ClientBuilder<Self> {
        openapi::Client::builder(context, Product::STS, region, credentials).typed()
    }

    /// A client of STS where [the environment says](endpoint_from_environment) that it is.
    ///
    /// # Errors
    ///
    /// If the environment names an unusable endpoint.
    pub fn from_environment(
        context: &Context,
        credentials: SharedCredentials,
    ) -> Result<Self, Error> {
        let endpoint = endpoint_from_environment(&*context.environment)?;
        Self::builder(context, None, credentials)
            .with_endpoint(endpoint)
            .build()
    }

    /// Who signs with these credentials. Needs no permission.
    ///
    /// # Errors
    ///
    /// If the call fails.
    pub async fn caller_identity(&self) -> Result<CallerIdentity, Error> {
        self.0.call("GetCallerIdentity").send().await?.json()
    }

    /// Credentials of a role, for whoever its trust policy names. Needs `sts:AssumeRole` on the role.
    ///
    /// # Errors
    ///
    /// If the call fails or its response is incomplete.
    pub async fn assume_role(&self, request: &AssumeRole) -> Result<AssumedRole, Error> {
        request.check()?;
        // Assuming a role twice does no harm: the first credentials are forgotten.
        let call = request.apply(self.0.call("AssumeRole").idempotent(true));
        call.send().await?.json::<AssumeRoleBody>()?.role()
    }
}

impl From<openapi::Client> for Client {
    fn from(client: openapi::Client) -> Self {
        Self(client)
    }
}
