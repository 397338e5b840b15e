//! What a real API server cannot list is named, and never silently missing.

use std::sync::Arc;

use ack_backup_center::engine::backup::{Backup, BackupReport, BackupSpec};
use ack_backup_center::engine::restore::{Restore, RestoreSpec};
use ack_backup_center::engine::{Phase, Repository, Selection};
use control_plane::ControlPlane;
use futures::TryStreamExt as _;
use kube::Client;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use crate::cluster::{create, define};
use crate::roles;

fn of(namespace: &str, kinds: &[&str]) -> BackupSpec {
    BackupSpec {
        selection: Selection {
            included_namespaces: [namespace.to_owned()].into(),
            included_resources: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    }
}

async fn back_up(client: &Client, spec: BackupSpec) -> (Repository, BackupReport) {
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let report = Backup::new(client.clone(), repository.clone(), spec)
        .run()
        .await
        .unwrap();
    let stored = repository.open("a").await.unwrap().results().await.unwrap();
    assert_eq!(stored.unwrap(), report.results);
    (repository, report)
}

async fn own_plane() -> ControlPlane {
    let plane = tokio::task::spawn_blocking(ControlPlane::start);
    plane.await.unwrap().unwrap()
}

async fn namespace(client: &Client) -> String {
    let name = control_plane::unique_name("missing");
    create(
        client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": name}}),
    )
    .await;
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_may_not_be_listed_is_named() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    let namespace = namespace(&client).await;
    let user = control_plane::unique_name("reader");
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let role = json!({"metadata": {"name": user}, "rules": [
        {"apiGroups": [""], "resources": ["namespaces", "configmaps"], "verbs": ["list"]},
        {"apiGroups": ["apiextensions.k8s.io"], "resources": ["*"], "verbs": ["list"]}]});
    create(&client, &format!("{rbac}/clusterroles"), &role).await;
    let binding = json!({"metadata": {"name": user},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]});
    create(&client, &format!("{rbac}/clusterrolebindings"), &binding).await;
    let mut config = plane.config();
    config.auth_info.impersonate = Some(user);
    let reader = Client::try_from(config).unwrap();

    let (_, report) = back_up(&reader, of(&namespace, &["configmaps", "secrets"])).await;
    assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
    let errors = &report.results.errors.namespaces[&namespace];
    assert_eq!(errors.len(), 1, "{report}");
    assert!(
        errors[0].starts_with("secrets could not be listed"),
        "{report}"
    );
    // Nobody asked for the others.
    let (_, report) = back_up(&reader, of(&namespace, &["configmaps"])).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_dead_conversion_webhook_objects_are_read_as_they_are_stored() {
    if control_plane::shared().is_none() {
        return;
    }
    // A server of its own: it cannot list that kind, so it cannot finish deleting a namespace.
    let plane = own_plane().await;
    let client = plane.client();
    let namespace = namespace(&client).await;
    let group = format!("{}.example.com", control_plane::unique_name("g"));
    // Port 1 is nobody's.
    let webhook = json!({"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"],
        "clientConfig": {"url": "https://127.0.0.1:1/convert"}}});
    define(&client, &group, "cart", &["v1", "v2"], &webhook).await;
    let kind = format!("carts.{group}");
    for n in 0..3 {
        let cart = json!({"apiVersion": format!("{group}/v1"), "kind": "Cart",
            "metadata": {"name": format!("c{n}")}, "spec": {"n": n}});
        let list = format!("/apis/{group}/v1/namespaces/{namespace}/carts");
        create(&client, &list, &cart).await;
    }
    let backs_up = roles::client_of(&plane, roles::BACKUP).await;
    let (repository, report) = back_up(&backs_up, of(&namespace, &[&kind, "configmaps"])).await;
    assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
    let errors = &report.results.errors.namespaces[&namespace];
    assert_eq!(errors.len(), 1, "{report}");
    for word in [&kind, "conversion webhook", "`v1`"] {
        assert!(errors[0].contains(word), "{report}");
    }
    let carts: Vec<Value> = repository
        .open("a")
        .await
        .unwrap()
        .stream()
        .try_filter_map(|(entry, json)| {
            let is_cart = entry.id.resource.to_string() == kind;
            futures::future::ok(is_cart.then(|| serde_json::from_slice(&json).unwrap()))
        })
        .try_collect()
        .await
        .unwrap();
    assert_eq!(carts.len(), 3);
    for cart in carts {
        assert_eq!(cart["apiVersion"], format!("{group}/v1"));
    }
    // The server takes them as they are.
    let spec = RestoreSpec {
        namespace_mapping: [(namespace.clone(), format!("{namespace}-copy"))].into(),
        ..RestoreSpec::named("r")
    };
    let backup = repository.open("a").await.unwrap();
    roles::let_restores_have(&plane, &group, "carts").await;
    let restores = roles::client_of(&plane, roles::RESTORE).await;
    let report = Restore::new(restores, backup, spec).run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    // A kind that nobody asked for is not missed.
    let (_, report) = back_up(&backs_up, of(&namespace, &["configmaps"])).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_server_is_gone_is_named_where_it_matters() {
    if control_plane::shared().is_none() {
        return;
    }
    // A server of its own: with such a group no namespace can be deleted.
    let plane = own_plane().await;
    let client = plane.client();
    let namespace = namespace(&client).await;
    let service = json!({"metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": {
        "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100,
        "versionPriority": 100, "insecureSkipTLSVerify": true,
        "service": {"namespace": "kube-system", "name": "nobody"}}});
    create(
        &client,
        "/apis/apiregistration.k8s.io/v1/apiservices",
        &service,
    )
    .await;
    let backs_up = roles::client_of(&plane, roles::BACKUP).await;
    // Discovery shows the group once the server has noticed.
    for attempt in 0.. {
        let (_, report) = back_up(&backs_up, of(&namespace, &[])).await;
        if report.record.status.phase == Phase::PartiallyFailed {
            let errors: Vec<_> = report.results.errors.messages().collect();
            assert_eq!(errors.len(), 1, "{report}");
            for word in ["metrics.k8s.io/v1beta1", "APIService", "*.metrics.k8s.io"] {
                assert!(errors[0].contains(word), "{report}");
            }
            break;
        }
        assert!(attempt < 100, "{report}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let (_, report) = back_up(&backs_up, of(&namespace, &["configmaps"])).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    assert_eq!(report.record.status.warnings, 1, "{report}");
    assert!(
        report.to_string().contains("metrics.k8s.io/v1beta1"),
        "{report}"
    );
    let (_, report) = back_up(
        &backs_up,
        of(&namespace, &["configmaps", "*.metrics.k8s.io"]),
    )
    .await;
    assert_eq!(
        report.record.status.phase,
        Phase::PartiallyFailed,
        "{report}"
    );
}
