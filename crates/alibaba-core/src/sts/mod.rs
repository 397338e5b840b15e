//! The Security Token Service: temporary credentials, and who one is.

mod endpoint;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use alibaba_sign::{Credentials, Secret};

use crate::endpoint::{Endpoint, Product};
use crate::identity::SharedCredentials;
use crate::retry::RetryPolicy;
use crate::{Context, Error, ErrorKind, openapi};

pub use endpoint::endpoint_from_environment;

const VERSION: &str = "2015-04-01";

/// A client of STS.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use alibaba_core::{Context, credentials, sts};
///
/// let context = Context::system()?;
/// let sts = sts::Client::new(&context, credentials::default_chain(&context))?;
/// let who = sts.caller_identity().await?;
/// println!("{}", who.arn);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client(openapi::Client);

impl Client {
    /// A client that signs with these credentials, at the endpoint that the environment names
    /// (`ALIBABA_CLOUD_STS_ENDPOINT`, `ALIBABA_CLOUD_STS_REGION`), or else the global one.
    ///
    /// # Errors
    ///
    /// Where the environment names an unusable endpoint.
    pub fn new(context: &Context, credentials: SharedCredentials) -> Result<Self, Error> {
        let endpoint = endpoint_from_environment(&*context.environment)?;
        Self::at(context, endpoint, Some(credentials))
    }

    /// A client at this endpoint. Without credentials it can only call what needs none.
    ///
    /// # Errors
    ///
    /// None today; building a client may fail.
    pub fn at(
        context: &Context,
        endpoint: Endpoint,
        credentials: Option<SharedCredentials>,
    ) -> Result<Self, Error> {
        let mut builder = openapi::Client::builder(Product::STS, VERSION)
            .with_endpoint(endpoint)
            .with_retry(RetryPolicy::default());
        if let Some(credentials) = credentials {
            builder = builder.with_credentials(credentials);
        }
        builder.build(context).map(Self)
    }

    /// Who signs with these credentials.
    ///
    /// # Errors
    ///
    /// Where the call fails.
    pub async fn caller_identity(&self) -> Result<CallerIdentity, Error> {
        self.0.call("GetCallerIdentity").send().await?.json()
    }

    /// Credentials of a role, for whoever its trust policy names.
    ///
    /// # Errors
    ///
    /// Where the call fails or its answer is incomplete.
    pub async fn assume_role(&self, request: &AssumeRole) -> Result<AssumedRole, Error> {
        request.check()?;
        // Assuming a role twice does no harm: the first credentials are forgotten.
        let call = request.apply(self.0.call("AssumeRole").idempotent(true));
        call.send().await?.json::<AssumeRoleAnswer>()?.checked()
    }

    /// Credentials of a role, for the bearer of an OIDC token such as a Kubernetes service
    /// account's. The call is not signed. The token travels in the body, never in the URL.
    ///
    /// # Errors
    ///
    /// Where the call fails or its answer is incomplete.
    pub async fn assume_role_with_oidc(
        &self,
        request: &AssumeRole,
        provider_arn: &str,
        token: &Secret,
    ) -> Result<AssumedRole, Error> {
        request.check()?;
        let call = self
            .0
            .call("AssumeRoleWithOIDC")
            .anonymous()
            .idempotent(true);
        let call = request
            .apply(call)
            .form_param("OIDCProviderArn", provider_arn)
            .form_param("OIDCToken", token.expose());
        call.send().await?.json::<AssumeRoleAnswer>()?.checked()
    }
}

/// What to ask for when assuming a role.
///
/// ```
/// use alibaba_core::sts::AssumeRole;
///
/// let request = AssumeRole::new("acs:ram::1000000000000000:role/backup", "nightly")
///     .external_id("tenant-7")
///     .duration_seconds(900);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AssumeRole {
    role_arn: String,
    session_name: String,
    duration_seconds: Option<u32>,
    policy: Option<String>,
    external_id: Option<String>,
}

impl AssumeRole {
    /// Asks for the role `acs:ram::<account>:role/<name>`, under a session name that audit logs
    /// will show.
    pub fn new(role_arn: impl Into<String>, session_name: impl Into<String>) -> Self {
        Self {
            role_arn: role_arn.into(),
            session_name: session_name.into(),
            duration_seconds: None,
            policy: None,
            external_id: None,
        }
    }

