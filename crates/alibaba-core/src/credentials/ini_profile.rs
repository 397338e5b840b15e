//! Credentials from the SDKs' INI file, `~/.alibabacloud/credentials`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use alibaba_sign::Credentials;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use zeroize::Zeroizing;

use super::config_file::ConfigFile;
use super::oidc::DEFAULT_SESSION;
use super::{AssumeRoleProvider, EcsMetadataProvider, OidcProvider, StaticProvider};
use crate::Context;
use crate::identity::{
    CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials, SharedCredentials,
};
use crate::sts::{AssumeRole, AssumeRoleWithOidc};

const NAME: &str = "INI profile";
const PATH_VARIABLE: &str = "ALIBABA_CLOUD_CREDENTIALS_FILE";
const PROFILE_VARIABLE: &str = "ALIBABA_CLOUD_PROFILE";

/// Reads a section of `~/.alibabacloud/credentials` (or `credentials.ini`), or of the file that
/// `ALIBABA_CLOUD_CREDENTIALS_FILE` names: `default`, or what `ALIBABA_CLOUD_PROFILE` names.
///
/// Types: `access_key`, `sts`, `ecs_ram_role`, `ram_role_arn`, `oidc_role_arn`. A section with
/// `enable = false` is not configured, and neither is a file without the wanted section, unless the
/// program asked for that section. A file that others than its owner may write is refused.
///
/// Wrap this in a [cache](super::CachedProvider): each `provide` reads the file.
#[derive(Clone, Debug)]
pub struct IniProfileProvider {
    file: ConfigFile,
    profile: Option<String>,
}

impl IniProfileProvider {
    /// The file and section that the environment names, or the usual ones.
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

    /// This section.
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    async fn ask(&self) -> Result<Arc<Identity>, CredentialsError> {
        let usual = [".alibabacloud/credentials", ".alibabacloud/credentials.ini"];
        let (path, content) = self.file.read(self.file.at_home(&usual)).await?;
        let invalid = |step: String| fail(CredentialsErrorKind::Invalid, step);
        let text = str::from_utf8(&content)
            .map_err(|_| invalid(format!("read `{}`: it is not text", path.display())))?;
        let sections = IniFile::parse(text)
            .map_err(|error| invalid(format!("parse `{}`", path.display())).with_source(error))?;
        let profile = self
            .profile
            .clone()
            .or_else(|| self.file.context.environment.non_empty(PROFILE_VARIABLE))
            .unwrap_or_else(|| "default".to_owned());
        let section = sections.0.get(&profile).ok_or_else(|| {
            // As with the other tools' files: not this one, unless the program asked for it.
            let kind = match self.profile {
                Some(_) => CredentialsErrorKind::Invalid,
                None => CredentialsErrorKind::NotConfigured,
            };
            fail(
                kind,
                format!("find the profile `{profile}` in `{}`", path.display()),
            )
        })?;
        let section = Section {
            name: &profile,
            path: &path,
            entries: section,
        };
        if section
            .get("enable")
            .is_some_and(|enable| enable.eq_ignore_ascii_case("false"))
        {
            let step = format!("use the profile `{profile}`: it says `enable = false`");
            return Err(fail(CredentialsErrorKind::NotConfigured, step));
        }
        self.provider(&section)?.provide().await
    }

    fn provider(&self, section: &Section<'_>) -> Result<SharedCredentials, CredentialsError> {
        let context = &self.file.context;
        let keys = || {
            Ok(Credentials::new(
                section.required("access_key_id")?,
                section.required("access_key_secret")?,
            ))
        };
        let session = section.get("role_session_name").unwrap_or(DEFAULT_SESSION);
        let policy = section.get("policy").map(ToOwned::to_owned);
        Ok(match section.required("type")?.as_str() {
            "access_key" => Arc::new(StaticProvider::named(NAME, keys()?)?),
            "sts" => {
                let credentials = keys()?.with_security_token(section.required("security_token")?);
                Arc::new(StaticProvider::named(NAME, credentials)?)
            }
            "ecs_ram_role" => {
                let role = section.get("role_name").unwrap_or_default();
                Arc::new(EcsMetadataProvider::new(context).with_role(role))
            }
            "ram_role_arn" => {
                let source = Arc::new(StaticProvider::named(NAME, keys()?)?);
                let request = AssumeRole::new(section.required("role_arn")?, session);
                Arc::new(AssumeRoleProvider::new(
                    context,
                    source,
                    request.policy(policy),
                ))
            }
            "oidc_role_arn" => {
                let request = AssumeRoleWithOidc::new(
                    section.required("role_arn")?,
                    session,
                    section.required("oidc_provider_arn")?,
                );
                Arc::new(OidcProvider::new(
                    context,
                    request.policy(policy),
                    section.required("oidc_token_file_path")?,
                ))
            }
            other => {
                let other: String = other.chars().take(80).collect();
                return Err(section.invalid(&format!(
                    "its type {other:?} is not supported; expected `access_key`, `sts`, \
                     `ecs_ram_role`, `ram_role_arn` or `oidc_role_arn`"
                )));
            }
        })
    }
}

