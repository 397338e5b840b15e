//! Create, read, replace.

use serde_json::json;

use super::{CONFIG_MAPS, at, config_map};
use crate::differential::agree::agree;
use crate::differential::script::Script;

#[tokio::test]
async fn objects_are_created_read_and_replaced_alike() {
    agree(vec![
        Script::new("the life of a ConfigMap")
            .get(at(CONFIG_MAPS, "one"))
            .post(CONFIG_MAPS, config_map("one"))
            .keep("first", "/metadata/resourceVersion")
            .post(CONFIG_MAPS, config_map("one"))
            .get(at(CONFIG_MAPS, "one"))
            .put(at(CONFIG_MAPS, "one"), json!({"metadata": {"name": "one", "labels": {"x": "y"}}, "data": {"a": "2"}}))
            .put(at(CONFIG_MAPS, "one"), json!({"metadata": {"name": "one", "resourceVersion": "$first"}}))
            .put(at(CONFIG_MAPS, "one"), json!({"metadata": {"name": "two"}}))
            .put(at(CONFIG_MAPS, "one"), json!({"metadata": {"name": "one", "namespace": "elsewhere"}}))
            .put(at(CONFIG_MAPS, "absent"), config_map("absent"))
            .put(at(CONFIG_MAPS, "absent2"), json!({"metadata": {"name": "absent2", "resourceVersion": "1"}}))
            .put(at(CONFIG_MAPS, "one"), json!({"metadata": {"name": "one", "uid": "8a8a7d10-0000-4000-8000-000000000000"}}))
            .get(at(CONFIG_MAPS, "one"))
            .delete(at(CONFIG_MAPS, "one"))
            .delete(at(CONFIG_MAPS, "one")),
        Script::new("what a client may not say")
            .post(CONFIG_MAPS, json!({"metadata": {}}))
            .post(CONFIG_MAPS, json!({}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "Upper_Case"}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "namespace": "elsewhere"}}))
            .post(CONFIG_MAPS, json!({"kind": "Secret", "metadata": {"name": "a"}}))
            .post(CONFIG_MAPS, json!({"apiVersion": "apps/v1", "kind": "ConfigMap", "metadata": {"name": "a"}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "resourceVersion": "5"}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a"}, "data": {"bad key!": "x"}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "labels": {"-bad-": "x", "ok": "not ok!"}}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "annotations": {"bad key": "x"}}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "finalizers": ["not-qualified"]}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a"}, "data": {"n": 1}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x"}]}}))
            .request("POST", CONFIG_MAPS, Some("{not json".into()))
            .request("POST", CONFIG_MAPS, Some("[]".into()))
            .request("POST", CONFIG_MAPS, Some(String::new()))
            .request("POST", CONFIG_MAPS, Some("x".into())).content_type("text/plain"),
        Script::new("the server's own fields")
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "uid": "8a8a7d10-0000-4000-8000-000000000000",
                "creationTimestamp": "2020-01-01T00:00:00Z", "generation": 7, "selfLink": "/x",
                "deletionTimestamp": "2020-01-01T00:00:00Z", "deletionGracePeriodSeconds": 3,
                "managedFields": [{"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}}]}}))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("generated names")
            .post(CONFIG_MAPS, json!({"metadata": {"generateName": "a-"}}))
            .post(CONFIG_MAPS, json!({"metadata": {"name": "b", "generateName": "a-"}}))
            .post(CONFIG_MAPS, json!({"metadata": {"generateName": "Bad_"}})).ignoring(&["/details/name", "/message", "/details/causes/*/message"])
            .post(CONFIG_MAPS, json!({"metadata": {"generateName": ""}})),
        Script::new("dry runs")
            .post(format!("{CONFIG_MAPS}?dryRun=All"), config_map("a"))
            .get(at(CONFIG_MAPS, "a"))
            .post(CONFIG_MAPS, config_map("a"))
            .post(format!("{CONFIG_MAPS}?dryRun=All"), config_map("a"))
            .put(at(CONFIG_MAPS, "a?dryRun=All"), json!({"metadata": {"name": "a"}, "data": {"z": "1"}}))
            .delete(at(CONFIG_MAPS, "a?dryRun=All"))
            .get(at(CONFIG_MAPS, "a"))
            .post(format!("{CONFIG_MAPS}?dryRun=Some"), config_map("b")),
        Script::new("unknown fields")
            .post(format!("{CONFIG_MAPS}?fieldValidation=Strict"), json!({"metadata": {"name": "a", "nonsense": 1}, "data": {"a": "1"}, "more": {}}))
            .post(format!("{CONFIG_MAPS}?fieldValidation=Warn"), json!({"metadata": {"name": "a", "nonsense": 1}, "data": {"a": "1"}, "more": {}}))
            .post(format!("{CONFIG_MAPS}?fieldValidation=Ignore"), json!({"metadata": {"name": "b", "nonsense": 1}, "more": {}}))
            .post(format!("{CONFIG_MAPS}?fieldValidation=Nonsense"), json!({"metadata": {"name": "c"}}))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("paths that lead nowhere")
            .get("/api/v1/namespaces/$ns/nothings")
            .get("/apis/nothing.example.com/v1/things")
            .get("/apis/apps/v9/deployments")
            .get("/nothing")
            .get("/api/v1/namespaces/$ns/configmaps/a/status")
            .request("POST", at(CONFIG_MAPS, "a"), Some("{}".into()))
            .request("PUT", CONFIG_MAPS, Some("{}".into()))
            .delete("/api/v1/namespaces")
            .request("PATCH", CONFIG_MAPS, Some("{}".into()))
            .post("/api/v1/configmaps", config_map("a"))
            .post("/api/v1/namespaces/no-such-namespace/configmaps", config_map("a"))
            .get("/api/v1/namespaces/no-such-namespace/configmaps")
            .get("/api/v1/namespaces/no-such-namespace/configmaps/a"),
        Script::new("YAML, other forms")
            .request("POST", CONFIG_MAPS, Some("metadata: {name: a}\ndata:\n  x: 'y'\n".into())).content_type("application/yaml")
            .get(at(CONFIG_MAPS, "a")).accept("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
            .get(format!("{CONFIG_MAPS}?fieldSelector=metadata.name=a")).accept("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
            .get(format!("{CONFIG_MAPS}?fieldSelector=metadata.name=a")).accept("application/json;as=Table;g=meta.k8s.io;v=v1").ignoring(&["/rows/*/cells/2", "/columnDefinitions/*/description"])
            .get(at(CONFIG_MAPS, "a")).accept("text/html")
            .get(at(CONFIG_MAPS, "absent")).accept("application/yaml"),
    ])
    .await;
}
