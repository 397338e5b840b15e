//! The names of the options.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// An option of an [`OssConfig`](crate::OssConfig), by the name that it has in tables of options and, in
/// capitals, in the environment.
///
/// ```
/// use alibaba_oss::OssConfigKey;
///
/// assert_eq!("oss_region".parse::<OssConfigKey>()?, OssConfigKey::Region);
/// assert_eq!("endpoint".parse::<OssConfigKey>()?, OssConfigKey::Endpoint);
/// assert_eq!(OssConfigKey::Endpoint.as_ref(), "oss_endpoint");
/// # Ok::<(), alibaba_oss::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OssConfigKey {
    /// `oss_access_key_id`: of an AccessKey, instead of the default chain of credentials.
    AccessKeyId,
    /// `oss_access_key_secret`.
    AccessKeySecret,
    /// `oss_session_token`, also `oss_security_token`: of temporary credentials.
    SessionToken,
    /// `oss_region`, such as `cn-hangzhou`. What an endpoint of OSS's own says need not be repeated.
    Region,
    /// `oss_bucket`, also `oss_bucket_name`.
    Bucket,
    /// `oss_endpoint`, such as `https://oss-cn-hangzhou.aliyuncs.com`. Without one it is the region's public one.
    Endpoint,
    /// `oss_internal`, `true` or `false`: the region's endpoint inside Alibaba Cloud.
    Internal,
    /// `oss_url_style`: `virtual-host`, `path` or `cname`.
    UrlStyle,
    /// `oss_allow_http`, `true` or `false`: the endpoint without TLS.
    AllowHttp,
    /// `oss_signature_version`: `v4` or `v1`.
    SignatureVersion,
    /// `oss_forbid_overwrite`, `true` or `false`: the store never overwrites.
    ForbidOverwrite,
    /// `oss_expected_owner`: the account whose bucket it has to be.
    ExpectedOwner,
    /// `oss_connect_timeout`, such as `5s`.
    ConnectTimeout,
    /// `oss_read_timeout`, such as `30s`: how long OSS may be silent.
    ReadTimeout,
    /// `oss_proxy_url`, such as `http://proxy:3128` or `socks5h://proxy:1080`.
    ProxyUrl,
    /// `oss_user_agent`.
    UserAgent,
}

impl OssConfigKey {
    /// Every option.
    pub const ALL: [Self; 16] = [
        Self::AccessKeyId,
        Self::AccessKeySecret,
        Self::SessionToken,
        Self::Region,
        Self::Bucket,
        Self::Endpoint,
        Self::Internal,
        Self::UrlStyle,
        Self::AllowHttp,
        Self::SignatureVersion,
        Self::ForbidOverwrite,
        Self::ExpectedOwner,
        Self::ConnectTimeout,
        Self::ReadTimeout,
        Self::ProxyUrl,
        Self::UserAgent,
    ];

    /// Its names: the first is its own, the others are taken as well.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::AccessKeyId => &["oss_access_key_id"],
            Self::AccessKeySecret => &["oss_access_key_secret"],
            Self::SessionToken => &["oss_session_token", "oss_security_token"],
            Self::Region => &["oss_region"],
            Self::Bucket => &["oss_bucket", "oss_bucket_name"],
            Self::Endpoint => &["oss_endpoint"],
            Self::Internal => &["oss_internal"],
            Self::UrlStyle => &["oss_url_style"],
            Self::AllowHttp => &["oss_allow_http"],
            Self::SignatureVersion => &["oss_signature_version"],
            Self::ForbidOverwrite => &["oss_forbid_overwrite"],
            Self::ExpectedOwner => &["oss_expected_owner"],
            Self::ConnectTimeout => &["oss_connect_timeout"],
            Self::ReadTimeout => &["oss_read_timeout"],
            Self::ProxyUrl => &["oss_proxy_url"],
            Self::UserAgent => &["oss_user_agent"],
        }
    }

    /// The variables of the environment that set it, the first of which counts.
    pub(super) fn variables(self) -> impl Iterator<Item = String> {
        self.names().iter().map(|name| name.to_ascii_uppercase())
    }
}

impl AsRef<str> for OssConfigKey {
    fn as_ref(&self) -> &str {
        self.names()[0]
    }
}

impl fmt::Display for OssConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_ref())
    }
}

impl FromStr for OssConfigKey {
    type Err = Error;

    /// Reads a name in any case, with `oss_` before it or without.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.to_ascii_lowercase();
        let name = name.strip_prefix("oss_").unwrap_or(&name);
        let is_named = |key: &&Self| {
            key.names()
                .iter()
                .any(|it| it.strip_prefix("oss_") == Some(name))
        };
        Self::ALL.iter().find(is_named).copied().ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(AsRef::as_ref).collect();
            let step = format!(
                "set the option `{text}`: there is none of that name; there are {}",
                known.join(", ")
            );
            Error::new(ErrorKind::Configuration, step)
        })
    }
}
