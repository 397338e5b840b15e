//! What comes along with chosen objects is the same whichever way it goes: a backup takes it along, a
//! selective restore of a larger backup brings it along, and a verification misses nothing.

use std::sync::Arc;

use kube::Client;
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::restore::{Outcome, RestoreSpec, Selector};
use kube_backup_engine::verify::{Check, Verify};
use kube_backup_engine::{EntryFilter, Repository, Selection, UnmatchedFilters};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use super::{backed_up, of_shop, restore, restore_of};
use crate::cluster::{carts, client, create, shop};
use crate::hostile::tarball::{Tarball, foreign_backup};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// What the application in `shop` needs of the cluster, sorted by name.
const OF_SHOP: [&str; 10] = [
    "clusterrolebindings.rbac.authorization.k8s.io bot-reads",
    "clusterroles.rbac.authorization.k8s.io by-cluster-binding",
    "clusterroles.rbac.authorization.k8s.io by-role-binding",
    "customresourcedefinitions.apiextensions.k8s.io carts.example.com",
    "ingressclasses.networking.k8s.io used",
    "namespaces shop",
    "persistentvolumes used",
    "priorityclasses.scheduling.k8s.io used",
    "runtimeclasses.node.k8s.io used",
    "storageclasses.storage.k8s.io used",
];

/// A cluster with an application that names one of each kind of companion, and as many that nobody names.
async fn cluster() -> (KubeLocal, Client) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    shop(&client, "shop").await;
    shop(&client, "other").await;
    carts(&client, "shop").await;
    for name in ["used", "unused"] {
        let meta = json!({"name": name});
        for (list, object) in [
            (
                "/apis/scheduling.k8s.io/v1/priorityclasses",
                json!({"metadata": meta, "value": 10}),
            ),
            (
                "/apis/node.k8s.io/v1/runtimeclasses",
                json!({"metadata": meta, "handler": "runsc"}),
            ),
            (
                "/apis/storage.k8s.io/v1/storageclasses",
                json!({"metadata": meta, "provisioner": "example.com/disk"}),
            ),
            (
                "/apis/networking.k8s.io/v1/ingressclasses",
                json!({"metadata": meta, "spec": {"controller": "example.com/web"}}),
            ),
            ("/api/v1/persistentvolumes", volume(name)),
        ] {
            create(&client, list, object).await;
        }
    }
    for role in [
        "by-cluster-binding",
        "by-role-binding",
        "of-other",
        "unused",
    ] {
        let role = json!({"metadata": {"name": role},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]});
        create(&client, &format!("{RBAC}/clusterroles"), role).await;
    }
    for (name, role, namespace) in [
        ("bot-reads", "by-cluster-binding", "shop"),
        ("others-bot-reads", "of-other", "other"),
    ] {
        let binding = binding(name, role, namespace);
        create(&client, &format!("{RBAC}/clusterrolebindings"), binding).await;
    }
    let in_shop = |group: &str, plural: &str| format!("{group}/namespaces/shop/{plural}");
    for (list, object) in [
        (
            in_shop(RBAC, "rolebindings"),
            binding("bot-reads-here", "by-role-binding", "shop"),
        ),
        (
            in_shop("/api/v1", "persistentvolumeclaims"),
            json!({"metadata": {"name": "db-data"}, "spec": {"storageClassName": "used", "volumeName": "used",
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
        ),
        (
            in_shop("/apis/networking.k8s.io/v1", "ingresses"),
            json!({"metadata": {"name": "web"}, "spec": {"ingressClassName": "used",
                "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}}),
        ),
        (in_shop("/api/v1", "pods"), pod()),
    ] {
        create(&client, &list, object).await;
    }
    (cluster, client)
}

fn volume(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": {
        "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "used",
        "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "/tmp"},
        "claimRef": {"kind": "PersistentVolumeClaim", "namespace": "shop", "name": format!("{name}-data")}}})
}

fn binding(name: &str, role: &str, namespace: &str) -> Value {
    json!({"metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": namespace}]})
}

fn pod() -> Value {
    json!({"metadata": {"name": "db", "labels": {"tier": "data"}}, "spec": {
        "serviceAccountName": "bot", "priorityClassName": "used", "runtimeClassName": "used",
        "containers": [{"name": "db", "image": "mysql:8"}],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "db-data"}}]}})
}

