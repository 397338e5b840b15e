//! Objects that a real API server takes and that few have seen: each comes back as it was, or is left out by
//! its name, and costs no other object anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ack_backup_center::engine::backup::{Backup, BackupReport, BackupSpec};
use ack_backup_center::engine::restore::{
    ExistingResourcePolicy, Outcome, Restore, RestoreReport, RestoreSpec,
};
use ack_backup_center::engine::verify::{Check, Severity, Verify};
use ack_backup_center::engine::{EntryFilter, Phase, Repository, Selection};
use futures::TryStreamExt as _;
use kube::Client;
use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::cluster::{create, define, delete, get};
use crate::roles as shipped;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// Names that reports and reviews have been about.
const NAMES: &[&str] = &[
    "new\nline",
    "tab\tname",
    "e\u{1b}[2Jx",
    "x\u{85}y",
    "a\0b",
    "x\",\"forged",
    "back\\slash",
    "a b?c#d&e=f",
    "system:node+proxy@example.com",
    "ünïcödé \u{1f600}",
    "\u{202e}txet",
    " leading",
    "trailing ",
    "...",
    "..json",
    "-dash",
    "~tilde~",
    "UPPER",
];

async fn namespace(client: &Client, prefix: &str) -> String {
    let name = control_plane::unique_name(prefix);
    let namespace = json!({"metadata": {"name": name}});
    create(client, "/api/v1/namespaces", &namespace).await;
    name
}

/// Sends the text of an object; whether the server takes it.
async fn post(client: &Client, list: &str, text: String) -> bool {
    let request = http::Request::post(list)
        .header("content-type", "application/json")
        .body(text.into_bytes())
        .unwrap();
    match client.request_text(request).await {
        Ok(_) => true,
        Err(kube::Error::Api(status)) if status.code < 500 => false,
        Err(error) => panic!("create in {list}: {error}"),
    }
}

async fn role(client: &Client, namespace: &str, name: &str) -> bool {
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": name}, "rules": []});
    let list = format!("{RBAC}/namespaces/{namespace}/roles");
    post(client, &list, role.to_string()).await
}

async fn config_map(client: &Client, namespace: &str, name: &str) {
    let list = format!("/api/v1/namespaces/{namespace}/configmaps");
    create(
        client,
        &list,
        &json!({"metadata": {"name": name}, "data": {"is": name}}),
    )
    .await;
}

