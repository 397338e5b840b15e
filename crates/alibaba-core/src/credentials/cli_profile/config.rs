//! The profiles' file, as the command line tool writes it.

use alibaba_sign::Credentials;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::identity::{CredentialsError, CredentialsErrorKind};

/// The provider's name.
pub(super) const NAME: &str = "CLI profile";

/// No `Debug`: profiles contain secrets.
#[derive(Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) current: String,
    #[serde(default)]
    pub(super) profiles: Vec<Profile>,
}

impl Config {
    pub(super) fn parse(content: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content))
    }
}

/// Unknown members are ignored: the tool adds some with each release.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) name: String,
    mode: String,
    pub(super) access_key_id: String,
    pub(super) access_key_secret: String,
    pub(super) sts_token: String,
    pub(super) sts_region: String,
    pub(super) sts_endpoint: String,
    pub(super) enable_vpc: bool,
    pub(super) ram_role_name: String,
    pub(super) ram_role_arn: String,
    pub(super) ram_session_name: String,
    pub(super) external_id: String,
    pub(super) policy: String,
    expired_seconds: u32,
    pub(super) source_profile: String,
    pub(super) oidc_provider_arn: String,
    pub(super) oidc_token_file: String,
    pub(super) credentials_uri: String,
    pub(super) process_command: String,
    expiration: String,
}

pub(super) enum Mode {
    Ak,
    StsToken,
    RamRoleArn,
    EcsRamRole,
    RamRoleArnWithRoleName,
    Oidc,
    ChainableRamRoleArn,
    External,
    CredentialsUri,
    /// A person has to log in, or the tool alone can use it.
    Interactive(&'static str),
    Unknown(String),
}

impl Profile {
    pub(super) fn parse(content: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(content)
    }

    /// The mode, in any case, as the tool takes it.
    pub(super) fn mode(&self) -> Mode {
        match self.mode.to_ascii_lowercase().as_str() {
            "ak" => Mode::Ak,
            "ststoken" => Mode::StsToken,
            "ramrolearn" => Mode::RamRoleArn,
            "ecsramrole" => Mode::EcsRamRole,
            "ramrolearnwithrolename" => Mode::RamRoleArnWithRoleName,
            "oidc" => Mode::Oidc,
            "chainableramrolearn" => Mode::ChainableRamRoleArn,
            "external" => Mode::External,
            "credentialsuri" => Mode::CredentialsUri,
            "cloudsso" => Mode::Interactive("CloudSSO"),
            "oauth" => Mode::Interactive("OAuth"),
            "rsakeypair" => Mode::Interactive("RsaKeyPair"),
            "bearertoken" => Mode::Interactive("BearerToken"),
            "anonymous" => Mode::Interactive("Anonymous"),
            _ => Mode::Unknown(self.mode.clone()),
        }
    }

    pub(super) fn keys(&self) -> Result<Credentials, CredentialsError> {
        Ok(Credentials::new(
            self.required("access_key_id", &self.access_key_id)?,
            self.required("access_key_secret", &self.access_key_secret)?,
        ))
    }

    pub(super) fn temporary(&self) -> Result<Credentials, CredentialsError> {
        Ok(self
            .keys()?
            .with_security_token(self.required("sts_token", &self.sts_token)?))
    }

    pub(super) fn expiration(&self) -> Result<Option<DateTime<Utc>>, CredentialsError> {
        if self.expiration.is_empty() {
            return Ok(None);
        }
        self.expiration
            .parse()
            .map(Some)
            .map_err(|_| self.invalid("its `expiration` is not a time"))
    }

    pub(super) fn duration_seconds(&self) -> Option<u32> {
        (self.expired_seconds > 0).then_some(self.expired_seconds)
    }

    pub(super) fn required(&self, name: &str, value: &str) -> Result<String, CredentialsError> {
        if value.is_empty() {
            return Err(self.invalid(&format!("its `{name}` is missing")));
        }
        Ok(value.to_owned())
    }

    pub(super) fn invalid(&self, problem: &str) -> CredentialsError {
        let step = format!("use the profile `{}`: {problem}", self.name);
        fail(CredentialsErrorKind::Invalid, step)
    }
}

/// The provider's error.
pub(super) fn fail(kind: CredentialsErrorKind, step: impl Into<String>) -> CredentialsError {
    CredentialsError::new(kind, NAME, step)
}
