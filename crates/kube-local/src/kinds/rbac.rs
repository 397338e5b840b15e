//! Roles and bindings.

use serde_json::Value;

use super::fields::default_to;
use crate::catalog::Resource;
use crate::error::Cause;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn set_defaults(resource: &Resource, value: &mut Value) {
    if !resource.name.ends_with("bindings") {
        return;
    }
    if let Some(role) = value["roleRef"].as_object_mut() {
        default_to(role, "apiGroup", GROUP);
    }
    for subject in value["subjects"].as_array_mut().into_iter().flatten() {
        let group = match subject["kind"].as_str() {
            Some("User" | "Group") => GROUP,
            _ => continue,
        };
        if let Some(subject) = subject.as_object_mut() {
            default_to(subject, "apiGroup", group);
        }
    }
    if let Some(map) = value.as_object_mut() {
        map.retain(|_, v| !v.is_null());
    }
}

pub(super) fn check(resource: &Resource, value: &Value, causes: &mut Vec<Cause>) {
    if !resource.name.ends_with("bindings") {
        for (index, rule) in value["rules"].as_array().into_iter().flatten().enumerate() {
            if rule["verbs"].as_array().is_none_or(Vec::is_empty) {
                let at = format!("rules[{index}].verbs");
                causes.push(Cause::required(at, "verbs must contain at least one value"));
            }
        }
        return;
    }
    let role = &value["roleRef"];
    if !matches!(role["kind"].as_str(), Some("Role" | "ClusterRole")) {
        causes.push(Cause::unsupported(
            "roleRef.kind",
            &role["kind"],
            &["Role", "ClusterRole"],
        ));
    }
    if role["name"].as_str().is_none_or(str::is_empty) {
        causes.push(Cause::required("roleRef.name", ""));
    }
    for (index, subject) in value["subjects"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let namespaced = subject["namespace"]
            .as_str()
            .is_some_and(|ns| !ns.is_empty());
        if subject["kind"] == "ServiceAccount" && !namespaced {
            causes.push(Cause::required(format!("subjects[{index}].namespace"), ""));
        }
    }
}
