//! The scripts, one file a subject.

mod crds;
mod deletes;
mod discovery;
mod events;
mod lists;
mod objects;
mod patches;
mod tables;

use serde_json::json;

pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/$ns/configmaps";
pub(crate) const SECRETS: &str = "/api/v1/namespaces/$ns/secrets";
pub(crate) const POD_TEMPLATES: &str = "/api/v1/namespaces/$ns/podtemplates";

/// The path of one object.
pub(crate) fn at(collection: &str, name: &str) -> String {
    format!("{collection}/{name}")
}

pub(crate) fn config_map(name: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
        "data": {"a": "1", "b": "2"}})
}

/// A Pod's specification that no controller touches.
pub(crate) fn pod_template(name: &str) -> serde_json::Value {
    json!({"metadata": {"name": name}, "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [
        {"name": "one", "image": "one:1", "args": ["a", "b"], "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]}]}}})
}
