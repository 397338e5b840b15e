//! Big public applications, backed up, destroyed and restored on a real control plane: equal object by
//! object, apart from what the server owns.

use std::collections::{BTreeMap, BTreeSet};

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::compare::{Comparison, TOLERATED};
use ack_backup_center::engine::powers::Power;
use ack_backup_center::engine::restore::{PowerPolicy, PowerSwitch, Restore, RestoreSpec};
use ack_backup_center::engine::{Discovery, EntryFilter, GroupResource, ObjectId, Selection};
use control_plane::ControlPlane;
use futures::TryStreamExt as _;
use kube::Client;
use serde_json::{Value, json};

use crate::bucket::Bucket;
use crate::cluster::{Live, create, delete, paths, read_manifest, settled, test_data, until};
use crate::roles;

/// Applies manifests, definitions and namespaces first, and returns the namespaces they use.
async fn apply(client: &Client, manifests: &[Value]) {
    let first = |object: &Value| {
        matches!(
            object["kind"].as_str(),
            Some("Namespace" | "CustomResourceDefinition")
        )
    };
    let (early, late): (Vec<&Value>, Vec<&Value>) =
        manifests.iter().partition(|object| first(object));
    for group in [early, late] {
        let mut left = group;
        for attempt in 0.. {
            let found = Discovery::run(client).await.unwrap();
            let mut unknown = Vec::new();
            for object in left {
                match paths(&found, object) {
                    Some((list, _)) => drop(create(client, &list, object).await),
                    None => unknown.push(object),
                }
            }
            if unknown.is_empty() {
                break;
            }
            assert!(attempt < 100, "the server has no kind for {}", unknown[0]);
            left = unknown;
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
}

/// Deletes what manifests made. An APIService without backend first: while it is there no namespace
/// can be deleted.
async fn destroy(client: &Client, manifests: &[Value]) {
    let found = Discovery::run(client).await.unwrap();
    let rank = |object: &Value| match object["kind"].as_str() {
        Some("APIService") => 0,
        Some("Namespace") => 2,
        Some("CustomResourceDefinition") => 3,
        _ => 1,
    };
    let mut ordered: Vec<&Value> = manifests.iter().collect();
    ordered.sort_by_key(|object| rank(object));
    for object in ordered {
        if let Some((_, path)) = paths(&found, object) {
            delete(client, &path).await;
        }
    }
}

fn mentioned(live: &Live, before: &Live) -> Live {
    live.iter()
        .filter(|(id, _)| !before.contains_key(id))
        .map(|(id, object)| (id.clone(), object.clone()))
        .collect()
}

fn differences(before: &Live, after: &Live) -> Vec<String> {
    let comparison = Comparison::default();
    let mut wrong = Vec::new();
    for (id, object) in before {
        match after.get(id) {
            None => wrong.push(format!("{id} is missing")),
            Some(copy) => wrong.extend(
                comparison
                    .differences(&id.resource, object, copy)
                    .into_iter()
                    .map(|at| format!("{id} at {at}")),
            ),
        }
    }
    let new = after.keys().filter(|id| !before.contains_key(*id));
    wrong.extend(new.map(|id| format!("{id} was not there before")));
    wrong
}

/// The whole way, for one manifest on a control plane of its own.
async fn round_trip(file: &str, spec: BackupSpec, phase: &str) {
    let Some(path) = test_data(file) else { return };
    if control_plane::shared().is_none() {
        return;
    }
    let plane = tokio::task::spawn_blocking(ControlPlane::start)
        .await
        .unwrap()
        .unwrap();
    let client = plane.client();
    let bucket = Bucket::start().await;
    let repository = bucket.repository();
    let manifests = read_manifest(&path);
    create(
        &client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": "boutique"}}),
    )
    .await;
    let manifests: Vec<Value> = manifests
        .into_iter()
        .map(|mut object| {
            if object["metadata"]["namespace"].is_null() {
                object["metadata"]["namespace"] = "boutique".into();
            }
            object
        })
        .collect();
    // What the cluster itself puts into every namespace is not the application's.
    for own in ["configmaps/kube-root-ca.crt", "serviceaccounts/default"] {
        let path = format!("/api/v1/namespaces/boutique/{own}");
        until(&client, &path, "there", |own| !own.is_null()).await;
    }
    let backs_up = roles::client_of(&plane, roles::BACKUP).await;
    let restores = roles::client_of(&plane, roles::DISASTER).await;
    let empty = settled(&client).await;
    apply(&client, &manifests).await;
    let full = settled(&client).await;
    let before = mentioned(&full, &empty);
    assert!(
        before.len() > manifests.len(),
        "controllers made nothing of it"
    );

    let report = Backup::new(backs_up, repository.clone(), spec)
        .run()
        .await
        .unwrap();
    assert_eq!(report.record.status.phase.to_string(), phase, "{report}");
    assert!(
        report.record.point_in_time().unwrap().unwrap().is_one(),
        "{:?}",
        report.record.point_in_time()
    );

    destroy(&client, &manifests).await;
    let gone = settled(&client).await;
    let left: Vec<String> = before
        .keys()
        .filter(|id| gone.contains_key(id))
        .map(ToString::to_string)
        .collect();
    assert_eq!(left, Vec::<String>::new(), "are to be destroyed");

    let backup = repository.open("a").await.unwrap();
    // Its roles grant what only a restore of whole clusters may, and some of it is in `kube-system`.
    let spec = RestoreSpec {
        powers: PowerPolicy {
            allow: [PowerSwitch::Power(Power::System)].into(),
            ..PowerPolicy::default()
        },
        ..RestoreSpec::named("r")
    };
    let report = Restore::new(restores, backup, spec).run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    // What the server adds, and writes in a form of its own, is no loss.
    let altered: Vec<_> = report.altered().collect();
    assert!(altered.is_empty(), "{altered:#?}");
    let after = mentioned(&settled(&client).await, &empty);
    let wrong = differences(&before, &after);
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}\n{report}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn online_boutique_comes_back() {
    let spec = BackupSpec {
        selection: Selection::of_namespaces(["boutique"]),
        ..BackupSpec::named("a")
    };
    round_trip("workloads/online-boutique.yaml", spec, "Completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kube_prometheus_comes_back() {
    // Its APIService has no backend here, and the backup says so.
    round_trip(
        "workloads/kube-prometheus.yaml",
        BackupSpec::named("a"),
        "PartiallyFailed",
    )
    .await;
}

/// The comparison that the tests above rest on misses nothing: of every kind, objects of the archive
/// are changed at one place at a time, and each change must be seen unless the table names the place.
#[tokio::test(flavor = "multi_thread")]
async fn every_change_outside_the_table_is_seen() {
    let Some(path) = test_data("workloads/kube-prometheus.yaml") else {
        return;
    };
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    let bucket = Bucket::start().await;
    let repository = bucket.repository();
    // Without the APIService, which would be in the way of other tests on this server.
    let manifests: Vec<Value> = read_manifest(&path)
        .into_iter()
        .filter(|object| object["kind"] != "APIService")
        .collect();
    apply(&client, &manifests).await;
    Backup::new(
        client.clone(),
        repository.clone(),
        BackupSpec::named("twin"),
    )
    .run()
    .await
    .unwrap();
    destroy(&client, &manifests).await;
    let backup = repository.open("twin").await.unwrap();
    let entries = backup.entries(&EntryFilter::default()).await.unwrap();
    let mut of_kind: BTreeMap<GroupResource, usize> = BTreeMap::new();
    let mut changed = 0;
    let mut objects = backup.read(&entries);
    while let Some((entry, bytes)) = objects.try_next().await.unwrap() {
        let seen = of_kind.entry(entry.id.resource.clone()).or_default();
        *seen += 1;
        // Definitions have tens of thousands of places; small ones of a kind have all their own tried.
        if *seen > 2 || bytes.len() > 64 << 10 {
            continue;
        }
        let object: Value = serde_json::from_slice(&bytes).unwrap();
        changed += change_each_place(&entry.id, &object);
    }
    assert!(
        of_kind.len() > 20 && changed > 1000,
        "{changed} changes over {} kinds",
        of_kind.len()
    );
}

/// How many places were changed.
fn change_each_place(id: &ObjectId, object: &Value) -> usize {
    let mut pointers = Vec::new();
    leaves(object, &mut String::new(), &mut pointers);
    let comparison = Comparison::default();
    let tolerated: BTreeSet<&str> = TOLERATED
        .iter()
        .filter(|tolerance| tolerance.kind == "*" || tolerance.kind == id.resource.to_string())
        .map(|tolerance| tolerance.pointer)
        .collect();
    let mut tried = 0;
    for pointer in pointers {
        if tolerated.iter().any(|pattern| covers(pattern, &pointer))
            || pointer.starts_with("/metadata/ownerReferences")
        {
            continue;
        }
        let mut copy = object.clone();
        let place = copy.pointer_mut(&pointer).unwrap();
        *place = match place {
            Value::String(text) => json!(format!("{text}x")),
            Value::Bool(value) => json!(!*value),
            Value::Number(number) => json!(number.as_f64().unwrap_or_default() + 1.0),
            _ => json!("x"),
        };
        let found = comparison.differences(&id.resource, object, &copy);
        assert_eq!(found, std::slice::from_ref(&pointer), "{id}");
        tried += 1;
    }
    tried
}

fn leaves(value: &Value, at: &mut String, found: &mut Vec<String>) {
    let length = at.len();
    let mut into = |key: &str, value: &Value, found: &mut Vec<String>| {
        at.push('/');
        at.push_str(&key.replace('~', "~0").replace('/', "~1"));
        leaves(value, at, found);
        at.truncate(length);
    };
    match value {
        Value::Object(fields) if !fields.is_empty() => fields
            .iter()
            .for_each(|(key, value)| into(key, value, found)),
        Value::Array(items) if !items.is_empty() => {
            items
                .iter()
                .enumerate()
                .for_each(|(n, value)| into(&n.to_string(), value, found));
        }
        // An empty map says what an absent one says.
        Value::Object(_) => {}
        _ => found.push(at.clone()),
    }
}

/// Whether `pointer` lies at or below what `pattern` matches.
fn covers(pattern: &str, pointer: &str) -> bool {
    let mut steps = pointer.split('/');
    pattern.split('/').all(|wanted| {
        steps
            .next()
            .is_some_and(|step| wanted == "*" || wanted == step)
    })
}
