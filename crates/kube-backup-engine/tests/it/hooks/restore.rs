//! Hooks of restores.

use std::sync::Arc;

use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::restore::{Outcome, Restore, RestoreReport, RestoreSpec};
use kube_backup_engine::{Repository, Selection};
use object_store::memory::InMemory;
use serde_json::json;
use test_support::get;

use super::stage::Stage;

async fn restore(
    stage: &Stage,
    repository: &Repository,
    name: &str,
    hooks: &serde_json::Value,
) -> RestoreReport {
    let spec: RestoreSpec = serde_json::from_value(json!({"hooks": hooks})).unwrap();
    let spec = RestoreSpec {
        name: name.into(),
        namespace_mapping: [(stage.namespace.clone(), copy(stage))].into(),
        ..spec
    };
    let backup = repository.open("a").await.unwrap();
    let restore = Restore::new(stage.client.clone(), backup, spec);
    restore.run().await.unwrap()
}

fn copy(stage: &Stage) -> String {
    format!("{}-copy", stage.namespace)
}

#[tokio::test]
async fn commands_and_init_containers_of_a_restore_are_run_once_in_what_it_creates() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    let annotations = json!({
        "post.hook.restore.velero.io/command": stage.note("annotated").to_string(),
        "post.hook.restore.velero.io/container": "proxy",
        "post.hook.restore.velero.io/wait-for-ready": "true"});
    stage.pod("web-0", &annotations).await;
    stage.pod("db-0", &json!({})).await;
    stage.pod("db-1", &json!({})).await;
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let spec = BackupSpec {
        selection: Selection::of_namespaces([stage.namespace.clone()]),
        ..BackupSpec::named("a")
    };
    let backup = Backup::new(stage.client.clone(), repository.clone(), spec);
    backup.run().await.unwrap();
    assert_eq!(
        stage.log(),
        Vec::<String>::new(),
        "a backup runs no hooks of restores"
    );
    let exec = |command: serde_json::Value, mode: &str| json!({"exec": {"command": command, "onError": mode}});
    let only = |name: &str| json!({"matchLabels": {"app": name}});
    let hooks = json!({"resources": [
        {"name": "lenient", "includedNamespaces": [copy(&stage)], "labelSelector": only("db-0"), "postHooks": [
            {"init": {"initContainers": [{"name": "prepare", "image": "tool:1", "command": ["prepare"]}]}},
            exec(stage.line("exit 3"), "Continue"), exec(stage.note("goes-on"), "Continue")]},
        {"name": "strict", "labelSelector": only("db-1"), "postHooks": [
            exec(stage.line("exit 3"), "Fail"), exec(stage.note("never"), "Fail")]},
        {"name": "elsewhere", "includedNamespaces": [stage.namespace], "postHooks": [
            exec(stage.note("never"), "Fail")]}]});
    let report = restore(&stage, &repository, "r", &hooks).await;
    let item = |name: &str| {
        let mut items = report.items.iter();
        items
            .find(|item| item.id.resource.resource == "pods" && item.id.name == name)
            .unwrap()
    };
    assert_eq!(item("web-0").outcome, Outcome::Created, "{report}");
    assert_eq!(item("db-0").outcome, Outcome::Created, "{report}");
    let warnings = &item("db-0").warnings;
    let is_said = |warning: &String| warning.starts_with("its post-hook `lenient` failed");
    assert!(warnings.iter().any(is_said), "{warnings:?}");
    let Outcome::Failed(reason) = &item("db-1").outcome else {
        panic!("{report}");
    };
    let said = "it was created, and its post-hook `strict` failed: in container `db`,";
    assert!(
        reason.starts_with(said) && reason.ends_with("1 more were not run"),
        "{reason}"
    );
    // What was not run for the one before it was not attempted.
    let counts = serde_json::to_value(&report).unwrap()["hookStatus"].clone();
    assert_eq!(counts, json!({"hooksAttempted": 4, "hooksFailed": 2}));
    let mut log = stage.log();
    log.sort();
    assert_eq!(log, ["annotated", "goes-on"]);
    let pod = format!("/api/v1/namespaces/{}/pods/db-0", copy(&stage));
    let pod = get(&stage.client, &pod).await.unwrap();
    assert_eq!(pod["spec"]["initContainers"][0]["name"], "prepare");
    // The same restore, run again, does again what it may not have come to; another has created nothing.
    let again = restore(&stage, &repository, "r", &hooks).await;
    assert_eq!(again.failed().count(), 1, "{again}");
    assert_eq!(stage.log().len(), 4);
    let other = restore(&stage, &repository, "other", &hooks).await;
    assert!(other.is_complete(), "{other}");
    assert_eq!(other.hook_status, None);
    assert_eq!(stage.log().len(), 4);
}
