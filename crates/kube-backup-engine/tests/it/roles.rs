//! The shipped roles, given to users of a real API server.

use kube::Client;
use serde_json::{Value, json};
use test_support::create;

/// Gives a user one of the shipped roles, everywhere or in a namespace.
pub(crate) async fn bind(client: &Client, manifest: &str, user: &str, namespace: Option<&str>) {
    let mut role: Value = serde_norway::from_str(manifest).unwrap();
    let name = format!("{user}-{}", role["metadata"]["name"].as_str().unwrap());
    role["metadata"]["name"] = json!(name);
    let group = "/apis/rbac.authorization.k8s.io/v1";
    create(client, &format!("{group}/clusterroles"), role).await;
    let bindings = match namespace {
        Some(namespace) => format!("{group}/namespaces/{namespace}/rolebindings"),
        None => format!("{group}/clusterrolebindings"),
    };
    let binding = json!({"metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}]});
    create(client, &bindings, binding).await;
}
