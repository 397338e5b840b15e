//! What to ask for when assuming a role.

use crate::openapi::Call;
use crate::{Error, ErrorKind};

/// The role, for how long, and what narrows it: asked for by each of the actions.
#[derive(Clone, Debug)]
struct Role {
    arn: String,
    duration_seconds: Option<u32>,
    policy: Option<String>,
}

/// What each of the requests lets one say of the role's credentials.
macro_rules! role_setters {
    () => {
        /// For how long: 900 to the role's own limit; 3600 if not set.
        pub fn duration_seconds(mut self, seconds: impl Into<Option<u32>>) -> Self {
            self.role.duration_seconds = seconds.into();
            self
        }

        /// A policy that narrows the role's own.
        pub fn policy(mut self, policy: impl Into<Option<String>>) -> Self {
            self.role.policy = policy.into();
            self
        }
    };
}

/// Asks for a role's credentials in exchange for others.
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
    role: Role,
    session_name: String,
    external_id: Option<String>,
    source_identity: Option<String>,
}

/// Asks for a role's credentials in exchange for an OIDC token.
#[derive(Clone, Debug)]
#[must_use]
pub struct AssumeRoleWithOidc {
    role: Role,
    session_name: String,
    provider_arn: String,
}

/// Asks for a role's credentials in exchange for a SAML assertion.
#[derive(Clone, Debug)]
#[must_use]
pub struct AssumeRoleWithSaml {
    role: Role,
    provider_arn: String,
}

impl AssumeRole {
    /// Asks for the role `acs:ram::<account>:role/<name>`, under a session name that audit logs
    /// will show.
    pub fn new(role_arn: impl Into<String>, session_name: impl Into<String>) -> Self {
        Self {
            role: Role::new(role_arn),
            session_name: session_name.into(),
            external_id: None,
            source_identity: None,
        }
    }

    role_setters!();

    /// What the trust policy wants to hear from third parties.
    pub fn external_id<'a>(mut self, external_id: impl Into<Option<&'a str>>) -> Self {
        self.external_id = external_id.into().map(ToOwned::to_owned);
        self
    }

    /// A name that is carried unchanged through sessions which assume further roles.
    pub fn source_identity(mut self, source_identity: impl Into<String>) -> Self {
        self.source_identity = Some(source_identity.into());
        self
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        check_session_name(&self.session_name)?;
        self.role.check()?;
        if length(&self.external_id).is_some_and(|length| !(2..=1224).contains(&length)) {
            return refuse("assume a role with this external id: expected 2 to 1224 characters");
        }
        Ok(())
    }

    pub(super) fn apply(&self, call: Call) -> Call {
        self.role
            .apply(call)
            .form_param("RoleSessionName", &self.session_name)
            .form_param("ExternalId", &self.external_id)
            .form_param("SourceIdentity", &self.source_identity)
    }
}

impl AssumeRoleWithOidc {
    /// Asks for the role `acs:ram::<account>:role/<name>`, under a session name that audit logs
    /// will show, by a token of the identity provider `acs:ram::<account>:oidc-provider/<name>`.
    pub fn new(
        role_arn: impl Into<String>,
        session_name: impl Into<String>,
        provider_arn: impl Into<String>,
    ) -> Self {
        Self {
            role: Role::new(role_arn),
            session_name: session_name.into(),
            provider_arn: provider_arn.into(),
        }
    }

    role_setters!();

    pub(super) fn check(&self) -> Result<(), Error> {
        check_session_name(&self.session_name)?;
        self.role.check()
    }

    pub(super) fn apply(&self, call: Call) -> Call {
        self.role
            .apply(call)
            .form_param("RoleSessionName", &self.session_name)
            .form_param("OIDCProviderArn", &self.provider_arn)
    }
}

impl AssumeRoleWithSaml {
    /// Asks for the role `acs:ram::<account>:role/<name>`, by an assertion of the identity provider
    /// `acs:ram::<account>:saml-provider/<name>`, which names the session too.
    pub fn new(role_arn: impl Into<String>, provider_arn: impl Into<String>) -> Self {
        Self {
            role: Role::new(role_arn),
            provider_arn: provider_arn.into(),
        }
    }

    role_setters!();

    pub(super) fn check(&self) -> Result<(), Error> {
        self.role.check()
    }

    pub(super) fn apply(&self, call: Call) -> Call {
        self.role
            .apply(call)
            .form_param("SAMLProviderArn", &self.provider_arn)
    }
}

impl Role {
    fn new(arn: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            duration_seconds: None,
            policy: None,
        }
    }

    /// What STS would refuse, with the reason that it does not give.
    fn check(&self) -> Result<(), Error> {
        if !self.arn.starts_with("acs:ram:") {
            let shown: String = self.arn.chars().take(120).collect();
            return refuse(format!(
                "assume the role {shown:?}: expected such as `acs:ram::<account>:role/<name>`"
            ));
        }
        // STS's documentation of AssumeRole; of the values themselves nothing is shown.
        if length(&self.policy).is_some_and(|length| length > 2048) {
            return refuse("assume a role with this policy: it is longer than 2048 characters");
        }
        Ok(())
    }

    fn apply(&self, call: Call) -> Call {
        call.form_param("RoleArn", &self.arn)
            .form_param("DurationSeconds", self.duration_seconds)
            .form_param("Policy", &self.policy)
    }
}

fn check_session_name(name: &str) -> Result<(), Error> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'@' | b'_' | b'-');
    if (2..=64).contains(&name.len()) && name.bytes().all(is_name) {
        return Ok(());
    }
    let shown: String = name.chars().take(80).collect();
    refuse(format!(
        "assume a role under the session name {shown:?}: expected 2 to 64 of A-Z a-z 0-9 . @ _ -"
    ))
}

fn length(text: &Option<String>) -> Option<usize> {
    text.as_deref().map(|text| text.chars().count())
}

fn refuse(step: impl Into<String>) -> Result<(), Error> {
    Err(Error::new(ErrorKind::Configuration, step))
}
