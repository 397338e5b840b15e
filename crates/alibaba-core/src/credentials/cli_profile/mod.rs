//! Credentials from the command line tool's profiles, `~/.aliyun/config.json`.

mod complaint;
mod config;
mod external;

use std::path::PathBuf;
use std::sync::Arc;

use alibaba_sign::Credentials;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use config::{Config, Mode, NAME, Profile, fail};
use external::ExternalProvider;

use super::config_file::ConfigFile;
use super::document::json_place;
use super::oidc::DEFAULT_SESSION;
use super::{AssumeRoleProvider, EcsMetadataProvider, OidcProvider, StaticProvider, UriProvider};
use crate::endpoint::{Endpoint, Product, ProductNetwork};
use crate::identity::{
    CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials, SharedCredentials,
};
use crate::sts::{AssumeRole, AssumeRoleWithOidc};
use crate::{Context, Region};

const PATH_VARIABLE: &str = "ALIBABA_CLOUD_CONFIG_FILE";
const PROFILE_VARIABLE: &str = "ALIBABA_CLOUD_PROFILE";
const DISABLED_VARIABLE: &str = "ALIBABA_CLOUD_CLI_PROFILE_DISABLED";

/// Reads a profile of `~/.aliyun/config.json`, or of the file that `ALIBABA_CLOUD_CONFIG_FILE` names:
/// the current one, or what `ALIBABA_CLOUD_PROFILE` names.
///
/// Modes: `AK`, `StsToken`, `RamRoleArn`, `EcsRamRole`, `RamRoleArnWithRoleName`, `OIDC`,
/// `ChainableRamRoleArn`, `External`, `CredentialsURI`, in any case; and `CloudSSO` and `OAuth`, where
/// a person logs in with the tool, as long as the temporary keys last that this left in the profile.
///
/// Only what the profile's mode uses is looked at. A file without the wanted profile is "not
/// configured", unless the program asked for that profile. A file that others than its owner may write
/// is refused: it says whose keys are used, and which programs are run.
///
/// Wrap this in a [cache](super::CachedProvider): each `provide` reads the file.
#[derive(Clone, Debug)]
pub struct CliProfileProvider {
    file: ConfigFile,
    profile: Option<String>,
}

impl CliProfileProvider {
    /// The file and profile that the environment names, or the tool's own.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self {
            file: ConfigFile {
                context: context.clone(),
                provider: NAME,
                path: None,
                variable: PATH_VARIABLE,
            },
            profile: None,
        }
    }

    /// This file.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.file.path = Some(path.into());
        self
    }

    /// This profile.
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    async fn read(&self) -> Result<Config, CredentialsError> {
        if self.file.context.environment.is_on(DISABLED_VARIABLE) {
            let step = format!("use it: `{DISABLED_VARIABLE}` is on");
            return Err(fail(CredentialsErrorKind::NotConfigured, step));
        }
        let usual = self.file.at_home(&[".aliyun/config.json"]);
        let (path, content) = self.file.read(usual).await?;
        Config::parse(&content).map_err(|error| {
            let step = format!("parse `{}` as JSON", path.display());
            fail(CredentialsErrorKind::Invalid, step).with_source(json_place(&error))
        })
    }

    async fn ask(&self) -> Result<Arc<Identity>, CredentialsError> {
        let config = self.read().await?;
        let named = self
            .profile
            .clone()
            .or_else(|| self.file.context.environment.non_empty(PROFILE_VARIABLE));
        let Some(name) = named.or_else(|| config.current().map(ToOwned::to_owned)) else {
            let step = "choose a profile: the file has no `current`; set `ALIBABA_CLOUD_PROFILE`";
            return Err(fail(CredentialsErrorKind::NotConfigured, step));
        };
        // Another file may have it, as long as it was not this provider that was asked for it.
        if self.profile.is_none() && config.profile(&name).is_none() {
            let step = format!("find the profile `{name}`: the file does not have it");
            return Err(fail(CredentialsErrorKind::NotConfigured, step));
        }
        Resolver {
            context: &self.file.context,
            config: &config,
            visited: Vec::new(),
        }
        .resolve(&name)?
        .provide()
        .await
    }
}

impl ProvideCredentials for CliProfileProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        self.ask().boxed()
    }
}

/// Turns profiles into providers, following `source_profile`.
struct Resolver<'a> {
    context: &'a Context,
    config: &'a Config,
    visited: Vec<String>,
}

