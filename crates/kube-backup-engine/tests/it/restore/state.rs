//! All objects of a cluster, comparable with those of another.

use std::collections::BTreeMap;

use kube::Client;
use kube_backup_engine::Discovery;
use serde_json::Value;

use crate::cluster::get;

/// By path, without what is different in every cluster. A reference to an owner says whether it is
/// there.
pub(crate) async fn state(client: &Client) -> BTreeMap<String, Value> {
    let found = Discovery::run(client).await.unwrap();
    let mut objects = BTreeMap::new();
    for resource in found.preferred() {
        if !resource.can("list") {
            continue;
        }
        let list = get(client, &resource.list_path(None)).await.unwrap();
        for object in list["items"].as_array().into_iter().flatten() {
            let metadata = &object["metadata"];
            let path = resource.object_path(
                metadata["namespace"].as_str(),
                metadata["name"].as_str().unwrap(),
            );
            objects.insert(path, object.clone());
        }
    }
    let uids: Vec<Value> = objects
        .values()
        .map(|object| object["metadata"]["uid"].clone())
        .collect();
    objects.retain(|path, _| !path.contains("/ipaddresses/"));
    for object in objects.values_mut() {
        if let Some(owners) = object["metadata"]
            .get_mut("ownerReferences")
            .and_then(Value::as_array_mut)
        {
            for owner in owners {
                owner["uid"] = uids.contains(&owner["uid"]).into();
            }
        }
        let metadata = object["metadata"].as_object_mut().unwrap();
        for field in [
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "generation",
            "managedFields",
        ] {
            metadata.remove(field);
        }
        if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
            for field in ["clusterIP", "clusterIPs"] {
                if spec.get(field).is_some_and(|ip| *ip != "None") {
                    spec.remove(field);
                }
            }
            for port in spec
                .get_mut("ports")
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                port.as_object_mut().unwrap().remove("nodePort");
            }
        }
        if let Some(conditions) = object
            .pointer_mut("/status/conditions")
            .and_then(Value::as_array_mut)
        {
            for condition in conditions {
                condition
                    .as_object_mut()
                    .unwrap()
                    .remove("lastTransitionTime");
            }
        }
        // A Job selects by its own uid.
        for place in [
            "/metadata/labels",
            "/spec/selector/matchLabels",
            "/spec/template/metadata/labels",
        ] {
            if let Some(Value::Object(labels)) = object.pointer_mut(place) {
                labels.retain(|key, _| !key.ends_with("controller-uid"));
            }
        }
    }
    objects
}
