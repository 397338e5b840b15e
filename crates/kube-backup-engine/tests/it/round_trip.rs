//! A backup and its restore on an embedded cluster and a store in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::{carts, client, delete, get, shop};
use futures::TryStreamExt as _;
use kube::Client;
use kube_backup_engine::backup::{Backup, BackupSpec, Selector};
use kube_backup_engine::compare::Comparison;
use kube_backup_engine::restore::{Outcome, Restore, RestoreReport, RestoreSpec, SkipReason};
use kube_backup_engine::{
    EntryFilter, ErrorKind, ObjectId, Phase, ReadLimits, Repository, RunOptions, Selection,
};
use kube_local::KubeLocal;
use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;
use serde_json::Value;

fn repository() -> Repository {
    Repository::new(Arc::new(InMemory::new()), "")
}

async fn objects(repository: &Repository, name: &str) -> BTreeMap<ObjectId, Value> {
    let backup = repository.open(name).await.unwrap();
    backup
        .stream()
        .map_ok(|(entry, bytes)| (entry.id, serde_json::from_slice(&bytes).unwrap()))
        .try_collect()
        .await
        .unwrap()
}

fn names(objects: &BTreeMap<ObjectId, Value>) -> Vec<String> {
    objects.keys().map(ToString::to_string).collect()
}

async fn restore(
    client: &Client,
    repository: &Repository,
    name: &str,
    spec: RestoreSpec,
) -> RestoreReport {
    let backup = repository.open(name).await.unwrap();
    Restore::new(client.clone(), backup, spec)
        .run()
        .await
        .unwrap()
}

fn outcome(report: &RestoreReport, name: &str) -> Outcome {
    let item = report.items.iter().find(|item| item.id.to_string() == name);
    item.unwrap_or_else(|| panic!("{name} is not in {report}"))
        .outcome
        .clone()
}

fn of_namespace(name: &str, backup: &str) -> BackupSpec {
    BackupSpec {
        selection: Selection::of_namespaces([name]),
        ..BackupSpec::named(backup)
    }
}

/// Compares what two backups hold of the same namespaces.
fn assert_equal(
    before: &BTreeMap<ObjectId, Value>,
    after: &BTreeMap<ObjectId, Value>,
    mapping: &BTreeMap<String, String>,
) {
    let comparison = Comparison::default().with_namespace_mapping(mapping);
    let mapped = |name: &String| mapping.get(name).unwrap_or(name).clone();
    for (id, object) in before {
        let mut target = id.clone();
        target.namespace = target.namespace.as_ref().map(mapped);
        if id.resource.is("", "namespaces") {
            target.name = mapped(&target.name);
        }
        let copy = after
            .get(&target)
            .unwrap_or_else(|| panic!("{target} is missing"));
        assert_eq!(
            comparison.differences(&id.resource, object, copy),
            Vec::<String>::new(),
            "{id}"
        );
    }
}

#[tokio::test]
async fn what_could_not_be_read_back_is_left_out_by_name() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    shop(&client, "shop").await;
    let limits = ReadLimits {
        max_object: 600,
        ..ReadLimits::default()
    };
    let repository = repository().with_read_limits(limits);
    let backup = Backup::new(client, repository.clone(), of_namespace("shop", "a"));
    let report = backup.run().await.unwrap();
    assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
    let errors: Vec<&str> = report.results.errors.messages().collect();
    assert!(
        errors
            .iter()
            .any(|error| error.contains("deployments.apps shop/web: it has")),
        "{report}"
    );
    let kept = objects(&repository, "a").await;
    assert!(!names(&kept).contains(&"deployments.apps shop/web".to_owned()));
    assert_eq!(
        report.record.status.progress.unwrap().items_backed_up,
        kept.len() as u64
    );
}

