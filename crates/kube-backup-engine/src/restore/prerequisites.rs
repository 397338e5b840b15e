//! What must be there before the server takes an object: a dry run refuses the object while the
//! restore has only planned to create that.

use serde_json::Value;

use crate::{GroupResource, ObjectId};

/// Kinds that others must find.
const KINDS: [(&str, &str); 5] = [
    ("", "serviceaccounts"),
    ("node.k8s.io", "runtimeclasses"),
    ("scheduling.k8s.io", "priorityclasses"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "roles"),
];

/// Whether objects of this kind are what others must find.
pub(crate) fn is_prerequisite(kind: &GroupResource) -> bool {
    KINDS.iter().any(|(group, plural)| kind.is(group, plural))
}

/// What the server looks for when it is given `object`, by names in the target cluster.
pub(crate) fn prerequisites(
    kind: &GroupResource,
    object: &Value,
    namespace: Option<&str>,
) -> Vec<ObjectId> {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let id = |group: &str, plural: &str, namespace: Option<&str>, name: &str| ObjectId {
        resource: GroupResource::new(group, plural),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    };
    let mut found = Vec::new();
    match (kind.group.as_str(), kind.resource.as_str()) {
        ("", "pods") => {
            let account = text("/spec/serviceAccountName").unwrap_or("default");
            found.push(id("", "serviceaccounts", namespace, account));
            if let Some(class) = text("/spec/priorityClassName") {
                found.push(id("scheduling.k8s.io", "priorityclasses", None, class));
            }
            if let Some(class) = text("/spec/runtimeClassName") {
                found.push(id("node.k8s.io", "runtimeclasses", None, class));
            }
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            if let Some(role) = text("/roleRef/name") {
                let group = "rbac.authorization.k8s.io";
                found.push(match text("/roleRef/kind") {
                    Some("Role") => id(group, "roles", namespace, role),
                    _ => id(group, "clusterroles", None, role),
                });
            }
        }
        _ => {}
    }
    found
}
