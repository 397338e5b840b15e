//! What is over stays over.

use ack_backup_center::engine::Repository;
use ack_backup_center::engine::restore::{Outcome, RestoreSpec, SkipReason};
use futures::TryStreamExt as _;
use serde_json::json;

use super::{apply, back_up_namespaces, delete_namespace, items, outcome, restore, restore_of};
use crate::cluster::{create, get, send, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_is_not_run_again() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    apply(&client, include_str!("cases/failed-job.yaml")).await;
    let pods = "/api/v1/namespaces/jobs/pods";
    until(&client, pods, "one", |list| !list["items"][0].is_null()).await;
    let pod = items(&client, pods).await[0]["metadata"]["name"].clone();
    let status = format!("{pods}/{}/status", pod.as_str().unwrap());
    send(
        &client,
        http::Method::PATCH,
        &status,
        &json!({"status": {"phase": "Failed"}}),
    )
    .await
    .unwrap();
    let job = "/apis/batch/v1/namespaces/jobs/jobs/migrate";
    until(&client, job, "failed", |job| {
        let conditions = job["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        conditions.any(|condition| condition["type"] == "Failed" && condition["status"] == "True")
    })
    .await;
    let repository = back_up_namespaces(plane, &["jobs"]).await;
    delete_namespace(&client, "jobs").await;
    let plan = restore_of(plane, &repository, RestoreSpec::named("r")).await;
    let plan = plan.plan().await.unwrap();
    let report = restore(plane, &repository, RestoreSpec::named("r")).await;
    let over = Outcome::Skipped(SkipReason::NotRestored("it has run to its end".into()));
    assert_eq!(outcome(&report, "jobs.batch jobs/migrate"), over);
    let planned = plan.items.iter().find(|item| item.id.name == "migrate");
    assert_eq!(planned.unwrap().reason, "it has run to its end");
    assert_eq!(get(&client, job).await, None);
    assert!(items(&client, pods).await.is_empty());
}

/// Whoever reads the backup holds no token; that it is without is said by name.
async fn assert_not_packed(repository: &Repository, token: &str, path: &str) {
    let backup = repository.open("a").await.unwrap();
    let objects: Vec<_> = backup.stream().try_collect().await.unwrap();
    assert!(!objects.is_empty());
    for (entry, bytes) in objects {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(token), "{} holds the token", entry.id);
    }
    let results = backup.results().await.unwrap().unwrap();
    let name = path.rsplit('/').next().unwrap();
    let said = results
        .warnings
        .messages()
        .any(|message| message.contains(name));
    assert!(said, "{results:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_open_a_cluster_are_in_no_backup() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    super::make_namespace(&client, "tokens").await;
    let list = "/api/v1/namespaces/tokens/secrets";
    let meta = |name: &str| json!({"name": name, "annotations": {"kubernetes.io/service-account.name": "default"}});
    let secret = json!({"metadata": meta("for-ci"), "type": "kubernetes.io/service-account-token",
        "data": {"own": "b3du"}});
    create(&client, list, &secret).await;
    let bootstrap = json!({"metadata": {"name": "bootstrap-token-abcdef"}, "type": "bootstrap.kubernetes.io/token",
        "data": {"token-secret": "c2VjcmV0c2VjcmV0"}});
    create(&client, list, &bootstrap).await;
    let path = format!("{list}/for-ci");
    let filled = until(&client, &path, "filled", |secret| {
        !secret["data"]["token"].is_null()
    })
    .await;
    let repository = back_up_namespaces(plane, &["tokens"]).await;
    let token = filled["data"]["token"].as_str().unwrap();
    assert_not_packed(&repository, token, &path).await;
    assert_not_packed(&repository, "c2VjcmV0c2VjcmV0", "bootstrap-token-abcdef").await;
    // Somebody asked for it, and it is filled in again, with another token.
    delete_namespace(&client, "tokens").await;
    restore(plane, &repository, RestoreSpec::named("r")).await;
    let again = until(&client, &path, "filled", |secret| {
        !secret["data"]["token"].is_null()
    })
    .await;
    assert_ne!(again["data"]["token"], filled["data"]["token"]);
    assert_eq!(again["data"]["own"], "b3du");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_nobody_asked_for_is_not_made_again() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    apply(&client, include_str!("cases/legacy-token.yaml")).await;
    let account = "/api/v1/namespaces/legacy/serviceaccounts/default";
    let secret = "/api/v1/namespaces/legacy/secrets/default-token-x7k2p";
    until(&client, secret, "filled", |secret| {
        !secret["data"]["token"].is_null()
    })
    .await;
    // As the controller of servers before 1.24 left it.
    let names_it = json!({"secrets": [{"name": "default-token-x7k2p"}]});
    crate::cluster::patch(&client, account, &names_it).await;
    let repository = back_up_namespaces(plane, &["legacy"]).await;
    let token = get(&client, secret).await.unwrap()["data"]["token"].clone();
    assert_not_packed(&repository, token.as_str().unwrap(), secret).await;
    delete_namespace(&client, "legacy").await;
    let report = restore(plane, &repository, RestoreSpec::named("r")).await;
    assert_eq!(get(&client, secret).await, None, "{report}");
    let again = restore(plane, &repository, RestoreSpec::named("again")).await;
    assert_eq!(
        outcome(&again, "serviceaccounts legacy/default"),
        Outcome::Unchanged
    );
    let default = get(&client, account).await.unwrap();
    assert!(default["secrets"].is_null(), "{default}");
}