impl ProvideCredentials for IniProfileProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        self.ask().boxed()
    }
}

fn fail(kind: CredentialsErrorKind, step: impl Into<String>) -> CredentialsError {
    CredentialsError::new(kind, NAME, step)
}

struct Section<'a> {
    name: &'a str,
    path: &'a std::path::Path,
    entries: &'a BTreeMap<String, Zeroizing<String>>,
}

impl Section<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .get(key)
            .map(|value| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn required(&self, key: &str) -> Result<String, CredentialsError> {
        let value = self.get(key).map(ToOwned::to_owned);
        value.ok_or_else(|| self.invalid(&format!("its `{key}` is missing")))
    }

    fn invalid(&self, problem: &str) -> CredentialsError {
        let step = format!(
            "use the profile `{}` in `{}`: {problem}",
            self.name,
            self.path.display()
        );
        fail(CredentialsErrorKind::Invalid, step)
    }
}

/// An INI file: sections of `key = value` or `key: value` lines.
///
/// Lines that begin with `#` or `;` are comments, and so is what follows a `#`, or a `;` after white
/// space; a value may stand in quotes. A section that appears twice is one section; of a key that appears
/// twice the last value counts.
struct IniFile(BTreeMap<String, BTreeMap<String, Zeroizing<String>>>);

/// Where an INI file is wrong. The line itself could be a secret, and is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
struct IniError {
    line: usize,
    problem: &'static str,
}

impl IniFile {
    fn parse(text: &str) -> Result<Self, IniError> {
        let mut sections: BTreeMap<String, BTreeMap<String, Zeroizing<String>>> = BTreeMap::new();
        let mut current: Option<String> = None;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (at, line) in text.lines().enumerate() {
            let wrong = |problem| IniError {
                line: at + 1,
                problem,
            };
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let name = rest
                    .split_once(']')
                    .ok_or(wrong("the section's name has no end"))?
                    .0;
                sections.entry(name.trim().to_owned()).or_default();
                current = Some(name.trim().to_owned());
                continue;
            }
            let (key, value) = line
                .split_once(['=', ':'])
                .ok_or(wrong("expected `key = value`"))?;
            let section = current.as_ref().and_then(|name| sections.get_mut(name));
            let section = section.ok_or(wrong("an entry before the first `[section]`"))?;
            let value = unquoted(without_comment(value).trim());
            section.insert(key.trim().to_owned(), Zeroizing::new(value.to_owned()));
        }
        Ok(Self(sections))
    }
}

fn without_comment(value: &str) -> &str {
    let mut before = ' ';
    for (at, character) in value.char_indices() {
        if character == '#' || (character == ';' && before.is_whitespace()) {
            return &value[..at];
        }
        before = character;
    }
    value
}

fn unquoted(value: &str) -> &str {
    let within = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blank_lines_and_repeated_sections() {
        let file = IniFile::parse(
            "\u{feff}# c\n\n[a]\n k = v # c\n;c\nurl: http://x;y#c\n[b] ; c\nempty =\n[a]\nk2==\nq= \"v w\" ; c\none=\"\n",
        )
        .unwrap();
        let a = &file.0["a"];
        for (key, value) in [
            ("k", "v"),
            ("url", "http://x;y"),
            ("k2", "="),
            ("q", "v w"),
            ("one", "\""),
        ] {
            assert_eq!(a[key].as_str(), value, "{key}");
        }
        assert_eq!(file.0["b"]["empty"].as_str(), "");
    }

    #[test]
    fn damage_is_named_by_its_line() {
        for (text, line) in [("[a", 1), ("\nk=v", 2), ("[a]\nhunter2", 2)] {
            let error = IniFile::parse(text).err().unwrap();
            assert_eq!(error.line, line);
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
