//! After the last object: what is not well, and what to do about it.

use std::time::Duration;

use kube::Client;
use kube_backup_engine::restore::{HealthIssueKind, RestoreReport, RestoreSpec};
use kube_backup_engine::{Repository, RunOptions};
use kube_local::KubeLocal;
use serde_json::{Value, json};

use super::{backed_up, restore_with};
use crate::cluster::{client, create, patch};

async fn source() -> Repository {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    create(
        &client,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "shop"}}),
    )
    .await;
    create(
        &client,
        "/api/v1/namespaces/shop/pods",
        json!({"metadata": {"name": "web"},
        "spec": {"containers": [{"name": "web", "image": "nginx:1"}]}}),
    )
    .await;
    create(&client, "/api/v1/namespaces/shop/persistentvolumeclaims", json!({"metadata": {"name": "data"},
        "spec": {"storageClassName": "gp2", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}})).await;
    for (name, kind) in [("web", "LoadBalancer"), ("admission", "ClusterIP")] {
        create(
            &client,
            "/api/v1/namespaces/shop/services",
            json!({"metadata": {"name": name},
            "spec": {"type": kind, "selector": {"app": name}, "ports": [{"port": 443}]}}),
        )
        .await;
    }
    let webhook = |name: &str, service: &str| {
        json!({"name": name, "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
            "clientConfig": {"service": {"namespace": "shop", "name": service}},
            "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["carts"]}]})
    };
    create(
        &client,
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        json!({"metadata": {"name": "policy"}, "webhooks":
            [webhook("one.example.com", "admission"), webhook("two.example.com", "nowhere")]}),
    )
    .await;
    backed_up(&client).await
}

async fn restore(client: &Client, repository: &Repository, wait: Duration) -> RestoreReport {
    let options = RunOptions::default().with_wait_for_ready(wait);
    restore_with(client, repository, RestoreSpec::named("r"), options).await
}

fn kinds(report: &RestoreReport) -> Vec<HealthIssueKind> {
    report
        .health_issues
        .iter()
        .map(|issue| issue.issue)
        .collect()
}

async fn set_status(client: &Client, path: &str, status: Value) {
    let path = format!("{path}/status");
    patch(client, &path, &json!({"status": status})).await;
}

/// What a kubelet, a provisioner, a cloud and controllers would do.
async fn bring_up(client: &Client) {
    let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
    set_status(client, "/api/v1/namespaces/shop/pods/web", ready).await;
    set_status(
        client,
        "/api/v1/namespaces/shop/persistentvolumeclaims/data",
        json!({"phase": "Bound"}),
    )
    .await;
    let address = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
    set_status(client, "/api/v1/namespaces/shop/services/web", address).await;
    for name in ["admission", "nowhere"] {
        create(client, "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", json!({"metadata":
            {"name": format!("{name}-1"), "labels": {"kubernetes.io/service-name": name}}, "addressType": "IPv4",
            "endpoints": [{"addresses": ["192.0.2.2"], "conditions": {"ready": true}}]})).await;
    }
    create(
        client,
        "/api/v1/namespaces/shop/services",
        json!({"metadata": {"name": "nowhere"},
        "spec": {"ports": [{"port": 443}]}}),
    )
    .await;
}

#[tokio::test]
async fn the_report_names_what_is_not_well_with_a_remedy() {
    let repository = source().await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    // Somebody else's, and none of our business.
    create(
        &client,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "shop"}}),
    )
    .await;
    create(
        &client,
        "/api/v1/namespaces/shop/pods",
        json!({"metadata": {"name": "stranger"},
        "spec": {"containers": [{"name": "a", "image": "b"}]}}),
    )
    .await;
    let report = restore(&client, &repository, Duration::ZERO).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(
        kinds(&report),
        [
            HealthIssueKind::PodNotReady,
            HealthIssueKind::ClaimPending,
            HealthIssueKind::NoAddress,
            HealthIssueKind::NoBackend,
            HealthIssueKind::NoBackend,
        ],
        "{report}"
    );
    assert!(
        report
            .health_issues
            .iter()
            .all(|issue| !issue.remedy.is_empty())
    );
    let text = report.to_string();
    for line in [
        "Pods not Ready: 1",
        "pods shop/web: no node is chosen for it yet",
        "the cluster has no storage class `gp2`",
        "load balancers without address: 1",
        "`one.example.com`: Service `shop/admission` has no ready endpoint",
        "`two.example.com`: Service `shop/nowhere` is not there",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["healthIssues"][0]["issue"], "podNotReady");
    assert_eq!(json["healthIssues"][0]["resource"], "pods");

    bring_up(&client).await;
    let again = restore(&client, &repository, Duration::ZERO).await;
    assert_eq!(again.health_issues, [], "{again}");
}

#[tokio::test]
async fn waiting_ends_when_all_is_well() {
    let repository = source().await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    let restoring = restore(&client, &repository, Duration::from_secs(600));
    let helping = async {
        // The webhooks are not there before the Services they call are ready.
        let webhooks = || {
            target
                .requests()
                .count_where(|r| r.method == "POST" && r.path.contains("webhookconfigurations"))
        };
        let asked = || {
            target
                .requests()
                .count_where(|r| r.method == "GET" && r.path.contains("endpointslices"))
        };
        while asked() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(webhooks(), 0);
        bring_up(&client).await;
    };
    let (report, ()) = tokio::join!(restoring, helping);
    assert_eq!(report.health_issues, [], "{report}");
    assert!(report.is_complete(), "{report}");
}

#[tokio::test]
async fn waiting_has_an_end() {
    let repository = source().await;
    let target = KubeLocal::start().await.unwrap();
    let client = client(&target);
    let restoring = restore(&client, &repository, Duration::from_millis(1500));
    let report = tokio::time::timeout(Duration::from_secs(120), restoring)
        .await
        .unwrap();
    assert_eq!(report.health_issues.len(), 5, "{report}");
}