fn spec(namespaces: &[&str], kinds: &[&str]) -> BackupSpec {
    let owned = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    BackupSpec {
        selection: Selection {
            included_namespaces: owned(namespaces).into_iter().collect(),
            included_resources: owned(kinds).into_iter().collect(),
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    }
}

/// As somebody who may only back up.
async fn back_up(spec: BackupSpec) -> (Repository, BackupReport) {
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let backup = Backup::new(shipped::backs_up().await, repository.clone(), spec);
    let report = backup.run().await.unwrap();
    (repository, report)
}

/// As somebody who has the role for restores.
async fn restore(repository: &Repository, spec: RestoreSpec) -> RestoreReport {
    let backup = repository.open("a").await.unwrap();
    let restore = Restore::new(shipped::restores().await, backup, spec);
    restore.run().await.unwrap()
}

/// The same backup as a program without our index would have left it.
async fn without_index(repository: &Repository) -> Repository {
    let store = Arc::new(InMemory::new());
    for key in ["velero-backup.json", "a.tar.gz"] {
        let key = format!("backups/a/{key}").into();
        let bytes = repository
            .store()
            .get(&key)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        if key.as_ref().ends_with(".json") {
            let mut record: Value = serde_json::from_slice(&bytes).unwrap();
            record["metadata"]["annotations"] = json!({});
            store.put(&key, record.to_string().into()).await.unwrap();
        } else {
            store.put(&key, bytes.into()).await.unwrap();
        }
    }
    Repository::new(store, "")
}

/// Names of the Roles in the backup.
async fn roles(repository: &Repository) -> BTreeSet<String> {
    let backup = repository.open("a").await.unwrap();
    let entries = backup.entries(&EntryFilter::default()).await.unwrap();
    let roles = entries
        .iter()
        .filter(|entry| entry.id.resource.resource == "roles");
    roles.map(|entry| entry.id.name.clone()).collect()
}

async fn live_roles(client: &Client, namespace: &str) -> BTreeSet<String> {
    let list = get(client, &format!("{RBAC}/namespaces/{namespace}/roles"))
        .await
        .unwrap();
    let items = list["items"].as_array().unwrap();
    let name = |role: &Value| role["metadata"]["name"].as_str().unwrap().to_owned();
    items.iter().map(name).collect()
}

async fn clear(client: &Client, namespaces: &[&str]) {
    for namespace in namespaces {
        delete(client, &format!("/api/v1/namespaces/{namespace}")).await;
    }
}

/// Roles of these names, beside an innocent namespace: what the server takes is backed up, found whole,
/// unpacked by tar, restored, and met again by a second restore.
async fn round_trip_of_names(client: &Client, names: &[String]) {
    let tenant = namespace(client, "tenant").await;
    let prod = namespace(client, "prod").await;
    config_map(client, &prod, "settings").await;
    let longest = "n".repeat(253);
    config_map(client, &tenant, &longest).await;
    let mut taken = BTreeSet::new();
    for name in names {
        if role(client, &tenant, name).await {
            taken.insert(name.clone());
        }
    }
    let kinds = ["roles.rbac.authorization.k8s.io", "configmaps"];
    let (repository, report) = back_up(spec(&[&tenant, &prod], &kinds)).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    assert_eq!(roles(&repository).await, taken);
    let verified = Verify::new(repository.clone(), "a").run().await.unwrap();
    assert!(verified.is_restorable(), "{verified}");
    let list = repository
        .open("a")
        .await
        .unwrap()
        .resource_list()
        .await
        .unwrap()
        .unwrap();
    let listed: BTreeSet<String> = list["rbac.authorization.k8s.io/v1/Role"]
        .iter()
        .cloned()
        .collect();
    let expected = taken
        .iter()
        .map(|name| format!("{tenant}/{name}"))
        .collect();
    assert_eq!(listed, expected);
    unpack(&repository, taken.len()).await;

    for repository in [&repository, &without_index(&repository).await] {
        clear(client, &[&tenant, &prod]).await;
        // Another namespace alone, and then everything.
        let of_prod = RestoreSpec {
            selection: Selection {
                included_namespaces: [prod.clone()].into(),
                ..Selection::default()
            },
            ..RestoreSpec::named("prod")
        };
        let report = restore(repository, of_prod).await;
        assert!(report.is_complete(), "{report}");
        let report = restore(repository, RestoreSpec::named("all")).await;
        assert!(report.is_complete(), "{report}");
        assert_eq!(live_roles(client, &tenant).await, taken);
        for name in ["again", "once-more"] {
            let update = RestoreSpec {
                existing_resource_policy: ExistingResourcePolicy::Update,
                ..RestoreSpec::named(name)
            };
            let report = restore(repository, update).await;
            assert!(report.is_complete(), "{report}");
            assert!(!report.counts().contains_key("created"), "{report}");
        }
    }
    clear(client, &[&tenant, &prod]).await;
}

/// Unpacks the archive with the system's tar, which must find a file for every object.
async fn unpack(repository: &Repository, roles: usize) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.tar.gz");
    let key = "backups/a/a.tar.gz".into();
    let bytes = repository
        .store()
        .get(&key)
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    std::fs::write(&file, &bytes).unwrap();
    let tar = std::process::Command::new("tar")
        .args(["xzf", "a.tar.gz"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(
        tar.status.success(),
        "{}",
        String::from_utf8_lossy(&tar.stderr)
    );
    let found = std::process::Command::new("find")
        .args([
            "resources/roles.rbac.authorization.k8s.io",
            "-type",
            "f",
            "-print0",
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let files = found
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    let files: Vec<&[u8]> = files.collect();
    assert_eq!(files.len(), roles);
    for file in files {
        let text = std::str::from_utf8(file).unwrap();
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(text.rsplit('/').next().unwrap().len() <= 255, "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_only_rbac_takes_come_back_and_harm_nobody() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    for length in [245, 250, 251, 253, 255, 5000] {
        names.push("a".repeat(length));
    }
    // Cut in the middle of a character, and of what stands for one.
    names.push("ü".repeat(300));
    names.push("\n".repeat(300));
    let same = "b".repeat(400);
    names.push(format!("{same}1"));
    names.push(format!("{same}2"));
    round_trip_of_names(&plane.client(), &names).await;
}

#[test]
fn whatever_name_the_server_takes_comes_back() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let name = prop_oneof![
        4 => "\\PC{1,40}",
        4 => prop::collection::vec(any::<char>(), 1..30).prop_map(|chars| chars.into_iter().collect()),
        2 => "[a-z%/.\\x00-\\x1f\\x7f-\\u{9f}]{1,20}",
        1 => "[\\PC\\x00-\\x1f]{240,300}",
    ];
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 3,
        ..ProptestConfig::default()
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runner.run(&prop::collection::vec(name, 30), |names: Vec<String>| {
        runtime.block_on(async { round_trip_of_names(&plane.client(), &names).await });
        Ok(())
    });
    outcome.unwrap();
}

/// The text of a custom resource with objects inside each other.
fn deep(group: &str, name: &str, levels: usize) -> String {
    format!(
        r#"{{"apiVersion":"{group}/v1","kind":"Deep","metadata":{{"name":"{name}"}},"spec":{}1{}}}"#,
        r#"{"a":"#.repeat(levels),
        "}".repeat(levels)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_too_deep_to_be_read_back_is_left_out_by_name_and_alone() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    let group = format!("{}.example.com", control_plane::unique_name("g"));
    define(&client, &group, "deep", &["v1"], &Value::Null).await;
    let kind = format!("deeps.{group}");
    shipped::let_restores_have(plane, &group, "deeps").await;
    let (first, tenant, last) = (
        namespace(&client, "a-prod").await,
        namespace(&client, "m-tenant").await,
        namespace(&client, "z-prod").await,
    );
    let list = |namespace: &str| format!("/apis/{group}/v1/namespaces/{namespace}/deeps");
    for namespace in [&first, &last] {
        for n in 0..3 {
            let text = deep(&group, &format!("ok-{n}"), 1);
            assert!(post(&client, &list(namespace), text).await);
        }
    }
    let mut taken = BTreeMap::new();
    for levels in (100..=130).chain([200, 500, 2000]) {
        let name = format!("deep-{levels}");
        if post(&client, &list(&tenant), deep(&group, &name, levels)).await {
            taken.insert(name, levels);
        }
    }
    assert!(taken.len() > 30, "{taken:?}");
    let others = RestoreSpec::named("r");
    // With the tenant's namespace, and from lists of the whole cluster without it.
    let with: &[&str] = &[&first, &tenant, &last];
    let without: &[&str] = &[&first, &last];
    for namespaces in [with, without] {
        let (repository, report) = back_up(spec(namespaces, &[&kind])).await;
        let backup = repository.open("a").await.unwrap();
        let objects: BTreeMap<String, Value> = backup
            .stream()
            .try_filter(|(entry, _)| futures::future::ready(entry.id.resource.resource == "deeps"))
            .map_ok(|(entry, json)| (entry.id.name, serde_json::from_slice(&json).unwrap()))
            .try_collect()
            .await
            .unwrap();
        let errors: Vec<&str> = report.results.errors.messages().collect();
        if namespaces.len() == 3 {
            for name in taken.keys() {
                let object = format!("{kind} {tenant}/{name}:");
                let named = errors
                    .iter()
                    .filter(|error| error.contains(&object))
                    .count();
                let there = usize::from(objects.contains_key(name));
                assert_eq!(named + there, 1, "{name}: {report}");
            }
            assert!(objects.contains_key("deep-100") && !objects.contains_key("deep-200"));
            assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
        } else {
            assert_eq!(errors, [""; 0], "{report}");
        }
        assert!(
            ["ok-0", "ok-1", "ok-2"]
                .iter()
                .all(|name| objects.contains_key(*name))
        );
        let verified = Verify::new(repository.clone(), "a").run().await.unwrap();
        let broken: Vec<_> = verified
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error && finding.check != Check::Record)
            .collect();
        assert!(broken.is_empty(), "{verified}");

        clear(&client, namespaces).await;
        let report = restore(&repository, others.clone()).await;
        assert!(report.is_complete(), "{report}");
        for namespace in [&first, &last] {
            let list = get(&client, &list(namespace)).await.unwrap();
            assert_eq!(list["items"].as_array().unwrap().len(), 3, "{namespace}");
        }
        for name in objects.keys().filter(|name| name.starts_with("deep")) {
            let path = format!("{}/{name}", list(&tenant));
            let live = get(&client, &path).await.unwrap();
            assert_eq!(live["spec"], objects[name]["spec"], "{name}");
        }
    }
}

/// A number as Go prints a float64, or as people write it.
fn numbers() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<f64>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(|x| format!("{x:e}")),
        (-1e6..1e6f64).prop_map(|x| x.to_string()),
        any::<f32>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(|x| f64::from(x).to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        "[1-9][0-9]{15,24}",
        "-?[0-9]\\.[0-9]{1,18}",
        "[1-9](\\.[0-9]{1,18})?[eE][-+]?[0-9]{1,2}",
    ]
}

const SEEDS: &[&str] = &[
    "7.038531e-26",
    "0.30000000000000004",
    "117.63331139400017",
    "13.600000000000001",
    "10587.436593658975",
    "0.9215686321258545",
    "39.926090240478516",
    "1.0",
    "1",
    "1e300",
    "1e-16",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "1e22",
    "-0.0",
];

/// Backs up objects with these numbers, restores them, and restores them again with updates: the server
/// prints them as before, and the second restore finds nothing to do.
async fn round_trip_of_numbers(client: &Client, numbers: &[String]) {
    let group = format!("{}.example.com", control_plane::unique_name("g"));
    let open = |schema: Value| {
        json!({"type": "object", "properties": {"spec": {"type": "object",
            "x-kubernetes-preserve-unknown-fields": true, "properties": schema}}})
    };
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("models.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"plural": "models", "singular": "model", "kind": "Model", "listKind": "ModelList"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": open(json!({"share": 0}))}}]}});
    let share = r#"{"type":"number","minimum":0.1,"maximum":0.9999999999999999,"multipleOf":1.0e-16,"default":0.30000000000000004}"#;
    let wide = r#"{"type":"number","default":1.0,"enum":[1.0,12345678901234567890123,1e5]}"#;
    let big = r#"{"type":"number","maximum":1e300}"#;
    let text = definition.to_string();
    let text = text.replace(
        r#""share":0"#,
        &format!(r#""share":{share},"wide":{wide},"big":{big}"#),
    );
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    assert!(post(client, definitions, text).await);
    let plane = control_plane::shared().unwrap();
    shipped::let_restores_have(plane, &group, "models").await;
    let name = namespace(client, "num").await;
    let list = format!("/apis/{group}/v1/namespaces/{name}/models");
    let model = |numbers: &str| {
        format!(
            r#"{{"apiVersion":"{group}/v1","kind":"Model","metadata":{{"name":"m"}},"spec":{{"v":[{numbers}],"o":{{"n":{{"deep":[{{"v":[{numbers}]}}]}}}}}}}}"#
        )
    };
    create(
        client,
        &list,
        serde_json::from_str::<Value>(&model("1")).unwrap(),
    )
    .await;
    delete(client, &format!("{list}/m")).await;
    assert!(post(client, &list, model(&numbers.join(","))).await);
    // What is kept as text: a revision's data.
    let revisions = format!("/apis/apps/v1/namespaces/{name}/controllerrevisions");
    let revision = format!(
        r#"{{"metadata":{{"name":"r"}},"revision":9007199254740993,"data":{{"v":[{}]}}}}"#,
        numbers.join(",")
    );
    assert!(post(client, &revisions, revision).await);
    let paths = [
        format!("{list}/m"),
        format!("{revisions}/r"),
        format!("{definitions}/models.{group}"),
    ];
    let mut before = Vec::new();
    for path in &paths {
        before.push(essence(client, path).await);
    }
    let kinds = [
        format!("models.{group}"),
        "controllerrevisions.apps".to_owned(),
        "customresourcedefinitions.apiextensions.k8s.io".to_owned(),
    ];
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let (repository, report) = back_up(spec(&[&name], &kinds)).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    clear(client, &[&name]).await;
    delete(client, &paths[2]).await;
    let report = restore(&repository, RestoreSpec::named("r")).await;
    assert!(report.is_complete(), "{report}");
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(essence(client, path).await, *before, "{path}");
    }
    let update = |name: &str| RestoreSpec {
        existing_resource_policy: ExistingResourcePolicy::Update,
        ..RestoreSpec::named(name)
    };
    let report = restore(&repository, update("u1")).await;
    assert!(report.is_complete(), "{report}");
    let changed = report
        .items
        .iter()
        .filter(|item| item.outcome == Outcome::Updated);
    let changed: Vec<_> = changed.collect();
    assert!(changed.is_empty(), "{report}");
    // What another one changed is changed back, number by number.
    let patch = json!({"spec": {"o": {"n": {"deep": [1.5]}}}});
    test_support::patch(client, &paths[0], &patch).await;
    let report = restore(&repository, update("u2")).await;
    assert_eq!(report.counts()["updated"], 1, "{report}");
    assert_eq!(essence(client, &paths[0]).await, before[0]);
    let report = restore(&repository, update("u3")).await;
    assert!(!report.counts().contains_key("updated"), "{report}");
    clear(client, &[&name]).await;
    delete(client, &paths[2]).await;
}

/// The text of what its owner wrote in an object, as the server prints it.
async fn essence(client: &Client, path: &str) -> String {
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    let text = client.request_text(request).await.unwrap();
    let fields: BTreeMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_str(&text).unwrap();
    let of = |name: &str| fields.get(name).map_or("", |raw| raw.get()).to_owned();
    // Of a definition, without what only the server's own words differ in.
    ["spec", "data", "revision"].map(of).join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_come_back_as_they_were() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let numbers: Vec<String> = SEEDS.iter().map(|text| (*text).to_owned()).collect();
    round_trip_of_numbers(&plane.client(), &numbers).await;
}

#[test]
fn whatever_number_the_server_takes_comes_back() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 2,
        ..ProptestConfig::default()
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runner.run(&prop::collection::vec(numbers(), 200), |numbers| {
        runtime.block_on(async { round_trip_of_numbers(&plane.client(), &numbers).await });
        Ok(())
    });
    outcome.unwrap();
}
