//! Hooks of backups.

use std::sync::Arc;
use std::time::Duration;

use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec};
use kube_backup_engine::{ErrorKind, Phase, Repository, RunOptions, Selection, rbac};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};

use super::stage::{Stage, appears};
use crate::roles::bind;

/// A backup of the stage's namespace with these hooks.
fn spec(stage: &Stage, resources: &Value) -> BackupSpec {
    let hooks = json!({"hooks": {"resources": resources}});
    let spec: BackupSpec = serde_json::from_value(hooks).unwrap();
    BackupSpec {
        name: "a".into(),
        selection: Selection::of_namespaces([stage.namespace.clone()]),
        ..spec
    }
}

/// Hooks that freeze for a minute, by a file, and thaw by this line.
fn freezes(stage: &Stage, thaw: &str) -> Value {
    json!([{"name": "quiesce",
        "pre": [{"exec": {"command": stage.line("touch frozen; sleep 60")}}],
        "post": [{"exec": {"command": stage.line(thaw)}}]}])
}

fn backup(stage: &Stage, store: &Arc<dyn ObjectStore>, spec: BackupSpec) -> Backup {
    let repository = Repository::new(Arc::clone(store), "");
    Backup::new(stage.client.clone(), repository, spec).with_uid("u1")
}

async fn run(stage: &Stage, spec: BackupSpec) -> BackupReport {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let report = backup(stage, &store, spec).run().await.unwrap();
    assert!(
        !is_noted(&store).await,
        "the note of what was frozen is gone"
    );
    report
}

async fn is_noted(store: &Arc<dyn ObjectStore>) -> bool {
    let note = "backups/a/a-frozen.json".into();
    store.head(&note).await.is_ok()
}

#[tokio::test]
async fn hooks_run_in_their_order_in_several_containers() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    stage.pod("db-0", &json!({})).await;
    let annotations = json!({
        "pre.hook.backup.velero.io/command": stage.note("own-pre").to_string(),
        "pre.hook.backup.velero.io/container": "proxy"});
    stage.pod("web-0", &annotations).await;
    let hook = |container: &str, word: &str| json!({"exec": {"container": container, "command": stage.note(word)}});
    let resources = json!([{"name": "quiesce", "labelSelector": {"matchLabels": {"app": "db-0"}},
        "pre": [hook("db", "freeze"), hook("proxy", "drain")], "post": [hook("db", "thaw")]}]);
    let report = run(&stage, spec(&stage, &resources)).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    let counts = report.record.status.hook_status.unwrap();
    assert_eq!((counts.hooks_attempted, counts.hooks_failed), (4, 0));
    let mut log = stage.log();
    let own = log.iter().position(|word| word == "own-pre").unwrap();
    log.remove(own);
    assert_eq!(log, ["freeze", "drain", "thaw"]);
}

#[tokio::test]
async fn a_failed_hook_is_named_and_what_was_frozen_is_thawed() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    stage.pod("db-0", &json!({})).await;
    stage.pod("db-1", &json!({})).await;
    let only = |name: &str| json!({"matchLabels": {"app": name}});
    let exit = stage.line("echo froze-1 >> log; exit 3");
    let resources = json!([
        {"name": "strict", "labelSelector": only("db-0"),
         "pre": [{"exec": {"command": stage.line("echo froze-0 >> log; sleep 60"), "timeout": "2s"}},
                 {"exec": {"command": stage.note("never")}}],
         "post": [{"exec": {"command": stage.note("thawed-0")}}]},
        {"name": "lenient", "labelSelector": only("db-1"),
         "pre": [{"exec": {"command": exit, "onError": "Continue"}},
                 {"exec": {"command": ["/no/such/program", "hunter2"], "onError": "Continue"}},
                 {"exec": {"container": "gone", "command": ["x"], "onError": "Continue"}},
                 {"exec": {"command": stage.note("goes-on")}}],
         "post": [{"exec": {"command": stage.note("thawed-1")}}]}]);
    let report = run(&stage, spec(&stage, &resources)).await;
    assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
    let errors: Vec<&str> = report.results.errors.messages().collect();
    let pod = format!("Pod `{}/db-", stage.namespace);
    assert_eq!(
        errors,
        [format!(
            "the pre-hook `strict` of {pod}0` failed: in container `db`, it did not end within 2s"
        )]
    );
    let warnings: Vec<&str> = report.results.warnings.messages().collect();
    for words in [
        // kwok does not say that it was exit code 3.
        format!("{pod}1` failed: in container `db`, it could not be run to its end"),
        format!("{pod}1` failed: the Pod has no container `gone`"),
    ] {
        let is_there = warnings.iter().any(|warning| warning.contains(&words));
        assert!(is_there, "{words} in {warnings:?}");
    }
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    // Commands may hold passwords.
    assert!(!report.to_string().contains("hunter2"), "{report}");
    let log = stage.log();
    for word in ["froze-0", "froze-1", "goes-on", "thawed-0", "thawed-1"] {
        assert!(log.contains(&word.to_owned()), "{word} in {log:?}");
    }
    assert!(!log.contains(&"never".to_owned()), "{log:?}");
}

