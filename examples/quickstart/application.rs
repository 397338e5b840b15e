//! The sample application: an online shop in small.

use serde::Deserialize as _;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::failure::Result;
use crate::volume::{CLAIM, Uploads};

const MANIFESTS: &str = include_str!("application.yaml");

/// Creates the shop in a namespace; with a disk for its uploads, where there is one.
pub(crate) async fn deploy(cluster: &Cluster, namespace: &str, has_disk: bool) -> Result<()> {
    for document in serde_norway::Deserializer::from_str(MANIFESTS) {
        let mut object = Value::deserialize(document)?;
        let (list, namespaced) = place(&object)?;
        let is_custom = object["apiVersion"] == "shop.example.com/v1"
            || object["kind"] == "CustomResourceDefinition";
        if is_custom && !cluster.has_definitions() {
            continue;
        }
        if object["kind"] == "Namespace" {
            object["metadata"]["name"] = namespace.into();
        }
        if has_disk
            && object["kind"] == "PersistentVolumeClaim"
            && object["metadata"]["name"] == CLAIM
        {
            Uploads::bind(&mut object, namespace);
        }
        for subject in object["subjects"].as_array_mut().into_iter().flatten() {
            subject["namespace"] = namespace.into();
        }
        let list = if namespaced {
            list.replace("{namespace}", namespace)
        } else {
            list
        };
        cluster.create(&list, &object).await?;
    }
    Ok(())
}

/// The list an object is created in, and whether it lies in a namespace.
fn place(object: &Value) -> Result<(String, bool)> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let root = if version.contains('/') {
        format!("/apis/{version}")
    } else {
        format!("/api/{version}")
    };
    let plural = format!("{}s", kind.to_lowercase());
    Ok(match kind {
        "Namespace" | "CustomResourceDefinition" => (format!("{root}/{plural}"), false),
        "" => return Err("read the sample application: an object has no kind".into()),
        _ => (format!("{root}/namespaces/{{namespace}}/{plural}"), true),
    })
}
