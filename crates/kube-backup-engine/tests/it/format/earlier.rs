//! Backups that were written before the format was frozen. What they are, and how they were made, stands
//! beside them in `tests/fixtures/first-format/README.md`.

use std::collections::BTreeMap;
use std::path::Path as Folder;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use kube::Client;
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::compare::Comparison;
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::verify::Verify;
use kube_backup_engine::{EntryFilter, ObjectId, Phase, Record, Repository, RunOptions};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::Value;

use super::tagged::Tagged;
use crate::cluster::{client, get};

/// The fixture, in memory so that it can be written to.
async fn fixture() -> Repository {
    let root = Folder::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/first-format");
    let store = InMemory::new();
    let mut folders = vec![root.join("backups")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let key = path.strip_prefix(&root).unwrap().to_str().unwrap();
            let bytes = std::fs::read(&path).unwrap();
            store.put(&Path::from(key), bytes.into()).await.unwrap();
        }
    }
    Repository::new(Arc::new(Tagged::new(store)), "")
}

async fn objects(repository: &Repository, name: &str) -> BTreeMap<ObjectId, Value> {
    let backup = repository.open(name).await.unwrap();
    let objects = backup
        .stream()
        .map_ok(|(entry, bytes)| (entry.id, serde_json::from_slice(&bytes).unwrap()));
    objects.try_collect().await.unwrap()
}

/// Restores `name` into a fresh cluster, which must hold the same afterwards as the backup does.
async fn comes_back(repository: &Repository, name: &str, kinds: &[&str]) -> (KubeLocal, Client) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let backup = repository.open(name).await.unwrap();
    let restore = Restore::new(client.clone(), backup, RestoreSpec::named("r"));
    let report = restore.run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    let again = Repository::new(Arc::new(InMemory::new()), "");
    let spec = BackupSpec::named("again");
    Backup::new(client.clone(), again.clone(), spec)
        .run()
        .await
        .unwrap();
    let (before, after) = (
        objects(repository, name).await,
        objects(&again, "again").await,
    );
    let comparison = Comparison::default();
    let mut compared = 0;
    for (id, object) in &before {
        // What the cluster keeps for itself differs from one cluster to the next.
        let ours = match &id.namespace {
            Some(namespace) => namespace == "shop" || namespace == "blog",
            None => kinds.contains(&id.to_string().as_str()),
        };
        if ours {
            let copy = after
                .get(id)
                .unwrap_or_else(|| panic!("{id} is missing after the restore"));
            let differences = comparison.differences(&id.resource, object, copy);
            assert_eq!(differences, Vec::<String>::new(), "{id}");
            compared += 1;
        }
    }
    assert!(compared > 20 + kinds.len(), "{compared} of {before:?}");
    (cluster, client)
}

#[tokio::test]
async fn earlier_backups_are_listed_with_all_that_their_records_say() {
    let repository = fixture().await;
    let records = repository.list().await.unwrap().records;
    let names: Vec<&str> = records.iter().map(Record::name).collect();
    assert_eq!(names, ["partial", "whole"], "the unfinished one is none");
    let (partial, whole) = (&records[0], &records[1]);
    assert_eq!(whole.uid(), "37e99eaf-b9c3-4ba3-a9fe-537f1b59f012");
    assert_eq!(whole.status.phase, Phase::Completed);
    assert_eq!(whole.metadata.labels["team"], "a");
    assert_eq!(
        whole.expires_at().unwrap(),
        Some("2026-12-26T00:42:56Z".parse().unwrap())
    );
    let facts = whole.archive().unwrap().unwrap();
    assert_eq!((facts.size, facts.index.unwrap().entries), (12_882, 50));
    assert_eq!(
        (partial.status.errors, partial.status.warnings),
        (3, 1),
        "{partial:?}"
    );
    assert_eq!(partial.expires_at().unwrap(), None);
}

#[tokio::test]
async fn earlier_side_files_are_read() {
    let repository = fixture().await;
    let backup = repository.open("partial").await.unwrap();
    let results = backup.results().await.unwrap().unwrap();
    assert_eq!((results.errors.count(), results.warnings.count()), (3, 1));
    assert!(results.errors.namespaces["blog"][0].contains("roles.rbac.authorization.k8s.io"));
    let list = backup.resource_list().await.unwrap().unwrap();
    assert_eq!(list["example.com/v1/Cart"], ["shop/full"]);
    assert!(backup.has_index().await.unwrap());
    let carts = EntryFilter {
        resources: ["carts.example.com".parse().unwrap()].into(),
        ..EntryFilter::default()
    };
    let entries = backup.entries(&carts).await.unwrap();
    let read: Vec<_> = backup.read(&entries).try_collect().await.unwrap();
    let cart: Value = serde_json::from_slice(&read[0].1).unwrap();
    assert_eq!((read.len(), &cart["spec"]["items"][1]), (1, &"pear".into()));
}

#[tokio::test]
async fn earlier_backups_are_sound() {
    let repository = fixture().await;
    for (name, objects) in [("whole", 50), ("partial", 30)] {
        let report = Verify::new(repository.clone(), name).run().await.unwrap();
        assert!(report.is_restorable(), "{report}");
        assert_eq!((report.objects, report.indexed), (objects, true));
    }
}

#[tokio::test]
async fn an_earlier_backup_of_a_whole_cluster_comes_back() {
    let kinds = [
        "namespaces shop",
        "namespaces blog",
        "clusterroles.rbac.authorization.k8s.io shop-nodes",
        "clusterrolebindings.rbac.authorization.k8s.io shop-nodes",
        "customresourcedefinitions.apiextensions.k8s.io carts.example.com",
        "persistentvolumes pv-photos",
        "priorityclasses.scheduling.k8s.io urgent",
        "storageclasses.storage.k8s.io fast",
    ];
    let (_cluster, client) = comes_back(&fixture().await, "whole", &kinds).await;
    let secret = get(&client, "/api/v1/namespaces/shop/secrets/password").await;
    assert_eq!(secret.unwrap()["data"]["key"], "czNjcmV0");
}

#[tokio::test]
async fn an_earlier_backup_of_two_namespaces_comes_back() {
    let kinds = [
        "namespaces shop",
        "namespaces blog",
        "clusterroles.rbac.authorization.k8s.io shop-nodes",
        "clusterrolebindings.rbac.authorization.k8s.io shop-nodes",
        "customresourcedefinitions.apiextensions.k8s.io carts.example.com",
        "priorityclasses.scheduling.k8s.io urgent",
    ];
    let (_cluster, client) = comes_back(&fixture().await, "partial", &kinds).await;
    let secret = get(&client, "/api/v1/namespaces/shop/secrets/password").await;
    assert!(secret.is_none(), "they were left out");
}

#[tokio::test]
async fn what_an_earlier_writer_left_unfinished_makes_room_for_a_backup() {
    let repository = fixture().await;
    let cluster = KubeLocal::start().await.unwrap();
    let spec = BackupSpec::named("unfinished");
    let backup = Backup::new(client(&cluster), repository.clone(), spec)
        .with_options(RunOptions::default().with_lease_duration(Duration::from_millis(200)));
    let report = backup.run().await.unwrap();
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    let folder = Path::from("backups/unfinished");
    let left: Vec<_> = repository
        .store()
        .list(Some(&folder))
        .map_ok(|found| found.location.filename().unwrap().to_owned())
        .try_collect()
        .await
        .unwrap();
    assert_eq!(left.len(), 6, "{left:?}");
    repository.open("unfinished").await.unwrap();
}
