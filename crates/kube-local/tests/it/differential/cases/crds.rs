//! CustomResourceDefinitions and what they serve.

use serde_json::{Value, json};

use super::at;
use crate::differential::agree::agree;
use crate::differential::script::{APPLY, JSON_PATCH, MERGE, STRATEGIC, Script, Until};

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS: &str = "/apis/$id.example.com/v1/namespaces/$ns/widgets";

fn crd() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.$id.example.com"},
        "spec": {
            "group": "$id.example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget",
                "shortNames": ["wd"], "categories": ["all"]},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}, "scale": {
                    "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
                "selectableFields": [{"jsonPath": ".spec.colour"}],
                "schema": {"openAPIV3Schema": schema()}}],
        },
    })
}

fn schema() -> Value {
    let parts = json!({"type": "array", "maxItems": 3,
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"],
        "items": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string"}, "count": {"type": "integer", "default": 1}}}});
    let spec = json!({"type": "object", "required": ["size"], "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 10},
        "replicas": {"type": "integer"},
        "colour": {"type": "string", "default": "red", "enum": ["red", "blue"]},
        "name": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5},
        "parts": parts,
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "either": {"x-kubernetes-int-or-string": true},
        "maybe": {"type": "string", "nullable": true},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}});
    let status = json!({"type": "object", "properties": {
        "phase": {"type": "string"}, "replicas": {"type": "integer"}}});
    json!({"type": "object", "required": ["spec"],
        "properties": {"spec": spec, "status": status}})
}

/// A script that begins with an established CRD.
pub(crate) fn widgets(title: &'static str) -> Script {
    Script::new(title)
        .post(CRDS, crd())
        .get(at(CRDS, "widgets.$id.example.com"))
        .until(Until::Ready(established))
        .get("/apis/$id.example.com/v1/widgets")
        .until(Until::Status(200))
        .ignoring(&["/metadata/continue"])
}

fn established(crd: &Value) -> bool {
    let conditions = crd["status"]["conditions"].as_array().into_iter().flatten();
    conditions
        .clone()
        .any(|c| c["type"] == "Established" && c["status"] == "True")
}

fn widget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "$id.example.com/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec})
}

