//! What may not be looked at is not taken for missing, and whatever is waited for is said.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube_backup_engine::restore::{Outcome, RestoreSpec};
use kube_backup_engine::{RunOptions, Waiting};
use kube_local::{Fault, KubeLocal, Rule};
use serde_json::json;

use super::{backed_up, of_shop, restore, restore_of};
use crate::cluster::{carts, client, create, get, shop};

fn forbidden(method: &str, path: &str) -> Rule {
    Rule::new(Fault::Status(403, "Forbidden"))
        .method(method)
        .path_contains(path)
}

#[tokio::test]
async fn a_service_that_may_not_be_read_is_waited_for_and_named() {
    let source = KubeLocal::start().await.unwrap();
    let from = client(&source);
    shop(&from, "shop").await;
    let webhook = json!({"name": "one.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": {"service": {"namespace": "shop", "name": "web"}},
        "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"],
            "resources": ["carts"]}]});
    let configuration = json!({"metadata": {"name": "policy"}, "webhooks": [webhook]});
    let list = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    create(&from, list, &configuration).await;
    let repository = backed_up(&from).await;

    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    target.faults().add(forbidden("GET", "/services/web"));
    let waits: Arc<Mutex<Vec<Waiting>>> = Arc::default();
    let sink = Arc::clone(&waits);
    let options = RunOptions::default().with_wait_for_ready(Duration::from_millis(1100));
    let report = restore_of(&client, &repository, RestoreSpec::named("r"))
        .await
        .with_options(options)
        .on_wait(move |waiting| sink.lock().unwrap().push(waiting.clone()))
        .run()
        .await
        .unwrap();
    assert!(report.is_complete(), "{report}");
    let text = report.to_string();
    assert!(
        text.contains("whether Service `shop/web` is ready is not known"),
        "{text}"
    );
    assert!(!text.contains("Service `shop/web` is not there"), "{text}");
    // Everything else was looked at.
    assert!(text.contains("claims without volume: 1"), "{text}");
    // It was asked for again before the webhook came, and both waits were told.
    let requests = target.requests().all();
    let of_service = |path: &str| path.ends_with("/services/web");
    let webhook = requests
        .iter()
        .position(|r| r.method == "POST" && r.path.contains("webhookconfigurations"));
    let before = &requests[..webhook.unwrap()];
    assert!(
        before
            .iter()
            .filter(|r| r.method == "GET" && of_service(&r.path))
            .count()
            >= 2
    );
    let waits = waits.lock().unwrap();
    for what in ["backends of webhooks", "to be healthy"] {
        assert!(
            waits.iter().any(|waiting| waiting.request.contains(what)),
            "{waits:?}"
        );
    }
}

#[tokio::test]
async fn an_owner_that_may_not_be_read_is_not_called_missing_in_silence() {
    let source = KubeLocal::start().await.unwrap();
    let from = client(&source);
    shop(&from, "shop").await;
    carts(&from, "shop").await;
    let repository = backed_up(&from).await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    create(
        &client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": "shop"}}),
    )
    .await;
    carts(&client, "shop").await;
    crate::cluster::delete(&client, "/api/v1/namespaces/shop/configmaps/of-cart").await;
    target.faults().add(forbidden("GET", "/carts/full"));
    let mut spec = of_shop("r");
    spec.selection.included_resources = ["configmaps".to_owned()].into();
    let report = restore(&client, &repository, spec).await;
    let text = report.warnings.join("\n");
    assert!(
        text.contains("look for owner `/apis/example.com/v1/namespaces/shop/carts/full`"),
        "{text}"
    );
    assert!(!text.contains("not in the cluster"), "{text}");
}

#[tokio::test]
async fn a_namespace_that_may_not_be_read_is_not_made() {
    let source = KubeLocal::start().await.unwrap();
    shop(&client(&source), "shop").await;
    let repository = backed_up(&client(&source)).await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    create(
        &client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": "shop"}}),
    )
    .await;
    let mut spec = of_shop("r");
    spec.selection.excluded_resources = ["namespaces".to_owned()].into();
    target
        .faults()
        .add(forbidden("GET", "/api/v1/namespaces/shop").times(1));
    let restoring = restore_of(&client, &repository, spec).await;
    let plan = restoring.plan().await.unwrap();
    let text = plan.warnings.join("\n");
    assert!(text.contains("look for namespace `shop`"), "{text}");
    target.faults().clear();
    target
        .faults()
        .add(forbidden("GET", "/api/v1/namespaces/shop").times(1));
    target.requests().clear();
    let report = restoring.run().await.unwrap();
    let text = report.warnings.join("\n");
    assert!(text.contains("look for namespace `shop`"), "{text}");
    let made = |path: &str| path == "/api/v1/namespaces";
    assert_eq!(
        target
            .requests()
            .count_where(|r| r.method == "POST" && made(&r.path)),
        0
    );
    assert!(
        get(&client, "/api/v1/namespaces/shop/configmaps/settings")
            .await
            .is_some()
    );
}

#[tokio::test]
async fn a_name_that_is_being_freed_is_waited_for_aloud() {
    let source = KubeLocal::start().await.unwrap();
    let from = client(&source);
    shop(&from, "shop").await;
    let repository = backed_up(&from).await;
    let path = "/api/v1/namespaces/shop/configmaps/settings";
    crate::cluster::patch(
        &from,
        path,
        &json!({"metadata": {"finalizers": ["example.com/x"]}}),
    )
    .await;
    let deleted = test_support::send(&from, http::Method::DELETE, path, &serde_json::Value::Null);
    deleted.await.unwrap();
    let waits: Arc<Mutex<Vec<Waiting>>> = Arc::default();
    let sink = Arc::clone(&waits);
    let report = restore_of(&from, &repository, of_shop("r"))
        .await
        .with_options(RunOptions::default().with_request_timeout(Duration::from_millis(400)))
        .on_wait(move |waiting| sink.lock().unwrap().push(waiting.clone()))
        .run()
        .await
        .unwrap();
    let outcome = super::outcome(&report, "configmaps shop/settings");
    assert!(matches!(outcome, Outcome::Failed(_)), "{report}");
    let waits = waits.lock().unwrap();
    let told = waits.iter().any(|waiting| {
        waiting.request == "create configmaps shop/settings"
            && waiting.failure.contains("being deleted")
    });
    assert!(told, "{waits:?}");
}
