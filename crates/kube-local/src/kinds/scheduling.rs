//! Priority classes and what admission takes from them; webhooks and API services.

use serde_json::{Value, json};

use super::fields::default_to;
use crate::catalog::Resource;

pub(super) fn set_defaults(class: &mut Value) {
    if let Some(map) = class.as_object_mut() {
        default_to(map, "preemptionPolicy", "PreemptLowerPriority");
    }
}

/// Gives a new Pod the number of its class. `class` is the one it names, or the cluster's default.
pub(crate) fn admit(pod: &mut Value, class: Option<&Value>) {
    let spec = &mut pod["spec"];
    let Some(class) = class else {
        spec["priority"] = 0.into();
        spec["preemptionPolicy"] = "PreemptLowerPriority".into();
        return;
    };
    spec["priorityClassName"] = class["metadata"]["name"].clone();
    spec["priority"] = class["value"].clone();
    let policy = class["preemptionPolicy"]
        .as_str()
        .unwrap_or("PreemptLowerPriority");
    spec["preemptionPolicy"] = policy.into();
}

pub(super) fn default_webhooks(resource: &Resource, value: &mut Value) {
    for hook in value["webhooks"].as_array_mut().into_iter().flatten() {
        if let Some(service) = hook["clientConfig"]["service"].as_object_mut() {
            default_to(service, "port", 443);
        }
        if let Some(client) = hook["clientConfig"].as_object_mut() {
            client.retain(|_, v| !v.is_null());
        }
        for rule in hook["rules"].as_array_mut().into_iter().flatten() {
            if let Some(rule) = rule.as_object_mut() {
                default_to(rule, "scope", "*");
            }
        }
        let Some(hook) = hook.as_object_mut() else {
            continue;
        };
        hook.retain(|_, v| !v.is_null());
        default_to(hook, "failurePolicy", "Fail");
        default_to(hook, "matchPolicy", "Equivalent");
        default_to(hook, "namespaceSelector", json!({}));
        default_to(hook, "objectSelector", json!({}));
        default_to(hook, "timeoutSeconds", 10);
        if resource.name == "mutatingwebhookconfigurations" {
            default_to(hook, "reinvocationPolicy", "Never");
        }
    }
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, v| !v.is_null());
    }
}

pub(super) fn default_api_service(service: &mut Value) {
    if let Some(reference) = service["spec"]["service"].as_object_mut() {
        default_to(reference, "port", 443);
    } else if let Some(spec) = service["spec"].as_object_mut() {
        spec.remove("service");
    }
}
