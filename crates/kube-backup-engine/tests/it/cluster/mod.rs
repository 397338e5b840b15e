//! An embedded cluster, and verbs to fill and look at it.

use kube::Client;
use kube_local::KubeLocal;
use serde_json::json;

pub(crate) use test_support::{create, delete, get, patch};

/// A client of the embedded cluster.
pub(crate) fn client(cluster: &KubeLocal) -> Client {
    test_support::client(&cluster.url())
}

/// A namespace with one of almost everything an application has.
pub(crate) async fn shop(client: &Client, namespace: &str) {
    let of = |group: &str, plural: &str| format!("{group}/namespaces/{namespace}/{plural}");
    let core = |plural: &str| of("/api/v1", plural);
    let meta = |name: &str| json!({"name": name, "labels": {"app": "shop"}});
    create(
        client,
        "/api/v1/namespaces",
        json!({"metadata": {"name": namespace, "labels": {"team": "a"}}}),
    )
    .await;
    create(
        client,
        &core("configmaps"),
        json!({"metadata": meta("settings"), "data": {"colour": "red"}}),
    )
    .await;
    create(
        client,
        &core("secrets"),
        json!({"metadata": meta("password"), "stringData": {"key": "s3cret"}}),
    )
    .await;
    create(
        client,
        &core("serviceaccounts"),
        json!({"metadata": meta("bot")}),
    )
    .await;
    create(client, &core("persistentvolumeclaims"), json!({"metadata": meta("data"),
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})).await;
    let template = json!({"metadata": {"labels": {"app": "shop"}},
            "spec": {"serviceAccountName": "bot", "containers": [{"name": "web", "image": "nginx:1"}]}});
    let selector = json!({"matchLabels": {"app": "shop"}});
    create(
        client,
        &of("/apis/apps/v1", "deployments"),
        json!({"metadata": meta("web"),
            "spec": {"replicas": 2, "selector": selector, "template": template}}),
    )
    .await;
    create(
        client,
        &of("/apis/apps/v1", "statefulsets"),
        json!({"metadata": meta("db"),
            "spec": {"serviceName": "db", "selector": selector, "template": template}}),
    )
    .await;
    create(client, &core("services"), json!({"metadata": meta("web"),
            "spec": {"type": "NodePort", "selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80}]}})).await;
    create(client, &core("services"), json!({"metadata": meta("db"),
            "spec": {"clusterIP": "None", "selector": {"app": "shop"}, "ports": [{"name": "sql", "port": 3306}]}})).await;
    create(
        client,
        &of("/apis/rbac.authorization.k8s.io/v1", "roles"),
        json!({"metadata": meta("reader"),
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]}),
    )
    .await;
    create(
        client,
        &of("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
        json!({"metadata": meta("bot-reads"),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": namespace}]}),
    )
    .await;
}

/// A definition `carts.example.com` and one cart that owns a ConfigMap.
pub(crate) async fn carts(client: &Client, namespace: &str) {
    create(client, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json!({
        "metadata": {"name": "carts.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "carts", "singular": "cart", "kind": "Cart", "listKind": "CartList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object",
                    "properties": {"items": {"type": "array", "items": {"type": "string"}}}}}}}}]}})).await;
    let list = format!("/apis/example.com/v1/namespaces/{namespace}/carts");
    let cart = json!({"apiVersion": "example.com/v1", "kind": "Cart",
        "metadata": {"name": "full"}, "spec": {"items": ["apple", "pear"]}});
    let cart = create(client, &list, cart).await;
    create(client, &format!("/api/v1/namespaces/{namespace}/configmaps"), json!({
        "metadata": {"name": "of-cart", "ownerReferences": [{"apiVersion": "example.com/v1", "kind": "Cart",
            "name": "full", "uid": cart["metadata"]["uid"]}]},
        "data": {"total": "2"}})).await;
}