#[tokio::test]
async fn a_namespace_comes_back_as_it_was() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = repository();
    shop(&client, "shop").await;
    carts(&client, "shop").await;

    let report = Backup::new(
        client.clone(),
        repository.clone(),
        of_namespace("shop", "a"),
    )
    .run()
    .await
    .unwrap();
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    assert!(report.record.point_in_time().unwrap().unwrap().is_one());
    let before = objects(&repository, "a").await;
    for name in [
        "namespaces shop",
        "carts.example.com shop/full",
        "customresourcedefinitions.apiextensions.k8s.io carts.example.com",
        "configmaps shop/settings",
        "secrets shop/password",
        "deployments.apps shop/web",
    ] {
        assert!(
            names(&before).iter().any(|found| found == name),
            "{name} in {:?}",
            names(&before)
        );
    }
    assert!(
        !names(&before)
            .iter()
            .any(|name| name.contains("kube-system"))
    );

    delete(&client, "/api/v1/namespaces/shop").await;
    delete(
        &client,
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/carts.example.com",
    )
    .await;
    let report = restore(&client, &repository, "a", RestoreSpec::named("r")).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(
        outcome(&report, "carts.example.com shop/full"),
        Outcome::Created
    );

    Backup::new(
        client.clone(),
        repository.clone(),
        of_namespace("shop", "b"),
    )
    .run()
    .await
    .unwrap();
    assert_equal(&before, &objects(&repository, "b").await, &BTreeMap::new());

    // Its owner was restored too, so the ConfigMap is that one's again.
    let cart = get(&client, "/apis/example.com/v1/namespaces/shop/carts/full")
        .await
        .unwrap();
    let map = get(&client, "/api/v1/namespaces/shop/configmaps/of-cart")
        .await
        .unwrap();
    assert_eq!(
        map["metadata"]["ownerReferences"][0]["uid"],
        cart["metadata"]["uid"]
    );

    // Once more: everything is there, and is this restore's own work.
    let again = restore(&client, &repository, "a", RestoreSpec::named("r")).await;
    assert_eq!(again.counts(), report.counts());
    // Another restore finds it as it is in the backup.
    let other = restore(&client, &repository, "a", RestoreSpec::named("other")).await;
    assert!(
        other.items.iter().all(|item| matches!(
            item.outcome,
            Outcome::Unchanged | Outcome::Skipped(SkipReason::NotRestored(_))
        )),
        "{other:#?}"
    );
}

#[tokio::test]
async fn a_namespace_is_copied_beside_itself() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = repository();
    shop(&client, "shop").await;
    Backup::new(
        client.clone(),
        repository.clone(),
        of_namespace("shop", "a"),
    )
    .run()
    .await
    .unwrap();
    let mapping: BTreeMap<String, String> = [("shop".to_owned(), "copy".to_owned())].into();
    let spec = RestoreSpec {
        namespace_mapping: mapping.clone(),
        ..RestoreSpec::named("r")
    };
    let report = restore(&client, &repository, "a", spec).await;
    assert!(report.is_complete(), "{report}");
    Backup::new(
        client.clone(),
        repository.clone(),
        of_namespace("copy", "b"),
    )
    .run()
    .await
    .unwrap();
    assert_equal(
        &objects(&repository, "a").await,
        &objects(&repository, "b").await,
        &mapping,
    );
}

