//! ResourceQuotas and LimitRanges: they are there before Pods, so that nothing starts without them.
//!
//! What is in the backup was there, even where they were made stricter later, and comes back all the same:
//! until it is there, they let it in, and nobody else. What they are in the end is kept in an annotation
//! meanwhile, for a run that completes an interrupted one.

use serde_json::{Map, Value, json};

use super::{TransformContext, Verdict, elements, remove};
use crate::GroupResource;
use crate::format::annotations::BOUNDS;
use crate::kinds::names::RESOURCE_QUOTAS;

/// A quota allows what was used.
pub(super) fn quota(quota: &mut Value, _: &TransformContext<'_>) -> Verdict {
    settle(quota);
    let spec = quota["spec"].clone();
    let used = quota["status"]["used"].clone();
    let mut exceeded = Map::new();
    for (resource, limit) in spec["hard"].as_object().into_iter().flatten() {
        let used = &used[resource];
        if count(used) > count(limit) {
            exceeded.insert(resource.clone(), used.clone());
        }
    }
    if !exceeded.is_empty() {
        for (resource, used) in exceeded {
            quota["spec"]["hard"][resource] = used;
        }
        keep(quota, &spec);
    }
    Verdict::Restore
}

/// A range has its defaults, and bounds nothing yet.
pub(super) fn range(range: &mut Value, _: &TransformContext<'_>) -> Verdict {
    settle(range);
    let spec = range["spec"].clone();
    for limit in elements(range, "/spec/limits") {
        // Claims are there already.
        if limit["type"] != "PersistentVolumeClaim" {
            for bound in ["max", "min", "maxLimitRequestRatio"] {
                remove(limit, "", bound);
            }
        }
    }
    if range["spec"] != spec {
        keep(range, &spec);
    }
    Verdict::Restore
}

/// Takes an object that was backed up in the middle of a restore for what it was to be.
fn settle(object: &mut Value) {
    if let Some(lowered) = lowered(object) {
        *object = lowered;
    }
}

fn keep(object: &mut Value, spec: &Value) {
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = json!({});
    }
    object["metadata"]["annotations"][BOUNDS] = spec.to_string().into();
}

/// The merge patches that make an object what it is in the end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lowering {
    /// Once the Pods of the backup are there, and before anything that makes others.
    pub(crate) after_pods: Option<Value>,
    /// Once all is there.
    pub(crate) in_the_end: Option<Value>,
}

/// How to lower what was raised; `None` for what was not.
pub(crate) fn lowering(kind: &GroupResource, object: &Value) -> Option<Lowering> {
    let spec = kept(object)?;
    let all = json!({"metadata": {"annotations": {BOUNDS: null}}, "spec": spec});
    if !RESOURCE_QUOTAS.is(kind) {
        return Some(Lowering {
            after_pods: Some(all),
            in_the_end: None,
        });
    }
    let of_pods: Map<String, Value> = spec["hard"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(resource, limit)| {
            is_of_pods(resource) && object["spec"]["hard"][*resource] != **limit
        })
        .map(|(resource, limit)| (resource.clone(), limit.clone()))
        .collect();
    Some(Lowering {
        after_pods: (!of_pods.is_empty()).then(|| json!({"spec": {"hard": of_pods}})),
        in_the_end: Some(all),
    })
}

/// The object as it is in the end; `None` for one that was not raised. One that exists is made this at once.
pub(crate) fn lowered(object: &Value) -> Option<Value> {
    let mut lowered = object.clone();
    lowered["spec"] = kept(object)?;
    if let Some(metadata) = lowered["metadata"].as_object_mut()
        && let Some(Value::Object(annotations)) = metadata.get_mut("annotations")
    {
        annotations.remove(BOUNDS);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    Some(lowered)
}

fn kept(object: &Value) -> Option<Value> {
    let spec = object["metadata"]["annotations"][BOUNDS].as_str()?;
    serde_json::from_str(spec).ok()
}

/// Whether a resource is used by Pods that run.
fn is_of_pods(resource: &str) -> bool {
    let name = resource
        .strip_prefix("requests.")
        .or_else(|| resource.strip_prefix("limits."))
        .unwrap_or(resource);
    matches!(
        name,
        "pods" | "count/pods" | "cpu" | "memory" | "ephemeral-storage"
    ) || name.starts_with("hugepages-")
        // Extended resources, such as requests.nvidia.com/gpu; those of storage classes are claims'.
        || resource.starts_with("requests.") && name.contains('/')
}

/// A plain number, or a quantity in the decimal and binary multiples of Kubernetes.
fn count(quantity: &Value) -> f64 {
    let text = match quantity {
        Value::String(text) => text.as_str(),
        Value::Number(number) => return number.as_f64().unwrap_or_default(),
        _ => return 0.0,
    };
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let (digits, unit) = (digits, &text[digits.len()..]);
    let factor = match unit {
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => 1.0,
    };
    digits.parse::<f64>().unwrap_or_default() * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_by_what_they_mean() {
        for (more, less) in [
            ("4", "2"),
            ("1Gi", "1G"),
            ("1500m", "1"),
            ("2Ti", "2000Gi"),
            ("1e3", "999"),
        ] {
            assert!(count(&json!(more)) > count(&json!(less)), "{more} {less}");
        }
        assert!((count(&json!(3)) - count(&json!("3"))).abs() < 1e-9);
    }

    #[test]
    fn what_pods_use_is_told_from_what_is_kept() {
        for (resource, of_pods) in [
            ("pods", true),
            ("requests.cpu", true),
            ("limits.memory", true),
            ("requests.nvidia.com/gpu", true),
            ("services", false),
            ("count/deployments.apps", false),
            ("requests.storage", false),
            ("gold.storageclass.storage.k8s.io/requests.storage", false),
        ] {
            assert_eq!(is_of_pods(resource), of_pods, "{resource}");
        }
    }
}
