//! Specifications that no one meant, written by clients without rules: each is said, and none keeps a controller busy.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use kube_local::KubeLocal;
use serde_json::{Value, json};

use crate::cluster::{list, object};
use crate::world::{World, cloud};

const KINDS: [&str; 6] = [
    "BackupLocation",
    "ApplicationBackup",
    "ApplicationRestore",
    "BackupSchedule",
    "ConvertToSnapshot",
    "DeleteRequest",
];
/// Of each kind.
const OBJECTS: usize = 40;

/// As in a cluster whose definitions are of another version: everything passes.
async fn lets_everything_pass(world: &World) {
    let all = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for kind in KINDS {
        let path = format!("{all}/{}s.csdr.alibabacloud.com", kind.to_lowercase());
        let mut definition = world.read(&path).await.unwrap();
        let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] =
            json!({"type": "object", "properties": {"spec": anything, "status": anything}});
        test_support::send(&world.client, http::Method::PUT, &path, &definition)
            .await
            .unwrap();
    }
}

/// What somebody may have meant.
fn sensible(kind: &str) -> Value {
    match kind {
        "BackupLocation" => json!({
            "provider": "alibabacloud", "objectStorage": {"bucket": "none-of-this-name", "prefix": "a"},
            "config": {"network": "internal", "region": "cn-hangzhou", "endpoint": ""},
            "accessMode": "ReadWrite", "backupSyncPeriod": "1h", "validationFrequency": "1h", "verification": "Drill",
        }),
        "ApplicationBackup" => json!({
            "storageLocation": "vault-a", "includedNamespaces": ["shop-*"], "excludedNamespaces": ["none"],
            "includedResources": ["configmaps"], "labelSelector": {"matchLabels": {"a": "b"}},
            "includeClusterResources": false, "pvBackup": {"defaultPvBackup": false}, "ttl": "720h", "verification": "Verify",
        }),
        "ApplicationRestore" => json!({
            "backupName": "none", "scheduleName": "", "includedNamespaces": ["shop"], "namespaceMapping": {"a": "b"},
            "existingResourcePolicy": "none", "preserveNodePorts": true, "resourceModifier": {"name": "none"},
        }),
        "BackupSchedule" => json!({
            "schedule": "0 3 1 1 *", "timeZone": "Asia/Shanghai", "paused": false, "skipImmediately": false, "catchUp": "None",
            "template": {"storageLocation": "vault-a"}, "retention": {"keepLast": 3, "keepWithin": "48h"}, "verification": "Drill",
        }),
        "ConvertToSnapshot" => json!({"backupName": "none", "convertedarg": []}),
        _ => json!({"deleteObjectName": "none", "deleteObjectType": "Restore"}),
    }
}

fn anything(random: &mut Rng) -> Value {
    match random.u8(0..12) {
        0 => Value::Null,
        1 => json!(random.i64(..)),
        2 => json!(-1.5),
        3 => json!(random.bool()),
        4 => json!([]),
        5 => json!({}),
        6 => json!([null, {"a": [1]}, "b"]),
        7 => json!("\u{0}\u{202e}`${HOME}`\n"),
        8 => json!("9".repeat(400)),
        9 => json!("*/0 99 31 2 8"),
        10 => json!("-1h"),
        _ => json!("../../etc"),
    }
}