#[tokio::test]
async fn what_is_chosen_is_backed_up_and_nothing_else() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = repository();
    shop(&client, "shop").await;
    shop(&client, "other").await;
    let run = |spec: BackupSpec| {
        let (client, repository) = (client.clone(), repository.clone());
        async move {
            let name = spec.name.clone();
            Backup::new(client, repository.clone(), spec)
                .run()
                .await
                .unwrap();
            names(&objects(&repository, &name).await)
        }
    };
    let kinds = BackupSpec {
        selection: Selection {
            included_resources: vec!["deploy".into(), "Secret".into()],
            ..of_namespace("shop", "kinds").selection
        },
        ..of_namespace("shop", "kinds")
    };
    let mut found = run(kinds).await;
    found.sort();
    assert_eq!(
        found,
        [
            "deployments.apps shop/web",
            "namespaces shop",
            "secrets shop/password"
        ]
    );
    let labelled = BackupSpec {
        selection: Selection {
            label_selector: Some(Selector::from_iter([("app", "nothing")])),
            ..of_namespace("shop", "labels").selection
        },
        ..of_namespace("shop", "labels")
    };
    assert_eq!(run(labelled).await, Vec::<String>::new());
    let excluded = BackupSpec {
        selection: Selection {
            excluded_namespaces: ["shop".to_owned()].into(),
            ..Selection::default()
        },
        ..BackupSpec::named("excluded")
    };
    let found = run(excluded).await;
    assert!(found.iter().any(|name| name == "namespaces other"));
    assert!(
        !found
            .iter()
            .any(|name| name.contains("shop/") || name == "namespaces shop"),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_name_that_exists_is_refused_and_stays_as_it_is() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = repository();
    shop(&client, "shop").await;
    Backup::new(
        client.clone(),
        repository.clone(),
        of_namespace("shop", "a"),
    )
    .run()
    .await
    .unwrap();
    let before = objects(&repository, "a").await;
    let again = Backup::new(client.clone(), repository.clone(), BackupSpec::named("a"))
        .run()
        .await;
    let error = again.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("`a`"), "{error}");
    assert_eq!(objects(&repository, "a").await, before);
}

#[tokio::test]
async fn a_backup_whose_own_record_is_there_is_done() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = repository();
    shop(&client, "shop").await;
    let of = |uid: &str| {
        let spec = BackupSpec {
            selection: Selection {
                excluded_resources: vec!["volumesnapshots.snapshot.storage.k8s.io".into()],
                ..Selection::of_namespaces(["shop", "gone"])
            },
            ..BackupSpec::named("a")
        };
        Backup::new(client.clone(), repository.clone(), spec).with_uid(uid)
    };
    let first = of("4b0e-1").run().await.unwrap();
    assert_eq!(first.record.uid(), "4b0e-1");
    assert_eq!(first.results.errors.count(), 1, "{first}");
    cluster.requests().clear();
    let again = of("4b0e-1").run().await.unwrap();
    assert_eq!(again, first, "with what it reported, too");
    assert_eq!(cluster.requests().count(), 0, "nothing is read again");
    let other = of("4b0e-2").run().await.unwrap_err();
    assert_eq!(other.kind(), ErrorKind::AlreadyExists);
    for uid in ["", "-a", "a/b", "a.b", &"a".repeat(64)] {
        let error = of(uid).run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{uid}");
    }
}

/// No clock runs: waits end when everything waits, and the time of day is what the caller says.
#[tokio::test(start_paused = true)]
async fn time_is_passed_in() {
    let cluster = KubeLocal::start().await.unwrap();
    let source = client(&cluster);
    shop(&source, "shop").await;
    let repository = repository();
    // A writer that was killed holds the name.
    let lease = object_store::path::Path::from("backups/a/a-lease.json");
    let holder = b"{\"uid\":\"dead\"}".as_slice();
    let store = repository.store();
    store.put(&lease, holder.into()).await.unwrap();
    let now = "2030-01-02T03:04:05Z".parse().unwrap();
    let began = tokio::time::Instant::now();
    let spec = BackupSpec {
        ttl: Some(Duration::from_secs(60)),
        ..of_namespace("shop", "a")
    };
    let report = Backup::new(source, repository.clone(), spec)
        .with_clock(move || now)
        .run()
        .await
        .unwrap();
    assert!(began.elapsed() >= RunOptions::default().lease_duration);
    assert_eq!(report.record.status.start_timestamp, Some(now));
    assert_eq!(report.record.status.completion_timestamp, Some(now));
    assert_eq!(
        report.record.expires_at().unwrap(),
        Some(now + chrono::TimeDelta::seconds(60))
    );

    let target = KubeLocal::start().await.unwrap();
    let began = tokio::time::Instant::now();
    let backup = repository.open("a").await.unwrap();
    let hour = Duration::from_secs(3600);
    let report = Restore::new(client(&target), backup, RestoreSpec::named("r"))
        .with_options(RunOptions::default().with_wait_for_ready(hour))
        .run()
        .await
        .unwrap();
    assert!(report.is_complete(), "{report}");
    // Nothing provisions the claim. The last look is the one before which the hour would end.
    let last = hour - Duration::from_secs(30);
    assert!(began.elapsed() >= last, "{:?}", began.elapsed());
    assert!(!report.health_issues.is_empty(), "{report}");
}

