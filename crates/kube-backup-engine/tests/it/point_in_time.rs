//! Lists that fail, and history that runs out in the middle of a backup.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::cluster::{client, create};
use futures::TryStreamExt as _;
use kube::Client;
use kube_backup_engine::backup::{Backup, BackupProgress, BackupReport, BackupSpec};
use kube_backup_engine::{Phase, PointInTime, Repository, Selection};
use kube_local::{Fault, KubeLocal, Rule};
use object_store::memory::InMemory;
use serde_json::json;

const PODS: &str = "/api/v1/namespaces/shop/pods";
const MAPS: &str = "/api/v1/namespaces/shop/configmaps";

/// What there is besides Pods: the namespace and its ConfigMaps, of which one is the server's own.
const OTHERS: usize = 1 + 2;

/// A namespace with several pages of Pods, all of which refer to one ConfigMap.
async fn crowd(client: &Client, pods: usize) {
    let namespace = json!({"metadata": {"name": "shop"}});
    create(client, "/api/v1/namespaces", namespace).await;
    create(client, MAPS, json!({"metadata": {"name": "early"}})).await;
    for n in 0..pods {
        pod(client, &format!("a{n}"), "early").await;
    }
}

async fn pod(client: &Client, name: &str, map: &str) {
    let pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i",
        "envFrom": [{"configMapRef": {"name": map}}]}]}});
    create(client, PODS, pod).await;
}

async fn back_up(
    client: &Client,
    kinds: &[&str],
    on_progress: impl Fn(BackupProgress) + Send + Sync + 'static,
) -> (BackupReport, Vec<String>) {
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let spec = BackupSpec {
        selection: Selection {
            included_namespaces: ["shop".to_owned()].into(),
            included_resources: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    };
    let report = Backup::new(client.clone(), repository.clone(), spec)
        .on_progress(on_progress)
        .run()
        .await
        .unwrap();
    let backup = repository.open("a").await.unwrap();
    let objects: Vec<String> = backup
        .stream()
        .map_ok(|(entry, _)| entry.id.to_string())
        .try_collect()
        .await
        .unwrap();
    let names: BTreeSet<&String> = objects.iter().collect();
    assert_eq!(names.len(), objects.len(), "an object is there twice");
    (report, objects)
}

fn point_in_time(report: &BackupReport) -> PointInTime {
    report.record.point_in_time().unwrap().unwrap()
}

fn excepted(report: &BackupReport) -> Vec<String> {
    point_in_time(report).except.into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_after_the_history_has_run_out_holds_all_that_is_referred_to() {
    let cluster = Arc::new(KubeLocal::start().await.unwrap());
    let client = client(&cluster);
    crowd(&client, 1100).await;
    let once = Mutex::new(Some((Arc::clone(&cluster), client.clone())));
    let meanwhile = move |progress: BackupProgress| {
        // The ConfigMaps have been read, the Pods not to their end.
        if progress.lists_done != 1 {
            return;
        }
        let Some((cluster, client)) = once.lock().unwrap().take() else {
            return;
        };
        assert!(progress.objects < 1100, "too late: {progress:?}");
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                create(&client, MAPS, json!({"metadata": {"name": "late"}})).await;
                pod(&client, "z", "late").await;
            });
        });
        cluster.compact();
    };
    let (report, objects) = back_up(&client, &["pods", "configmaps"], meanwhile).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    // Their definitions are read later still.
    assert_eq!(
        excepted(&report),
        [
            "configmaps",
            "customresourcedefinitions.apiextensions.k8s.io",
            "pods"
        ]
    );
    for name in ["pods shop/z", "pods shop/a1099", "configmaps shop/late"] {
        assert!(objects.iter().any(|object| object == name), "{name}");
    }
    assert_eq!(objects.len(), OTHERS + 1 + 1101);
}

#[tokio::test]
async fn a_list_that_loses_its_place_is_read_again_from_its_beginning() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    crowd(&client, 600).await;
    cluster.requests().clear();
    // A 410 without a token to go on with, in the middle. The server still has the history.
    let second_page =
        Rule::new(Fault::Status(410, "Expired")).path_contains("/pods?limit=500&continue");
    cluster.faults().add(second_page.times(1));
    let (report, objects) = back_up(&client, &["pods", "configmaps"], |_| {}).await;
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    assert_eq!(excepted(&report), ["pods"]);
    assert_eq!(objects.len(), OTHERS + 600);
    let lists = |what: &str| {
        let requests = cluster.requests();
        requests.count_where(|request| request.path.ends_with(what))
    };
    // Nothing was read twice for that: it may be a server behind an APIService that counts for itself.
    assert_eq!(lists("/configmaps"), 1);
}

#[tokio::test]
async fn undisturbed_a_backup_is_of_one_point_in_time_and_asks_once_for_each_page() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    crowd(&client, 600).await;
    cluster.requests().clear();
    let (report, objects) = back_up(&client, &["pods", "configmaps"], |_| {}).await;
    assert!(point_in_time(&report).is_one());
    assert_eq!(objects.len(), OTHERS + 600);
    // Two of discovery, version, namespaces, two pages of Pods, ConfigMaps, definitions.
    assert_eq!(cluster.requests().count(), 8);
}

#[tokio::test]
async fn a_list_that_fails_for_good_is_named_and_the_rest_is_there() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    crowd(&client, 600).await;
    let pods = Rule::new(Fault::Status(500, "InternalError"));
    cluster
        .faults()
        .add(pods.path_contains("/pods?limit=500&continue"));
    let (report, objects) = back_up(&client, &["pods", "configmaps"], |_| {}).await;
    assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
    let errors = &report.results.errors.namespaces["shop"];
    assert_eq!(errors.len(), 1, "{report}");
    assert!(
        errors[0].starts_with("pods could not be listed and are missing or incomplete"),
        "{report}"
    );
    // What was read of it is kept: a part of a list is better than none of it.
    assert_eq!(objects.len(), OTHERS + 500);
}
