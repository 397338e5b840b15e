//! What stands in the way of others is restored last, and a plan knows what is made before what: on
//! a real control plane, where webhooks are called and admission looks for what Pods name.

use ack_backup_center::engine::Selection;
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{Action, HealthIssueKind, Outcome, Restore, RestoreSpec};
use control_plane::unique_name;
use http::Method;
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::cluster::{create, delete, get, send, until};
use crate::roles;

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_webhook_is_restored_after_all_that_it_would_refuse() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let (client, bucket) = (plane.client(), Bucket::start().await);
    let namespace = unique_name("gates");
    let core = |plural: &str| format!("/api/v1/namespaces/{namespace}/{plural}");
    create(
        &client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": namespace}}),
    )
    .await;
    create(
        &client,
        &core("services"),
        &json!({"metadata": {"name": "admission"},
        "spec": {"selector": {"app": "admission"}, "ports": [{"port": 443}]}}),
    )
    .await;
    let owner = get(&client, &format!("{}/admission", core("services")))
        .await
        .unwrap();
    // Its owner is put back by a patch, which the webhook would refuse as well.
    create(
        &client,
        &core("configmaps"),
        &json!({"metadata": {"name": "owned", "ownerReferences": [{"apiVersion": "v1",
        "kind": "Service", "name": "admission", "uid": owner["metadata"]["uid"]}]}}),
    )
    .await;
    let webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    create(&client, webhooks, &json!({"metadata": {"name": namespace}, "webhooks": [{
        "name": "deny.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
        "timeoutSeconds": 1, "clientConfig": {"service": {"namespace": namespace, "name": "admission"}},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
            "resources": ["configmaps", "services", "secrets"]}]}]})).await;
    let spec = BackupSpec {
        selection: Selection {
            included_namespaces: [namespace.clone()].into(),
            include_cluster_resources: Some(true),
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    };
    Backup::new(roles::backs_up().await, bucket.repository(), spec)
        .run()
        .await
        .unwrap();
    delete(&client, &format!("{webhooks}/{namespace}")).await;
    delete(&client, &format!("/api/v1/namespaces/{namespace}")).await;

    let spec = RestoreSpec {
        selection: Selection {
            included_namespaces: [namespace.clone()].into(),
            include_cluster_resources: Some(true),
            included_resources: [
                "configmaps",
                "services",
                "validatingwebhookconfigurations.admissionregistration.k8s.io",
            ]
            .map(|kind| kind.parse().unwrap())
            .into(),
            ..Selection::default()
        },
        ..RestoreSpec::named("r")
    };
    let backup = bucket.repository().open("a").await.unwrap();
    let report = Restore::new(roles::restores_all().await, backup, spec)
        .run()
        .await
        .unwrap();
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.warnings, Vec::<String>::new());
    let service = get(&client, &format!("{}/admission", core("services")))
        .await
        .unwrap();
    let owned = get(&client, &format!("{}/owned", core("configmaps")))
        .await
        .unwrap();
    assert_eq!(
        owned["metadata"]["ownerReferences"][0]["uid"],
        service["metadata"]["uid"]
    );
    let issue = report
        .health_issues
        .iter()
        .find(|issue| issue.issue == HealthIssueKind::NoBackend && issue.id.name == namespace);
    let issue = issue.unwrap_or_else(|| panic!("{report}"));
    assert!(issue.reason.contains("refuses every request"), "{issue:?}");

    // It is there, and dead indeed.
    until(
        &client,
        &format!("{webhooks}/{namespace}"),
        "there",
        |found| !found.is_null(),
    )
    .await;
    let refused = async {
        for n in 0..100 {
            let map = json!({"metadata": {"name": format!("late-{n}")}});
            match send(&client, Method::POST, &core("configmaps"), &map).await {
                // The server takes a moment to hear of it.
                Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
                Err(error) => return error.to_string(),
            }
        }
        "nothing".to_owned()
    };
    assert!(refused.await.contains("deny.example.com"));
    delete(&client, &format!("{webhooks}/{namespace}")).await;
    delete(&client, &format!("/api/v1/namespaces/{namespace}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_tells_refusals_from_what_is_only_not_there_yet() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let (client, bucket) = (plane.client(), Bucket::start().await);
    let namespace = unique_name("plan");
    let class = unique_name("class");
    let core = |plural: &str| format!("/api/v1/namespaces/{namespace}/{plural}");
    let classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
    create(
        &client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": namespace}}),
    )
    .await;
    let account = format!("{}/default", core("serviceaccounts"));
    until(&client, &account, "there", |account| !account.is_null()).await;
    create(
        &client,
        classes,
        &json!({"metadata": {"name": class}, "value": 5}),
    )
    .await;
    create(
        &client,
        &core("serviceaccounts"),
        &json!({"metadata": {"name": "bot"}}),
    )
    .await;
    let pod = |name: &str, account: &str| {
        json!({"metadata": {"name": name}, "spec": {"serviceAccountName": account, "priorityClassName": class,
            "containers": [{"name": "c", "image": "c:1"}]}})
    };
    create(&client, &core("pods"), &pod("good", "bot")).await;
    create(
        &client,
        &core("serviceaccounts"),
        &json!({"metadata": {"name": "lost"}}),
    )
    .await;
    create(&client, &core("pods"), &pod("bad", "lost")).await;
    // Before the backup, so that nothing will restore it.
    delete(&client, &format!("{}/lost", core("serviceaccounts"))).await;
    let spec = BackupSpec {
        selection: Selection::of_namespaces([namespace.clone()]),
        ..BackupSpec::named("a")
    };
    Backup::new(roles::backs_up().await, bucket.repository(), spec)
        .run()
        .await
        .unwrap();
    for path in [
        format!("{}/good", core("pods")),
        format!("{}/bad", core("pods")),
        format!("{}/bot", core("serviceaccounts")),
        format!("{classes}/{class}"),
    ] {
        delete(&client, &path).await;
    }

    let backup = bucket.repository().open("a").await.unwrap();
    let spec = RestoreSpec {
        selection: Selection::of_namespaces([namespace.clone()]),
        ..RestoreSpec::named("r")
    };
    let restore = Restore::new(roles::restores_all().await, backup, spec);
    let plan = restore.plan().await.unwrap();
    let revision =
        |object: Option<Value>| object.map(|object| object["metadata"]["resourceVersion"].clone());
    assert_eq!(
        revision(get(&client, &format!("{}/good", core("pods"))).await),
        None
    );
    let item = |name: &str| plan.items.iter().find(|item| item.id.name == name).unwrap();
    assert_eq!(item("good").action, Action::Create);
    let unchecked = item("good").unchecked.as_deref().unwrap();
    assert!(unchecked.contains("is restored first"), "{unchecked}");
    // Nothing restores the account of this one.
    assert_eq!(item("bad").action, Action::Fail);
    assert!(
        item("bad").reason.contains("lost"),
        "{}",
        item("bad").reason
    );
    assert_eq!(item(&class).unchecked, None);

    let report = restore.run().await.unwrap();
    let outcome = |name: &str| {
        let mut items = report.items.iter();
        items.find(|item| item.id.name == name).unwrap().outcome
    };
    assert_eq!(outcome("good"), Outcome::Created);
    assert!(
        matches!(outcome("bad"), Outcome::Failed(reason) if reason.contains("lost")),
        "{report}"
    );
    assert_eq!(report.failed().count(), 1, "{report}");
    delete(&client, &format!("/api/v1/namespaces/{namespace}")).await;
    delete(&client, &format!("{classes}/{class}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_restored_after_what_they_would_refuse() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let (client, bucket) = (plane.client(), Bucket::start().await);
    let namespace = unique_name("limits");
    let core = |plural: &str| format!("/api/v1/namespaces/{namespace}/{plural}");
    create(
        &client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": namespace}}),
    )
    .await;
    let account = format!("{}/default", core("serviceaccounts"));
    until(&client, &account, "there", |account| !account.is_null()).await;
    let pod = |name: &str| {
        json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "c:1",
            "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}}]}})
    };
    create(&client, &core("pods"), &pod("big")).await;
    // Stricter than what is there, as after a change of mind.
    create(
        &client,
        &core("limitranges"),
        &json!({"metadata": {"name": "small"},
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "500m"}}]}}),
    )
    .await;
    create(
        &client,
        &core("resourcequotas"),
        &json!({"metadata": {"name": "none"},
        "spec": {"hard": {"pods": "0"}}}),
    )
    .await;
    let spec = BackupSpec {
        selection: Selection::of_namespaces([namespace.clone()]),
        ..BackupSpec::named("a")
    };
    Backup::new(roles::backs_up().await, bucket.repository(), spec)
        .run()
        .await
        .unwrap();
    delete(&client, &format!("/api/v1/namespaces/{namespace}")).await;
    let backup = bucket.repository().open("a").await.unwrap();
    let report = Restore::new(roles::restores().await, backup, RestoreSpec::named("r"))
        .run()
        .await
        .unwrap();
    assert!(report.is_complete(), "{report}");
    for path in [
        format!("{}/big", core("pods")),
        format!("{}/small", core("limitranges")),
    ] {
        assert!(get(&client, &path).await.is_some(), "{path}");
    }
    // The limits hold for whoever comes now.
    assert!(
        send(&client, Method::POST, &core("pods"), &pod("late"))
            .await
            .is_err()
    );
    delete(&client, &format!("/api/v1/namespaces/{namespace}")).await;
}
