//! kube-rs, an independent client, works against the server.

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, Service, ServiceAccount};
use kube::ResourceExt as _;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams,
    WatchEvent, WatchParams,
};
use kube_local::KubeLocal;
use serde_json::json;

use crate::client::{client, code, namespace, object};

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
