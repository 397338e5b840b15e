//! Specifications as JSON: Velero's are read and written, typos are refused.

use std::time::Duration;

use futures::TryStreamExt as _;
use kube_backup_engine::backup::{Backup, BackupSpec, Selector};
use kube_backup_engine::restore::{ExistingResourcePolicy, Restore, RestoreSpec};
use kube_backup_engine::{ErrorKind, Repository, Selection};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use crate::cluster::{client, create, shop};

/// What Velero 1.18.3 wrote of `velero backup create`, and of a schedule with more fields.
fn velero_backups() -> Vec<Value> {
    let mut specs = vec![
        json!({"metadata": {}, "includedNamespaces": ["boutique"],
            "excludedClusterScopedResources": ["volumesnapshotcontents.snapshot.storage.k8s.io"],
            "excludedNamespaceScopedResources": ["volumesnapshots.snapshot.storage.k8s.io"],
            "snapshotVolumes": false, "ttl": "720h0m0s",
            "volumeGroupSnapshotLabelKey": "velero.io/volume-group", "hooks": {},
            "storageLocation": "default", "defaultVolumesToFsBackup": false,
            "csiSnapshotTimeout": "10m0s", "itemOperationTimeout": "4h0m0s", "snapshotMoveData": false}),
        json!({"metadata": {"labels": {"team": "a"}}, "includedNamespaces": ["*"],
            "excludedNamespaces": ["kube-system"], "includedResources": ["pods", "deployments.apps"],
            "excludedResources": ["events"], "labelSelector": {"matchLabels": {"app": "web"},
                "matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]},
                    {"key": "old", "operator": "DoesNotExist"}]},
            "includeClusterResources": true, "ttl": "1h30m0s"}),
        json!({"orLabelSelectors": [{"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "db"}}]}),
    ];
    if let Ok(folder) = std::env::var("ACK_BACKUP_TESTDATA") {
        let record = format!("{folder}/fixtures/velero-1.18.3/boutique/velero-backup.json");
        let record: Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
        assert_eq!(record["spec"], specs[0], "the copy above is a true one");
        specs.push(record["spec"].clone());
    }
    specs
}

/// The same, without what stands for nothing.
fn meaningful(mut spec: Value) -> Value {
    let empty = |value: &Value| *value == json!({}) || *value == json!([]);
    let fields = spec.as_object_mut().unwrap();
    // Where each field of a selector stands is not its meaning.
    fields.retain(|name, value| !(["metadata", "hooks"].contains(&name.as_str()) && empty(value)));
    if let Some(expressions) = fields
        .get_mut("labelSelector")
        .and_then(|selector| selector["matchExpressions"].as_array_mut())
    {
        expressions.sort_by_key(ToString::to_string);
    }
    spec
}

#[test]
fn specifications_of_velero_backups_are_the_same_after_a_round_trip() {
    for given in velero_backups() {
        let spec: BackupSpec = serde_json::from_value(given.clone()).unwrap();
        let written = serde_json::to_value(&spec).unwrap();
        assert_eq!(meaningful(written.clone()), meaningful(given));
        let again: BackupSpec = serde_json::from_value(written).unwrap();
        assert_eq!(again, spec);
        let velero = Value::Object(spec.to_velero().unwrap());
        assert!(!velero["includedNamespaces"].is_null());
        assert!(serde_json::from_value::<BackupSpec>(velero).is_ok());
    }
    let spec: BackupSpec = serde_json::from_value(velero_backups()[1].clone()).unwrap();
    assert_eq!(spec.ttl, Some(Duration::from_secs(5400)));
    assert_eq!(spec.labels["team"], "a");
    assert!(spec.selection.label_selector.is_some());
}

#[test]
fn specifications_of_velero_restores_are_the_same_after_a_round_trip() {
    let given = json!({"backupName": "nightly", "includedNamespaces": ["shop"],
        "excludedResources": ["nodes", "events", "events.events.k8s.io", "backups.velero.io",
            "csinodes.storage.k8s.io"],
        "namespaceMapping": {"shop": "copy"}, "hooks": {}, "itemOperationTimeout": "4h0m0s",
        "restoreStatus": {"includedResources": ["carts.example.com"]}, "existingResourcePolicy": "update",
        "preserveNodePorts": true, "includeClusterResources": false,
        "orLabelSelectors": [{"matchLabels": {"app": "web"}}]});
    let spec: RestoreSpec = serde_json::from_value(given.clone()).unwrap();
    assert_eq!(
        spec.existing_resource_policy,
        ExistingResourcePolicy::Update
    );
    assert_eq!(spec.target_namespace("shop"), "copy");
    let mut written = serde_json::to_value(&spec).unwrap();
    let mut expected = given;
    for value in [&mut written, &mut expected] {
        value["excludedResources"]
            .as_array_mut()
            .unwrap()
            .sort_by_key(ToString::to_string);
    }
    // Velero writes them where there are none.
    let hooks = expected.as_object_mut().unwrap().remove("hooks");
    assert_eq!(hooks, Some(json!({})));
    assert_eq!(written, expected);
    let ours = RestoreSpec {
        selection: Selection {
            included_names: ["web".to_owned()].into(),
            ..spec.selection
        },
        storage_class_mapping: [("a".to_owned(), "b".to_owned())].into(),
        ..spec
    };
    let stored: RestoreSpec = serde_json::from_value(serde_json::to_value(&ours).unwrap()).unwrap();
    assert_eq!(stored.selection, ours.selection);
    let velero = ours.to_velero().unwrap();
    assert!(!velero.contains_key("includedNames") && !velero.contains_key("storageClassMapping"));
}

#[test]
fn nulls_and_empty_values_are_the_defaults() {
    let nothing = json!({"includedNamespaces": null, "includedResources": null, "labelSelector": null,
        "orLabelSelectors": null, "includeClusterResources": null});
    let backup: BackupSpec = serde_json::from_value(nothing.clone()).unwrap();
    assert_eq!(backup, BackupSpec::named(""));
    let mut nothing = nothing;
    nothing["preserveNodePorts"] = Value::Null;
    nothing["existingResourcePolicy"] = "".into();
    nothing["namespaceMapping"] = Value::Null;
    nothing["restoreStatus"] = Value::Null;
    let restore: RestoreSpec = serde_json::from_value(nothing).unwrap();
    assert_eq!(restore, RestoreSpec::named(""));
}

#[test]
fn a_typo_is_refused_by_its_name() {
    let backups = [
        (json!({"includedNamespace": ["a"]}), "includedNamespace"),
        (json!({"metadata": {"label": {}}}), "label"),
        (json!({"ttl": "3 days"}), "3 days"),
        (
            json!({"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}),
            "label selector",
        ),
    ];
    for (spec, words) in backups {
        let error = serde_json::from_value::<BackupSpec>(spec).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let restores = [
        (json!({"namespacesMapping": {}}), "namespacesMapping"),
        (json!({"existingResourcePolicy": "replace"}), "replace"),
        (
            json!({"restoreStatus": {"excludedResources": ["pods"]}}),
            "excludedResources",
        ),
    ];
    for (spec, words) in restores {
        let error = serde_json::from_value::<RestoreSpec>(spec).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn the_same_selection_is_read_by_both() {
    let selection = json!({"includedNamespaces": ["shop-*"], "includedResources": ["deploy", "*.example.com"],
        "excludedResources": ["carts.v1.example.com"], "excludedNamespaceScopedResources": ["secrets"],
        "excludedClusterScopedResources": ["*"], "includedNames": ["web"],
        "excludedLabelSelectors": [{"matchLabels": {"keep": "no"}}], "unmatchedFilters": "warn"});
    let backup: BackupSpec = serde_json::from_value(selection.clone()).unwrap();
    let restore: RestoreSpec = serde_json::from_value(selection.clone()).unwrap();
    assert_eq!(backup.selection, restore.selection);
    assert_eq!(serde_json::to_value(&backup.selection).unwrap(), selection);
    // Velero's restores have one list of what they exclude, and none of what it does not know.
    let velero = Value::Object(restore.to_velero().unwrap());
    assert_eq!(
        velero["excludedResources"],
        json!(["carts.v1.example.com", "secrets"])
    );
    assert_eq!(velero["includeClusterResources"], false);
    assert_eq!(velero["unmatchedFilters"], Value::Null);
}

#[tokio::test]
async fn what_a_specification_asks_for_and_is_not_done_is_refused() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = Repository::new(std::sync::Arc::new(InMemory::new()), "");
    for (field, value) in [
        ("snapshotMoveData", json!(true)),
        ("snapshotVolumes", json!(true)),
        ("orderedResources", json!({"pods": "a/b"})),
    ] {
        let mut spec: BackupSpec = serde_json::from_value(json!({field: value})).unwrap();
        spec.name = "a".into();
        let backup = Backup::new(client.clone(), repository.clone(), spec);
        let error = backup.run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(field), "{error}");
    }
    let both = BackupSpec {
        selection: Selection {
            label_selector: Some(Selector::from_iter([("a", "b")])),
            or_label_selectors: vec![Selector::from_iter([("a", "c")])],
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    };
    let error = Backup::new(client.clone(), repository.clone(), both)
        .run()
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(cluster.requests().count(), 0);
    let all = Backup::new(client.clone(), repository.clone(), BackupSpec::named("a"));
    all.run().await.unwrap();
    let mut spec: RestoreSpec =
        serde_json::from_value(json!({"resourceModifier": {"kind": "ConfigMap", "name": "m"}}))
            .unwrap();
    spec.name = "r".into();
    let restore = Restore::new(client, repository.open("a").await.unwrap(), spec);
    let error = restore.run().await.unwrap_err();
    assert!(error.to_string().contains("resourceModifier"), "{error}");
}

/// A pattern that nobody can read would choose nothing, or keep nothing out, and nobody would know.
#[tokio::test]
async fn every_pattern_of_a_specification_is_read_before_anything_is_done() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = Repository::new(std::sync::Arc::new(InMemory::new()), "");
    let run = Backup::new(client.clone(), repository.clone(), BackupSpec::named("a"));
    run.run().await.unwrap();
    let of_hooks = |field: &str, pattern: &str| json!({"hooks": {"resources": [{"name": "h", field: [pattern]}]}});
    let namespaces = ["[a", "a**", "{a,b}", "[!a]"];
    let kinds = ["a**", "[a"];
    let mut both: Vec<(Value, &str)> = Vec::new();
    for pattern in namespaces {
        for field in ["includedNamespaces", "excludedNamespaces"] {
            both.push((json!({field: [pattern]}), pattern));
            both.push((of_hooks(field, pattern), pattern));
        }
    }
    for pattern in kinds {
        for field in [
            "includedResources",
            "excludedResources",
            "excludedClusterScopedResources",
            "excludedNamespaceScopedResources",
        ] {
            both.push((json!({field: [pattern]}), pattern));
        }
        for field in ["includedResources", "excludedResources"] {
            both.push((of_hooks(field, pattern), pattern));
        }
    }
    for (spec, pattern) in &both {
        let backup: BackupSpec = serde_json::from_value(spec.clone()).unwrap();
        let backup = BackupSpec {
            name: "b".into(),
            ..backup
        };
        let run = Backup::new(client.clone(), repository.clone(), backup).run();
        refuses(run.await.err(), pattern, spec);
    }
    let powers =
        namespaces.map(|pattern| (json!({"powers": {"systemNamespaces": [pattern]}}), pattern));
    for (spec, pattern) in both.iter().chain(&powers) {
        let restore: RestoreSpec = serde_json::from_value(spec.clone()).unwrap();
        let restore = RestoreSpec {
            name: "r".into(),
            ..restore
        };
        let backup = repository.open("a").await.unwrap();
        let run = Restore::new(client.clone(), backup, restore).run();
        refuses(run.await.err(), pattern, spec);
    }
}

fn refuses(error: Option<kube_backup_engine::Error>, pattern: &str, spec: &Value) {
    let error = error.unwrap_or_else(|| panic!("{spec} is not refused"));
    assert_eq!(error.kind(), ErrorKind::Invalid, "{spec}: {error}");
    assert!(
        error.to_string().contains(&format!("`{pattern}`")),
        "{spec}: {error}"
    );
}

#[tokio::test]
async fn a_backup_takes_what_one_of_its_selectors_selects() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    shop(&client, "shop").await;
    for (name, tier) in [("one", "a"), ("two", "b"), ("three", "c")] {
        let map = json!({"metadata": {"name": name, "labels": {"tier": tier}}});
        create(&client, "/api/v1/namespaces/shop/configmaps", map).await;
    }
    let repository = Repository::new(std::sync::Arc::new(InMemory::new()), "");
    let mut spec: BackupSpec = serde_json::from_value(json!({"includedNamespaces": ["*"],
        "includedResources": ["configmaps", "*"], "excludedNamespaceScopedResources": ["secrets"],
        "orLabelSelectors": [{"matchLabels": {"tier": "a"}},
            {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["b"]}]}]}))
    .unwrap();
    spec.name = "a".into();
    let backup = Backup::new(client, repository.clone(), spec);
    let report = backup.run().await.unwrap();
    assert_eq!(report.results.errors.count(), 0, "{report}");
    let opened = repository.open("a").await.unwrap();
    let mut names: Vec<String> = opened
        .stream()
        .map_ok(|(entry, _)| entry.id.to_string())
        .try_collect()
        .await
        .unwrap();
    names.sort();
    assert_eq!(
        names,
        [
            "configmaps shop/one",
            "configmaps shop/two",
            "namespaces shop"
        ]
    );
}
