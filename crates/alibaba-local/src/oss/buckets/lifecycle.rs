//! Lifecycle rules, which are checked and kept as the document they came in.

use http::StatusCode;
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::oss::document;
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;

/// The most lifecycle rules of a bucket.
const MAX_LIFECYCLE_RULES: usize = 1000;

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
                    OssError::refuse(
                        Refusal::NO_SUCH_LIFECYCLE,
                        "No Row found in Lifecycle Table.",
                    )
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
}
