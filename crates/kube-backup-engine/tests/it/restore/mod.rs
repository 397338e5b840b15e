//! Restores on an embedded cluster: planned, chosen, interrupted, disturbed and looked at afterwards.

mod afterwards;
mod again;
mod companions;
mod plan;
mod powers;
mod selective;
mod state;
mod transformed;
mod unseen;
mod volumes;

use std::sync::Arc;

use kube::Client;
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::restore::{Outcome, Restore, RestoreReport, RestoreSpec};
use kube_backup_engine::{Repository, RunOptions, Selection};
use object_store::memory::InMemory;

/// Backs all of the cluster up as `a`.
pub(crate) async fn backed_up(client: &Client) -> Repository {
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    Backup::new(client.clone(), repository.clone(), BackupSpec::named("a"))
        .run()
        .await
        .unwrap();
    repository
}

async fn restore_of(client: &Client, repository: &Repository, spec: RestoreSpec) -> Restore {
    let backup = repository.open("a").await.unwrap();
    Restore::new(client.clone(), backup, spec)
}

async fn restore(client: &Client, repository: &Repository, spec: RestoreSpec) -> RestoreReport {
    restore_of(client, repository, spec)
        .await
        .run()
        .await
        .unwrap()
}

async fn restore_with(
    client: &Client,
    repository: &Repository,
    spec: RestoreSpec,
    options: RunOptions,
) -> RestoreReport {
    let restore = restore_of(client, repository, spec).await;
    restore.with_options(options).run().await.unwrap()
}

/// Only what is in namespace `shop`.
fn of_shop(name: &str) -> RestoreSpec {
    RestoreSpec {
        selection: Selection::of_namespaces(["shop"]),
        ..RestoreSpec::named(name)
    }
}

fn outcome(report: &RestoreReport, name: &str) -> Outcome {
    let item = report.items.iter().find(|item| item.id.to_string() == name);
    item.unwrap_or_else(|| panic!("{name} is not in {report}"))
        .outcome
        .clone()
}
