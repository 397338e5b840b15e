//! kube-rs, an independent client, works against the server.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioExecutor;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, Service, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams,
    WatchEvent, WatchParams,
};
use kube::discovery::{Discovery, Scope};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Client, Config, ResourceExt as _};
use kube_local::{Fault, KubeLocal, Rule};
use serde_json::json;
use tokio::time::timeout;

fn client(cluster: &KubeLocal) -> Client {
    Client::try_from(Config::new(cluster.url().parse().unwrap())).unwrap()
}

fn object<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).unwrap()
}

async fn namespace(client: &Client, name: &str) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let new = object(json!({"metadata": {"name": name}}));
    namespaces
        .create(&PostParams::default(), &new)
        .await
        .unwrap();
}

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

fn code(error: kube::Error) -> (u16, String) {
    match error {
        kube::Error::Api(status) => (status.code, status.reason),
        other => panic!("not an API error: {other}"),
    }
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

#[tokio::test]
async fn pages_are_of_one_moment_and_expire_with_history() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let api: Api<Secret> = Api::namespaced(client.clone(), "shop");
    for n in 0..10 {
        let secret = object(json!({"metadata": {"name": format!("s{n}")}}));
        api.create(&PostParams::default(), &secret).await.unwrap();
    }
    let first = api.list(&ListParams::default().limit(4)).await.unwrap();
    assert_eq!(first.metadata.remaining_item_count, Some(6));
    let at = first.metadata.resource_version.clone().unwrap();
    let token = first.metadata.continue_.unwrap();
    api.delete("s5", &DeleteParams::default()).await.unwrap();
    api.create(
        &PostParams::default(),
        &object(json!({"metadata": {"name": "s55"}})),
    )
    .await
    .unwrap();
    let second = api
        .list(&ListParams::default().limit(100).continue_token(&token))
        .await
        .unwrap();
    let names: Vec<String> = second
        .items
        .iter()
        .map(kube::ResourceExt::name_any)
        .collect();
    assert_eq!(
        names,
        ["s4", "s5", "s6", "s7", "s8", "s9"],
        "as when the first page was read"
    );
    assert_eq!(
        second.metadata.resource_version.as_deref(),
        Some(at.as_str())
    );

    let exact = ListParams::default()
        .at(&at)
        .matching(kube::api::VersionMatch::Exact);
    assert_eq!(api.list(&exact).await.unwrap().items.len(), 10);
    // The same revision of another kind: one point in time across kinds.
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "shop");
    maps.create(
        &PostParams::default(),
        &object(json!({"metadata": {"name": "late"}})),
    )
    .await
    .unwrap();
    assert_eq!(
        maps.list(&exact).await.unwrap().items.len(),
        1,
        "only kube-root-ca.crt"
    );

    cluster.compact();
    assert_eq!(
        code(api.list(&exact).await.unwrap_err()),
        (410, "Expired".to_owned())
    );
    let error = api
        .list(&ListParams::default().limit(100).continue_token(&token))
        .await
        .unwrap_err();
    let kube::Error::Api(status) = error else {
        panic!("not an API error")
    };
    assert_eq!(status.code, 410);
    // Its token goes on, at the price of consistency.
    let token = status
        .metadata
        .and_then(|m| m.continue_)
        .expect("a token to go on with");
    let rest = api
        .list(&ListParams::default().limit(100).continue_token(&token))
        .await
        .unwrap();
    let names: Vec<String> = rest.items.iter().map(kube::ResourceExt::name_any).collect();
    assert_eq!(names, ["s4", "s55", "s6", "s7", "s8", "s9"]);
}

