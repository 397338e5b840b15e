//! The actions that nobody signs: the proof of who calls is a parameter.

use alibaba_sign::Secret;

use super::endpoint::endpoint_from_environment;
use super::request::{AssumeRoleWithOidc, AssumeRoleWithSaml};
use super::response::{AssumeRoleBody, AssumedWithOidc, AssumedWithSaml};
use crate::endpoint::Product;
use crate::{Context, Error, Region, openapi};

/// Exchanges tokens of identity providers for a role's credentials. Has no credentials itself.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use alibaba_core::sts::{AssumeRoleWithOidc, FederatedClient};
/// use alibaba_core::{Context, Region, Secret};
///
/// let sts = FederatedClient::new(&Context::system()?, Region::CN_HANGZHOU)?;
/// let request = AssumeRoleWithOidc::new(
///     "acs:ram::1000000000000000:role/backup",
///     "nightly",
///     "acs:ram::1000000000000000:oidc-provider/ack-rrsa-c0000fake",
/// );
/// let token = Secret::new(std::fs::read_to_string("/var/run/secrets/token")?);
/// let assumed = sts.assume_role_with_oidc(&request, &token).await?;
/// println!("until {}", assumed.role.expires_at);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FederatedClient(openapi::Client);

impl FederatedClient {
    /// A client of STS in a region, or without one at the global endpoint.
    ///
    /// # Errors
    ///
    /// None today; building a client may fail.
    pub fn new(context: &Context, region: impl Into<Option<Region>>) -> Result<Self, Error> {
        Self::builder(context, region).build()
    }

    /// The same with more to choose.
    pub fn builder(
        context: &Context,
        region: impl Into<Option<Region>>,
    ) -> openapi::ClientBuilder<Self> {
        openapi::Client::anonymous(context, Product::STS, region).typed()
    }

    /// A client of STS where [the environment says](endpoint_from_environment) that it is.
    ///
    /// # Errors
    ///
    /// If the environment names an unusable endpoint.
    pub fn from_environment(context: &Context) -> Result<Self, Error> {
        let endpoint = endpoint_from_environment(&*context.environment)?;
        Self::builder(context, None).with_endpoint(endpoint).build()
    }

    /// Credentials of a role, for the bearer of an OIDC token such as a Kubernetes service
    /// account's. The token travels in the body, never in the URL.
    ///
    /// # Errors
    ///
    /// If the call fails or its response is incomplete.
    pub async fn assume_role_with_oidc(
        &self,
        request: &AssumeRoleWithOidc,
        token: &Secret,
    ) -> Result<AssumedWithOidc, Error> {
        request.check()?;
        let call = self.0.call("AssumeRoleWithOIDC").idempotent(true);
        let call = request.apply(call).form_param("OIDCToken", token.expose());
        call.send().await?.json::<AssumeRoleBody>()?.with_oidc()
    }

    /// Credentials of a role, for the bearer of a SAML assertion (Base64, 4 to 100 000 characters).
    /// The assertion travels in the body, never in the URL.
    ///
    /// # Errors
    ///
    /// If the call fails or its response is incomplete.
    pub async fn assume_role_with_saml(
        &self,
        request: &AssumeRoleWithSaml,
        assertion: &Secret,
    ) -> Result<AssumedWithSaml, Error> {
        request.check()?;
        let call = self.0.call("AssumeRoleWithSAML").idempotent(true);
        let call = request
            .apply(call)
            .form_param("SAMLAssertion", assertion.expose());
        call.send().await?.json::<AssumeRoleBody>()?.with_saml()
    }
}

impl From<openapi::Client> for FederatedClient {
    fn from(client: openapi::Client) -> Self {
        Self(client)
    }
}
