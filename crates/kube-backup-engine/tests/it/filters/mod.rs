//! Filters mean the same to a backup and a restore, and what matches nothing is not passed over.

mod companions;
mod same_set;
mod unmatched;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::TryStreamExt as _;
use kube::Client;
use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec};
use kube_backup_engine::restore::{Restore, RestorePlan, RestoreSpec};
use kube_backup_engine::{Repository, Result, Selection};
use object_store::memory::InMemory;
use serde_json::json;

use crate::cluster::{carts, create, shop};

fn repository() -> Repository {
    Repository::new(Arc::new(InMemory::new()), "")
}

async fn backup(
    client: &Client,
    repository: &Repository,
    name: &str,
    selection: Selection,
) -> Result<BackupReport> {
    let spec = BackupSpec {
        selection,
        ..BackupSpec::named(name)
    };
    Backup::new(client.clone(), repository.clone(), spec)
        .run()
        .await
}

async fn plan(
    client: &Client,
    repository: &Repository,
    name: &str,
    selection: Selection,
) -> Result<RestorePlan> {
    let spec = RestoreSpec {
        selection,
        ..RestoreSpec::named("r")
    };
    let backup = repository.open(name).await?;
    Restore::new(client.clone(), backup, spec).plan().await
}

/// What a backup holds.
async fn held(repository: &Repository, name: &str) -> BTreeSet<String> {
    let opened = repository.open(name).await.unwrap();
    let objects = opened.stream();
    let ids = objects.map_ok(|(entry, _)| entry.id.to_string());
    ids.try_collect().await.unwrap()
}

fn planned(plan: &RestorePlan) -> BTreeSet<String> {
    plan.items.iter().map(|item| item.id.to_string()).collect()
}

/// Two shops with carts, an empty namespace, and Pods that need things.
async fn fill(client: &Client) {
    shop(client, "shop").await;
    shop(client, "shop-copy").await;
    carts(client, "shop").await;
    create(
        client,
        "/api/v1/namespaces",
        json!({"metadata": {"name": "empty", "labels": {"team": "a"}}}),
    )
    .await;
    let core = |plural: &str| format!("/api/v1/namespaces/shop/{plural}");
    let named = |name: &str| json!({"name": name});
    for name in ["etcd-config", "unused", "secret-config"] {
        let labels = match name {
            "secret-config" => json!({"keep": "no"}),
            _ => json!({}),
        };
        let map = json!({"metadata": {"name": name, "labels": labels}, "data": {"a": "b"}});
        create(client, &core("configmaps"), map).await;
    }
    create(
        client,
        &core("configmaps"),
        json!({"metadata": {"name": "never", "labels": {"velero.io/exclude-from-backup": "true"}}}),
    )
    .await;
    for name in ["etcd-key", "pull", "pull-of-account"] {
        create(client, &core("secrets"), json!({"metadata": named(name)})).await;
    }
    create(
        client,
        &core("serviceaccounts"),
        json!({"metadata": named("etcd"), "imagePullSecrets": [{"name": "pull-of-account"}]}),
    )
    .await;
    create(
        client,
        &core("persistentvolumeclaims"),
        json!({"metadata": named("etcd0-data"), "spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}}}}),
    )
    .await;
    create(
        client,
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        json!({"metadata": {"name": "high", "labels": {"team": "a"}}, "value": 10}),
    )
    .await;
    create(
        client,
        &core("pods"),
        json!({"metadata": {"name": "etcd0", "labels": {"app": "etcd"}}, "spec": {
            "serviceAccountName": "etcd", "priorityClassName": "high",
            "imagePullSecrets": [{"name": "pull"}],
            "containers": [{"name": "c", "image": "registry.test/etcd:1",
                "envFrom": [{"configMapRef": {"name": "etcd-config"}}, {"configMapRef": {"name": "secret-config"}}]}],
            "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "etcd0-data"}},
                {"name": "k", "secret": {"secretName": "etcd-key"}},
                {"name": "o", "configMap": {"name": "not-there", "optional": true}}]}}),
    )
    .await;
}
