//! Rules of a bucket that are kept as documents: lifecycle and overwriting.

use http::StatusCode;
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::oss::document;
use crate::oss::error::OssError;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::settings::OverwriteRules;

/// The most lifecycle rules of a bucket.
const MAX_LIFECYCLE_RULES: usize = 1000;
/// The most overwrite rules of a bucket.
const MAX_OVERWRITE_RULES: usize = 100;

#[derive(Deserialize)]
struct LifecycleConfiguration {
    #[serde(rename = "Rule", default)]
    rules: Vec<LifecycleRule>,
}

/// As much of a rule as tells a sound one from a broken one.
#[derive(Deserialize)]
struct LifecycleRule {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "Status")]
    status: Status,
    #[serde(rename = "Expiration")]
    expiration: Option<serde::de::IgnoredAny>,
    #[serde(rename = "Transition", default)]
    transitions: Vec<serde::de::IgnoredAny>,
    #[serde(rename = "AbortMultipartUpload")]
    abort: Option<serde::de::IgnoredAny>,
    #[serde(rename = "NoncurrentVersionExpiration")]
    noncurrent_expiration: Option<serde::de::IgnoredAny>,
    #[serde(rename = "NoncurrentVersionTransition", default)]
    noncurrent_transitions: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
enum Status {
    Enabled,
    Disabled,
}

impl LifecycleRule {
    fn does_something(&self) -> bool {
        self.expiration.is_some()
            || !self.transitions.is_empty()
            || self.abort.is_some()
            || self.noncurrent_expiration.is_some()
            || !self.noncurrent_transitions.is_empty()
    }
}

#[derive(Deserialize)]
struct OverwriteConfiguration {
    #[serde(rename = "Rule", default)]
    rules: Vec<OverwriteRule>,
}

#[derive(Deserialize)]
struct OverwriteRule {
    #[serde(rename = "Action")]
    action: OverwriteAction,
    #[serde(rename = "Prefix", default)]
    prefix: String,
    #[serde(rename = "Suffix", default)]
    suffix: String,
    #[serde(rename = "Principals")]
    principals: Option<Principals>,
}

#[derive(Deserialize)]
enum OverwriteAction {
    #[serde(rename = "forbid")]
    Forbid,
}

#[derive(Deserialize)]
struct Principals {
    #[serde(rename = "Principal", default)]
    principals: Vec<String>,
}

impl Oss {
    pub(crate) fn put_lifecycle(
        &self,
        target: &Target,
        document: String,
    ) -> Result<Response, OssError> {
        let wanted: LifecycleConfiguration = document::read(&document, "LifecycleConfiguration")?;
        let ids: Vec<_> = wanted
            .rules
            .iter()
            .filter_map(|rule| rule.id.as_deref())
            .collect();
        let unique = ids
            .iter()
            .enumerate()
            .all(|(at, id)| id.len() <= 255 && !ids[..at].contains(id));
        let sound = (1..=MAX_LIFECYCLE_RULES).contains(&wanted.rules.len())
            && unique
            && wanted.rules.iter().all(|rule| {
                matches!(rule.status, Status::Enabled | Status::Disabled) && rule.does_something()
            });
        if !sound {
            return Err(OssError::malformed_xml());
        }
        self.store.change_settings(target.bucket(), |stored| {
            stored.settings.lifecycle = Some(document);
            Ok(Response::empty(StatusCode::OK))
        })
    }

    pub(crate) fn get_lifecycle(&self, target: &Target) -> Result<Response, OssError> {
        self.store.with_bucket(target.bucket(), |stored| {
            stored
                .settings
                .lifecycle
                .clone()
                .map(Response::xml)
                .ok_or_else(|| {
                    OssError::not_found("NoSuchLifecycle", "No Row found in Lifecycle Table.")
                        .with("BucketName", target.bucket())
                })
        })
    }

    pub(crate) fn delete_lifecycle(&self, target: &Target) -> Result<Response, OssError> {
        self.store.change_settings(target.bucket(), |stored| {
            stored.settings.lifecycle = None;
            Ok(Response::empty(StatusCode::NO_CONTENT))
        })
    }

    pub(crate) fn put_overwrite_rules(
        &self,
        target: &Target,
        document: String,
    ) -> Result<Response, OssError> {
        let wanted: OverwriteConfiguration = document::read(&document, "OverwriteConfiguration")?;
        if !(1..=MAX_OVERWRITE_RULES).contains(&wanted.rules.len()) {
            return Err(OssError::malformed_xml());
        }
        let forbidden = wanted
            .rules
            .into_iter()
            .map(|rule| {
                let OverwriteAction::Forbid = rule.action;
                // A rule for some callers only would hold here for all of them.
                if rule.principals.is_some_and(|p| {
                    !p.principals.is_empty() && p.principals.iter().all(|name| name != "*")
                }) {
                    return Err(OssError::not_implemented(
                        "an overwrite rule with principals",
                    ));
                }
                Ok((rule.prefix, rule.suffix))
            })
            .collect::<Result<Vec<_>, _>>()?;
        self.store.change_settings(target.bucket(), |stored| {
            stored.settings.overwrite = Some(OverwriteRules {
                document,
                forbidden,
            });
            Ok(Response::empty(StatusCode::OK))
        })
    }

    pub(crate) fn get_overwrite_rules(&self, target: &Target) -> Result<Response, OssError> {
        self.store.with_bucket(target.bucket(), |stored| {
            stored
                .settings
                .overwrite
                .as_ref()
                .map(|rules| Response::xml(rules.document.clone()))
                .ok_or_else(|| {
                    OssError::not_found(
                        "NoSuchBucketOverwriteConfig",
                        "The bucket has no overwrite configuration.",
                    )
                    .with("BucketName", target.bucket())
                })
        })
    }

    pub(crate) fn delete_overwrite_rules(&self, target: &Target) -> Result<Response, OssError> {
        self.store.change_settings(target.bucket(), |stored| {
            stored.settings.overwrite = None;
            Ok(Response::empty(StatusCode::NO_CONTENT))
        })
    }
}
