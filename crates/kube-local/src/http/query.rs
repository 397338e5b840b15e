//! The query of a request.

use crate::cluster::{DeleteOptions, ListOptions, Propagation, WriteOptions};
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
        let limit = match self.text("limit") {
            "" => 0,
            text => text.parse::<i64>().map_err(|_| {
                ApiError::bad_request(format!(
                    "strconv.ParseInt: parsing \"{text}\": invalid syntax"
                ))
            })?,
        };
        if self.flag("sendInitialEvents") && !self.is_watch() {
            let why = "sendInitialEvents is forbidden for list";
            let cause = Cause::forbidden("sendInitialEvents", why);
            return Err(refused("ListOptions", cause));
        }
        Ok(ListOptions {
            limit: usize::try_from(limit).unwrap_or(0),
            continue_token: self.text("continue").to_owned(),
            resource_version: self.text("resourceVersion").to_owned(),
            version_match: self.text("resourceVersionMatch").to_owned(),
            labels: LabelSelector::parse(self.text("labelSelector"))?,
            fields: FieldSelector::parse(self.text("fieldSelector"))?,
        })
    }

    fn dry_run(&self, options: &'static str) -> Result<bool, ApiError> {
        match self.text("dryRun") {
            "" => Ok(false),
            "All" => Ok(true),
            other => {
                let cause = Cause::unsupported("dryRun", &serde_json::json!([other]), &["All"]);
                Err(refused(options, cause))
            }
        }
    }

    /// `options` is the type the server reads them into: `CreateOptions` and its kin.
    pub(crate) fn write_options(
        &self,
        user_agent: &str,
        options: &'static str,
    ) -> Result<WriteOptions, ApiError> {
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
            "" | "Warn" => FieldValidation::Warn,
            other => {
                let allowed = ["", "Ignore", "Strict", "Warn"];
                let cause = Cause::unsupported("fieldValidation", &other.into(), &allowed);
                return Err(refused(options, cause));
            }
        };
        Ok(WriteOptions {
            dry_run: self.dry_run(options)?,
            warnings: std::cell::RefCell::default(),
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
        let in_body = match body["dryRun"].as_array() {
            Some(list) if list.iter().any(|v| v != "All") => {
                let cause = Cause::unsupported("dryRun", &body["dryRun"], &["All"]);
                return Err(refused("DeleteOptions", cause));
            }
            list => list.is_some_and(|list| !list.is_empty()),
        };
        let policy = text("/propagationPolicy")
            .or_else(|| Some(self.text("propagationPolicy").to_owned()))
            .filter(|policy| !policy.is_empty());
        let orphans = body["orphanDependents"].as_bool();
        if let (Some(_), Some(policy)) = (orphans, &policy) {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            let cause = Cause::invalid("propagationPolicy", &policy.as_str().into(), why);
            return Err(refused("DeleteOptions", cause));
        }
        let propagation = match (policy.as_deref(), orphans) {
            (None, None) => None,
            (Some("Foreground"), _) => Some(Propagation::Foreground),
            (Some("Orphan"), _) | (None, Some(true)) => Some(Propagation::Orphan),
            (Some("Background"), _) | (None, Some(false)) => Some(Propagation::Background),
            (Some(other), _) => {
                let allowed = ["Foreground", "Background", "Orphan", "nil"];
                let cause = Cause::unsupported("propagationPolicy", &other.into(), &allowed);
                return Err(refused("DeleteOptions", cause));
            }
        };
        Ok(DeleteOptions {
            dry_run: self.dry_run("DeleteOptions")? || in_body,
            propagation,
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
        })
    }
}

/// What the server says of an option it does not know.
fn refused(options: &'static str, cause: Cause) -> ApiError {
    let about = About {
        group: "meta.k8s.io",
        what: options,
    };
    ApiError::invalid(about, "", &[cause])
}
