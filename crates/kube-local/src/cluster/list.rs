//! Reading: one object, pages of many, at the newest or at a named revision.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::convert::to_version;
use super::state::State;
use crate::catalog::Resource;
use crate::error::{About, ApiError, Cause};
use crate::selector::{FieldSelector, LabelSelector};
use crate::store::{Stored, key};

/// `ListOptions`, from the query.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListOptions {
    pub(crate) limit: usize,
    pub(crate) continue_token: String,
    pub(crate) resource_version: String,
    pub(crate) version_match: String,
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
}

/// A page.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) items: Vec<Arc<Stored>>,
    pub(crate) revision: u64,
    pub(crate) continue_token: Option<String>,
    pub(crate) remaining: Option<usize>,
}

impl State {
    pub(crate) fn get(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Arc<Stored>, ApiError> {
        let key = key(namespace.unwrap_or_default(), name);
        let object = self
            .store
            .get(&resource.collection, &key)
            .ok_or_else(|| ApiError::not_found(resource.about(), name))?;
        super::convertible(resource, &object.api_version)?;
        Ok(object)
    }

    pub(crate) fn list(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        options: &ListOptions,
    ) -> Result<Listed, ApiError> {
        check_field_labels(resource, &options.fields)?;
        let (revision, start) = self.snapshot(options)?;
        let limit = match options.limit {
            // What a watch cache serves is never cut.
            _ if options.resource_version == "0" => usize::MAX,
            0 => usize::MAX,
            limit => limit,
        };
        let selective = !options.labels.is_empty() || !options.fields.is_empty();
        let mut items = Vec::new();
        let mut more = false;
        let range = self
            .store
            .range(&resource.collection, namespace, start.as_deref(), revision);
        for object in range {
            if !matches(resource, object, options) {
                continue;
            }
            if items.len() == limit {
                more = true;
                break;
            }
            super::convertible(resource, &object.api_version)?;
            items.push(Arc::clone(object));
        }
        let (continue_token, remaining) = match items.last().filter(|_| more) {
            None => (None, None),
            Some(last) => {
                let last = last.key();
                let remaining = (!selective).then(|| {
                    self.store
                        .range(&resource.collection, namespace, Some(&last), revision)
                        .count()
                });
                (
                    Some(token(i64::try_from(revision).unwrap_or(0), &last)),
                    remaining,
                )
            }
        };
        Ok(Listed {
            items,
            revision,
            continue_token,
            remaining,
        })
    }

    /// The revision to read at, and the key to go on after.
    fn snapshot(&self, options: &ListOptions) -> Result<(u64, Option<String>), ApiError> {
        let current = self.store.revision();
        let asked = options.resource_version.as_str();
        let forbidden = |field: &str, why: &str| {
            let about = About {
                group: "meta.k8s.io",
                what: "ListOptions",
            };
            Err(ApiError::invalid(
                about,
                "",
                &[Cause::forbidden(field, why)],
            ))
        };
        if !options.version_match.is_empty() {
            if !matches!(options.version_match.as_str(), "Exact" | "NotOlderThan") {
                let about = About {
                    group: "meta.k8s.io",
                    what: "ListOptions",
                };
                let shown = options.version_match.as_str().into();
                let allowed = ["Exact", "NotOlderThan", ""];
                let cause = Cause::unsupported("resourceVersionMatch", &shown, &allowed);
                return Err(ApiError::invalid(about, "", &[cause]));
            }
            if !options.continue_token.is_empty() {
                return forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden when continue is provided",
                );
            }
            if asked.is_empty() {
                return forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden unless resourceVersion is provided",
                );
            }
            if options.version_match == "Exact" && asked == "0" {
                return forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
                );
            }
        }
        if !options.continue_token.is_empty() {
            let (revision, start) = read_token(&options.continue_token).map_err(|why| {
                ApiError::bad_request(format!(
                    "invalid continue token: continue key is not valid: {why}"
                ))
            })?;
            if !asked.is_empty() && asked != "0" {
                return Err(ApiError::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let Ok(revision) = u64::try_from(revision) else {
                return Ok((current, Some(start)));
            };
            if revision < self.store.compacted() {
                return Err(ApiError::expired_page(token(-1, &start)));
            }
            return Ok((revision.min(current), Some(start)));
        }
        if asked.is_empty() || asked == "0" {
            return Ok((current, None));
        }
        let Ok(revision) = asked.parse::<u64>() else {
            return Err(ApiError::bad_request(format!(
                "invalid resource version: {}",
                invalid_version(asked)
            )));
        };
        if revision > current {
            return Err(ApiError::new(
                504,
                "Timeout",
                format!("Too large resource version: {revision}, current: {current}"),
            ));
        }
        let exact = options.version_match == "Exact"
            || options.version_match.is_empty() && options.limit > 0;
        if !exact {
            return Ok((current, None));
        }
        if revision < self.store.compacted() {
            return Err(ApiError::expired(
                "The resourceVersion for the provided list is too old.",
            ));
        }
        Ok((revision, None))
    }
}

/// Does a list or watch with these options show the object?
pub(crate) fn matches(resource: &Resource, object: &Stored, options: &ListOptions) -> bool {
    if !options.labels.matches(&object.labels) {
        return false;
    }
    if options.fields.is_empty() {
        return true;
    }
    let body = options
        .fields
        .needs_body()
        .then(|| to_version(resource, object.value()));
    options
        .fields
        .matches(&object.namespace, &object.name, body.as_ref())
}

/// What Go says of a version that is no number.
pub(crate) fn invalid_version(text: &str) -> String {
    format!(
        "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": \
         invalid syntax"
    )
}

fn token(revision: i64, last: &str) -> String {
    let text = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": format!("{last}\u{0}")});
    URL_SAFE_NO_PAD.encode(text.to_string())
}

fn read_token(token: &str) -> Result<(i64, String), String> {
    let text = (URL_SAFE_NO_PAD.decode(token)).map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let version = value["v"].as_str().unwrap_or_default();
    if version != "meta.k8s.io/v1" {
        return Err(format!(
            "server does not recognize this encoded version {version}"
        ));
    }
    let start = value["start"].as_str().unwrap_or_default();
    let revision = value["rv"].as_i64().unwrap_or_default();
    Ok((revision, start.trim_end_matches('\u{0}').to_owned()))
}

/// Fields that can be selected by, per kind; any other is refused.
fn check_field_labels(resource: &Resource, fields: &FieldSelector) -> Result<(), ApiError> {
    let extra: &[&str] = match (resource.group.as_str(), resource.name.as_str()) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("events.k8s.io", "events") => &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "reason",
            "type",
            "reportingController",
        ],
        ("", "secrets") => &["type"],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "namespaces") => &["status.phase", "name"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "replicationcontrollers") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        ("certificates.k8s.io", "certificatesigningrequests") => &["spec.signerName"],
        _ => &[],
    };
    for path in fields.paths() {
        let known = matches!(path, "metadata.name" | "metadata.namespace")
            || extra.contains(&path)
            || resource.custom.as_ref().is_some_and(|c| {
                c.selectable
                    .iter()
                    .any(|s| s.trim_start_matches('.') == path)
            });
        if !known {
            let what = if resource.custom.is_some() || !extra.is_empty() {
                format!("field label not supported: {path}")
            } else {
                format!(
                    "\"{path}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                )
            };
            return Err(ApiError::bad_request(what));
        }
    }
    Ok(())
}
