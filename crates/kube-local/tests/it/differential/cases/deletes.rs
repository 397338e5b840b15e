//! Deletion: preconditions, finalizers, propagation, collections, namespaces.

use serde_json::json;

use super::{CONFIG_MAPS, POD_TEMPLATES, SECRETS, at, config_map, pod_template};
use crate::differential::agree::agree;
use crate::differential::script::{JSON_PATCH, MERGE, Script, Until};

#[tokio::test]
async fn deletions_agree() {
    let options = |more: serde_json::Value| {
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        options
    };
    let owned = |name: &str| {
        json!({"metadata": {"name": name, "ownerReferences": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "$owner"}]}})
    };
    agree(vec![
        Script::new("preconditions")
            .post(CONFIG_MAPS, config_map("a"))
            .keep("uid", "/metadata/uid").keep("rv", "/metadata/resourceVersion")
            .delete_with(at(CONFIG_MAPS, "a"), options(json!({"preconditions": {"uid": "8a8a7d10-0000-4000-8000-000000000000"}})))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"data": {"z": "1"}}))
            .delete_with(at(CONFIG_MAPS, "a"), options(json!({"preconditions": {"resourceVersion": "$rv"}})))
            .ignoring(&["/message"])
            .delete_with(at(CONFIG_MAPS, "a"), options(json!({"preconditions": {"uid": "$uid"}})))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("finalizers")
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "finalizers": ["example.com/hold"]}}))
            .delete(at(CONFIG_MAPS, "a"))
            .delete(at(CONFIG_MAPS, "a"))
            .get(at(CONFIG_MAPS, "a"))
            .post(CONFIG_MAPS, config_map("a"))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"data": {"x": "1"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "remove", "path": "/metadata/finalizers"}]))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("propagation in the background")
            .post(CONFIG_MAPS, config_map("owner")).keep("owner", "/metadata/uid")
            .post(CONFIG_MAPS, owned("dependent"))
            .delete_with(at(CONFIG_MAPS, "owner"), options(json!({"propagationPolicy": "Background"})))
            .get(at(CONFIG_MAPS, "owner"))
            .get(at(CONFIG_MAPS, "dependent")).until_gone(),
        Script::new("propagation in the foreground")
            .post(CONFIG_MAPS, config_map("owner")).keep("owner", "/metadata/uid")
            .post(CONFIG_MAPS, owned("dependent"))
            .delete_with(at(CONFIG_MAPS, "owner"), options(json!({"propagationPolicy": "Foreground"})))
            .get(at(CONFIG_MAPS, "owner")).until_gone()
            .get(at(CONFIG_MAPS, "dependent")).until_gone(),
        Script::new("orphans")
            .post(CONFIG_MAPS, config_map("owner")).keep("owner", "/metadata/uid")
            .post(CONFIG_MAPS, owned("dependent"))
            .delete_with(at(CONFIG_MAPS, "owner"), options(json!({"propagationPolicy": "Orphan"})))
            .get(at(CONFIG_MAPS, "owner")).until_gone()
            .get(at(CONFIG_MAPS, "dependent")).until(Until::Ready(|v| v["metadata"]["ownerReferences"].is_null()))
            .ignoring(&["/metadata/managedFields"]),
        Script::new("an owner that is not there")
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": "never", "uid": "8a8a7d10-0000-4000-8000-000000000000"}]}}))
            .get(at(CONFIG_MAPS, "a")).until_gone(),
        Script::new("wrong options")
            .post(CONFIG_MAPS, config_map("a"))
            .delete_with(at(CONFIG_MAPS, "a"), options(json!({"propagationPolicy": "Nonsense"})))
            .delete_with(at(CONFIG_MAPS, "a"), options(json!({"orphanDependents": true, "propagationPolicy": "Orphan"})))
            .delete_with(at(CONFIG_MAPS, "a"), options(json!({"dryRun": ["All"]})))
            .delete_with(at(CONFIG_MAPS, "a"), options(json!({"dryRun": ["Some"]})))
            .delete(at(CONFIG_MAPS, "a?propagationPolicy=Background&gracePeriodSeconds=0"))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("what the response holds")
            .post(SECRETS, json!({"metadata": {"name": "a"}}))
            .delete(at(SECRETS, "a"))
            .post(POD_TEMPLATES, pod_template("t"))
            .delete(at(POD_TEMPLATES, "t"))
            .post("/api/v1/namespaces/$ns/serviceaccounts", json!({"metadata": {"name": "a"}}))
            .delete("/api/v1/namespaces/$ns/serviceaccounts/a")
            .post("/api/v1/namespaces/$ns/services", json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}))
            .delete("/api/v1/namespaces/$ns/services/s")
            .post("/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/roles", json!({"metadata": {"name": "r"}, "rules": []}))
            .delete("/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/roles/r")
            .post("/apis/storage.k8s.io/v1/storageclasses", json!({"metadata": {"name": "sc-$id"}, "provisioner": "example.com/p"}))
            .delete("/apis/storage.k8s.io/v1/storageclasses/sc-$id"),
        Script::new("collections")
            .post(SECRETS, json!({"metadata": {"name": "a", "labels": {"x": "1"}}}))
            .post(SECRETS, json!({"metadata": {"name": "b", "labels": {"x": "2"}}}))
            .post(SECRETS, json!({"metadata": {"name": "c", "labels": {"x": "2"}, "finalizers": ["example.com/hold"]}}))
            .delete(format!("{SECRETS}?labelSelector=x=1"))
            .delete(format!("{SECRETS}?labelSelector=x=9"))
            .delete(format!("{SECRETS}?dryRun=All"))
            .delete(SECRETS)
            .get(SECRETS)
            .patch(MERGE, at(SECRETS, "c"), json!({"metadata": {"finalizers": null}}))
            .get(SECRETS),
    ])
    .await;
}

