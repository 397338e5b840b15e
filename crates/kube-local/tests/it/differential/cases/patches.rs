//! Merge, JSON and strategic merge patches.

use serde_json::json;

use super::{CONFIG_MAPS, POD_TEMPLATES, at, config_map, pod_template};
use crate::differential::agree::agree;
use crate::differential::script::{APPLY, JSON_PATCH, MERGE, STRATEGIC, Script};

#[tokio::test]
async fn patches_agree() {
    let template = at(POD_TEMPLATES, "t");
    agree(vec![
        Script::new("merge patches")
            .post(CONFIG_MAPS, config_map("a"))
            .keep("first", "/metadata/resourceVersion")
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"data": {"a": null, "c": "3"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"labels": {"x": "1", "y": "2"}}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"labels": {"x": null}}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"labels": null}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"data": null}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"resourceVersion": "$first"}, "data": {"z": "1"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"name": "b"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"namespace": "b"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"uid": "8a8a7d10-0000-4000-8000-000000000000"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"kind": "Secret"}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"data": {"n": 5}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"nonsense": 5}))
            .patch(MERGE, format!("{CONFIG_MAPS}/a?fieldValidation=Strict"), json!({"nonsense": 5}))
            .patch(MERGE, format!("{CONFIG_MAPS}/a?dryRun=All"), json!({"data": {"dry": "run"}}))
            .patch(MERGE, format!("{CONFIG_MAPS}/a?fieldManager=someone"), json!({"data": {"theirs": "1"}}))
            .patch(MERGE, format!("{CONFIG_MAPS}/a?force=true"), json!({"data": {"x": "1"}}))
            .patch(MERGE, at(CONFIG_MAPS, "absent"), json!({"data": {"a": "1"}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!([1]))
            .patch("application/json", at(CONFIG_MAPS, "a"), json!({}))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("JSON patches")
            .post(CONFIG_MAPS, config_map("a"))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "add", "path": "/data/c", "value": "3"}, {"op": "remove", "path": "/data/a"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "test", "path": "/data/c", "value": "3"}, {"op": "replace", "path": "/data/c", "value": "4"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "test", "path": "/data/c", "value": "9"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "remove", "path": "/data/absent"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "replace", "path": "/data/absent", "value": "1"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "add", "path": "/metadata/labels/x", "value": "1"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "add", "path": "/metadata/labels", "value": {"x~y": "1"}}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "add", "path": "/metadata/labels", "value": {"x": "1", "example.com/y": "2"}}, {"op": "remove", "path": "/metadata/labels/example.com~1y"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "move", "from": "/data/b", "path": "/data/d"}, {"op": "copy", "from": "/data/d", "path": "/data/e"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "nonsense", "path": "/data/b"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!({}))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "add", "path": "/metadata/finalizers", "value": ["example.com/x"]}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/y"}]))
            .patch(JSON_PATCH, at(CONFIG_MAPS, "a"), json!([{"op": "remove", "path": "/metadata/finalizers/0"}]))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("strategic merge patches of lists")
            .post(POD_TEMPLATES, pod_template("t"))
            // Containers, ports, env and volumes merge by key; args are replaced.
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"containers": [{"name": "one", "args": ["x"], "env": [{"name": "B", "value": "2"}], "ports": [{"containerPort": 81}]}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"containers": [{"name": "two", "image": "two:1"}], "volumes": [{"name": "v", "emptyDir": {}}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"containers": [{"name": "one", "env": [{"name": "A", "$patch": "delete"}]}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"containers": [{"name": "two", "$patch": "delete"}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"containers": [{"$patch": "replace"}, {"name": "three", "image": "three:1"}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"tolerations": [{"key": "a", "operator": "Exists"}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"tolerations": [{"key": "b", "operator": "Exists"}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"containers": [{"name": "four", "image": "4"}], "$setElementOrder/containers": [{"name": "four"}, {"name": "three"}]}}}))
            .patch(STRATEGIC, &template, json!({"template": {"metadata": {"labels": {"$patch": "replace", "only": "this"}}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"nodeSelector": {"a": "b"}}}}))
            .patch(STRATEGIC, &template, json!({"template": {"spec": {"nodeSelector": null}}}))
            .get(&template),
        Script::new("strategic merge patches of metadata")
            .get(at(CONFIG_MAPS, "kube-root-ca.crt")).keep("owner", "/metadata/uid").ignoring(&["/data"])
            .post(CONFIG_MAPS, json!({"metadata": {"name": "a", "finalizers": ["example.com/a"]}}))
            .patch(STRATEGIC, at(CONFIG_MAPS, "a"), json!({"metadata": {"finalizers": ["example.com/b"]}}))
            .patch(STRATEGIC, at(CONFIG_MAPS, "a"), json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}))
            .patch(STRATEGIC, at(CONFIG_MAPS, "a"), json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt", "uid": "$owner"}]}}))
            .patch(STRATEGIC, at(CONFIG_MAPS, "a"), json!({"metadata": {"ownerReferences": [{"uid": "$owner", "controller": true}]}}))
            .patch(STRATEGIC, at(CONFIG_MAPS, "a"), json!({"metadata": {"ownerReferences": [{"uid": "$owner", "$patch": "delete"}]}}))
            .patch(STRATEGIC, at(CONFIG_MAPS, "a"), json!({"data": {"x": "1"}}))
            .patch(STRATEGIC, at(CONFIG_MAPS, "a"), json!({"data": null}))
            .patch(STRATEGIC, at(CONFIG_MAPS, "a"), json!({"metadata": {"finalizers": null}})),
    ])
    .await;
}

