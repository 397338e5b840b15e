//! A client and a store from texts: a URL, options by name, and the environment.

mod key;
mod place;

use std::sync::Arc;
use std::time::Duration;

use alibaba_core::credentials::{SharedCredentials, StaticProvider, default_chain};
use alibaba_core::environment::{Environment, SystemEnvironment};
use alibaba_core::{
    ConnectionSettings, Context, Credentials, Proxy, ProxyChoice, ProxyRules, Region, Secret,
};

pub use key::OssConfigKey;

use crate::client::Client;
use crate::endpoint::{OssEndpoint, UrlStyle};
use crate::error::{Error, ErrorKind, Result};
use crate::signing::SignatureVersion;
use crate::transport::HyperSend;
use place::Place;

/// What a client, or a store, is made of, given as texts: by a URL, by options with the names of
/// [`OssConfigKey`], and by variables of the environment with the same names in capitals.
///
/// ```
/// use alibaba_oss::OssConfig;
///
/// # fn run() -> alibaba_oss::Result<()> {
/// let config = OssConfig::new()
///     .with_url("oss://backups/clusters/berlin")?
///     .with_option("region", "cn-hangzhou")?
///     .with_option("read_timeout", "60s")?;
/// assert_eq!(config.bucket(), Some("backups"));
/// assert_eq!(config.prefix(), "clusters/berlin");
/// # Ok(())
/// # }
/// # run().unwrap();
/// ```
///
/// What is set later counts. Without an AccessKey the credentials are those of the default chain.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct OssConfig {
    settings: ConnectionSettings,
    context: Option<Context>,
    credentials: Option<SharedCredentials>,
    access_key_id: Option<String>,
    access_key_secret: Option<Secret>,
    session_token: Option<Secret>,
    region: Option<Region>,
    bucket: Option<String>,
    prefix: String,
    endpoint: Option<OssEndpoint>,
    internal: bool,
    url_style: Option<UrlStyle>,
    allow_http: bool,
    signature: SignatureVersion,
    pub(crate) forbid_overwrite: bool,
    expected_owner: Option<String>,
}

impl OssConfig {
    /// With nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// With what the process's environment sets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where a variable has a value that its option cannot have.
    pub fn from_env() -> Result<Self> {
        Self::from_environment(&SystemEnvironment)
    }

    /// With what this environment sets: the options' names in capitals, such as `OSS_REGION`. Empty
    /// variables count as unset.
    ///
    /// # Errors
    ///
    /// As [`OssConfig::from_env`].
    pub fn from_environment(environment: &dyn Environment) -> Result<Self> {
        let mut config = Self::new();
        for key in OssConfigKey::ALL {
            if let Some(value) = key
                .variables()
                .find_map(|name| environment.non_empty(&name))
            {
                config = config.with_config(key, value)?;
            }
        }
        Ok(config)
    }

    /// The bucket, and the prefix in it, of `oss://bucket/prefix`; of
    /// `https://bucket.oss-cn-hangzhou.aliyuncs.com/prefix` the region, too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where it is none of these, or has a key in it.
    pub fn with_url(mut self, url: &str) -> Result<Self> {
        let place = Place::read(url)?;
        if let Some(region) = &place.region {
            self = self.with_config(OssConfigKey::Region, region)?;
            self.internal = place.internal;
        }
        self.bucket = Some(place.bucket);
        self.prefix = place.prefix;
        Ok(self)
    }

    /// Sets an option by its name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where there is no such option, or it cannot have this value.
    pub fn with_option(self, name: &str, value: impl AsRef<str>) -> Result<Self> {
        self.with_config(name.parse()?, value)
    }

