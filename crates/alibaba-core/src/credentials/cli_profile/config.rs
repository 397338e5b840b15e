//! The profiles' file, as the command line tool writes it.

use alibaba_sign::{Credentials, Secret};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::credentials::fields::{Fields, WrongType};
use crate::identity::{CredentialsError, CredentialsErrorKind};

/// The provider's name.
pub(super) const NAME: &str = "CLI profile";

/// No `Debug`: profiles contain secrets.
#[derive(Deserialize)]
pub(super) struct Config {
    current: Option<String>,
    profiles: Option<Vec<Profile>>,
}

impl Config {
    pub(super) fn parse(content: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content))
    }

    /// The name of the current profile, where there is one.
    pub(super) fn current(&self) -> Option<&str> {
        self.current.as_deref().filter(|name| !name.is_empty())
    }

    /// The first profile of this name.
    pub(super) fn profile(&self, name: &str) -> Option<&Profile> {
        let mut profiles = self.profiles.iter().flatten();
        profiles.find(|profile| profile.name() == name)
    }
}

/// A profile's settings. One that its mode does not use is never looked at, and one that is null is
/// not set: the tool writes more with each release.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Profile(Fields);

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
    /// A person logs in with the tool, which keeps the temporary keys in the profile.
    LoggedIn(&'static str),
    /// The tool alone can use it.
    Interactive(&'static str),
    Unknown(String),
}

impl Profile {
    pub(super) fn parse(content: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(content)
    }

    /// Empty where it has none.
    pub(super) fn name(&self) -> &str {
        self.0.text("name").unwrap_or_default()
    }

    /// The mode, in any case, as the tool takes it.
    pub(super) fn mode(&self) -> Result<Mode, CredentialsError> {
        let mode = self.text("mode")?;
        Ok(match mode.to_ascii_lowercase().as_str() {
            "ak" => Mode::Ak,
            "ststoken" => Mode::StsToken,
            "ramrolearn" => Mode::RamRoleArn,
            "ecsramrole" => Mode::EcsRamRole,
            "ramrolearnwithrolename" => Mode::RamRoleArnWithRoleName,
            "oidc" => Mode::Oidc,
            "chainableramrolearn" => Mode::ChainableRamRoleArn,
            "external" => Mode::External,
            "credentialsuri" => Mode::CredentialsUri,
            "cloudsso" => Mode::LoggedIn("CloudSSO"),
            "oauth" => Mode::LoggedIn("OAuth"),
            "rsakeypair" => Mode::Interactive("RsaKeyPair"),
            "bearertoken" => Mode::Interactive("BearerToken"),
            "anonymous" => Mode::Interactive("Anonymous"),
            _ => Mode::Unknown(mode.chars().take(80).collect()),
        })
    }

    /// Whether it is as the tool writes it when it is first run.
    pub(super) fn has_no_keys(&self) -> Result<bool, CredentialsError> {
        Ok(self.text("access_key_id")?.is_empty() && self.text("access_key_secret")?.is_empty())
    }

    pub(super) fn keys(&self) -> Result<Credentials, CredentialsError> {
        Ok(Credentials::new(
            self.required("access_key_id")?,
            Secret::new(self.required("access_key_secret")?),
        ))
    }

    pub(super) fn temporary(&self) -> Result<Credentials, CredentialsError> {
        let token = Secret::new(self.required("sts_token")?);
        Ok(self.keys()?.with_security_token(token))
    }

    /// The keys, with a token where there is one.
    pub(super) fn keys_of_either_kind(&self) -> Result<Credentials, CredentialsError> {
        if self.text("sts_token")?.is_empty() {
            self.keys()
        } else {
            self.temporary()
        }
    }

    /// When what a command printed expires.
    pub(super) fn expiration(&self) -> Result<Option<DateTime<Utc>>, CredentialsError> {
        let Some(text) = self.some("expiration")? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| self.invalid("its `expiration` is not a time"))
    }

    /// When the keys that a log-in left in the profile expire: seconds since 1970.
    pub(super) fn sts_expiration(&self) -> Result<Option<DateTime<Utc>>, CredentialsError> {
        let seconds = self.0.number("sts_expiration").map_err(self.wrong())?;
        Ok(DateTime::from_timestamp(seconds, 0).filter(|_| seconds > 0))
    }

    pub(super) fn duration_seconds(&self) -> Result<Option<u32>, CredentialsError> {
        let seconds = self.0.number("expired_seconds").map_err(self.wrong())?;
        if seconds == 0 {
            return Ok(None);
        }
        let seconds = u32::try_from(seconds).ok();
        let seconds =
            seconds.ok_or_else(|| self.invalid("its `expired_seconds` is no duration"))?;
        Ok(Some(seconds))
    }

    pub(super) fn is_on(&self, name: &'static str) -> Result<bool, CredentialsError> {
        self.0.is_on(name).map_err(self.wrong())
    }

    /// A setting; empty where it is not set.
    pub(super) fn text(&self, name: &'static str) -> Result<&str, CredentialsError> {
        self.0.text(name).map_err(self.wrong())
    }

    /// A setting, where it is set.
    pub(super) fn some(&self, name: &'static str) -> Result<Option<&str>, CredentialsError> {
        self.0.some(name).map_err(self.wrong())
    }

    /// A setting that the mode needs.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, CredentialsError> {
        let missing = || self.invalid(&format!("its `{name}` is missing"));
        self.some(name)?.ok_or_else(missing)
    }

    pub(super) fn invalid(&self, problem: &str) -> CredentialsError {
        let step = format!("use the profile `{}`: {problem}", self.name());
        fail(CredentialsErrorKind::Invalid, step)
    }

    fn wrong(&self) -> impl Fn(WrongType) -> CredentialsError {
        |wrong| self.invalid(&wrong.to_string())
    }
}

/// The provider's error.
pub(super) fn fail(kind: CredentialsErrorKind, step: impl Into<String>) -> CredentialsError {
    CredentialsError::new(kind, NAME, step)
}