    /// For how long: 900 to the role's own limit; 3600 if not set.
    pub fn duration_seconds(mut self, seconds: impl Into<Option<u32>>) -> Self {
        self.duration_seconds = seconds.into();
        self
    }

    /// A policy that narrows the role's own.
    pub fn policy(mut self, policy: impl Into<Option<String>>) -> Self {
        self.policy = policy.into();
        self
    }

    /// What the trust policy wants to hear from third parties.
    pub fn external_id<'a>(mut self, external_id: impl Into<Option<&'a str>>) -> Self {
        self.external_id = external_id.into().map(ToOwned::to_owned);
        self
    }

    /// What STS would refuse, with the reason that it does not give.
    fn check(&self) -> Result<(), Error> {
        let refuse = |what: String| Err(Error::new(ErrorKind::Configuration, what));
        let name = &self.session_name;
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'@' | b'_' | b'-');
        if !(2..=64).contains(&name.len()) || !name.bytes().all(is_name) {
            let shown: String = name.chars().take(80).collect();
            return refuse(format!(
                "assume a role under the session name {shown:?}: expected 2 to 64 of A-Z a-z 0-9 . @ _ -"
            ));
        }
        if !self.role_arn.starts_with("acs:ram:") {
            let shown: String = self.role_arn.chars().take(120).collect();
            return refuse(format!(
                "assume the role {shown:?}: expected such as `acs:ram::<account>:role/<name>`"
            ));
        }
        // STS's documentation of AssumeRole; of the values themselves nothing is shown.
        let length = |text: &Option<String>| text.as_deref().map(|text| text.chars().count());
        if length(&self.policy).is_some_and(|length| length > 2048) {
            return refuse(
                "assume a role with this policy: it is longer than 2048 characters".into(),
            );
        }
        if length(&self.external_id).is_some_and(|length| !(2..=1224).contains(&length)) {
            return refuse(
                "assume a role with this external id: expected 2 to 1224 characters".into(),
            );
        }
        Ok(())
    }

    fn apply(&self, call: openapi::Call) -> openapi::Call {
        call.form_param("RoleArn", &self.role_arn)
            .form_param("RoleSessionName", &self.session_name)
            .form_param("DurationSeconds", self.duration_seconds)
            .form_param("Policy", &self.policy)
            .form_param("ExternalId", &self.external_id)
    }
}

/// A role's temporary credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssumedRole {
    /// What to sign with.
    pub credentials: Credentials,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// `acs:ram::<account>:role/<role>/<session>`.
    pub arn: Option<String>,
}

#[derive(Deserialize)]
struct AssumeRoleAnswer {
    #[serde(rename = "Credentials")]
    credentials: Option<AnsweredCredentials>,
    #[serde(rename = "AssumedRoleUser")]
    user: Option<AssumedRoleUser>,
}

#[derive(Deserialize)]
struct AssumedRoleUser {
    #[serde(rename = "Arn")]
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnsweredCredentials {
    access_key_id: Option<String>,
    access_key_secret: Option<String>,
    security_token: Option<String>,
    expiration: Option<DateTime<Utc>>,
}

impl AssumeRoleAnswer {
    fn checked(self) -> Result<AssumedRole, Error> {
        let complete = self.credentials.and_then(|it| {
            let credentials = Credentials::new(it.access_key_id?, it.access_key_secret?)
                .with_security_token(it.security_token?);
            Some((credentials, it.expiration?))
        });
        let Some((credentials, expires_at)) = complete else {
            let step = "read the role's credentials: id, secret, token or expiration is missing";
            return Err(Error::new(ErrorKind::Response, step));
        };
        Ok(AssumedRole {
            credentials,
            expires_at,
            arn: self.user.and_then(|user| user.arn),
        })
    }
}

/// Who signs with a client's credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CallerIdentity {
    /// The account's id.
    pub account_id: String,
    /// The caller's resource name.
    pub arn: String,
    /// `Account`, `RAMUser` or `AssumedRoleUser`.
    pub identity_type: String,
    /// The id within the account.
    #[serde(default)]
    pub principal_id: Option<String>,
    /// Of users.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Of roles.
    #[serde(default)]
    pub role_id: Option<String>,
}
