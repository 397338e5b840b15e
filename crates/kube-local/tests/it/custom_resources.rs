//! Custom resources: discovered, defaulted, validated and served.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::discovery::{Discovery, Scope};
use kube::runtime::wait::{await_condition, conditions};
use kube_local::KubeLocal;
use serde_json::json;

use crate::client::{client, code, namespace, object};

fn widget_crd() -> CustomResourceDefinition {
    object(json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["size"], "properties": {
                        "size": {"type": "integer", "minimum": 1},
                        "colour": {"type": "string", "default": "red"}}},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}],
        },
    }))
}

fn widgets(client: &Client, namespace: &str) -> Api<DynamicObject> {
    let gvk = kube::api::GroupVersionKind::gvk("example.com", "v1", "Widget");
    Api::namespaced_with(client.clone(), namespace, &ApiResource::from_gvk(&gvk))
}

fn widget(name: &str, spec: &serde_json::Value) -> DynamicObject {
    object(json!({"apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": name}, "spec": spec}))
}

#[tokio::test]
async fn discovery_lists_built_in_and_custom_kinds() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    crds.create(&PostParams::default(), &widget_crd())
        .await
        .unwrap();
    let discovery = Discovery::new(client.clone()).run().await.unwrap();
    let aggregated = Discovery::new(client.clone())
        .run_aggregated()
        .await
        .unwrap();
    for discovery in [discovery, aggregated] {
        for (group, version, kind, scope) in [
            ("", "v1", "Pod", Scope::Namespaced),
            ("apps", "v1", "Deployment", Scope::Namespaced),
            ("storage.k8s.io", "v1", "StorageClass", Scope::Cluster),
            ("example.com", "v1", "Widget", Scope::Namespaced),
        ] {
            let gvk = kube::api::GroupVersionKind::gvk(group, version, kind);
            let (_, capabilities) = discovery.resolve_gvk(&gvk).expect(kind);
            assert_eq!(capabilities.scope, scope, "{kind}");
        }
    }
}

#[tokio::test]
async fn custom_resources_are_defaulted_validated_and_served() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    crds.create(&PostParams::default(), &widget_crd())
        .await
        .unwrap();
    await_condition(
        crds.clone(),
        "widgets.example.com",
        conditions::is_crd_established(),
    )
    .await
    .unwrap();
    let api = widgets(&client, "shop");
    let made = api
        .create(
            &PostParams::default(),
            &widget("a", &json!({"size": 3, "unknown": true})),
        )
        .await
        .unwrap();
    assert_eq!(made.data["spec"], json!({"size": 3, "colour": "red"}));
    for bad in [json!({"size": 0}), json!({}), json!({"size": "three"})] {
        let error = api
            .create(&PostParams::default(), &widget("b", &bad))
            .await
            .unwrap_err();
        assert_eq!(code(error), (422, "Invalid".to_owned()));
    }
    // The status subresource takes status alone, and the main resource leaves it.
    let status = json!({"status": {"ready": true}, "spec": {"size": 9}});
    let after = api
        .patch_status("a", &PatchParams::default(), &Patch::Merge(&status))
        .await
        .unwrap();
    assert_eq!(
        (&after.data["spec"]["size"], &after.data["status"]),
        (&json!(3), &json!({"ready": true}))
    );
    assert_eq!(after.metadata.generation, Some(1));
    let after = api
        .patch(
            "a",
            &PatchParams::default(),
            &Patch::Merge(&json!({"spec": {"size": 4}, "status": {"ready": false}})),
        )
        .await
        .unwrap();
    assert_eq!(after.data["status"], json!({"ready": true}));
    assert_eq!(after.metadata.generation, Some(2));
    // The objects go with their definition.
    crds.delete("widgets.example.com", &DeleteParams::default())
        .await
        .unwrap();
    assert_eq!(code(api.get("a").await.unwrap_err()).0, 404);
}
