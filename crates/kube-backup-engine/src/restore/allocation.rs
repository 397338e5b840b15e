//! A Service that asks for what is not free, or not there, in this cluster: it is created without, and that
//! is said.

use serde_json::Value;

use crate::GroupResource;
use crate::kinds::names::SERVICES;

/// Fields that the cluster fills in where they are left out (k8s.io/kubernetes,
/// pkg/registry/core/service/storage/alloc.go), with what goes with them.
const ALLOCATED: [(&str, &[&str]); 4] = [
    ("clusterIP", &["clusterIP", "clusterIPs"]),
    ("clusterIPs", &["clusterIP", "clusterIPs"]),
    ("ipFamilies", &["ipFamilies"]),
    ("healthCheckNodePort", &["healthCheckNodePort"]),
];

/// The Service without what the server refused, and what that was. `None` where it was refused for anything
/// else.
pub(crate) fn without_refused(
    kind: &GroupResource,
    service: &Value,
    refusal: &Value,
) -> Option<(Value, String)> {
    if !SERVICES.is(kind) {
        return None;
    }
    let causes = refusal["details"]["causes"].as_array()?;
    let mut changed = service.clone();
    let mut dropped = Vec::new();
    for cause in causes {
        let field = cause["field"].as_str()?.strip_prefix("spec.")?;
        let (name, at) = parts(field);
        if name == "ports" {
            let number = field.strip_suffix(".nodePort").and(at)?;
            let port = changed.pointer_mut(&format!("/spec/ports/{number}"))?;
            take(port, "nodePort", &mut dropped)?;
        } else {
            let (_, fields) = ALLOCATED.iter().find(|(known, _)| *known == name)?;
            for field in *fields {
                // The second cause of the same kind finds it gone.
                take(&mut changed["spec"], field, &mut dropped);
            }
        }
    }
    if dropped.is_empty() {
        return None;
    }
    let why = causes
        .iter()
        .filter_map(|cause| cause["message"].as_str())
        .collect::<Vec<_>>()
        .join("; ");
    let what = format!(
        "it asks for {}, which cannot be had here ({why}): it is given another",
        dropped.join(", ")
    );
    Some((changed, what))
}

/// `spec.ports[2].nodePort` without `spec.`: the name of the field, and which of the list.
fn parts(field: &str) -> (&str, Option<usize>) {
    let Some((name, rest)) = field.split_once('[') else {
        return (field, None);
    };
    let number = rest
        .split(']')
        .next()
        .and_then(|number| number.parse().ok());
    (name, number)
}

/// Takes a field out, and notes its value.
fn take(of: &mut Value, field: &str, dropped: &mut Vec<String>) -> Option<()> {
    let value = of.as_object_mut()?.remove(field)?;
    dropped.push(format!("{field} `{}`", text(&value)));
    Some(())
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_was_refused_is_left_out() {
        let service = json!({"spec": {"clusterIP": "10.0.0.10", "clusterIPs": ["10.0.0.10"], "selector": {},
            "ports": [{"port": 80, "nodePort": 30080}, {"port": 81, "nodePort": 30081}]}});
        let refused = |fields: &[&str]| {
            let causes: Vec<Value> = fields
                .iter()
                .map(|field| json!({"field": field, "message": "taken"}))
                .collect();
            let refusal = json!({"details": {"causes": causes}});
            without_refused(&GroupResource::core("services"), &service, &refusal)
        };
        let (changed, what) = refused(&["spec.clusterIPs", "spec.ports[1].nodePort"]).unwrap();
        assert_eq!(
            changed["spec"],
            json!({"selector": {}, "ports": [{"port": 80, "nodePort": 30080}, {"port": 81}]})
        );
        for word in ["10.0.0.10", "30081", "taken"] {
            assert!(what.contains(word), "{what}");
        }
        assert!(!what.contains("30080"), "{what}");
        for other in ["spec.selector", "spec.clusterIP.more", "metadata.name"] {
            assert_eq!(refused(&[other]), None, "{other}");
        }
        assert_eq!(refused(&["spec.clusterIP", "spec.type"]), None);
    }
}