#[tokio::test]
async fn apply_removes_what_its_manager_no_longer_names() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "shop");
    let config = |data: serde_json::Value| {
        Patch::Apply(json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "c"}, "data": data}))
    };
    let (one, two) = (PatchParams::apply("one"), PatchParams::apply("two"));
    api.patch("c", &one, &config(json!({"a": "1", "b": "1"})))
        .await
        .unwrap();
    api.patch("c", &two, &config(json!({"b": "1", "c": "2"})))
        .await
        .unwrap();
    // Another's value is a conflict until it is forced.
    let error = api
        .patch("c", &two, &config(json!({"a": "2"})))
        .await
        .unwrap_err();
    assert_eq!(code(error), (409, "Conflict".to_owned()));
    let after = api
        .patch("c", &one, &config(json!({"a": "1"})))
        .await
        .unwrap();
    let data = after.data.unwrap();
    assert_eq!(
        data.get("b").map(String::as_str),
        Some("1"),
        "still named by the other"
    );
    let after = api
        .patch("c", &two, &config(json!({"c": "2"})))
        .await
        .unwrap();
    let data = after.data.unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["a", "c"]);
    let after = api
        .patch("c", &two.clone().force(), &config(json!({"a": "2"})))
        .await
        .unwrap();
    assert_eq!(after.data.unwrap()["a"], "2");
}

#[tokio::test]
async fn apply_merges_lists_of_built_in_kinds_by_their_keys() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let api: Api<Deployment> = Api::namespaced(client.clone(), "shop");
    let config = |containers: serde_json::Value| {
        Patch::Apply(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}}}))
    };
    let one = PatchParams::apply("one");
    api.patch(
        "web",
        &one,
        &config(json!([{"name": "x", "image": "x:1"}, {"name": "y", "image": "y:1"}])),
    )
    .await
    .unwrap();
    let side = json!([{"op": "add", "path": "/spec/template/spec/containers/-",
        "value": {"name": "side", "image": "side:1"}}]);
    api.patch(
        "web",
        &PatchParams::default(),
        &Patch::Json::<()>(object(side)),
    )
    .await
    .unwrap();
    let after = api
        .patch("web", &one, &config(json!([{"name": "x", "image": "x:2"}])))
        .await
        .unwrap();
    let containers = after.spec.unwrap().template.spec.unwrap().containers;
    let shown: Vec<_> = containers
        .iter()
        .map(|c| (c.name.as_str(), c.image.as_deref().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [("x", "x:2"), ("side", "side:1")],
        "y is gone, the sidecar stays"
    );
    assert_eq!(
        containers[0].image_pull_policy.as_deref(),
        Some("IfNotPresent")
    );
}

#[tokio::test]
async fn watches_tell_what_happens() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "shop");
    let version = api
        .list(&ListParams::default())
        .await
        .unwrap()
        .metadata
        .resource_version
        .unwrap();
    let selected = WatchParams::default().labels("on=yes");
    let mut events = api.watch(&selected, &version).await.unwrap().boxed();
    let make = |name: &str, on: &str| -> ConfigMap {
        object(json!({"metadata": {"name": name, "labels": {"on": on}}}))
    };
    let post = PostParams::default();
    api.create(&post, &make("a", "no")).await.unwrap();
    api.create(&post, &make("b", "yes")).await.unwrap();
    let label = |on: &str| Patch::Merge(json!({"metadata": {"labels": {"on": on}}}));
    api.patch("a", &PatchParams::default(), &label("yes"))
        .await
        .unwrap();
    api.patch("b", &PatchParams::default(), &label("no"))
        .await
        .unwrap();
    api.delete("a", &DeleteParams::default()).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        match events.try_next().await.unwrap().unwrap() {
            WatchEvent::Added(o) => seen.push(format!("+{}", o.name_any())),
            WatchEvent::Modified(o) => seen.push(format!("~{}", o.name_any())),
            WatchEvent::Deleted(o) => seen.push(format!("-{}", o.name_any())),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(
        seen,
        ["+b", "+a", "-b", "-a"],
        "leaving the selection is a deletion"
    );

    cluster.compact();
    let mut events = api.watch(&selected, &version).await.unwrap().boxed();
    match events.try_next().await.unwrap().unwrap() {
        WatchEvent::Error(status) => assert_eq!(status.code, 410),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_namespace_goes_with_what_is_in_it_once_finalizers_let_go() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "shop");
    accounts.get("default").await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "shop");
    let held = object(json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}));
    maps.create(&PostParams::default(), &held).await.unwrap();
    namespaces
        .delete("shop", &DeleteParams::default())
        .await
        .unwrap();
    let phase = namespaces
        .get("shop")
        .await
        .unwrap()
        .status
        .unwrap()
        .phase
        .unwrap();
    assert_eq!(phase, "Terminating");
    let new: ConfigMap = object(json!({"metadata": {"name": "new"}}));
    let error = maps.create(&PostParams::default(), &new).await.unwrap_err();
    let kube::Error::Api(status) = error else {
        panic!("not an API error")
    };
    assert_eq!(status.code, 403);
    assert_eq!(
        status.details.as_ref().unwrap().causes[0].reason,
        "NamespaceTerminating"
    );
    let release = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("held", &PatchParams::default(), &release)
        .await
        .unwrap();
    assert_eq!(code(namespaces.get("shop").await.unwrap_err()).0, 404);
}

