//! One object in several versions.
//!
//! Custom resources without a webhook change their `apiVersion` only; a conversion webhook is
//! always dead here, as in a cluster whose operator is gone. Of the built-in kinds, Events and
//! HorizontalPodAutoscalers are served in two versions.

use serde_json::{Map, Value, json};

use super::state::State;
use crate::catalog::Resource;
use crate::error::ApiError;
use crate::schema::{Shape, print_zero_values};

impl State {
    /// A write in another version than the stored one needs the webhook.
    pub(super) fn check_conversion(&self, resource: &Resource) -> Result<(), ApiError> {
        match &resource.custom {
            Some(custom) if custom.storage_version != resource.version => {
                webhook_failure(resource, &custom.storage_version)
            }
            _ => Ok(()),
        }
    }
}

fn webhook_failure(resource: &Resource, from: &str) -> Result<(), ApiError> {
    let Some(address) = resource
        .custom
        .as_ref()
        .and_then(|c| c.webhook_conversion.clone())
    else {
        return Ok(());
    };
    let host = address
        .trim_start_matches("https://")
        .split(['/', ':'])
        .next()
        .unwrap_or_default();
    Err(ApiError::new(
        500,
        "",
        format!(
            "conversion webhook for {}/{from}, Kind={} failed: Post \"{address}?timeout=30s\": \
             dial tcp: lookup {host}: no such host",
            resource.group, resource.kind
        ),
    ))
}

/// Can objects stored as `api_version` be read as this resource?
pub(crate) fn convertible(resource: &Resource, api_version: &str) -> Result<(), ApiError> {
    if resource.group_version() == api_version {
        return Ok(());
    }
    let from = api_version.rsplit('/').next().unwrap_or(api_version);
    webhook_failure(resource, from)
}

/// The object in the version of the resource it is asked through.
pub(crate) fn to_version(resource: &Resource, mut value: Value) -> Value {
    let wanted = resource.group_version();
    if value["apiVersion"] == wanted.as_str() {
        return value;
    }
    if resource.custom.is_none() {
        match (
            value["apiVersion"].as_str().unwrap_or_default(),
            wanted.as_str(),
        ) {
            ("v1", "events.k8s.io/v1") => rename(&mut value, true, &resource.shape),
            ("events.k8s.io/v1", "v1") => rename(&mut value, false, &resource.shape),
            ("autoscaling/v1", "autoscaling/v2") => autoscaler_to_v2(&mut value),
            ("autoscaling/v2", "autoscaling/v1") => autoscaler_to_v1(&mut value),
            _ => {}
        }
    }
    value["apiVersion"] = wanted.into();
    value
}

const EVENT_FIELDS: [(&str, &str); 6] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];
const REPORTING: (&str, &str) = ("reportingComponent", "reportingController");

/// `shape` is that of the group it goes to, which leaves out other empty fields than the one it comes from.
fn rename(event: &mut Value, to_events_group: bool, shape: &Shape) {
    let Some(map) = event.as_object_mut() else {
        return;
    };
    for (core, events) in EVENT_FIELDS.into_iter().chain([REPORTING]) {
        let (from, to) = if to_events_group {
            (core, events)
        } else {
            (events, core)
        };
        if let Some(value) = map.remove(from) {
            map.insert(to.to_owned(), value);
        }
    }
    print_zero_values(event, shape);
}

fn autoscaler_to_v2(value: &mut Value) {
    let Some(spec) = value["spec"].as_object_mut() else {
        return;
    };
    if let Some(percent) = spec.remove("targetCPUUtilizationPercentage") {
        spec.insert(
            "metrics".into(),
            json!([{"type": "Resource", "resource": {"name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": percent}}}]),
        );
    }
}

fn autoscaler_to_v1(value: &mut Value) {
    let Some(spec) = value["spec"].as_object_mut() else {
        return;
    };
    spec.remove("behavior");
    let metrics = spec.remove("metrics").unwrap_or_default();
    let cpu = metrics
        .as_array()
        .into_iter()
        .flatten()
        .find(|m| m["resource"]["name"] == "cpu");
    if let Some(percent) = cpu.and_then(|m| m["resource"]["target"].get("averageUtilization")) {
        spec.insert("targetCPUUtilizationPercentage".into(), percent.clone());
    }
    let status: Map<String, Value> = value["status"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| {
            matches!(
                key.as_str(),
                "currentReplicas" | "desiredReplicas" | "lastScaleTime"
            )
        })
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    value["status"] = status.into();
}