/// Names of the objects that a backup with this specification holds.
async fn held(client: &Client, spec: BackupSpec) -> Vec<String> {
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let backup = Backup::new(client.clone(), repository.clone(), spec);
    backup.run().await.unwrap();
    let backup = repository.open("a").await.unwrap();
    let entries = backup.entries(&EntryFilter::default()).await.unwrap();
    let mut names: Vec<String> = entries.iter().map(|entry| entry.id.to_string()).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "something is held twice");
    names
}

/// Names of the objects that a restore with this specification brings into an empty cluster.
async fn brought(repository: &Repository, spec: RestoreSpec) -> Vec<String> {
    let target = KubeLocal::start().await.unwrap();
    let report = restore(&client(&target), repository, spec).await;
    assert!(report.is_complete(), "{report}");
    let skipped = |outcome: &Outcome| matches!(outcome, Outcome::Skipped(_));
    let restored = report.items.iter().filter(|item| !skipped(&item.outcome));
    let mut names: Vec<String> = restored.map(|item| item.id.to_string()).collect();
    names.sort();
    names
}

fn of_cluster(names: &[String]) -> Vec<&str> {
    let names = names.iter().map(String::as_str);
    names.filter(|name| !name.contains('/')).collect()
}

#[tokio::test]
async fn a_backup_of_a_namespace_holds_what_a_restore_of_it_brings() {
    let (_source, client) = cluster().await;
    let spec = BackupSpec {
        selection: Selection::of_namespaces(["shop"]),
        ..BackupSpec::named("a")
    };
    let held = held(&client, spec).await;
    assert_eq!(of_cluster(&held), OF_SHOP);
    let repository = backed_up(&client).await;
    let with_index = brought(&repository, of_shop("r")).await;
    assert_eq!(of_cluster(&with_index), OF_SHOP);
    // What the cluster makes anew is held and not brought.
    let anew = |name: &&String| !name.ends_with("kube-root-ca.crt");
    let held: Vec<&String> = held.iter().filter(anew).collect();
    assert_eq!(with_index.iter().collect::<Vec<_>>(), held);

    let without = repository.ignoring_indexes();
    assert_eq!(brought(&without, of_shop("r")).await, with_index);
}

#[tokio::test]
async fn nothing_that_comes_along_is_missed_by_a_verification() {
    let (_source, client) = cluster().await;
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let spec = BackupSpec {
        selection: Selection::of_namespaces(["shop"]),
        ..BackupSpec::named("a")
    };
    let backup = Backup::new(client, repository.clone(), spec);
    backup.run().await.unwrap();
    let report = Verify::new(repository, "a").run().await.unwrap();
    let missed = |check: Check| matches!(check, Check::Reference | Check::Owner);
    assert!(
        !report.findings.iter().any(|finding| missed(finding.check)),
        "{report}"
    );
}

#[tokio::test]
async fn by_label_or_name_a_pod_comes_with_its_claim_its_account_and_the_rights_of_that() {
    let expected = [
        "clusterrolebindings.rbac.authorization.k8s.io bot-reads",
        "clusterroles.rbac.authorization.k8s.io by-cluster-binding",
        "clusterroles.rbac.authorization.k8s.io by-role-binding",
        "namespaces shop",
        "persistentvolumeclaims shop/db-data",
        "persistentvolumes used",
        "pods shop/db",
        "priorityclasses.scheduling.k8s.io used",
        "rolebindings.rbac.authorization.k8s.io shop/bot-reads",
        "rolebindings.rbac.authorization.k8s.io shop/bot-reads-here",
        "roles.rbac.authorization.k8s.io shop/reader",
        "runtimeclasses.node.k8s.io used",
        "serviceaccounts shop/bot",
        "storageclasses.storage.k8s.io used",
    ];
    let (_source, client) = cluster().await;
    let selector = Selector::from_iter([("tier", "data")]);
    for namespaces in [vec!["shop".to_owned()], Vec::new()] {
        let spec = BackupSpec {
            selection: Selection {
                included_namespaces: namespaces.into_iter().collect(),
                label_selector: Some(selector.clone()),
                ..Selection::default()
            },
            ..BackupSpec::named("a")
        };
        assert_eq!(held(&client, spec).await, expected);
    }
    let repository = backed_up(&client).await;
    let by_label = RestoreSpec {
        selection: Selection {
            or_label_selectors: vec![selector],
            ..Selection::default()
        },
        ..RestoreSpec::named("r")
    };
    let by_name = RestoreSpec {
        selection: Selection {
            included_names: ["db".to_owned()].into(),
            excluded_resources: [
                "services".parse().unwrap(),
                "statefulsets.apps".parse().unwrap(),
            ]
            .into(),
            ..of_shop("r").selection
        },
        ..of_shop("r")
    };
    for repository in [repository.clone(), repository.ignoring_indexes()] {
        assert_eq!(brought(&repository, by_label.clone()).await, expected);
        assert_eq!(brought(&repository, by_name.clone()).await, expected);
    }
}

