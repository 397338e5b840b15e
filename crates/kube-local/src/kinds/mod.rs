//! What the server does to objects of particular kinds: defaults, checks, values it sets itself.
//!
//! One file per kind or family. A kind without a file is kept as it was sent, with the fields its
//! type knows.

mod crd;
mod fields;
mod names;
mod pod;
mod rbac;
mod scheduling;
mod secret;
mod service;
mod storage;
mod workload;

use serde_json::{Map, Value};

pub(crate) use crd::{
    CLEANUP as CRD_CLEANUP, Conflict as CrdConflict, conditions as crd_conditions,
    deletes_instances as crd_deletes_instances, terminates as crd_terminates,
};
pub(crate) use fields::object;
pub(crate) use names::check_metadata;
pub(crate) use pod::admit as admit_pod;
pub(crate) use scheduling::admit as admit_priority;
pub(crate) use service::Pool;

use crate::catalog::Resource;
use crate::error::Cause;

/// Fills in what the server's defaulting would.
pub(crate) fn set_defaults(resource: &Resource, object: &mut Value) {
    if resource.custom.is_some() {
        crate::schema::apply_defaults(object, &resource.shape);
        return;
    }
    match (resource.group.as_str(), resource.name.as_str()) {
        ("", "pods") => pod::set_defaults(object),
        ("", "podtemplates") => pod::default_template(&mut object["template"]),
        ("", "services") => service::set_defaults(object),
        ("", "secrets") => secret::set_defaults(object),
        ("", "persistentvolumes") => storage::default_volume(object),
        ("", "persistentvolumeclaims") => storage::default_claim(object),
        ("", "endpoints") => service::default_endpoints(object),
        ("", "replicationcontrollers") | ("apps" | "batch", _) => {
            workload::set_defaults(resource, object);
        }
        ("autoscaling", "horizontalpodautoscalers") => {
            workload::default_autoscaler(resource, object);
        }
        ("networking.k8s.io", "networkpolicies") => service::default_network_policy(object),
        ("discovery.k8s.io", "endpointslices") => service::default_slice(object),
        ("rbac.authorization.k8s.io", _) => rbac::set_defaults(resource, object),
        ("storage.k8s.io", "storageclasses") => storage::default_class(object),
        ("storage.k8s.io", "csidrivers") => storage::default_driver(object),
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::set_defaults(object),
        ("admissionregistration.k8s.io", _) => scheduling::default_webhooks(resource, object),
        ("apiregistration.k8s.io", "apiservices") => scheduling::default_api_service(object),
        ("scheduling.k8s.io", "priorityclasses") => scheduling::set_defaults(object),
        _ => {}
    }
}

/// Kinds whose status survives a create.
fn keeps_status(resource: &Resource) -> bool {
    resource.is("", "nodes")
}

/// Kinds that count generations.
fn counts_generations(resource: &Resource) -> bool {
    if resource.custom.is_some() {
        return true;
    }
    match resource.group.as_str() {
        "" => matches!(
            resource.name.as_str(),
            "pods" | "podtemplates" | "replicationcontrollers"
        ),
        "apps" => resource.name != "controllerrevisions",
        "batch"
        | "policy"
        | "admissionregistration.k8s.io"
        | "flowcontrol.apiserver.k8s.io"
        | "apiextensions.k8s.io"
        | "discovery.k8s.io"
        | "networking.k8s.io"
        | "scheduling.k8s.io"
        | "resource.k8s.io" => true,
        _ => false,
    }
}

/// Sets the server's own values of a new object, and drops what a create may not set.
pub(crate) fn prepare_create(resource: &Resource, object: &mut Value) {
    if resource.has_status()
        && !keeps_status(resource)
        && let Some(map) = object.as_object_mut()
    {
        map.remove("status");
    }
    if counts_generations(resource) {
        object["metadata"]["generation"] = 1.into();
    }
    match (resource.group.as_str(), resource.name.as_str()) {
        ("", "namespaces") => {
            object["status"] = serde_json::json!({"phase": "Active"});
            let spec = fields::object(object, "spec");
            let finalizers = spec.entry("finalizers").or_insert(Value::Null);
            if !finalizers.is_array() {
                *finalizers = Value::Array(Vec::new());
            }
            if let Some(list) = finalizers.as_array_mut()
                && !list.iter().any(|f| f == "kubernetes")
            {
                list.push("kubernetes".into());
            }
        }
        ("", "pods") => pod::prepare_create(object),
        ("", "services") => object["status"] = serde_json::json!({"loadBalancer": {}}),
        ("", "persistentvolumes") => storage::prepare_volume(object),
        ("", "persistentvolumeclaims") => storage::prepare_claim(object),
        ("batch", "jobs") => workload::prepare_job(object),
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::prepare_create(object),
        _ => {}
    }
}

/// Values that must hold for a namespace to know itself, whatever a client sends.
pub(crate) fn own_labels(resource: &Resource, object: &mut Value) {
    if resource.is("", "namespaces") {
        let name = object["metadata"]["name"].clone();
        let metadata = &mut object["metadata"];
        fields::object(metadata, "labels").insert("kubernetes.io/metadata.name".into(), name);
    }
}

