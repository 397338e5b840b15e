//! What a restore changes in objects besides what every restore does.

use std::collections::BTreeMap;
use std::convert::Infallible;

use kube_backup_engine::ObjectId;
use kube_backup_engine::restore::{Restore, Transformed};
use serde_json::{Map, Value, json};

use crate::crds::{ApplicationRestoreSpec, VolumeConversion};

/// Adds the steps that a specification asks for.
pub(super) fn adjusted(restore: Restore, spec: &ApplicationRestoreSpec) -> Restore {
    let (services, ingresses) = (
        spec.service_annotations.clone(),
        spec.ingress_annotations.clone(),
    );
    let volumes = spec.convertedarg.clone();
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
    if !volumes.is_empty() {
        restore = restore.with_transform("conversion of claims", move |id, mut object| {
            if id.resource.is("", "persistentvolumeclaims") {
                convert(id, &mut object, &volumes);
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

/// Gives a claim what was asked for it, by its name and namespace in the backup. The first that fits counts.
fn convert(id: &ObjectId, claim: &mut Value, all: &[VolumeConversion]) {
    let class = claim["spec"]["storageClassName"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let fits = |it: &&VolumeConversion| {
        Some(it.namespace.as_str()) == id.namespace.as_deref()
            && it.persistent_volume_claim == id.name
            && (it.storage_class.is_empty() || it.storage_class == class)
    };
    let (Some(wanted), Some(spec)) = (all.iter().find(fits), claim["spec"].as_object_mut()) else {
        return;
    };
    if !wanted.convert_to_storage_class_type.is_empty()
        && wanted.convert_to_storage_class_type != class
    {
        spec.insert(
            "storageClassName".to_owned(),
            wanted.convert_to_storage_class_type.as_str().into(),
        );
        // The volume that it was bound to is of the old class.
        spec.remove("volumeName");
    }
    if !wanted.convert_to_access_modes.is_empty() {
        spec.insert(
            "accessModes".to_owned(),
            json!(wanted.convert_to_access_modes),
        );
    }
    if let Some(capacity) = &wanted.capacity {
        let resources = spec.entry("resources").or_insert_with(|| json!({}));
        if resources.is_object() {
            resources["requests"]["storage"] = capacity.0.as_str().into();
        }
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

    #[test]
    fn a_claim_gets_what_was_asked_for_it_and_no_other_does() {
        let all: Vec<VolumeConversion> = serde_json::from_value(json!([
            {"namespace": "shop", "persistentVolumeClaim": "data", "storageClass": "other", "convertToStorageClassType": "wrong"},
            {"namespace": "shop", "persistentVolumeClaim": "data", "storageClass": "local",
             "convertToStorageClassType": "alicloud-disk", "convertToAccessModes": ["ReadWriteOnce"], "capacity": "40Gi"},
        ]))
        .unwrap();
        let claim = json!({"spec": {"storageClassName": "local", "volumeName": "pv-1", "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "5Gi"}}}});
        let mut changed = claim.clone();
        convert(&id("persistentvolumeclaims", "data"), &mut changed, &all);
        assert_eq!(
            changed,
            json!({"spec": {"storageClassName": "alicloud-disk", "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "40Gi"}}}})
        );
        let mut other = claim.clone();
        convert(&id("persistentvolumeclaims", "logs"), &mut other, &all);
        assert_eq!(other, claim);
    }
}