#[tokio::test]
async fn namespaces_live_and_die_alike() {
    agree(vec![
        Script::new("a namespace")
            .get("/api/v1/namespaces/$ns")
            .post("/api/v1/namespaces", json!({"metadata": {"name": "$ns"}}))
            .post("/api/v1/namespaces", json!({"metadata": {"name": "$ns.b"}}))
            .post("/api/v1/namespaces", json!({"metadata": {"name": "$ns-b", "labels": {"kubernetes.io/metadata.name": "else", "x": "y"}}, "spec": {"finalizers": ["kubernetes", "example.com/mine"]}, "status": {"phase": "Terminating"}}))
            .patch(MERGE, "/api/v1/namespaces/$ns-b", json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "else"}}}))
            .patch(MERGE, "/api/v1/namespaces/$ns-b", json!({"spec": {"finalizers": []}}))
            .patch(MERGE, "/api/v1/namespaces/$ns-b/status", json!({"status": {"phase": "Active"}}))
            .delete("/api/v1/namespaces/default")
            .delete("/api/v1/namespaces/kube-system")
            .delete("/api/v1/namespaces/kube-public"),
        Script::new("a namespace goes")
            .post(CONFIG_MAPS, config_map("a"))
            .delete("/api/v1/namespaces/$ns").keep("uid", "/metadata/uid")
            .get("/api/v1/namespaces/$ns").until_gone()
            .get(at(CONFIG_MAPS, "a"))
            .get(CONFIG_MAPS)
            .post(CONFIG_MAPS, config_map("a")),
        Script::new("a namespace that is held")
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "finalizers": ["example.com/hold"]}}))
            .post(SECRETS, json!({"metadata": {"name": "b", "finalizers": ["example.com/hold"]}}))
            .delete("/api/v1/namespaces/$ns")
            .get("/api/v1/namespaces/$ns").until(Until::Ready(|v| v["status"]["conditions"].as_array().is_some_and(|c| c.iter().any(|c| c["type"] == "NamespaceFinalizersRemaining" && c["status"] == "True"))))
            .delete("/api/v1/namespaces/$ns").ignoring(&["/metadata/managedFields"])
            .post(CONFIG_MAPS, config_map("new"))
            .post("/api/v1/namespaces/$ns/serviceaccounts", json!({"metadata": {"name": "new"}}))
            .post("/api/v1/namespaces", json!({"metadata": {"name": "$ns"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"data": {"still": "writable"}}))
            .patch(MERGE, "/api/v1/namespaces/$ns", json!({"metadata": {"labels": {"still": "writable"}}})).ignoring(&["/metadata/managedFields"])
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"finalizers": null}}))
            .patch(MERGE, at(SECRETS, "b"), json!({"metadata": {"finalizers": null}}))
            .get("/api/v1/namespaces/$ns").until_gone(),
        Script::new("a finalizer of the namespace itself")
            .patch(MERGE, "/api/v1/namespaces/$ns", json!({"metadata": {"finalizers": ["example.com/hold"]}}))
            .delete("/api/v1/namespaces/$ns")
            .get("/api/v1/namespaces/$ns").until(Until::Ready(|v| v["spec"]["finalizers"].is_null()))
            .ignoring(&["/metadata/managedFields", "/status/conditions"])
            .patch(MERGE, "/api/v1/namespaces/$ns", json!({"metadata": {"finalizers": null}})).ignoring(&["/metadata/managedFields", "/status/conditions"])
            .get("/api/v1/namespaces/$ns").until_gone(),
    ])
    .await;
}