#[tokio::test]
async fn custom_resources_agree() {
    agree(vec![
        widgets("defaults, pruning and validation")
            .post(WIDGETS, widget("a", json!({"size": 1, "unknown": {"x": 1}, "parts": [{"id": "p"}], "free": {"any": [1, null, {"x": "y"}]}})))
            .get(at(WIDGETS, "a"))
            .post(WIDGETS, widget("b", json!({})))
            .post(WIDGETS, widget("b", json!({"size": 0})))
            .post(WIDGETS, widget("b", json!({"size": 11, "colour": "green", "name": "Bad"})))
            .post(WIDGETS, widget("b", json!({"size": "one"})))
            .post(WIDGETS, widget("b", json!({"size": 1.5})))
            .post(WIDGETS, widget("b", json!({"size": null})))
            .post(WIDGETS, widget("b", json!({"size": 1, "name": "toolong"})))
            .post(WIDGETS, widget("b", json!({"size": 1, "parts": [{"id": "p"}, {"id": "p"}]})))
            .post(WIDGETS, widget("b", json!({"size": 1, "parts": [{"count": 1}]})))
            .post(WIDGETS, widget("b", json!({"size": 1, "parts": [{"id": "1"}, {"id": "2"}, {"id": "3"}, {"id": "4"}]})))
            .post(WIDGETS, widget("b", json!({"size": 1, "tags": ["x", "x"]})))
            .post(WIDGETS, widget("b", json!({"size": 1, "map": {"x": 1}})))
            .post(WIDGETS, widget("b", json!({"size": 1, "either": true})))
            .post(WIDGETS, widget("b", json!({"size": 1, "either": "5", "maybe": null, "colour": null})))
            .post(WIDGETS, json!({"apiVersion": "$id.example.com/v1", "kind": "Widget", "metadata": {"name": "c"}}))
            .post(WIDGETS, json!({"metadata": {"name": "c"}, "spec": {"size": 1}}))
            .post(WIDGETS, json!({"apiVersion": "$id.example.com/v1", "kind": "Gadget", "metadata": {"name": "c"}, "spec": {"size": 1}}))
            .post(WIDGETS, json!({"apiVersion": "$id.example.com/v2", "kind": "Widget", "metadata": {"name": "c"}}))
            .post(WIDGETS, json!({"apiVersion": "$id.example.com/v1", "kind": "Widget", "metadata": {"name": "Bad_Name"}, "spec": {"size": 1}}))
            .post(format!("{WIDGETS}?fieldValidation=Strict"), widget("s", json!({"size": 1, "unknown": 1})))
            .post(format!("{WIDGETS}?fieldValidation=Warn"), widget("w", json!({"size": 1, "unknown": 1})))
            .post(WIDGETS, widget("a", json!({"size": 1}))),
        widgets("reading")
            .get(WIDGETS)
            .post(WIDGETS, widget("a", json!({"size": 1})))
            .post(WIDGETS, widget("b", json!({"size": 2, "colour": "blue"})))
            .get(WIDGETS)
            .get(format!("{WIDGETS}?limit=1")).keep("token", "/metadata/continue")
            .get(format!("{WIDGETS}?limit=1&continue=$token"))
            .get(format!("{WIDGETS}?fieldSelector=spec.colour%3Dblue"))
            .get(format!("{WIDGETS}?fieldSelector=spec.size%3D1"))
            .get("/apis/$id.example.com/v1/widgets")
            .get(WIDGETS).accept("application/json;as=Table;g=meta.k8s.io;v=v1").ignoring(&["/columnDefinitions/*/description"])
            .get(at(WIDGETS, "a")).accept("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
            .get(at(WIDGETS, "absent"))
            .get(format!("{WIDGETS}?watch=1&timeoutSeconds=1&resourceVersion=0")),
        widgets("writing")
            .post(WIDGETS, widget("a", json!({"size": 1}))).keep("rv", "/metadata/resourceVersion")
            .put(at(WIDGETS, "a"), widget("a", json!({"size": 2})))
            .put(at(WIDGETS, "a"), json!({"apiVersion": "$id.example.com/v1", "kind": "Widget", "metadata": {"name": "a", "resourceVersion": "$rv"}, "spec": {"size": 2}, "status": {"phase": "ignored"}})).keep("rv2", "/metadata/resourceVersion")
            .put(at(WIDGETS, "a"), json!({"apiVersion": "$id.example.com/v1", "kind": "Widget", "metadata": {"name": "a", "resourceVersion": "$rv"}, "spec": {"size": 2}}))
            .put(at(WIDGETS, "a/status"), json!({"apiVersion": "$id.example.com/v1", "kind": "Widget", "metadata": {"name": "a", "resourceVersion": "$rv2", "labels": {"not": "here"}}, "spec": {"size": 9}, "status": {"phase": "Good", "unknown": 1}}))
            .patch(MERGE, at(WIDGETS, "a/status"), json!({"status": {"phase": 5}}))
            .patch(MERGE, at(WIDGETS, "a/status"), json!({"status": {"replicas": 3}}))
            .get(at(WIDGETS, "a/status"))
            .get(at(WIDGETS, "a/scale"))
            .patch(MERGE, at(WIDGETS, "a/scale"), json!({"spec": {"replicas": 4}}))
            .patch(MERGE, at(WIDGETS, "a"), json!({"spec": {"parts": [{"id": "x"}]}}))
            .patch(MERGE, at(WIDGETS, "a"), json!({"spec": {"size": null}}))
            .patch(JSON_PATCH, at(WIDGETS, "a"), json!([{"op": "replace", "path": "/spec/size", "value": 3}]))
            .patch(STRATEGIC, at(WIDGETS, "a"), json!({"spec": {"size": 3}}))
            .patch(APPLY, at(WIDGETS, "a?fieldManager=one&force=true"), widget("a", json!({"size": 4, "parts": [{"id": "y", "count": 2}], "tags": ["one"]})))
            .patch(APPLY, at(WIDGETS, "a?fieldManager=two"), widget("a", json!({"size": 4, "parts": [{"id": "z"}], "tags": ["two"]})))
            .patch(APPLY, at(WIDGETS, "a?fieldManager=two"), widget("a", json!({"size": 5})))
            .patch(APPLY, at(WIDGETS, "a?fieldManager=one"), widget("a", json!({"size": 4})))
            .patch(APPLY, at(WIDGETS, "new?fieldManager=one"), widget("new", json!({"size": 4})))
            .get(at(WIDGETS, "a"))
            .delete(at(WIDGETS, "a"))
            .delete(WIDGETS)
            .get(WIDGETS),
    ])
    .await;
}

#[tokio::test]
async fn the_life_of_a_crd_agrees() {
    let wrong = |change: fn(&mut Value)| {
        let mut crd = crd();
        change(&mut crd);
        crd
    };
    agree(vec![
        widgets("change and deletion of a CRD")
            .post(WIDGETS, widget("a", json!({"size": 1})))
            .patch(MERGE, at(CRDS, "widgets.$id.example.com"), json!({"metadata": {"labels": {"x": "y"}}}))
            .patch(MERGE, at(CRDS, "widgets.$id.example.com"), json!({"spec": {"scope": "Cluster"}}))
            .patch(MERGE, at(CRDS, "widgets.$id.example.com"), json!({"spec": {"group": "other.example.com"}}))
            .post(CRDS, crd())
            .patch(MERGE, at(WIDGETS, "a"), json!({"metadata": {"finalizers": ["example.com/hold"]}}))
            .delete(at(CRDS, "widgets.$id.example.com"))
            .get(at(CRDS, "widgets.$id.example.com")).until(Until::Ready(|v| v["status"]["conditions"].as_array().is_some_and(|c| c.iter().any(|c| c["type"] == "Terminating" && c["reason"] == "InstanceDeletionInProgress"))))
            .get(at(WIDGETS, "a")).until(Until::Ready(|v| !v["metadata"]["deletionTimestamp"].is_null()))
            .patch(MERGE, at(WIDGETS, "a"), json!({"metadata": {"finalizers": null}}))
            .get(at(CRDS, "widgets.$id.example.com")).until_gone()
            .get(WIDGETS).until(Until::Status(404)),
        Script::new("CRDs that are refused")
            .post(CRDS, wrong(|c| c["metadata"]["name"] = "wrong.$id.example.com".into()))
            .post(CRDS, wrong(|c| c["spec"]["versions"] = json!([])))
            .post(CRDS, wrong(|c| c["spec"]["scope"] = "Nonsense".into()))
            .post(CRDS, wrong(|c| c["spec"]["versions"][0]["storage"] = false.into()))
            .post(CRDS, wrong(|c| { c["spec"]["versions"][0].as_object_mut().unwrap().remove("schema"); }))
            .post(CRDS, wrong(|c| { c["spec"]["names"].as_object_mut().unwrap().remove("kind"); }))
            .post(CRDS, wrong(|c| { c["spec"].as_object_mut().unwrap().remove("group"); }))
            .post(CRDS, wrong(|c| c["spec"]["versions"][0]["name"] = "Not Valid".into()))
            .post(CRDS, wrong(|c| c["spec"]["preserveUnknownFields"] = true.into()))
            .post(CRDS, wrong(|c| { let v = c["spec"]["versions"][0].clone(); c["spec"]["versions"].as_array_mut().unwrap().push(v); })),
        Script::new("two CRDs want one name")
            .post(CRDS, crd())
            .get(at(CRDS, "widgets.$id.example.com")).until(Until::Ready(established))
            .post(CRDS, wrong(|c| {
                c["metadata"]["name"] = "gadgets.$id.example.com".into();
                c["spec"]["names"] = json!({"plural": "gadgets", "kind": "Widget", "shortNames": ["wd"]});
            }))
            .get(at(CRDS, "gadgets.$id.example.com")).until(Until::Ready(|v| v["status"]["conditions"][0]["type"] == "NamesAccepted" && v["status"]["conditions"].as_array().map(Vec::len) == Some(2)))
            .ignoring(&["/metadata/managedFields"])
            .get("/apis/$id.example.com/v1/namespaces/$ns/gadgets"),
        Script::new("several versions")
            .post(CRDS, wrong(|c| {
                let mut old = c["spec"]["versions"][0].clone();
                old["name"] = "v1beta1".into();
                old["storage"] = false.into();
                old["deprecated"] = true.into();
                c["spec"]["versions"].as_array_mut().unwrap().push(old);
            }))
            .get(at(CRDS, "widgets.$id.example.com")).until(Until::Ready(established))
            .get("/apis/$id.example.com/v1beta1/widgets").until(Until::Status(200))
            .get("/apis/$id.example.com")
            .post("/apis/$id.example.com/v1beta1/namespaces/$ns/widgets", json!({"apiVersion": "$id.example.com/v1beta1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"size": 1}}))
            .get(at(WIDGETS, "a"))
            .get("/apis/$id.example.com/v1beta1/namespaces/$ns/widgets")
            .patch(MERGE, at(WIDGETS, "a"), json!({"spec": {"size": 2}}))
            .get("/apis/$id.example.com/v1beta1/namespaces/$ns/widgets/a"),
    ])
    .await;
}
