//! What is in a namespace right now, asked of the server and of no backup.

use std::collections::BTreeMap;

use ack_backup_center::engine::{Discovery, GroupResource};
use http::Request;
use kube::Client;
use serde_json::Value;

use crate::failure::Result;

/// Objects by kind and name.
pub(crate) type Live = BTreeMap<(GroupResource, String), Value>;

/// Kinds that tell what happened, and those that controllers make of others.
const NOT_OURS: [&str; 4] = [
    "events",
    "events.events.k8s.io",
    "endpoints",
    "endpointslices.discovery.k8s.io",
];

pub(crate) async fn live_objects(
    client: &Client,
    namespace: &str,
    definitions: bool,
) -> Result<Live> {
    let mut live = Live::new();
    let discovery = Discovery::run(client).await?;
    for resource in discovery.preferred() {
        let kind = resource.group_resource();
        let restorable = ["list", "create", "delete"]
            .iter()
            .all(|verb| resource.can(verb));
        if !resource.namespaced || !restorable || NOT_OURS.contains(&kind.to_string().as_str()) {
            continue;
        }
        let request = Request::get(resource.list_path(Some(namespace))).body(Vec::new())?;
        let list: Value = client.request(request).await?;
        for object in list["items"].as_array().into_iter().flatten() {
            let name = object["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if !made_by_controllers(object) {
                live.insert((kind.clone(), name), object.clone());
            }
        }
    }
    if definitions {
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/carts.shop.example.com";
        let definition = client.request(Request::get(path).body(Vec::new())?).await?;
        let kind = GroupResource::new("apiextensions.k8s.io", "customresourcedefinitions");
        live.insert((kind, "carts.shop.example.com".into()), definition);
    }
    Ok(live)
}

/// The Pods and ReplicaSets of a controller come and go with it.
fn made_by_controllers(object: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners.into_iter().flatten().any(|owner| {
        let version = owner["apiVersion"].as_str().unwrap_or_default();
        owner["controller"] == true
            && (version.starts_with("apps/") || version.starts_with("batch/"))
    })
}
