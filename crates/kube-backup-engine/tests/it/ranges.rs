//! Three objects of a hundred thousand are read by ranges: the bytes are counted, index and record included.

use std::sync::Arc;

use crate::large::counting::Counting;
use crate::large::generated::Generated;
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::{EntryFilter, GroupResource, ObjectId, Repository, Selection};
use kube_local::KubeLocal;
use object_store::ObjectStore;

/// What is read of all there is, in percent.
fn percent(read: u64, all: u64) -> f64 {
    read as f64 * 100.0 / all as f64
}

#[tokio::test(flavor = "multi_thread")]
async fn three_objects_of_a_hundred_thousand_are_less_than_a_hundredth_of_the_bytes() {
    let store = Arc::new(Counting::default());
    let repository = Repository::new(Arc::clone(&store) as Arc<dyn ObjectStore>, "");
    let client = Generated { size: 100_000 }.client();
    let report = Backup::new(client, repository.clone(), BackupSpec::named("a"))
        .run()
        .await
        .unwrap();
    let facts = report.record.archive().unwrap().unwrap();
    let index = facts.index.unwrap();
    assert!(index.entries >= 100_000, "{report}");
    println!(
        "{} objects, archive {}, index {} with a directory of {}",
        index.entries,
        facts.size,
        index.size,
        index.size - index.directory_offset
    );

    let all = repository.open("a").await.unwrap();
    let entries = all.entries(&EntryFilter::default()).await.unwrap();
    let middle: Vec<ObjectId> = ["configmaps", "pods", "deployments.apps"]
        .iter()
        .map(|kind| {
            let kind: GroupResource = kind.parse().unwrap();
            let mut of: Vec<_> = entries
                .iter()
                .filter(|entry| entry.id.resource == kind)
                .collect();
            of.sort_by(|a, b| a.id.cmp(&b.id));
            of[of.len() / 2].id.clone()
        })
        .collect();
    let every = |choose: fn(&ObjectId) -> String| middle.iter().map(choose).collect();
    let all_three = EntryFilter {
        resources: middle.iter().map(|id| id.resource.clone()).collect(),
        namespaces: every(|id| id.namespace.clone().unwrap()),
        names: every(|id| id.name.clone()),
    };
    let by_kind = EntryFilter {
        resources: ["carts.example.com".parse().unwrap()].into(),
        ..EntryFilter::default()
    };
    let by_namespace = EntryFilter {
        namespaces: ["tiny".to_owned()].into(),
        ..EntryFilter::default()
    };
    let by_name = EntryFilter {
        names: all_three.names.clone(),
        ..EntryFilter::default()
    };
    for (case, filter) in [
        ("kind, namespace and name", all_three),
        ("kind", by_kind),
        ("namespace", by_namespace),
        ("name", by_name),
    ] {
        let cluster = KubeLocal::start().await.unwrap();
        store.take();
        let backup = repository.open("a").await.unwrap();
        let spec = RestoreSpec {
            selection: Selection {
                included_resources: filter.resources.iter().map(ToString::to_string).collect(),
                included_namespaces: filter.namespaces,
                included_names: filter.names,
                ..Selection::default()
            },
            ..RestoreSpec::named("r")
        };
        let report = Restore::new(crate::cluster::client(&cluster), backup, spec)
            .run()
            .await
            .unwrap();
        let (read, requests) = store.take();
        let namespaces = report
            .items
            .iter()
            .filter(|item| item.id.resource.is("", "namespaces"));
        let others = report.items.len() - namespaces.count();
        println!(
            "by {case}: {read} bytes in {requests} requests, {:.2} %",
            percent(read, facts.size)
        );
        assert_eq!(others, 3, "by {case}: {report}");
        assert!(percent(read, facts.size) < 1.0, "by {case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_without_index_is_read_once_where_its_kinds_fit_into_memory() {
    let store = Arc::new(Counting::default());
    let repository = Repository::new(Arc::clone(&store) as Arc<dyn ObjectStore>, "");
    let client = Generated { size: 300 }.client();
    let backup = Backup::new(client, repository.clone(), BackupSpec::named("a"));
    let facts = backup.run().await.unwrap().record.archive();
    let size = facts.unwrap().unwrap().size;
    store.take();
    let backup = repository.ignoring_indexes().open("a").await.unwrap();
    let target = Generated { size: 0 }.client();
    let restore = Restore::new(target, backup, RestoreSpec::named("r"));
    let report = restore.run().await.unwrap();
    assert!(
        report.is_complete() && report.items.len() >= 250,
        "{report}"
    );
    let (read, _) = store.take();
    assert!(read < 2 * size, "{read} bytes of {size} were read");
}