#[tokio::test]
async fn server_side_apply_agrees() {
    let by = |name: &str, manager: &str| format!("{CONFIG_MAPS}/{name}?fieldManager={manager}");
    let forced = |name: &str, manager: &str| {
        format!("{CONFIG_MAPS}/{name}?fieldManager={manager}&force=true")
    };
    let cm = |data: serde_json::Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
    let template = |manager: &str| format!("{POD_TEMPLATES}/t?fieldManager={manager}");
    let containers = |list: serde_json::Value| {
        json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "t"},
        "template": {"metadata": {"labels": {"app": "t"}}, "spec": {"containers": list}}})
    };
    agree(vec![
        Script::new("one manager")
            .patch(APPLY, by("a", "one"), cm(json!({"a": "1", "b": "2"})))
            .keep("first", "/metadata/resourceVersion")
            .patch(APPLY, by("a", "one"), cm(json!({"a": "1", "b": "2"})))
            .patch(APPLY, by("a", "one"), cm(json!({"a": "1"})))
            .patch(APPLY, by("a", "one"), cm(json!({"a": "2", "c": "3"})))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"l": "1"}}}))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "$first"}})),
        Script::new("two managers")
            .patch(APPLY, by("a", "one"), cm(json!({"a": "1", "b": "2"})))
            .patch(APPLY, by("a", "two"), cm(json!({"a": "1", "c": "3"})))
            .patch(APPLY, by("a", "two"), cm(json!({"a": "2", "b": "3"})))
            .patch(APPLY, by("a", "two"), cm(json!({"a": "2", "c": "3"})))
            .patch(APPLY, forced("a", "two"), cm(json!({"a": "2", "c": "3"})))
            .patch(APPLY, by("a", "one"), cm(json!({"b": "2"})))
            .patch(APPLY, by("a", "two"), cm(json!({})))
            .patch(MERGE, by("a", "three"), json!({"data": {"b": "9"}}))
            .patch(APPLY, by("a", "one"), cm(json!({"b": "2"})))
            .patch(APPLY, forced("a", "one"), cm(json!({"b": "2"})))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("apply over update")
            .post(CONFIG_MAPS, config_map("a"))
            .patch(APPLY, by("a", "one"), cm(json!({"a": "1"})))
            .patch(APPLY, by("a", "one"), cm(json!({"a": "2"})))
            .patch(APPLY, forced("a", "one"), cm(json!({"a": "2"})))
            .patch(APPLY, by("a", "one"), cm(json!({})))
            .put(at(CONFIG_MAPS, "a"), cm(json!({"z": "1"})))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("lists with keys")
            .patch(APPLY, template("one"), containers(json!([{"name": "a", "image": "a:1", "ports": [{"containerPort": 80}]}])))
            .patch(APPLY, template("two"), containers(json!([{"name": "b", "image": "b:1"}])))
            .patch(APPLY, template("two"), containers(json!([{"name": "a", "image": "a:2"}, {"name": "b", "image": "b:1"}])))
            .patch(APPLY, template("two"), containers(json!([{"name": "a", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "image": "b:1"}])))
            .patch(APPLY, template("one"), containers(json!([{"name": "a", "image": "a:1"}])))
            .patch(APPLY, template("two"), containers(json!([{"name": "b", "image": "b:1"}])))
            .patch(APPLY, template("two"), containers(json!([{"name": "b", "image": "b:1"}, {"name": "b", "image": "b:2"}])))
            .patch(APPLY, template("one"), containers(json!([])))
            .get(at(POD_TEMPLATES, "t")),
        Script::new("what apply refuses")
            .patch(APPLY, at(CONFIG_MAPS, "a"), cm(json!({})))
            .patch(APPLY, by("a", "one"), json!({"kind": "ConfigMap", "metadata": {"name": "a"}}))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "managedFields": [{"manager": "x"}]}}))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "8a8a7d10-0000-4000-8000-000000000000"}}))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "5"}}))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": 5}}))
            .patch(APPLY, by("a", "one"), json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "nonsense": {"x": 5}}))
            .patch(APPLY, by("a", "one&dryRun=All"), cm(json!({"a": "1"})))
            .get(at(CONFIG_MAPS, "a")),
        Script::new("dropping managers")
            .patch(APPLY, by("a", "one"), cm(json!({"a": "1"})))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"metadata": {"managedFields": [{}]}}))
            .patch(MERGE, at(CONFIG_MAPS, "a"), json!({"data": {"b": "2"}}))
            .patch(APPLY, by("a", "one"), cm(json!({"a": "1"}))),
    ])
    .await;
}