#[tokio::test]
async fn an_api_service_without_backend_is_stale_and_holds_namespaces() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let service = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100,
            "versionPriority": 100, "service": {"name": "adapter", "namespace": "monitoring"}}});
    let gvk = kube::api::GroupVersionKind::gvk("apiregistration.k8s.io", "v1", "APIService");
    let services: Api<DynamicObject> = Api::all_with(client.clone(), &ApiResource::from_gvk(&gvk));
    services
        .create(&PostParams::default(), &object(service))
        .await
        .unwrap();
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let request = http::Request::get("/apis")
        .header("accept", accept)
        .body(Vec::new())
        .unwrap();
    let document: serde_json::Value = client.request(request).await.unwrap();
    let group = document["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|g| g["metadata"]["name"] == "metrics.k8s.io")
        .unwrap();
    assert_eq!(
        group["versions"],
        json!([{"version": "v1beta1", "freshness": "Stale"}])
    );
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces
        .delete("shop", &DeleteParams::default())
        .await
        .unwrap();
    let conditions = namespaces
        .get("shop")
        .await
        .unwrap()
        .status
        .unwrap()
        .conditions
        .unwrap();
    assert_eq!(conditions[0].type_, "NamespaceDeletionDiscoveryFailure");
    assert_eq!(conditions[0].status, "True");
    services
        .delete("v1beta1.metrics.k8s.io", &DeleteParams::default())
        .await
        .unwrap();
    assert_eq!(code(namespaces.get("shop").await.unwrap_err()).0, 404);
}

#[tokio::test]
async fn services_get_addresses_and_ports_that_nobody_else_has() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let api: Api<Service> = Api::namespaced(client.clone(), "shop");
    let service = |name: &str, ip: Option<&str>, port: Option<i32>| -> Service {
        object(
            json!({"metadata": {"name": name}, "spec": {"type": "NodePort", "clusterIP": ip,
            "ports": [{"port": 80, "nodePort": port}]}}),
        )
    };
    let post = PostParams::default();
    let first = api
        .create(&post, &service("first", None, None))
        .await
        .unwrap()
        .spec
        .unwrap();
    let (ip, port) = (
        first.cluster_ip.unwrap(),
        first.ports.unwrap()[0].node_port.unwrap(),
    );
    for taken in [
        service("second", Some(&ip), None),
        service("second", None, Some(port)),
    ] {
        let error = api.create(&post, &taken).await.unwrap_err();
        assert_eq!(code(error), (422, "Invalid".to_owned()));
    }
    api.delete("first", &DeleteParams::default()).await.unwrap();
    api.create(&post, &service("second", Some(&ip), Some(port)))
        .await
        .unwrap();
}

