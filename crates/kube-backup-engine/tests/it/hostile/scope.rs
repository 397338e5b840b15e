//! Objects of the cluster in a namespace's folder, and the reverse: no filter of a restore is escaped by
//! where an archive has an object.

use kube_backup_engine::restore::{Outcome, Restore, RestoreSpec};
use kube_backup_engine::{ApiResource, Discovery, Selection};
use kube_local::KubeLocal;
use serde_json::json;

use super::tarball::{Tarball, foreign_backup};
use crate::cluster;

/// Where an archive has an object of a kind, and the object.
fn entry(kind: &ApiResource, namespace: Option<&str>) -> (String, String) {
    let folder = match namespace {
        Some(namespace) => format!("namespaces/{namespace}"),
        None => "cluster".to_owned(),
    };
    let path = format!("resources/{}/{folder}/oops.json", kind.group_resource());
    let mut object =
        json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": "oops"}});
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = namespace.into();
    }
    (path, object.to_string())
}

#[tokio::test]
async fn every_kind_is_refused_in_a_scope_that_is_not_its_own() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = cluster::client(&cluster);
    let found = Discovery::run(&client).await.unwrap();
    let mut tarball = Tarball::new();
    let mut misplaced = 0;
    for kind in found.preferred() {
        if !kind.can("create") || !kind.can("list") || kind.plural == "namespaces" {
            continue;
        }
        let (path, object) = entry(kind, (!kind.namespaced).then_some("shop"));
        tarball = tarball.file(path, object);
        misplaced += 1;
    }
    assert!(misplaced > 20, "{misplaced}");
    let repository = foreign_backup(tarball.finish()).await;
    for cluster_too in [Some(false), Some(true)] {
        let spec = RestoreSpec {
            selection: Selection {
                include_cluster_resources: cluster_too,
                ..Selection::of_namespaces(["shop"])
            },
            ..RestoreSpec::named("r")
        };
        let backup = repository.open("a").await.unwrap();
        let report = Restore::new(client.clone(), backup, spec)
            .run()
            .await
            .unwrap();
        let (mut refused, mut fine) = (0, 0);
        for item in &report.items {
            match &item.outcome {
                Outcome::Failed(why) if why.contains("the scope of") => refused += 1,
                // Of kinds that no restore brings back.
                Outcome::Skipped(_) => {}
                other => {
                    assert_eq!(item.id.name, "fine", "{} is {other:?}", item.id);
                    fine += 1;
                }
            }
        }
        assert!(refused > 8 && fine == 1, "{refused} refused: {report}");
    }
    let log = cluster.requests().all();
    let written = log.iter().filter(|request| request.method != "GET");
    for request in written {
        assert!(!request.path.contains("oops"), "{request:?}");
    }
}