#[tokio::test]
async fn a_dead_group_does_not_stop_a_backup_and_is_named() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = repository();
    shop(&client, "shop").await;
    cluster.set_stale("metrics.k8s.io/v1beta1", true);
    let report = Backup::new(
        client.clone(),
        repository.clone(),
        of_namespace("shop", "a"),
    )
    .run()
    .await
    .unwrap();
    assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
    assert!(
        report.to_string().contains("metrics.k8s.io/v1beta1"),
        "{report}"
    );
    let stored = repository
        .open("a")
        .await
        .unwrap()
        .results()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored, report.results);
    let without = BackupSpec {
        selection: Selection {
            excluded_resources: vec!["*.metrics.k8s.io".into()],
            ..of_namespace("shop", "b").selection
        },
        ..of_namespace("shop", "b")
    };
    let report = Backup::new(client.clone(), repository.clone(), without)
        .run()
        .await
        .unwrap();
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    assert_eq!(report.record.status.warnings, 1);
}

#[tokio::test]
async fn existing_objects_are_left_and_reported_or_updated() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = repository();
    shop(&client, "shop").await;
    Backup::new(
        client.clone(),
        repository.clone(),
        of_namespace("shop", "a"),
    )
    .run()
    .await
    .unwrap();
    let path = "/api/v1/namespaces/shop/configmaps/settings";
    let patch = serde_json::json!({"data": {"colour": "blue", "size": "9"}});
    crate::cluster::patch(&client, path, &patch).await;
    let left = restore(&client, &repository, "a", RestoreSpec::named("r")).await;
    let differences = vec!["/data/colour".to_owned(), "/data/size".to_owned()];
    assert_eq!(
        outcome(&left, "configmaps shop/settings"),
        Outcome::Skipped(SkipReason::Exists(differences))
    );
    assert_eq!(outcome(&left, "secrets shop/password"), Outcome::Unchanged);
    assert_eq!(get(&client, path).await.unwrap()["data"]["colour"], "blue");
    let spec = RestoreSpec {
        existing_resource_policy: kube_backup_engine::restore::ExistingResourcePolicy::Update,
        ..RestoreSpec::named("s")
    };
    let updated = restore(&client, &repository, "a", spec).await;
    assert_eq!(
        outcome(&updated, "configmaps shop/settings"),
        Outcome::Updated
    );
    assert_eq!(
        get(&client, path).await.unwrap()["data"],
        serde_json::json!({"colour": "red"})
    );
}

#[tokio::test]
async fn a_few_objects_are_read_by_ranges() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let repository = repository();
    shop(&client, "shop").await;
    Backup::new(
        client.clone(),
        repository.clone(),
        of_namespace("shop", "a"),
    )
    .run()
    .await
    .unwrap();
    let backup = repository.open("a").await.unwrap();
    let filter = EntryFilter {
        resources: ["secrets".parse().unwrap()].into(),
        ..EntryFilter::default()
    };
    let entries = backup.entries(&filter).await.unwrap();
    let read: Vec<_> = backup.read(&entries).try_collect().await.unwrap();
    let read: Vec<String> = read.iter().map(|(entry, _)| entry.id.to_string()).collect();
    assert_eq!(read, ["secrets shop/password"]);
}