#[tokio::test]
async fn dry_runs_change_nothing() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    namespace(&client, "shop").await;
    let before = cluster.revision();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), "shop");
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let map = object(json!({"metadata": {"name": "c"}, "data": {"a": "b"}}));
    let shown = api.create(&dry, &map).await.unwrap();
    assert!(shown.metadata.uid.is_some());
    api.delete("kube-root-ca.crt", &DeleteParams::default().dry_run())
        .await
        .unwrap();
    api.patch(
        "kube-root-ca.crt",
        &PatchParams {
            dry_run: true,
            ..PatchParams::default()
        },
        &Patch::Merge(json!({"data": {"x": "y"}})),
    )
    .await
    .unwrap();
    assert_eq!(cluster.revision(), before);
    assert_eq!(
        cluster
            .requests()
            .count_where(|r| r.query.contains("dryRun=All")),
        3 - 1
    );
}

/// A request without kube's own retries.
async fn send(
    cluster: &KubeLocal,
    method: Method,
    path: &str,
) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
    let body = match method {
        Method::POST => json!({"metadata": {"name": "a"}}).to_string(),
        _ => String::new(),
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", cluster.url()))
        .header("content-type", "application/json")
        .body(Full::<Bytes>::from(body))
        .unwrap();
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
    client.build_http().request(request).await
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn a_server_can_stop_talking_and_leave_the_connection_open() {
    let cluster = KubeLocal::start().await.unwrap();
    let wait = Duration::from_millis(300);
    let never = Rule::new(Fault::NeverReply).method("POST");
    cluster.faults().add(never.times(1));
    let silent = timeout(wait, send(&cluster, Method::POST, MAPS));
    assert!(silent.await.is_err());
    let again = send(&cluster, Method::POST, MAPS).await.unwrap();
    assert_eq!(again.status(), 409, "it was handled");

    let stall = Rule::new(Fault::StallBody(10)).path_contains("configmaps");
    cluster.faults().add(stall.times(1));
    let mut list = send(&cluster, Method::GET, MAPS).await.unwrap();
    assert_eq!(list.status(), 200);
    let first = list.frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap().len(), 10);
    assert!(timeout(wait, list.frame()).await.is_err());
    let again = send(&cluster, Method::GET, MAPS).await.unwrap();
    assert!(again.collect().await.unwrap().to_bytes().len() > 10);
}

#[tokio::test]
async fn faults_hit_the_requests_they_are_meant_for() {
    let cluster = KubeLocal::start().await.unwrap();
    let version = || send(&cluster, Method::GET, "/version");
    let post = || send(&cluster, Method::POST, MAPS);
    cluster.faults().add(
        Rule::new(Fault::Throttle {
            wait: Duration::from_secs(7),
        })
        .times(1),
    );
    let throttled = version().await.unwrap();
    assert_eq!(throttled.status(), 429);
    assert_eq!(throttled.headers()["retry-after"], "7");
    assert_eq!(version().await.unwrap().status(), 200);

    cluster
        .faults()
        .add(Rule::new(Fault::Refuse).method("POST").times(1));
    post().await.unwrap_err();
    cluster
        .faults()
        .add(Rule::new(Fault::LoseReply).method("POST").times(1));
    post().await.unwrap_err();
    assert_eq!(
        post().await.unwrap().status(),
        409,
        "the lost reply's object is there"
    );

    let cut = Rule::new(Fault::ResetBody(100)).path_contains("configmaps");
    cluster.faults().add(cut.times(1));
    let cut = send(&cluster, Method::GET, MAPS).await.unwrap();
    assert_eq!(cut.status(), 200);
    cut.collect().await.unwrap_err();
    assert_eq!(cluster.faults().injected(), 4);

    // The same seed hits the same requests.
    let mut runs = Vec::new();
    for _ in 0..2 {
        cluster.faults().random(
            11,
            0.3,
            &[
                Fault::Status(500, "InternalError"),
                Fault::Status(410, "Expired"),
            ],
        );
        let mut codes = Vec::new();
        for _ in 0..40 {
            codes.push(version().await.unwrap().status().as_u16());
        }
        runs.push(codes);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&500) && runs[0].contains(&410) && runs[0].contains(&200));
    cluster.faults().clear();
}
