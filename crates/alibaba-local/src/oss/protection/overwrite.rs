//! Rules that forbid to write keys twice.

use http::StatusCode;
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::oss::document;
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::settings::OverwriteRules;

/// The most overwrite rules of a bucket.
const MAX_OVERWRITE_RULES: usize = 100;

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
                    OssError::refuse(
                        Refusal::NO_SUCH_OVERWRITE_CONFIG,
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