impl Resolver<'_> {
    fn resolve(&mut self, name: &str) -> Result<SharedCredentials, CredentialsError> {
        if self.visited.iter().any(|visited| visited == name) {
            let path = self.visited.join("` -> `");
            let step = format!("follow the source profiles: `{path}` -> `{name}` is a circle");
            return Err(fail(CredentialsErrorKind::Invalid, step));
        }
        self.visited.push(name.to_owned());
        let profile = self.config.profile(name).ok_or_else(|| {
            fail(
                CredentialsErrorKind::Invalid,
                format!("find the profile `{name}`"),
            )
        })?;
        let context = self.context;
        Ok(match profile.mode()? {
            // The tool writes an empty profile of this mode when it is first run.
            Mode::Ak if profile.has_no_keys()? => {
                let step = format!("use the profile `{name}`: its keys are empty");
                return Err(fail(CredentialsErrorKind::NotConfigured, step));
            }
            Mode::Ak => fixed(profile.keys()?)?,
            Mode::StsToken => fixed(profile.temporary()?)?,
            Mode::RamRoleArn => {
                // With a token where the first credentials are temporary themselves.
                self.assume(profile, fixed(profile.keys_of_either_kind()?)?)?
            }
            Mode::EcsRamRole => Arc::new(
                EcsMetadataProvider::new(context).with_role(profile.text("ram_role_name")?),
            ),
            Mode::RamRoleArnWithRoleName => {
                let source =
                    EcsMetadataProvider::new(context).with_role(profile.text("ram_role_name")?);
                self.assume(profile, Arc::new(source))?
            }
            Mode::Oidc => {
                let provider = profile.required("oidc_provider_arn")?;
                let file = profile.required("oidc_token_file")?;
                let role = profile.required("ram_role_arn")?;
                let request = AssumeRoleWithOidc::new(role, self.session(profile)?, provider)
                    .duration_seconds(profile.duration_seconds()?)
                    .policy(profile.some("policy")?.map(ToOwned::to_owned));
                let mut oidc = OidcProvider::new(context, request, file);
                if let Some(endpoint) = sts_endpoint(profile)? {
                    oidc = oidc.with_endpoint(endpoint);
                }
                Arc::new(oidc)
            }
            Mode::ChainableRamRoleArn => {
                let source = self.resolve(profile.required("source_profile")?)?;
                self.assume(profile, source)?
            }
            Mode::External => Arc::new(ExternalProvider {
                context: context.clone(),
                profile: name.to_owned(),
                command: profile.required("process_command")?.to_owned(),
            }),
            Mode::CredentialsUri => Arc::new(UriProvider::new(
                context,
                profile.required("credentials_uri")?,
            )),
            Mode::LoggedIn(mode) => self.logged_in(profile, mode)?,
            Mode::Interactive(mode) => {
                return Err(profile.invalid(&format!(
                    "its mode `{mode}` needs the command line tool; use a profile with keys or a role"
                )));
            }
            Mode::Unknown(mode) => {
                return Err(profile.invalid(&format!("its mode {mode:?} is not known")));
            }
        })
    }

    /// The temporary keys that a person's log-in left in the profile. The tool asks for others by a
    /// token of its own, which is not ours to use up.
    fn logged_in(
        &self,
        profile: &Profile,
        mode: &str,
    ) -> Result<SharedCredentials, CredentialsError> {
        let remedy =
            "log in again with the command line tool, or use a profile with keys or a role";
        let Some(expires_at) = profile.sts_expiration()? else {
            let problem = format!("its mode `{mode}` needs the command line tool; {remedy}");
            return Err(profile.invalid(&problem));
        };
        let keys = StaticProvider::named(NAME, profile.temporary()?)?;
        if self.context.clock.now() >= expires_at {
            let (name, at) = (profile.name(), expires_at.to_rfc3339());
            let step = format!("use the profile `{name}`: its keys expired at `{at}`; {remedy}");
            return Err(fail(CredentialsErrorKind::Expired, step));
        }
        let clock = Arc::clone(&self.context.clock);
        Ok(Arc::new(keys.expiring_at(expires_at, clock)))
    }

    fn session(&self, profile: &Profile) -> Result<String, CredentialsError> {
        let chosen = profile.some("ram_session_name")?.map(ToOwned::to_owned);
        let variable = "ALIBABA_CLOUD_ROLE_SESSION_NAME";
        Ok(chosen
            .or_else(|| self.context.environment.non_empty(variable))
            .unwrap_or_else(|| DEFAULT_SESSION.to_owned()))
    }

    fn assume(
        &self,
        profile: &Profile,
        source: SharedCredentials,
    ) -> Result<SharedCredentials, CredentialsError> {
        let role = profile.required("ram_role_arn")?;
        let request = AssumeRole::new(role, self.session(profile)?)
            .duration_seconds(profile.duration_seconds()?)
            .external_id(profile.some("external_id")?)
            .policy(profile.some("policy")?.map(ToOwned::to_owned));
        let mut provider = AssumeRoleProvider::new(self.context, source, request);
        if let Some(endpoint) = sts_endpoint(profile)? {
            provider = provider.with_endpoint(endpoint);
        }
        Ok(Arc::new(provider))
    }
}

/// The profile's own choice of STS, which comes before the environment's.
fn sts_endpoint(profile: &Profile) -> Result<Option<Endpoint>, CredentialsError> {
    if let Some(endpoint) = profile.some("sts_endpoint")? {
        return endpoint
            .parse::<Endpoint>()
            .map(Some)
            .map_err(|error| profile.invalid("its `sts_endpoint`").with_source(error));
    }
    let Some(region) = profile.some("sts_region")? else {
        return Ok(None);
    };
    let region = Region::new(region)
        .map_err(|error| profile.invalid("its `sts_region`").with_source(error))?;
    let network = if profile.is_on("enable_vpc")? {
        ProductNetwork::Vpc
    } else {
        ProductNetwork::Public
    };
    Ok(Some(Product::STS.endpoint(&region, network)))
}

fn fixed(credentials: Credentials) -> Result<SharedCredentials, CredentialsError> {
    Ok(Arc::new(StaticProvider::named(NAME, credentials)?))
}