/// Carries over what an update may not change silently, and counts the generation.
pub(crate) fn prepare_update(resource: &Resource, old: &Value, new: &mut Value) {
    if resource.has_status() {
        match old.get("status") {
            Some(status) => new["status"] = status.clone(),
            None => {
                if let Some(map) = new.as_object_mut() {
                    map.remove("status");
                }
            }
        }
    }
    match (resource.group.as_str(), resource.name.as_str()) {
        ("", "namespaces") => new["spec"] = old["spec"].clone(),
        ("", "services") => service::carry_over(old, new),
        ("", "persistentvolumeclaims") => storage::carry_over(old, new),
        ("", "pods") => pod::carry_over(old, new),
        ("batch", "jobs") => workload::carry_over_job(old, new),
        _ => {}
    }
}

/// Counts the generation when anything but metadata and status changed.
pub(crate) fn count_generation(resource: &Resource, old: &Value, new: &mut Value) {
    if !counts_generations(resource) {
        return;
    }
    let content = |value: &Value| -> Map<String, Value> {
        value
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| {
                !matches!(key.as_str(), "metadata" | "apiVersion" | "kind")
                    && (key.as_str() != "status" || !resource.has_status())
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let generation = old["metadata"]["generation"].as_i64().unwrap_or(1);
    let step = i64::from(content(old) != content(new));
    new["metadata"]["generation"] = (generation + step).into();
}

/// Checks of a new object.
pub(crate) fn validate_create(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = validate(resource, object);
    if resource.is("apiextensions.k8s.io", "customresourcedefinitions") {
        crd::check_name(object, &mut causes);
    }
    causes
}

/// Checks of any object.
fn validate(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = check_metadata(resource, object);
    if let Some(custom) = &resource.custom {
        crate::schema::validate(object, &custom.schema, "", &mut causes);
        return causes;
    }
    match (resource.group.as_str(), resource.name.as_str()) {
        ("", "pods") => pod::check_spec(&object["spec"], "spec", &mut causes),
        ("", "services") => service::check(object, &mut causes),
        ("", "secrets") => secret::check(object, &mut causes),
        ("", "configmaps") => secret::check_keys(object, &["data", "binaryData"], &mut causes),
        ("", "persistentvolumeclaims") => storage::check_claim(object, &mut causes),
        ("", "persistentvolumes") => storage::check_volume(object, &mut causes),
        ("apps" | "batch", _) => workload::check(resource, object, &mut causes),
        ("rbac.authorization.k8s.io", _) => rbac::check(resource, object, &mut causes),
        ("storage.k8s.io", "storageclasses") => storage::check_class(object, &mut causes),
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::check(object, &mut causes),
        _ => {}
    }
    causes
}

/// Checks of a replacement: those of a new object, and that what is immutable stays.
pub(crate) fn validate_update(resource: &Resource, old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = validate(resource, new);
    let mut immutable = |pointer: &str, field: &str| {
        let (before, after) = (old.pointer(pointer), new.pointer(pointer));
        if before != after {
            let shown = after.cloned().unwrap_or_default();
            causes.push(Cause::invalid(field, &shown, "field is immutable"));
        }
    };
    match (resource.group.as_str(), resource.name.as_str()) {
        ("apps", "deployments" | "daemonsets" | "replicasets") => {
            immutable("/spec/selector", "spec.selector");
        }
        ("batch", "jobs") => {
            immutable("/spec/selector", "spec.selector");
            immutable("/spec/template", "spec.template");
            immutable("/spec/completionMode", "spec.completionMode");
        }
        ("", "secrets") => immutable("/type", "type"),
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings")
            if old["roleRef"] != new["roleRef"] =>
        {
            causes.push(Cause::invalid(
                "roleRef",
                &new["roleRef"],
                "cannot change roleRef",
            ));
        }
        ("storage.k8s.io", "storageclasses") => {
            for field in [
                "provisioner",
                "parameters",
                "reclaimPolicy",
                "volumeBindingMode",
            ] {
                if old[field] != new[field] {
                    causes.push(Cause::forbidden(
                        field,
                        &format!("updates to {field} are forbidden."),
                    ));
                }
            }
        }
        ("scheduling.k8s.io", "priorityclasses") if old["value"] != new["value"] => {
            causes.push(Cause::forbidden(
                "value",
                "may not be changed in an update.",
            ));
        }
        ("apps", "statefulsets") => workload::check_stateful_update(old, new, &mut causes),
        ("", "services") => service::check_update(old, new, &mut causes),
        ("", "persistentvolumeclaims") => storage::check_claim_update(old, new, &mut causes),
        ("", "pods") => pod::check_update(old, new, &mut causes),
        ("apiextensions.k8s.io", "customresourcedefinitions") => {
            crd::check_update(old, new, &mut causes);
        }
        _ => {}
    }
    if matches!(resource.name.as_str(), "secrets" | "configmaps")
        && resource.group.is_empty()
        && old["immutable"] == true
    {
        secret::check_immutable(old, new, &mut causes);
    }
    causes
}
