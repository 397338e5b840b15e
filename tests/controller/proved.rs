//! Backups that are proved: read back, and restored into a cluster that nobody sees.

use std::time::{Duration, Instant};

use ack_backup_center::drill::Drill;
use ack_backup_center::engine::Repository;
use alibaba_local::{Fault, Rule};
use kube_local::KubeLocal;
use object_store::ObjectStoreExt as _;
use serde_json::{Value, json};

use crate::cluster::{list, object};
use crate::world::{BUCKET, World, cloud};

/// An application with what drills are about: its own kind with objects of it, roles, a class and a claim, owners, finalizers, and
/// a webhook that nobody answers. All have label `of: NAMESPACE`.
async fn application(world: &World) -> String {
    let shop = world.application().await;
    let group = format!("{shop}.example.com");
    let labels = json!({"of": shop});
    let labelled = json!({"metadata": {"labels": labels}});
    for path in [
        format!("/api/v1/namespaces/{shop}"),
        format!("/api/v1/namespaces/{shop}/configmaps/web"),
        format!("/api/v1/namespaces/{shop}/secrets/web"),
        format!("/api/v1/namespaces/{shop}/services/web"),
        format!("/apis/apps/v1/namespaces/{shop}/deployments/web"),
    ] {
        test_support::patch(&world.client, &path, &labelled).await;
    }
    define(world, &group, &labels, json!({"type": "string"})).await;
    let owner = world
        .read(&format!("/api/v1/namespaces/{shop}/configmaps/web"))
        .await
        .unwrap();
    let owners = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "web", "uid": owner["metadata"]["uid"]}]);
    let meta = |name: &str| json!({"name": name, "labels": labels});
    let hook = json!({
        "name": format!("carts.{group}"), "failurePolicy": "Ignore", "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"namespace": shop, "name": "web", "path": "/"}},
        "namespaceSelector": {"matchLabels": {"of": shop}},
        "rules": [{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["carts"]}],
    });
    for (list, object) in [
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles".to_owned(),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": meta(&shop),
                "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings".to_owned(),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": meta(&shop),
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": shop},
                "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": shop}]}),
        ),
        (
            "/apis/storage.k8s.io/v1/storageclasses".to_owned(),
            json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": meta(&shop), "provisioner": "example.com/none"}),
        ),
        (
            "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations".to_owned(),
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": meta(&shop), "webhooks": [hook]}),
        ),
        (
            format!("/api/v1/namespaces/{shop}/serviceaccounts"),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta("web")}),
        ),
        (
            format!("/api/v1/namespaces/{shop}/persistentvolumeclaims"),
            json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("data"),
                "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": shop, "resources": {"requests": {"storage": "1Gi"}}}}),
        ),
        (
            format!("/apis/{group}/v1/namespaces/{shop}/carts"),
            json!({"apiVersion": format!("{group}/v1"), "kind": "Cart", "spec": {"size": "large"},
                "metadata": {"name": "full", "labels": labels, "finalizers": ["example.com/held"], "ownerReferences": owners}}),
        ),
    ] {
        test_support::create(&world.client, &list, object).await;
    }
    shop
}

/// The kind of carts, whose field `size` is of this schema.
async fn define(world: &World, group: &str, labels: &Value, size: Value) {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": size}}}});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("carts.{group}"), "labels": labels},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"plural": "carts", "singular": "cart", "kind": "Cart", "listKind": "CartList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    });
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let path = format!("{definitions}/carts.{group}");
    test_support::create(&world.client, definitions, definition).await;
    let is_served = |it: &Value| {
        let all = it["status"]["conditions"].as_array();
        all.is_some_and(|all| {
            all.iter()
                .any(|it| it["type"] == "Established" && it["status"] == "True")
        })
    };
    test_support::until(&world.client, &path, "served", is_served).await;
}

fn backup_of(shop: &str) -> Value {
    json!({
        "storageLocation": "vault-a",
        "includedNamespaces": [shop],
        "labelSelector": {"matchLabels": {"of": shop}},
        "includeClusterResources": true,
    })
}

async fn proved(world: &World, name: &str, phase: &str) -> Value {
    let what = format!("{name} is {phase}");
    world
        .until("ApplicationBackup", name, &what, |it| {
            it["status"]["verification"]["phase"] == phase
        })
        .await
}

async fn ask_for(world: &World, name: &str, level: &str) {
    let change = json!({"spec": {"verification": level}});
    test_support::patch(
        &world.client,
        &world.path("ApplicationBackup", name),
        &change,
    )
    .await;
}

fn condition(object: &Value, kind: &str) -> Value {
    let all = object["status"]["conditions"].as_array().unwrap();
    let found = all.iter().find(|it| it["type"] == kind);
    found.cloned().unwrap_or_default()
}