#[tokio::test]
async fn what_is_excluded_or_mapped_does_not_come_along() {
    let (_source, client) = cluster().await;
    let repository = backed_up(&client).await;
    let spec = RestoreSpec {
        selection: Selection {
            excluded_resources: [
                "clusterroles.rbac.authorization.k8s.io".parse().unwrap(),
                "runtimeclasses.node.k8s.io".parse().unwrap(),
                "pods".parse().unwrap(),
            ]
            .into(),
            ..of_shop("r").selection
        },
        storage_class_mapping: [("used".to_owned(), "fast".to_owned())].into(),
        ..of_shop("r")
    };
    let names = brought(&repository, spec).await;
    assert_eq!(
        of_cluster(&names),
        [
            "clusterrolebindings.rbac.authorization.k8s.io bot-reads",
            "customresourcedefinitions.apiextensions.k8s.io carts.example.com",
            "ingressclasses.networking.k8s.io used",
            "namespaces shop",
            "persistentvolumes used",
        ]
    );
}

#[tokio::test]
async fn who_asks_for_a_kind_that_is_never_backed_up_is_told_why() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = client(&cluster);
    let definition = json!({"metadata": {"name": "volumesnapshots.snapshot.storage.k8s.io",
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/814"}},
        "spec": {"group": "snapshot.storage.k8s.io", "scope": "Namespaced",
            "names": {"plural": "volumesnapshots", "singular": "volumesnapshot", "kind": "VolumeSnapshot",
                "listKind": "VolumeSnapshotList"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    let list = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    create(&client, list, definition).await;
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let spec = BackupSpec {
        selection: Selection {
            included_resources: vec!["volumesnapshots.snapshot.storage.k8s.io".into()],
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    };
    let report = Backup::new(client, repository, spec).run().await.unwrap();
    let warnings: Vec<String> = report
        .results
        .warnings
        .messages()
        .map(ToString::to_string)
        .collect();
    let told = |warning: &String| {
        warning
            .contains("`volumesnapshots.snapshot.storage.k8s.io` is left out: it stands for data")
    };
    assert!(warnings.iter().any(told), "{warnings:?}");
}

#[tokio::test]
async fn who_asks_for_a_kind_that_is_never_restored_is_told_why() {
    let (_source, client) = cluster().await;
    let repository = backed_up(&client).await;
    let target = KubeLocal::start().await.unwrap();
    let target = crate::cluster::client(&target);
    let spec = RestoreSpec {
        selection: Selection {
            included_resources: vec!["nodes".into(), "secrets".into()],
            ..of_shop("r").selection
        },
        ..of_shop("r")
    };
    let plan = restore_of(&target, &repository, spec.clone())
        .await
        .plan()
        .await
        .unwrap();
    let report = restore(&target, &repository, spec).await;
    assert!(report.is_complete(), "{report}");
    for warnings in [plan.warnings, report.warnings] {
        assert_eq!(
            warnings,
            ["`nodes` is not restored: it belongs to a machine of the cluster"]
        );
    }
}

#[tokio::test]
async fn an_object_whose_needs_cannot_be_read_is_not_restored_without_them() {
    let metadata = json!({"name": "p1", "namespace": "shop", "labels": {"tier": "data"}});
    let pod = format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{metadata},"spec":{{"volumes":[nul]}}}}"#
    );
    let path = "resources/pods/namespaces/shop/p1.json".to_owned();
    let repository = foreign_backup(Tarball::new().file(path, pod.into_bytes()).finish()).await;
    let target = KubeLocal::start().await.unwrap();
    let spec = RestoreSpec {
        selection: Selection {
            label_selector: Some(Selector::from_iter([("tier", "data")])),
            unmatched_filters: UnmatchedFilters::Warn,
            ..Selection::default()
        },
        ..RestoreSpec::named("r")
    };
    let restore = restore_of(&client(&target), &repository, spec).await;
    let report = restore.run().await.unwrap();
    let failed: Vec<String> = report.failed().map(|item| item.id.to_string()).collect();
    assert_eq!(failed, ["pods shop/p1"], "{report}");
    assert_eq!(report.items.len(), 1, "{report}");
    assert_eq!(target.requests().writes(), 0);
}