#[tokio::test]
async fn a_cancelled_backup_thaws() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    stage.pod("db-0", &json!({})).await;
    let resources = freezes(&stage, "rm -f frozen; touch thawed");
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let frozen = stage.file("frozen");
    tokio::select! {
        _ = backup(&stage, &store, spec(&stage, &resources)).run() => panic!("it waits for its hook"),
        () = appears(&frozen) => {}
    }
    appears(&stage.file("thawed")).await;
    assert!(!frozen.exists());
}

/// Whoever may take the name then is not thawed by the run before.
#[tokio::test]
async fn a_failed_backup_has_thawed_once_it_says_so() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    stage.pod("db-0", &json!({})).await;
    let resources = freezes(&stage, "sleep 2; echo thaw >> log");
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let options = RunOptions::default().with_lease_duration(Duration::from_secs(1));
    let run = backup(&stage, &store, spec(&stage, &resources)).with_options(options);
    let taken = async {
        appears(&stage.file("frozen")).await;
        store
            .delete(&"backups/a/a-lease.json".into())
            .await
            .unwrap();
    };
    let (failed, ()) = tokio::join!(run.run(), taken);
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(stage.log(), ["thaw"]);
    assert!(!is_noted(&store).await);
}

#[tokio::test]
async fn a_backup_that_is_told_to_end_has_thawed_and_leaves_nothing() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    stage.pod("db-0", &json!({})).await;
    let resources = freezes(&stage, "rm -f frozen; touch thawed");
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let frozen = stage.file("frozen");
    let is_frozen = {
        let frozen = frozen.clone();
        async move { appears(&frozen).await }
    };
    let backup = backup(&stage, &store, spec(&stage, &resources)).cancelled_by(is_frozen);
    let error = backup.run().await.unwrap_err();
    let kind = error.kind();
    assert_eq!(kind, kube_backup_engine::ErrorKind::Cancelled, "{error}");
    assert!(error.left_behind().is_empty(), "{error}");
    // By now, and not some time later.
    assert!(stage.file("thawed").exists() && !frozen.exists());
    let left = store.list_with_delimiter(None).await.unwrap();
    assert!(left.common_prefixes.is_empty(), "{left:?}");
}

#[test]
fn a_killed_backup_is_thawed_by_the_next_run() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let outside = runtime();
    let Some(stage) = outside.block_on(Stage::new()) else {
        return;
    };
    outside.block_on(stage.pod("db-0", &json!({})));
    let waits = "[ -e patient ] || sleep 60";
    let resources = json!([{"name": "quiesce",
        "pre": [{"exec": {"command": stage.line(&format!("echo freeze >> log; touch frozen; {waits}"))}}],
        "post": [{"exec": {"command": stage.note("thaw")}}]}]);
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    // With its runtime goes everything that it has begun, as with a process.
    let inside = runtime();
    inside.block_on(async {
        let repository = Repository::new(Arc::clone(&store), "");
        let client = stage.plane.client();
        let run = Backup::new(client, repository, spec(&stage, &resources)).with_uid("u1");
        tokio::spawn(run.run());
        appears(&stage.file("frozen")).await;
    });
    inside.shutdown_background();
    assert_eq!(stage.log(), ["freeze"]);
    assert!(
        outside.block_on(is_noted(&store)),
        "it is noted what is frozen"
    );
    std::fs::write(stage.file("patient"), "").unwrap();
    let again = backup(&stage, &store, spec(&stage, &resources)).run();
    let report = outside.block_on(again).unwrap();
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    // Before anything else what the first run froze is thawed.
    assert_eq!(stage.log(), ["freeze", "thaw", "freeze", "thaw"]);
    assert!(!outside.block_on(is_noted(&store)));
}

#[tokio::test]
async fn the_shipped_roles_suffice_and_hooks_need_theirs() {
    let Some(stage) = Stage::new().await else {
        return;
    };
    stage.pod("db-0", &json!({})).await;
    let resources = json!([{"name": "quiesce", "pre": [{"exec": {"command": stage.note("freeze")}}],
        "post": [{"exec": {"command": stage.note("thaw")}}]}]);
    let user = format!("backup-of-{}", stage.namespace);
    let client = {
        let mut config = stage.plane.config();
        config.auth_info.impersonate = Some(user.clone());
        kube_backup_engine::client_for(config).unwrap()
    };
    let run = async |name: &str| {
        let repository = Repository::new(Arc::new(InMemory::new()), "");
        let spec = BackupSpec {
            name: name.into(),
            ..spec(&stage, &resources)
        };
        Backup::new(client.clone(), repository, spec).run().await
    };
    bind(&stage.client, rbac::BACKUP, &user, None).await;
    let report = run("without").await.unwrap();
    let errors: Vec<&str> = report.results.errors.messages().collect();
    assert_eq!(
        errors.len(),
        2,
        "the pre-hook and the post-hook: {errors:?}"
    );
    for error in errors {
        assert!(error.contains("pods/exec"), "{error}");
    }
    assert_eq!(stage.log(), Vec::<String>::new());
    let namespace = Some(stage.namespace.as_str());
    bind(&stage.client, rbac::HOOKS, &user, namespace).await;
    let report = run("with").await.unwrap();
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    assert_eq!(stage.log(), ["freeze", "thaw"]);
}
