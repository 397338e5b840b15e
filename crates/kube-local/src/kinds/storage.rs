//! PersistentVolumes, claims and classes; nothing binds them here.

use serde_json::{Value, json};

use super::fields::{default_to, object};
use crate::error::Cause;

/// Rewrites quantities in a map to the form the server prints.
pub(super) fn canonical_quantities(map: &mut Value) {
    for quantity in map.as_object_mut().into_iter().flat_map(|m| m.values_mut()) {
        let text = match &*quantity {
            Value::Number(n) => n.to_string(),
            Value::String(text) => text.clone(),
            _ => continue,
        };
        *quantity = canonical_quantity(&text).into();
    }
}

/// `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`; what is not understood stays.
fn canonical_quantity(text: &str) -> String {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 9] = ["n", "u", "m", "", "k", "M", "G", "T", "P"];
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let Ok(mantissa) = format!("{whole}{fraction}").parse::<u128>() else {
        return text.to_owned();
    };
    if let Some(mut at) = BINARY
        .iter()
        .position(|s| *s == suffix)
        .filter(|at| *at > 0)
    {
        let mut value = mantissa;
        if !fraction.is_empty() {
            // Go down until the fraction is whole.
            let scale = 10u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
            while value % scale != 0 && at > 0 {
                value *= 1024;
                at -= 1;
            }
            value /= scale;
        }
        while value != 0 && value % 1024 == 0 && at + 1 < BINARY.len() {
            value /= 1024;
            at += 1;
        }
        return format!("{value}{}", BINARY[at]);
    }
    let Some(mut at) = DECIMAL.iter().position(|s| *s == suffix) else {
        return text.to_owned();
    };
    let mut value = mantissa;
    let mut places = fraction.len();
    while places > 0 {
        let step = places.min(3);
        value *= 10u128.pow(u32::try_from(3 - step).unwrap_or(0));
        places -= step;
        if at == 0 {
            return text.to_owned();
        }
        at -= 1;
    }
    while value != 0 && value % 1000 == 0 && at + 1 < DECIMAL.len() {
        value /= 1000;
        at += 1;
    }
    if value == 0 {
        return "0".to_owned();
    }
    format!("{value}{}", DECIMAL[at])
}

pub(super) fn default_claim(claim: &mut Value) {
    object(claim, "spec");
    default_claim_spec(&mut claim["spec"]);
}

pub(super) fn default_claim_spec(spec: &mut Value) {
    for list in ["requests", "limits"] {
        if spec["resources"][list].is_object() {
            canonical_quantities(&mut spec["resources"][list]);
        } else if let Some(map) = spec["resources"].as_object_mut() {
            map.remove(list);
        }
    }
    let Some(map) = spec.as_object_mut() else {
        return;
    };
    map.retain(|_, v| !v.is_null());
    default_to(map, "volumeMode", "Filesystem");
    if let Some(source) = map.get("dataSource").cloned() {
        default_to(map, "dataSourceRef", source);
    }
}

pub(super) fn default_volume(volume: &mut Value) {
    let spec = object(volume, "spec");
    default_to(spec, "persistentVolumeReclaimPolicy", "Retain");
    default_to(spec, "volumeMode", "Filesystem");
    if let Some(host) = spec.get_mut("hostPath").and_then(Value::as_object_mut)
        && !host.contains_key("type")
    {
        host.insert("type".into(), "".into());
    }
    canonical_quantities(&mut volume["spec"]["capacity"]);
}

pub(super) fn default_class(class: &mut Value) {
    if let Some(map) = class.as_object_mut() {
        default_to(map, "reclaimPolicy", "Delete");
        default_to(map, "volumeBindingMode", "Immediate");
    }
}

pub(super) fn default_driver(driver: &mut Value) {
    let spec = object(driver, "spec");
    default_to(spec, "attachRequired", true);
    default_to(spec, "podInfoOnMount", false);
    default_to(spec, "storageCapacity", false);
    default_to(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
    default_to(spec, "volumeLifecycleModes", json!(["Persistent"]));
    default_to(spec, "requiresRepublish", false);
    default_to(spec, "seLinuxMount", false);
}

/// The protection finalizer and phase of a new claim.
pub(super) fn prepare_claim(claim: &mut Value) {
    claim["status"] = json!({"phase": "Pending"});
    protect(claim, "kubernetes.io/pvc-protection");
}

pub(super) fn prepare_volume(volume: &mut Value) {
    let now = crate::stamp::now();
    volume["status"] = json!({"phase": "Pending", "lastPhaseTransitionTime": now});
    protect(volume, "kubernetes.io/pv-protection");
}

fn protect(value: &mut Value, finalizer: &str) {
    match value["metadata"]["finalizers"].as_array_mut() {
        Some(list) if list.iter().any(|f| f == finalizer) => {}
        Some(list) => list.push(finalizer.into()),
        None => value["metadata"]["finalizers"] = json!([finalizer]),
    }
}

pub(super) fn carry_over(old: &Value, new: &mut Value) {
    if new["spec"]["volumeName"].is_null() && !old["spec"]["volumeName"].is_null() {
        new["spec"]["volumeName"] = old["spec"]["volumeName"].clone();
    }
    if let Some(spec) = new["spec"].as_object_mut() {
        spec.retain(|_, v| !v.is_null());
    }
}

pub(super) fn check_claim(claim: &Value, causes: &mut Vec<Cause>) {
    let spec = &claim["spec"];
    if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
        causes.push(Cause::required(
            "spec.accessModes",
            "at least 1 access mode is required",
        ));
    }
    if spec["resources"]["requests"]["storage"].is_null() {
        causes.push(Cause::required("spec.resources[storage]", ""));
    }
}

const CLAIM_MUTABLE: &str = "spec is immutable after creation except resources.requests and \
    volumeAttributesClassName for bound claims";

pub(super) fn check_claim_update(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let fixed = |claim: &Value| {
        let mut spec = claim["spec"].clone();
        spec["volumeName"] = Value::Null;
        spec
    };
    let may_bind = old["spec"]["volumeName"].is_null();
    let moved = !may_bind && old["spec"]["volumeName"] != new["spec"]["volumeName"];
    if fixed(old) != fixed(new) || moved {
        causes.push(Cause::forbidden("spec", CLAIM_MUTABLE));
    }
}

pub(super) fn check_volume(volume: &Value, causes: &mut Vec<Cause>) {
    let spec = &volume["spec"];
    if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
        causes.push(Cause::required("spec.accessModes", ""));
    }
    if spec["capacity"]
        .as_object()
        .is_none_or(serde_json::Map::is_empty)
    {
        causes.push(Cause::required("spec.capacity", ""));
    }
    let common = [
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "volumeMode",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
    ];
    let sources = spec.as_object().into_iter().flatten();
    if sources
        .filter(|(key, _)| !common.contains(&key.as_str()))
        .count()
        == 0
    {
        causes.push(Cause::required("spec", "must specify a volume type"));
    }
}

pub(super) fn check_class(class: &Value, causes: &mut Vec<Cause>) {
    if class["provisioner"].as_str().is_none_or(str::is_empty) {
        causes.push(Cause::required("provisioner", ""));
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_quantity;

    #[test]
    fn quantities_print_as_the_server_prints_them() {
        for (sent, printed) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("100m", "100m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("2", "2"),
            ("1000", "1k"),
            ("128974848", "128974848"),
            ("0", "0"),
            ("5e3", "5e3"),
        ] {
            assert_eq!(canonical_quantity(sent), printed, "{sent}");
        }
    }
}