/// A field of it, at any depth, is another value, or gone, or one more is there.
fn spoil(random: &mut Rng, value: &mut Value) {
    if let Value::Object(fields) = value {
        if !fields.is_empty() && random.u8(0..10) < 9 {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = &names[random.usize(0..names.len())];
            match (random.u8(0..6), &fields[name]) {
                (0, _) => {
                    fields.remove(name);
                }
                (_, Value::Object(inner)) if !inner.is_empty() && random.bool() => {
                    spoil(random, fields.get_mut(name).unwrap());
                }
                _ => {
                    fields.insert(name.clone(), anything(random));
                }
            }
            return;
        }
        fields.insert("unheardOf".to_owned(), anything(random));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn specifications_that_no_one_meant_are_said_and_keep_nobody_busy() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    lets_everything_pass(&world).await;
    let mut random = Rng::with_seed(16);
    let mut specs = BTreeMap::new();
    for kind in KINDS {
        for number in 0..OBJECTS {
            let mut spec = sensible(kind);
            for _ in 0..random.usize(1..4) {
                spoil(&mut random, &mut spec);
            }
            let name = format!("odd-{number}");
            specs.insert((kind, name.clone()), spec.clone());
            let path = list(kind, "csdr");
            test_support::create(&world.client, &path, object(kind, &name, &spec)).await;
        }
    }
    cluster.requests().clear();
    let controller = world.controller();
    // Those that are as they should be are not kept from anything.
    world.vault("vault-a", "").await;
    world.backed_up("good").await;
    for ((kind, name), spec) in &specs {
        let told = world
            .until(kind, name, "told what becomes of it", |it| {
                // A request that asks for nothing is met, and gone.
                it.is_null() || it["status"]["phase"].is_string()
            })
            .await;
        if told.is_null() {
            assert_eq!(*kind, "DeleteRequest", "{spec}");
            continue;
        }
        let phase = told["status"]["phase"].as_str().unwrap();
        if ["Failed", "FailedValidation", "Unavailable"].contains(&phase) {
            let message = told["status"]["message"].as_str().unwrap_or_default();
            assert!(!message.is_empty(), "{kind} {name}: {told:#}");
        }
    }
    // It comes to rest: whoever is wrong is not looked at again and again.
    let mut quiet = 0;
    let mut before = 0;
    for _ in 0..200 {
        let writes = cluster.requests().count_where(|it| {
            it.is_write()
                && it.path.contains("/apis/csdr.alibabacloud.com/")
                && it.path.contains("/odd-")
        });
        quiet = if writes == before { quiet + 1 } else { 0 };
        if quiet == 8 {
            break;
        }
        before = writes;
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert_eq!(quiet, 8, "it never comes to rest");
    let mut writes: BTreeMap<String, usize> = BTreeMap::new();
    for request in cluster.requests().all() {
        if request.is_write() && request.path.contains("/odd-") {
            *writes.entry(request.path).or_default() += 1;
        }
    }
    let many: Vec<_> = writes.iter().filter(|(_, count)| **count > 8).collect();
    assert!(many.is_empty(), "{many:#?}");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_says_for_what_by_a_condition_and_an_event_and_goes_on_when_it_is_there() {
    use alibaba_local::{Fault, Rule};

    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    let shop = world.application().await;
    // A vault that is not there yet.
    world
        .create(
            "ApplicationBackup",
            "day",
            json!({"storageLocation": "vault-a", "includedNamespaces": [shop]}),
        )
        .await;
    world.phase("ApplicationBackup", "day", "New").await;
    told(
        &world,
        "ApplicationBackup",
        "day",
        "WaitsForVault",
        "`vault-a`",
    )
    .await;
    // A backup that is not finished.
    cloud.faults().add(
        Rule::new(Fault::NeverReply)
            .service("oss")
            .key_contains("day.tar.gz"),
    );
    world.vault("vault-a", "").await;
    world.phase("ApplicationBackup", "day", "InProgress").await;
    let spec = json!({"backupName": "day", "namespaceMapping": {&shop: format!("{shop}-dr")}});
    world.create("ApplicationRestore", "early", spec).await;
    told(
        &world,
        "ApplicationRestore",
        "early",
        "WaitsForBackup",
        "not finished",
    )
    .await;
    cloud.faults().clear();
    controller.kill();
    let controller = world.controller();
    world.phase("ApplicationBackup", "day", "Completed").await;
    world
        .phase("ApplicationRestore", "early", "Completed")
        .await;
    controller.stop().await;
}

async fn told(world: &World, kind: &str, name: &str, reason: &str, why: &str) {
    let waits = |it: &Value| {
        let all = it["status"]["conditions"].as_array().cloned();
        all.unwrap_or_default().iter().any(|it| {
            it["type"] == "Ready"
                && it["status"] == "False"
                && it["reason"] == reason
                && it["message"].as_str().is_some_and(|it| it.contains(why))
        })
    };
    world.until(kind, name, reason, waits).await;
    for _ in 0..200 {
        let events = world.events(name).await;
        if events
            .iter()
            .any(|(of, note)| of == reason && note.contains(why))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "no event {reason} of {name}: {:?}",
        world.events(name).await
    );
}
