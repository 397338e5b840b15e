//! The query of a request.

use crate::cluster::{DeleteOptions, ListOptions, WriteOptions};
use crate::error::{About, ApiError, Cause};
use crate::http::path::percent_decode;
use crate::schema::FieldValidation;
use crate::selector::{FieldSelector, LabelSelector};

/// Decoded pairs, in order.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let decode = |part: &str| percent_decode(&part.replace('+', " "));
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(key, value)| (decode(key), decode(value)))
                .collect(),
        )
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.0
            .iter()
            .find(|(k, _)| k == key)
            .map_or("", |(_, v)| v.as_str())
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        matches!(self.text(key), "1" | "true" | "True" | "TRUE" | "t" | "T")
    }

    pub(crate) fn is_watch(&self) -> bool {
        self.flag("watch")
    }

    pub(crate) fn list_options(&self) -> Result<ListOptions, ApiError> {
        Ok(ListOptions {
            limit: self.text("limit").parse().unwrap_or(0),
            continue_token: self.text("continue").to_owned(),
            resource_version: self.text("resourceVersion").to_owned(),
            version_match: self.text("resourceVersionMatch").to_owned(),
            labels: LabelSelector::parse(self.text("labelSelector"))?,
            fields: FieldSelector::parse(self.text("fieldSelector"))?,
        })
    }

    fn dry_run(&self) -> Result<bool, ApiError> {
        match self.text("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => {
                let about = About {
                    group: "meta.k8s.io",
                    what: "CreateOptions",
                };
                let cause = Cause::unsupported("dryRun", &serde_json::json!([other]), &["All"]);
                Err(ApiError::invalid(about, "", &[cause]))
            }
        }
    }

    pub(crate) fn write_options(&self, user_agent: &str) -> Result<WriteOptions, ApiError> {
        let manager = match self.text("fieldManager") {
            "" => match user_agent.split('/').next().unwrap_or_default() {
                "" => "unknown",
                program => program,
            },
            named => named,
        };
        let validation = match self.text("fieldValidation") {
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            _ => FieldValidation::Warn,
        };
        Ok(WriteOptions {
            dry_run: self.dry_run()?,
            manager: manager.to_owned(),
            force: self.flag("force"),
            validation,
        })
    }

    pub(crate) fn delete_options(
        &self,
        body: &serde_json::Value,
    ) -> Result<DeleteOptions, ApiError> {
        let text = |pointer: &str| {
            body.pointer(pointer)
                .and_then(|v| v.as_str())
                .map(str::to_owned)
        };
        let in_body = body["dryRun"]
            .as_array()
            .is_some_and(|d| d.iter().any(|v| v == "All"));
        Ok(DeleteOptions {
            dry_run: self.dry_run()? || in_body,
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
        })
    }
}
