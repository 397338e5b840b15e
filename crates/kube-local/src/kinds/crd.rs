//! CustomResourceDefinitions: defaults, checks, and the conditions of their life cycle.

use serde_json::{Value, json};

use super::fields::{default_to, object};
use crate::error::Cause;

pub(super) fn set_defaults(crd: &mut Value) {
    let spec = object(crd, "spec");
    default_to(spec, "conversion", json!({"strategy": "None"}));
    let names = &mut crd["spec"]["names"];
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    if let Some(names) = names.as_object_mut() {
        names.retain(|_, v| !v.is_null());
        if !kind.is_empty() {
            default_to(names, "singular", kind.to_lowercase());
            default_to(names, "listKind", format!("{kind}List"));
        }
    }
    if let Some(service) = crd
        .pointer_mut("/spec/conversion/webhook/clientConfig/service")
        .and_then(Value::as_object_mut)
    {
        default_to(service, "port", 443);
    }
}

pub(super) fn prepare_create(crd: &mut Value) {
    let mut stored: Vec<Value> = crd["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|v| v["storage"] == true)
        .map(|v| v["name"].clone())
        .collect();
    stored.dedup();
    crd["status"] = json!({
        "acceptedNames": {"kind": "", "plural": ""},
        "conditions": null,
        "storedVersions": stored,
    });
}

/// The finalizer under which the objects of a CRD are deleted before it goes.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// A name that another CRD of the group has already.
#[derive(Debug)]
pub(crate) struct Conflict {
    pub(crate) reason: &'static str,
    pub(crate) name: String,
}

/// Marks a CRD as one that goes.
pub(crate) fn terminates(crd: &mut Value, now: &str) {
    let why = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin \
               soon";
    set_terminating(crd, "InstanceDeletionPending", why, now);
}

/// Marks a CRD as one whose objects are being deleted.
pub(crate) fn deletes_instances(crd: &mut Value, now: &str) {
    let why = "CustomResource deletion is in progress";
    set_terminating(crd, "InstanceDeletionInProgress", why, now);
}

fn set_terminating(crd: &mut Value, reason: &str, message: &str, now: &str) {
    let mut condition = json!({"type": "Terminating", "status": "True", "reason": reason,
        "lastTransitionTime": now, "message": message});
    let conditions = &mut crd["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(list) = conditions.as_array_mut() else {
        return;
    };
    match list.iter_mut().find(|c| c["type"] == "Terminating") {
        Some(old) => {
            condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
            *old = condition;
        }
        None => list.push(condition),
    }
}

/// The status of a CRD whose names nobody else has, or of one in conflict.
pub(crate) fn conditions(
    crd: &mut Value,
    accepted: &Value,
    conflict: Option<&Conflict>,
    now: &str,
) {
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": now, "observedGeneration": 1})
    };
    let mut conditions = match conflict {
        None => vec![
            condition("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
            condition(
                "Established",
                "True",
                "InitialNamesAccepted",
                "the initial names have been accepted",
            ),
        ],
        Some(Conflict { reason, name }) => vec![
            condition(
                "NamesAccepted",
                "False",
                reason,
                &format!("\"{name}\" is already in use"),
            ),
            condition(
                "Established",
                "False",
                "NotAccepted",
                "not all names are accepted",
            ),
        ],
    };
    let before = crd["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for condition in &mut conditions {
        let same =
            |c: &&Value| c["type"] == condition["type"] && c["status"] == condition["status"];
        if let Some(old) = before.iter().find(same) {
            condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
        }
        if let Some(map) = condition.as_object_mut() {
            map.remove("observedGeneration");
        }
    }
    let mut stored = crd["status"]["storedVersions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for version in crd["spec"]["versions"].as_array().into_iter().flatten() {
        if version["storage"] == true && !stored.contains(&version["name"]) {
            stored.push(version["name"].clone());
        }
    }
    crd["status"] = json!({
        "acceptedNames": accepted,
        "conditions": conditions,
        "storedVersions": stored,
    });
}

/// Names that a CRD keeps for its life, once it is served.
pub(super) fn check_update(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let conditions = old["status"]["conditions"].as_array().into_iter().flatten();
    let served = (conditions.clone()).any(|c| c["type"] == "Established" && c["status"] == "True");
    if !served {
        check_name(new, causes);
        return;
    }
    for (pointer, field) in [
        ("/spec/scope", "spec.scope"),
        ("/spec/names/kind", "spec.names.kind"),
        ("/spec/group", "spec.group"),
        ("/spec/names/plural", "spec.names.plural"),
    ] {
        if old.pointer(pointer) != new.pointer(pointer) {
            let shown = new.pointer(pointer).cloned().unwrap_or_default();
            causes.push(Cause::invalid(field, &shown, "field is immutable"));
        }
    }
}

pub(super) fn check_name(crd: &Value, causes: &mut Vec<Cause>) {
    let text = |pointer: &str| {
        crd.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (name, group) = (text("/metadata/name"), text("/spec/group"));
    let plural = text("/spec/names/plural");
    if name != format!("{plural}.{group}") {
        causes.push(Cause::invalid(
            "metadata.name",
            &crd["metadata"]["name"],
            "must be spec.names.plural+\".\"+spec.group",
        ));
    }
}

pub(super) fn check(crd: &Value, causes: &mut Vec<Cause>) {
    let spec = &crd["spec"];
    for (field, value) in [
        ("spec.group", &spec["group"]),
        ("spec.names.plural", &spec["names"]["plural"]),
        ("spec.names.kind", &spec["names"]["kind"]),
        ("spec.names.listKind", &spec["names"]["listKind"]),
    ] {
        if value.as_str().is_none_or(str::is_empty) {
            causes.push(Cause::required(field, ""));
        }
    }
    if !matches!(spec["scope"].as_str(), Some("Namespaced" | "Cluster")) {
        causes.push(Cause::unsupported(
            "spec.scope",
            &spec["scope"],
            &["Cluster", "Namespaced"],
        ));
    }
    let versions = spec["versions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if versions.iter().filter(|v| v["storage"] == true).count() != 1 {
        causes.push(Cause::invalid(
            "spec.versions",
            &spec["versions"],
            "must have exactly one version marked as storage version",
        ));
    }
    let names: Vec<&Value> = versions.iter().map(|v| &v["name"]).collect();
    if (names.iter().enumerate()).any(|(at, name)| names[..at].contains(name)) {
        let why = "must contain unique version names";
        causes.push(Cause::invalid("spec.versions", &spec["versions"], why));
    }
    check_stored(crd, versions, causes);
    for (index, version) in versions.iter().enumerate() {
        let at = format!("spec.versions[{index}]");
        let name = version["name"].as_str().unwrap_or_default();
        if !super::names::is_dns_1035(name) {
            let why = super::names::DNS_1035;
            causes.push(Cause::invalid(format!("{at}.name"), &name.into(), why));
            if index == 0 {
                causes.push(Cause::invalid("spec.version", &name.into(), why));
            }
        }
        if !version["schema"]["openAPIV3Schema"].is_object() {
            causes.push(Cause::required(format!("{at}.schema.openAPIV3Schema"), ""));
            if version["selectableFields"].is_array() {
                let why = "may only be set when validations.schema is included";
                causes.push(Cause::invalid("spec.selectableFields", &"".into(), why));
            }
        }
    }
    if spec["preserveUnknownFields"] == true {
        let mut refuse = |why| {
            causes.push(Cause::invalid(
                "spec.preserveUnknownFields",
                &true.into(),
                why,
            ));
        };
        if versions.iter().any(|v| has_default(&v["schema"])) {
            refuse("must be false in order to use defaults in the schema");
        }
        refuse(
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
             spec.versions[*].schema instead",
        );
    }
}

fn check_stored(crd: &Value, versions: &[Value], causes: &mut Vec<Cause>) {
    let stored = &crd["status"]["storedVersions"];
    let storage: Vec<&Value> = (versions.iter().filter(|v| v["storage"] == true))
        .map(|v| &v["name"])
        .collect();
    match stored.as_array() {
        Some(list) if !list.is_empty() => {
            if let [.., last] = storage.as_slice()
                && storage.len() > 1
            {
                let why = format!(
                    "must have the storage version {}",
                    last.as_str().unwrap_or("")
                );
                causes.push(Cause::invalid("status.storedVersions", stored, &why));
            }
        }
        _ => {
            let why = "must have at least one stored version";
            causes.push(Cause::invalid("status.storedVersions", &Value::Null, why));
        }
    }
}

fn has_default(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map
            .iter()
            .any(|(key, v)| key == "default" || has_default(v)),
        Value::Array(list) => list.iter().any(has_default),
        _ => false,
    }
}
