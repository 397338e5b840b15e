//! What a restore changes in objects besides what every restore does.

use std::collections::BTreeMap;
use std::convert::Infallible;

use kube_backup_engine::ObjectId;
use kube_backup_engine::restore::{Restore, Transformed};
use serde_json::{Map, Value, json};

use crate::crds::ApplicationRestoreSpec;

/// Adds the steps that a specification asks for.
pub(super) fn adjusted(restore: Restore, spec: &ApplicationRestoreSpec) -> Restore {
    let (services, ingresses) = (
        spec.service_annotations.clone(),
        spec.ingress_annotations.clone(),
    );
    let mut restore = restore;
    if !services.is_empty() || !ingresses.is_empty() {
        restore = restore.with_transform("annotations", move |id, mut object| {
            if id.resource.is("", "services") {
                annotate(&mut object, &services);
            } else if is_ingress(id) {
                annotate(&mut object, &ingresses);
            }
            Ok::<_, Infallible>(Transformed::Object(object))
        });
    }
    restore
}

fn is_ingress(id: &ObjectId) -> bool {
    id.resource.is("networking.k8s.io", "ingresses") || id.resource.is("extensions", "ingresses")
}

fn annotate(object: &mut Value, annotations: &BTreeMap<String, String>) {
    let Some(metadata) = object["metadata"].as_object_mut() else {
        return;
    };
    let there = metadata.entry("annotations").or_insert_with(|| json!({}));
    if !there.is_object() {
        *there = Value::Object(Map::new());
    }
    for (name, value) in annotations {
        there[name] = value.as_str().into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(kind: &str, name: &str) -> ObjectId {
        ObjectId {
            resource: kind.parse().unwrap(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        }
    }

    #[test]
    fn annotations_are_overwritten_and_others_stay() {
        let wanted = BTreeMap::from([("a".to_owned(), "new".to_owned())]);
        let mut service = json!({"metadata": {"annotations": {"a": "old", "b": "kept"}}});
        annotate(&mut service, &wanted);
        assert_eq!(
            service["metadata"]["annotations"],
            json!({"a": "new", "b": "kept"})
        );
        let mut bare = json!({"metadata": {}});
        annotate(&mut bare, &wanted);
        assert_eq!(bare["metadata"]["annotations"], json!({"a": "new"}));
        annotate(&mut json!({}), &wanted);
        assert!(is_ingress(&id("ingresses.networking.k8s.io", "web")));
        assert!(!is_ingress(&id("services", "web")));
    }
}
