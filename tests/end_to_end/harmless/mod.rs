//! What a restore leaves alone: what runs beside it, what belongs to another cluster, and what is over.
//! The manifests in `cases` are reduced from public reports.

mod advice;
mod allocated;
mod copies;
mod finished;
mod identity;
mod protection;
mod quotas;
mod two_clusters;

use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{Outcome, Restore, RestoreReport, RestoreSpec};
use ack_backup_center::engine::{Discovery, Repository, Selection};
use control_plane::ControlPlane;
use kube::Client;
use object_store::memory::InMemory;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::cluster::{create, delete, get, paths, until};
use crate::roles::{self, Role};

/// Creates the objects of a manifest, each where it belongs, and returns them.
async fn apply(client: &Client, manifest: &str) -> Vec<Value> {
    let mut objects = Vec::new();
    for document in serde_norway::Deserializer::from_str(manifest) {
        let object = Value::deserialize(document).unwrap();
        if object.is_null() {
            continue;
        }
        let (list, path) = await_paths(client, &object).await;
        objects.push(create(client, &list, &object).await);
        if object["kind"] == "CustomResourceDefinition" {
            until(client, &path, "served", |definition| {
                let conditions = definition["status"]["conditions"].as_array();
                conditions.into_iter().flatten().any(|condition| {
                    condition["type"] == "Established" && condition["status"] == "True"
                })
            })
            .await;
        }
        if object["kind"] == "Namespace" {
            let name = object["metadata"]["name"].as_str().unwrap();
            await_account(client, name).await;
        }
    }
    objects
}

/// Where an object is created, and where it is then. A definition can be Established before its kind is
/// discovered.
async fn await_paths(client: &Client, object: &Value) -> (String, String) {
    for _ in 0..300 {
        let found = Discovery::run(client).await.unwrap();
        if let Some(paths) = paths(&found, object) {
            return paths;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("its kind is not served: {object}");
}

/// Waits for what every namespace has, so that a backup does not come before it.
async fn await_account(client: &Client, namespace: &str) {
    let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
    until(client, &account, "there", |account| !account.is_null()).await;
}

async fn make_namespace(client: &Client, name: &str) {
    let namespace = json!({"metadata": {"name": name}});
    create(client, "/api/v1/namespaces", &namespace).await;
    await_account(client, name).await;
}

async fn delete_namespace(client: &Client, name: &str) {
    delete(client, &format!("/api/v1/namespaces/{name}")).await;
}

/// Backs up what `spec` says, into a store of its own, as somebody who may only do that.
async fn back_up(plane: &ControlPlane, spec: BackupSpec) -> Repository {
    let client = roles::client_of(plane, roles::BACKUP).await;
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let backup = Backup::new(client, repository.clone(), spec);
    backup.run().await.unwrap();
    repository
}

async fn back_up_namespaces(plane: &ControlPlane, names: &[&str]) -> Repository {
    let spec = BackupSpec {
        selection: Selection::of_namespaces(names.iter().copied()),
        ..BackupSpec::named("a")
    };
    back_up(plane, spec).await
}

/// A restore by somebody who has the role for restores.
async fn restore_of(plane: &ControlPlane, repository: &Repository, spec: RestoreSpec) -> Restore {
    restore_by(roles::RESTORE, plane, repository, spec).await
}

/// A restore by somebody who has this role.
async fn restore_by(
    role: Role,
    plane: &ControlPlane,
    repository: &Repository,
    spec: RestoreSpec,
) -> Restore {
    let client = roles::client_of(plane, role).await;
    let backup = repository.open("a").await.unwrap();
    Restore::new(client, backup, spec)
}

async fn restore(
    plane: &ControlPlane,
    repository: &Repository,
    spec: RestoreSpec,
) -> RestoreReport {
    let restore = restore_of(plane, repository, spec).await;
    restore.run().await.unwrap()
}

fn outcome(report: &RestoreReport, name: &str) -> Outcome {
    let item = report.items.iter().find(|item| item.id.to_string() == name);
    item.unwrap_or_else(|| panic!("{name} is not in {report:#?}"))
        .outcome
        .clone()
}

/// Whether the report says something of an object.
fn says(report: &RestoreReport, name: &str, what: &str) -> bool {
    let item = report.items.iter().find(|item| item.id.to_string() == name);
    let item = item.unwrap_or_else(|| panic!("{name} is not in {report:#?}"));
    item.warnings.iter().any(|warning| warning.contains(what))
}

/// The objects of a list.
async fn items(client: &Client, list: &str) -> Vec<Value> {
    let list = get(client, list).await.unwrap();
    list["items"].as_array().cloned().unwrap_or_default()
}