/// The largest file of a backup with one byte changed.
async fn damage(repository: &Repository, key: &str) {
    let path = object_store::path::Path::from(key);
    let store = repository.store();
    let mut bytes = store
        .get(&path)
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap()
        .to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    store.put(&path, bytes.into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_backup_is_proved_and_one_that_was_damaged_or_does_not_come_back_is_not() {
    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = application(&world).await;

    // Proved, as the backup itself asks for it.
    let mut spec = backup_of(&shop);
    spec["verification"] = "Drill".into();
    world.create("ApplicationBackup", "sound", spec).await;
    let sound = proved(&world, "sound", "Passed").await;
    let verification = &sound["status"]["verification"];
    assert_eq!(sound["status"]["phase"], "Completed");
    assert_eq!(verification["level"], "Drill");
    // Namespace, definition, class, webhook, role, binding; ConfigMap, Secret, Service, Deployment, account, claim, cart.
    assert!(verification["objects"].as_i64().unwrap() >= 13, "{sound:#}");
    assert_eq!(verification["firstDifference"], Value::Null);
    assert_eq!(condition(&sound, "Verified")["reason"], "Restored");
    let told = world.events("sound").await;
    assert!(told.iter().any(|it| it.0 == "Verified"), "{told:?}");

    // Damaged in the bucket after the fact: each level finds it.
    for (name, level) in [("bitten", "Verify"), ("broken", "Drill")] {
        world
            .create("ApplicationBackup", name, backup_of(&shop))
            .await;
        let made = world.phase("ApplicationBackup", name, "Completed").await;
        assert_eq!(made["status"]["verification"], Value::Null);
        damage(
            &world.repository(""),
            &format!("backups/{name}/{name}.tar.gz"),
        )
        .await;
        ask_for(&world, name, level).await;
        let found = proved(&world, name, "Failed").await;
        let first = found["status"]["verification"]["firstDifference"]
            .as_str()
            .unwrap();
        assert!(
            first.starts_with("archive: ") || first.contains("cannot be read"),
            "{first}"
        );
        assert_eq!(condition(&found, "Verified")["status"], "False");
        let told = world.events(name).await;
        assert!(
            told.iter().any(|it| it.0 == "VerificationFailed"),
            "{told:?}"
        );
    }

    // A definition that was narrowed since: what is there is served still, and cannot be made again.
    let group = format!("{shop}.example.com");
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/carts.{group}");
    let narrow = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "string", "maxLength": 3}}}}});
    let versions = json!([{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": narrow}}]);
    test_support::patch(
        &world.client,
        &path,
        &json!({"spec": {"versions": versions}}),
    )
    .await;
    let mut spec = backup_of(&shop);
    spec["verification"] = "Drill".into();
    world.create("ApplicationBackup", "narrowed", spec).await;
    let found = proved(&world, "narrowed", "Failed").await;
    assert_eq!(found["status"]["phase"], "Completed");
    assert_eq!(found["status"]["verification"]["differences"], 1);
    let first = found["status"]["verification"]["firstDifference"]
        .as_str()
        .unwrap();
    assert!(
        first.starts_with(&format!("carts.{group} {shop}/full: it cannot be restored")),
        "{first}"
    );
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_asks_its_own_cluster_only_and_survives_a_restart() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let first = world.controller();
    // The vault asks for it, and its backups need not.
    let spec = json!({"objectStorage": {"bucket": BUCKET}, "verification": "Drill"});
    world.create("BackupLocation", "vault-a", spec).await;
    world.phase("BackupLocation", "vault-a", "Available").await;
    let shop = application(&world).await;
    // The archive is written, and never read: the drill stops in its middle.
    cloud.faults().add(
        Rule::new(Fault::NeverReply)
            .service("oss")
            .operation("GetObject")
            .key_contains("day.tar.gz"),
    );
    world
        .create("ApplicationBackup", "day", backup_of(&shop))
        .await;
    proved(&world, "day", "InProgress").await;
    let started = Instant::now();
    let is_read = || {
        let all = cloud.requests().all();
        all.iter().any(|it| {
            let key = it.key.as_deref().unwrap_or_default();
            it.operation == "GetObject" && key.ends_with("day.tar.gz")
        })
    };
    while !is_read() {
        assert!(started.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.kill();
    cloud.faults().clear();
    cluster.requests().clear();
    let next = world.controller();
    let done = proved(&world, "day", "Passed").await;
    assert!(
        done["status"]["verification"]["objects"].as_i64().unwrap() >= 13,
        "{done:#}"
    );
    let asked = cluster.requests().all();
    let others: Vec<_> = asked
        .iter()
        .filter(|it| {
            let own = it.path.contains("/apis/csdr.alibabacloud.com/")
                || it.path.contains("/apis/events.k8s.io/");
            // The settings, the credentials of the vault, and which cluster it is.
            let start = it.path.ends_with("/configmaps")
                || it.path.contains("/secrets/")
                || it.path == "/api/v1/namespaces/kube-system";
            !own && !start
        })
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    // It is not done again, and a plan that has proved backups says when.
    let writes = cluster
        .requests()
        .count_where(|it| it.is_write() && it.path.ends_with("/applicationbackups/day/status"));
    assert_eq!(writes, 2, "it began, and was over");
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_leaves_nothing_of_a_namespace_in_memory_and_compares_every_namespace() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let mut shops = Vec::new();
    for _ in 0..3 {
        shops.push(application(&world).await);
    }
    let spec = json!({"storageLocation": "vault-a", "includedNamespaces": shops, "includeClusterResources": true});
    world.create("ApplicationBackup", "day", spec).await;
    world.phase("ApplicationBackup", "day", "Completed").await;
    let report = Drill::new(world.repository(""), "day").run().await.unwrap();
    assert!(report.is_proved(), "{report}");
    assert_eq!(report.namespaces, 3, "{report}");
    assert!(report.objects >= 3 * 11, "{report}");
    let missing = Drill::new(world.repository(""), "night").run().await;
    assert_eq!(
        missing.unwrap_err().kind(),
        ack_backup_center::engine::ErrorKind::NotFound
    );
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_has_its_backups_proved_and_keeps_the_good_ones() {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    let controller = world.controller();
    world.vault("vault-a", "").await;
    let shop = world.application().await;
    let spec = json!({
        "schedule": "0 0 1 1 *", "runAt": soon(), "verification": "Drill",
        "template": {"storageLocation": "vault-a", "includedNamespaces": [shop]},
        "retention": {"keepLast": 1},
    });
    world.create("BackupSchedule", "yearly", spec).await;
    let plan = world
        .until("BackupSchedule", "yearly", "has made one", |it| {
            it["status"]["lastBackupName"].is_string()
        })
        .await;
    let first = plan["status"]["lastBackupName"]
        .as_str()
        .unwrap()
        .to_owned();
    let backup = proved(&world, &first, "Passed").await;
    assert_eq!(backup["spec"]["verification"], "Drill");
    // Looked at again, it says so.
    let change = json!({"spec": {"runAt": soon()}});
    test_support::patch(
        &world.client,
        &world.path("BackupSchedule", "yearly"),
        &change,
    )
    .await;
    world
        .until("BackupSchedule", "yearly", "knows", |it| {
            it["status"]["lastVerified"].is_string()
        })
        .await;
    controller.stop().await;
}

/// In a second, since a run at a time before the plan is none.
fn soon() -> String {
    let at = chrono::Utc::now() + chrono::TimeDelta::seconds(1);
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Of the backups of a plan: who is to go, by what became of the newest one's drill.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_failed_its_drill_takes_no_place_of_a_good_one() {
    use ack_backup_center::crds::BackupSchedule;
    use ack_backup_center::schedules::Scheduler;
    use chrono::{TimeDelta, Utc};

    let cloud = cloud().await;
    let Some(world) = World::real(&cloud).await else {
        return;
    };
    let now = Utc::now();
    let plan = object(
        "BackupSchedule",
        "daily",
        &json!({"schedule": "@daily", "template": {"storageLocation": "vault-a"}, "retention": {"keepLast": 1}}),
    );
    let plan = world.create_object(plan).await;
    for (name, age, passed) in [("old", 3, true), ("good", 2, true), ("bad", 1, false)] {
        let mut backup = object(
            "ApplicationBackup",
            name,
            &json!({"storageLocation": "vault-a", "ttl": "1h"}),
        );
        backup["metadata"]["labels"] = json!({"csdr/schedule-name": "daily"});
        world.create_object(backup).await;
        let at = |ago: TimeDelta| (now - ago).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let of = at(TimeDelta::days(age));
        let verification = match passed {
            true => json!({"phase": "Passed", "level": "Drill", "completionTimestamp": of}),
            // While it is proved again, it is as bad as it was.
            false => {
                json!({"phase": "InProgress", "level": "Drill", "firstDifference": "archive: it is damaged"})
            }
        };
        let status = json!({
            "phase": "Completed", "startTimestamp": of, "completionTimestamp": of, "sourceCluster": "here",
            // All have expired.
            "expiration": at(TimeDelta::hours(1)), "verification": verification,
        });
        let path = format!("{}/status", world.path("ApplicationBackup", name));
        test_support::patch(&world.client, &path, &json!({"status": status})).await;
    }
    let scheduler = Scheduler::new(world.client.clone(), &world.namespace, "here");
    let plan: BackupSchedule = serde_json::from_value(plan).unwrap();
    let step = scheduler.step(&plan, now).await.unwrap();
    let requests = world
        .read(&list("DeleteRequest", &world.namespace))
        .await
        .unwrap();
    let mut doomed: Vec<_> = requests["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["spec"]["deleteObjectName"].as_str().unwrap())
        .collect();
    doomed.sort_unstable();
    // The newest good one stays, whatever its age.
    assert!(!doomed.contains(&"good"), "{doomed:?} {step:?}");
    assert!(doomed.contains(&"old"), "{doomed:?} {step:?}");
    assert!(step.status.last_verified.is_some());
}