    /// Sets options by their names.
    ///
    /// # Errors
    ///
    /// As [`OssConfig::with_option`].
    pub fn with_options<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        for (name, value) in options {
            self = self.with_option(name.as_ref(), value)?;
        }
        Ok(self)
    }

    /// Sets an option.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where it cannot have this value, which the error does not quote where it
    /// may be secret.
    pub fn with_config(mut self, key: OssConfigKey, value: impl AsRef<str>) -> Result<Self> {
        let value = value.as_ref();
        let wrong = |expected: &str| {
            unusable(format!(
                "set the option `{key}`: `{value}` is not {expected}"
            ))
        };
        let switch = || match value {
            _ if value.eq_ignore_ascii_case("true") || value == "1" => Ok(true),
            _ if value.eq_ignore_ascii_case("false") || value == "0" => Ok(false),
            _ => Err(wrong("`true` or `false`")),
        };
        let time = || seconds(value).ok_or_else(|| wrong("a time such as `30s`"));
        match key {
            OssConfigKey::AccessKeyId => self.access_key_id = Some(value.to_owned()),
            OssConfigKey::AccessKeySecret => self.access_key_secret = Some(Secret::new(value)),
            OssConfigKey::SessionToken => self.session_token = Some(Secret::new(value)),
            OssConfigKey::Region => {
                let region = value.parse::<Region>();
                self.region = Some(region.map_err(|error| wrong("a region").with_source(error))?);
            }
            OssConfigKey::Bucket => self.bucket = Some(value.to_owned()),
            OssConfigKey::Endpoint => {
                let endpoint = value.parse::<OssEndpoint>();
                let endpoint = endpoint.map_err(|error| {
                    unusable(format!("set the option `{key}`")).with_source(error)
                })?;
                self.endpoint = Some(endpoint);
            }
            OssConfigKey::Internal => self.internal = switch()?,
            OssConfigKey::UrlStyle => {
                self.url_style = Some(match value {
                    "virtual-host" => UrlStyle::VirtualHost,
                    "path" => UrlStyle::Path,
                    "cname" => UrlStyle::Cname,
                    _ => return Err(wrong("`virtual-host`, `path` or `cname`")),
                });
            }
            OssConfigKey::AllowHttp => self.allow_http = switch()?,
            OssConfigKey::SignatureVersion => {
                self.signature = match value {
                    "v4" | "4" => SignatureVersion::V4,
                    "v1" | "1" => SignatureVersion::V1,
                    _ => return Err(wrong("`v4` or `v1`")),
                };
            }
            OssConfigKey::ForbidOverwrite => self.forbid_overwrite = switch()?,
            OssConfigKey::ExpectedOwner => self.expected_owner = Some(value.to_owned()),
            OssConfigKey::ConnectTimeout => self.settings.connect_timeout = time()?,
            OssConfigKey::ReadTimeout => self.settings.read_timeout = time()?,
            OssConfigKey::ProxyUrl => {
                // It may have a password.
                let proxy: Proxy = value.parse().map_err(|error| {
                    unusable(format!("set the option `{key}`")).with_source(error)
                })?;
                self.settings.proxy = ProxyChoice::Rules(ProxyRules::all(proxy));
            }
            OssConfigKey::UserAgent => self.settings.user_agent = value.to_owned(),
        }
        Ok(self)
    }

    /// Takes the credentials from here, instead of an AccessKey or the default chain.
    pub fn with_credentials(mut self, credentials: SharedCredentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Reaches the world through this context. Timeouts, proxy and user agent are then the context's.
    pub fn with_context(mut self, context: Context) -> Self {
        self.context = Some(context);
        self
    }

    /// The bucket, where one is set.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// What the URL says after the bucket, without the last slash; empty for all of the bucket.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the region is missing, half of an AccessKey is, or a connection
    /// setting is unusable; [`ErrorKind::Credentials`] where an AccessKey cannot be one.
    pub fn client(&self) -> Result<Client> {
        let context = match &self.context {
            Some(context) => context.clone(),
            None => HyperSend::context(self.settings.clone())?,
        };
        let region = self.region_or_that_of_the_endpoint()?;
        let credentials = self.credentials(&context)?;
        let mut endpoint = match (&self.endpoint, self.internal) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, true) => OssEndpoint::internal(&region),
            (None, false) => OssEndpoint::public(&region),
        };
        if let Some(style) = self.url_style {
            endpoint = endpoint.with_style(style);
        }
        if self.allow_http {
            endpoint = endpoint.without_tls();
        }
        let client = Client::builder(&context, region, credentials)
            .with_endpoint(endpoint)
            .with_signature(self.signature)
            .build()?;
        Ok(match &self.expected_owner {
            Some(owner) => client.with_expected_owner(owner),
            None => client,
        })
    }

    fn region_or_that_of_the_endpoint(&self) -> Result<Region> {
        if let Some(region) = &self.region {
            return Ok(region.clone());
        }
        let named = self.endpoint.as_ref().and_then(place::region_in);
        match named.and_then(|region| region.parse().ok()) {
            Some(region) => Ok(region),
            None => Err(unusable(
                "find the region: give the option `oss_region`, or the variable `OSS_REGION`, such as `cn-hangzhou`",
            )),
        }
    }

    fn credentials(&self, context: &Context) -> Result<SharedCredentials> {
        if let Some(credentials) = &self.credentials {
            return Ok(Arc::clone(credentials));
        }
        let missing = |key: OssConfigKey, other: OssConfigKey| {
            unusable(format!(
                "use the AccessKey: `{other}` is set, and `{key}` is not"
            ))
        };
        let (id, secret) = match (&self.access_key_id, &self.access_key_secret) {
            (None, None) if self.session_token.is_some() => {
                return Err(missing(
                    OssConfigKey::AccessKeyId,
                    OssConfigKey::SessionToken,
                ));
            }
            (None, None) => return Ok(default_chain(context)),
            (Some(_), None) => {
                return Err(missing(
                    OssConfigKey::AccessKeySecret,
                    OssConfigKey::AccessKeyId,
                ));
            }
            (None, Some(_)) => {
                return Err(missing(
                    OssConfigKey::AccessKeyId,
                    OssConfigKey::AccessKeySecret,
                ));
            }
            (Some(id), Some(secret)) => (id, secret),
        };
        let mut credentials = Credentials::new(id, secret.clone());
        if let Some(token) = &self.session_token {
            credentials = credentials.with_security_token(token.clone());
        }
        let provider = StaticProvider::new(credentials).map_err(|error| {
            Error::new(ErrorKind::Credentials, "use the AccessKey of the options")
                .with_source(error)
        })?;
        Ok(Arc::new(provider))
    }

    /// The bucket, which has to be set.
    #[cfg(any(feature = "object_store", feature = "object_store_013"))]
    pub(crate) fn required_bucket(&self) -> Result<&str> {
        self.bucket().ok_or_else(|| {
            unusable("find the bucket: give a URL such as `oss://bucket/prefix`, or the option `oss_bucket`")
        })
    }
}

fn unusable(step: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, step)
}

/// `30s`, `500ms`, `2m`, or a number of seconds.
fn seconds(text: &str) -> Option<Duration> {
    let (number, unit) = match text.find(|it: char| !it.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
    .filter(|time| !time.is_zero())
}
