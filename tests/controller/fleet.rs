//! Many plans and many backups: what a controller asks the API server for does not grow with them.

use std::collections::BTreeMap;

use ack_backup_center::crds::ApplicationBackup;
use ack_backup_center::schedules::Scheduler;
use chrono::Utc;
use futures::{StreamExt as _, TryStreamExt as _};
use http::Method;
use kube::Api;
use kube_local::{KubeLocal, RequestRecord};
use serde_json::{Value, json};

use crate::cluster::{list, object};
use crate::world::{World, cloud};

const KINDS: [&str; 6] = [
    "BackupLocation",
    "ApplicationBackup",
    "ApplicationRestore",
    "BackupSchedule",
    "DeleteRequest",
    "ConvertToSnapshot",
];

async fn create_all(world: &World, kind: &str, objects: Vec<Value>) {
    let path = list(kind, &world.namespace);
    let creating = objects.into_iter().map(|object| {
        let (client, path) = (world.client.clone(), path.clone());
        async move {
            let sent = test_support::send(&client, Method::POST, &path, &object);
            sent.await.map(drop)
        }
    });
    let all = futures::stream::iter(creating).buffer_unordered(16);
    all.try_collect::<Vec<()>>().await.unwrap();
}

/// Has what is created keep its status, so that one request makes a backup that is over.
async fn keeps_statuses(world: &World) {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/applicationbackups.csdr.alibabacloud.com";
    let mut definition = world.read(path).await.unwrap();
    let version = definition["spec"]["versions"][0].as_object_mut().unwrap();
    version.remove("subresources");
    let sent = test_support::send(&world.client, Method::PUT, path, &definition);
    sent.await.unwrap();
}

fn plan(number: usize) -> Value {
    let template = json!({"storageLocation": "elsewhere", "includedNamespaces": ["shop"]});
    let spec =
        json!({"schedule": "0 3 1 1 *", "template": template, "retention": {"keepLast": 400}});
    object("BackupSchedule", &format!("plan-{number}"), &spec)
}

/// One of a plan that is over.
fn backup(number: usize, plans: usize) -> Value {
    let plan = format!("plan-{}", number % plans);
    let spec =
        json!({"storageLocation": "elsewhere", "includedNamespaces": ["shop"], "ttl": "720h0m0s"});
    let mut backup = object("ApplicationBackup", &format!("{plan}-{number}"), &spec);
    backup["metadata"]["labels"] = json!({"csdr/schedule-name": plan});
    backup["status"] = json!({"phase": "Completed", "startTimestamp": "2026-11-01T00:00:00Z",
        "completionTimestamp": "2026-11-01T00:01:00Z", "objects": 1200, "fromSchedule": plan});
    backup
}

/// What a controller reads of each kind until it has told every plan when it will run next.
async fn reads(plans: usize, backups: usize) -> BTreeMap<String, [usize; 2]> {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    keeps_statuses(&world).await;
    create_all(&world, "BackupSchedule", (0..plans).map(plan).collect()).await;
    let all = (0..backups).map(|number| backup(number, plans)).collect();
    create_all(&world, "ApplicationBackup", all).await;
    cluster.requests().clear();
    let controller = world.controller();
    // Nothing is asked for to find out: that would be counted.
    let told = |it: &RequestRecord| it.is_write() && it.path.ends_with("/status");
    let of = |kind: &'static str| {
        let all = list(kind, "csdr");
        move |it: &RequestRecord| it.path == all && !it.is_write()
    };
    let is_watched = |kind| {
        let of = of(kind);
        cluster.requests().count_where(|it| of(it) && it.is_watch()) > 0
    };
    let started = std::time::Instant::now();
    while cluster.requests().count_where(told) < plans || !KINDS.into_iter().all(is_watched) {
        assert!(started.elapsed().as_secs() < 90);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let reads = KINDS.map(|kind| {
        let of = of(kind);
        let watches = cluster.requests().count_where(|it| of(it) && it.is_watch());
        let lists = cluster
            .requests()
            .count_where(|it| of(it) && !it.is_watch());
        (kind.to_owned(), [lists, watches])
    });
    // Nor of one object.
    let single =
        |it: &RequestRecord| it.method == "GET" && it.path.contains("/csdr.alibabacloud.com/");
    let whole: usize = reads.iter().flat_map(|(_, counts)| counts).sum();
    assert_eq!(cluster.requests().count_where(single), whole);
    controller.stop().await;
    let plan = world.get("BackupSchedule", "plan-0").await.unwrap();
    assert_eq!(plan["status"]["retention"]["kept"], backups.div_ceil(plans));
    reads.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_listed_and_watched_once_however_many_plans_and_backups_there_are() {
    let once = KINDS.map(|kind| (kind.to_owned(), [1, 1])).into();
    assert_eq!(reads(2, 6).await, once);
    // All of these fit into one page of a list.
    assert_eq!(reads(40, 200).await, once);
}

/// One of a plan that was deleted, and long expired.
fn orphan(number: usize) -> Value {
    let mut backup = backup(number, 1);
    backup["metadata"]["labels"] = json!({"csdr/schedule-name": "gone"});
    backup["status"]["expiration"] = json!("2026-11-02T00:00:00Z");
    backup["status"]["startTimestamp"] = json!(format!("2026-11-01T00:{:02}:00Z", number % 60));
    backup
}

/// What is asked for when so many backups of a plan that is gone have expired: lists of backups, all about plans, deletions.
async fn asked_of_orphans(backups: usize) -> [usize; 3] {
    let cloud = cloud().await;
    let cluster = KubeLocal::start().await.unwrap();
    let world = World::local(&cluster.url(), &cloud).await;
    keeps_statuses(&world).await;
    create_all(
        &world,
        "ApplicationBackup",
        (0..backups).map(orphan).collect(),
    )
    .await;
    let all = [
        list("ApplicationBackup", "csdr"),
        list("BackupSchedule", "csdr"),
        list("DeleteRequest", "csdr"),
    ];
    let all: [std::sync::Arc<str>; 3] = all.map(Into::into);
    let scheduler = Scheduler::new(world.client.clone(), "csdr", "this-cluster");
    let found = Api::<ApplicationBackup>::namespaced(world.client.clone(), "csdr");
    let found = found.list(&Default::default()).await.unwrap();
    cluster.requests().clear();
    // As a controller has them looked at: several at once.
    let looks = found
        .items
        .iter()
        .map(|backup| scheduler.expire(backup, Utc::now()));
    let looks = futures::stream::iter(looks).buffer_unordered(16);
    let told: Vec<_> = looks.try_collect().await.unwrap();
    // The newest good one stays.
    assert_eq!(
        told.iter().filter(|it| !it.0.is_empty()).count(),
        backups - 1
    );
    all.map(|path| {
        cluster
            .requests()
            .count_where(|it| it.path.starts_with(&*path))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_that_have_expired_together_are_looked_for_once_however_many_they_are() {
    let [lists, of_plans, deletions] = asked_of_orphans(6).await;
    assert_eq!((lists, deletions), (1, 5));
    assert_eq!(asked_of_orphans(60).await, [lists, of_plans, 59]);
}
