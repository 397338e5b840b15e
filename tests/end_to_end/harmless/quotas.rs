//! Quotas hold after a restore as they did before it.

use std::time::Duration;

use ack_backup_center::engine::restore::RestoreSpec;
use serde_json::json;

use super::{apply, back_up_namespaces, delete_namespace, items, restore};
use crate::cluster::{create, send, until};

#[tokio::test(flavor = "multi_thread")]
async fn no_more_pods_run_than_the_quota_allows() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    let manifest = include_str!("cases/quota-over.yaml");
    let mut documents = manifest.split("---\n");
    for _ in 0..2 {
        apply(&client, documents.next().unwrap()).await;
    }
    let quota = "/api/v1/namespaces/q-over/resourcequotas/pods";
    until(&client, quota, "in force", |quota| {
        quota["status"]["hard"]["pods"] == "3"
    })
    .await;
    apply(&client, documents.next().unwrap()).await;
    let pods = "/api/v1/namespaces/q-over/pods";
    until(&client, pods, "three", |list| {
        list["items"].as_array().is_some_and(|pods| pods.len() == 3)
    })
    .await;
    // So many that what is restored after them comes a while later.
    let policies = "/apis/networking.k8s.io/v1/namespaces/q-over/networkpolicies";
    for n in 0..800 {
        let policy = json!({"metadata": {"name": format!("p{n}")}, "spec": {"podSelector": {}}});
        create(&client, policies, &policy).await;
    }
    let repository = back_up_namespaces(plane, &["q-over"]).await;
    delete_namespace(&client, "q-over").await;
    let report = restore(plane, &repository, RestoreSpec::named("r")).await;
    assert!(report.is_complete(), "{report}");
    until(&client, quota, "counted", |quota| {
        quota["status"]["used"]["pods"] == "3"
    })
    .await;
    for _ in 0..15 {
        assert_eq!(items(&client, pods).await.len(), 3, "{report}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(items(&client, policies).await.len(), 800);
}

/// A quota that was lowered later is exceeded, and its namespace comes back whole all the same.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_to_a_quota_that_is_exceeded() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    super::make_namespace(&client, "q-low").await;
    let core = |plural: &str| format!("/api/v1/namespaces/q-low/{plural}");
    for n in 0..4 {
        let meta = json!({"name": format!("o{n}")});
        let service = json!({"metadata": meta, "spec": {"ports": [{"port": 80}]}});
        create(&client, &core("services"), &service).await;
        create(&client, &core("configmaps"), &json!({"metadata": meta})).await;
        let pod = json!({"metadata": meta, "spec": {"containers": [{"name": "c", "image": "c"}]}});
        create(&client, &core("pods"), &pod).await;
    }
    let hard = json!({"services": "2", "count/configmaps": "2", "pods": "2"});
    let quota = json!({"metadata": {"name": "low"}, "spec": {"hard": hard}});
    create(&client, &core("resourcequotas"), &quota).await;
    let quota = format!("{}/low", core("resourcequotas"));
    until(&client, &quota, "counted", |quota| {
        quota["status"]["used"]["services"] == "4" && quota["status"]["used"]["pods"] == "4"
    })
    .await;
    let repository = back_up_namespaces(plane, &["q-low"]).await;
    delete_namespace(&client, "q-low").await;
    let report = restore(plane, &repository, RestoreSpec::named("r")).await;
    for plural in ["services", "configmaps"] {
        let left = items(&client, &core(plural)).await;
        let ours = left.iter().filter(|object| {
            let name = object["metadata"]["name"].as_str().unwrap();
            name.starts_with('o')
        });
        assert_eq!(ours.count(), 4, "{plural}: {report}");
    }
    // What ran runs, the quota is as it was, and it holds for whoever comes now.
    assert!(report.is_complete(), "{report}");
    assert_eq!(items(&client, &core("pods")).await.len(), 4, "{report}");
    let live = crate::cluster::get(&client, &quota).await.unwrap();
    assert_eq!(live["spec"]["hard"], hard, "{report}");
    let annotations = live["metadata"]["annotations"].to_string();
    assert!(!annotations.contains("/bounds"), "{live}");
    let pod = json!({"metadata": {"name": "late"}, "spec": {"containers": [{"name": "c", "image": "c"}]}});
    let refused = send(&client, http::Method::POST, &core("pods"), &pod).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("exceeded quota"), "{refused}");
}
