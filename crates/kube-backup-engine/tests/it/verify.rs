//! Backups that are fine, damaged, or of no use to a cluster: what a verification says of each.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::hostile::forge::{Forgery, crc64};
use crate::hostile::tarball::{Tarball, foreign_backup, gz, path};
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::verify::{Check, Finding, Severity, Verify, VerifyReport};
use kube_backup_engine::{ErrorKind, Repository, Selection};
use kube_local::KubeLocal;
use object_store::ObjectStoreExt as _;
use object_store::memory::InMemory;
use serde_json::{Value, json};

async fn backed_up() -> (KubeLocal, Repository) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = crate::cluster::client(&cluster);
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    crate::cluster::shop(&client, "shop").await;
    crate::cluster::carts(&client, "shop").await;
    let spec = BackupSpec {
        selection: Selection::of_namespaces(["shop"]),
        ..BackupSpec::named("a")
    };
    Backup::new(client, repository.clone(), spec)
        .run()
        .await
        .unwrap();
    (cluster, repository)
}

async fn verify(repository: &Repository) -> VerifyReport {
    Verify::new(repository.clone(), "a").run().await.unwrap()
}

async fn verify_against(repository: &Repository, cluster: &KubeLocal) -> VerifyReport {
    let before = cluster.requests().writes();
    let report = Verify::new(repository.clone(), "a")
        .against(crate::cluster::client(cluster))
        .run()
        .await
        .unwrap();
    assert_eq!(cluster.requests().writes(), before, "a verification wrote");
    report
}

fn lines(report: &VerifyReport) -> Vec<String> {
    let line = |finding: &Finding| match &finding.object {
        Some(object) => format!(
            "{} {} {object}: {}",
            finding.severity, finding.check, finding.message
        ),
        None => format!("{} {} {}", finding.severity, finding.check, finding.message),
    };
    report.findings.iter().map(line).collect()
}

#[tokio::test]
async fn a_good_backup_is_restorable_and_there_is_nothing_to_say() {
    let (cluster, repository) = backed_up().await;
    for report in [
        verify(&repository).await,
        verify_against(&repository, &cluster).await,
    ] {
        assert!(report.is_restorable(), "{report}");
        assert_eq!(lines(&report), [""; 0], "{report}");
        assert!(report.indexed && report.objects > 15, "{report}");
    }
}

#[tokio::test]
async fn a_backup_that_is_not_there_is_an_error_of_its_own() {
    let repository = Repository::new(Arc::new(InMemory::new()), "");
    let error = Verify::new(repository, "a").run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_flipped_bit_is_found_wherever_it_is_and_the_lost_objects_are_named() {
    let (_cluster, repository) = backed_up().await;
    let whole = Forgery::of(&repository).await;
    let (length, sum) = (whole.archive.len(), crc64(&whole.archive));
    let total = verify(&repository).await.objects;
    for at in (0..length).step_by(101).chain([length - 1]) {
        let mut forgery = Forgery::of(&repository).await;
        let sound = forgery.archive.clone();
        forgery.archive[at] ^= 0x10;
        forgery.crc64 = Some(sum);
        forgery.put(&repository).await;
        let report = verify(&repository).await;
        assert!(!report.is_restorable(), "byte {at}: {report}");
        let sum_differs = |finding: &Finding| {
            finding.check == Check::Archive && finding.message.contains("CRC64")
        };
        assert!(
            report.findings.iter().any(sum_differs),
            "byte {at}: {report}"
        );
        let lost: BTreeSet<_> = report
            .findings
            .iter()
            .filter(|finding| finding.check == Check::Object)
            .map(|finding| finding.object.clone().unwrap())
            .collect();
        assert_eq!(
            report.objects + lost.len() as u64,
            total,
            "byte {at}: {report}"
        );
        let mut forgery = Forgery::of(&repository).await;
        forgery.archive = sound;
        forgery.put(&repository).await;
    }
    assert!(verify(&repository).await.is_restorable());
}

/// A change to a good backup, and the finding that must come of it.
type Case = (&'static str, &'static str, fn(&mut Forgery));

const CASES: &[Case] = &[
    (
        "a digest",
        "error object configmaps shop/settings: its digest differs",
        |forgery| {
            forgery.entry("settings")["sha256"] = "0".repeat(64).into();
        },
    ),
    (
        "an object listed under another kind",
        "error object configmaps shop/settings: the index gives it",
        |forgery| {
            forgery.entry("settings")["kind"] = "Secret".into();
        },
    ),
    (
        "an object listed under another name",
        "error object configmaps shop/other: ",
        |forgery| {
            forgery.entry("settings")["name"] = "other".into();
        },
    ),
    (
        "an object left out of the index",
        "error index ",
        |forgery| {
            let entries = forgery.member_of("settings")["entries"]
                .as_array_mut()
                .unwrap();
            entries.retain(|entry| entry["name"] != "settings");
        },
    ),
    (
        "a member left out of the index",
        "error archive ",
        |forgery| {
            forgery.members.truncate(forgery.members.len() - 1);
        },
    ),
    ("a member outside the archive", "error index ", |forgery| {
        forgery.member_of("settings")["offset"] = (1u64 << 40).into();
    }),
    (
        "an object in a member that is not listed",
        "error index configmaps shop/hidden: it is in the archive and not in the index",
        |forgery| {
            let hidden = gz(&Tarball(Vec::new()).object("hidden").0);
            for member in &mut forgery.members {
                member["offset"] =
                    (member["offset"].as_u64().unwrap() + hidden.len() as u64).into();
            }
            forgery.archive = [hidden, std::mem::take(&mut forgery.archive)].concat();
        },
    ),
    (
        "an archive that goes on after its end",
        "error archive ",
        |forgery| {
            forgery.archive.extend(Tarball::new().finish());
        },
    ),
    ("a directory that is another's", "error index ", |forgery| {
        forgery.facts = |facts| facts["directorySha256"] = "0".repeat(64).into();
    }),
    (
        "a CRC-64 that is another's",
        "error archive read the archive of `a`: its",
        |forgery| {
            forgery.crc64 = Some(7);
        },
    ),
    (
        "a record that counts other objects",
        "error archive the record counts 7 objects",
        |forgery| {
            forgery.record["status"]["progress"]["itemsBackedUp"] = 7.into();
        },
    ),
    (
        "a backup that failed",
        "error record the backup's phase is `Failed`",
        |forgery| {
            forgery.record["status"]["phase"] = "Failed".into();
        },
    ),
    (
        "a backup that failed in part",
        "warning record the backup is PartiallyFailed",
        |forgery| {
            forgery.record["status"]["phase"] = "PartiallyFailed".into();
        },
    ),
    (
        "a format of the future",
        "error record its format `2.0.0`",
        |forgery| {
            forgery.record["status"]["formatVersion"] = "2.0.0".into();
        },
    ),
    (
        "a record of another backup",
        "error record read the record of `a`",
        |forgery| {
            forgery.record["metadata"]["name"] = "b".into();
        },
    ),
];

#[tokio::test]
async fn each_damage_is_a_finding() {
    for (case, expected, change) in CASES {
        let (_cluster, repository) = backed_up().await;
        let mut forgery = Forgery::of(&repository).await;
        change(&mut forgery);
        forgery.put(&repository).await;
        let report = verify(&repository).await;
        assert!(
            lines(&report).iter().any(|line| line.starts_with(expected)),
            "{case}: {report}"
        );
        assert_eq!(
            report.is_restorable(),
            expected.starts_with("warning"),
            "{case}: {report}"
        );
    }
}

#[tokio::test]
async fn a_missing_index_or_archive_is_told() {
    let (_cluster, repository) = backed_up().await;
    let store = repository.store();
    store
        .delete(&"backups/a/a-index.json.gz".into())
        .await
        .unwrap();
    let report = verify(&repository).await;
    assert!(
        lines(&report)
            .iter()
            .any(|line| line.starts_with("error index read the index of `a`: it is missing"))
    );
    assert!(
        !report.is_restorable() && !report.indexed && report.objects > 15,
        "{report}"
    );
    let without = repository.clone().ignoring_indexes();
    let report = verify(&without).await;
    assert_eq!(
        lines(&report),
        ["error files read `a-index.json.gz`: it is missing, and the record names it"]
    );
    store.delete(&"backups/a/a.tar.gz".into()).await.unwrap();
    let report = verify(&repository).await;
    assert_eq!(
        (report.is_restorable(), report.objects),
        (false, 0),
        "{report}"
    );
}

fn object(version: &str, kind: &str, name: &str, rest: &Value) -> Vec<u8> {
    let mut object = json!({"apiVersion": version, "kind": kind,
        "metadata": {"name": name, "namespace": "shop", "uid": name}});
    for (key, value) in rest.as_object().unwrap() {
        object[key] = value.clone();
    }
    object.to_string().into_bytes()
}

fn in_shop(resource: &str, name: &str) -> String {
    format!("resources/{resource}/namespaces/shop/{name}.json")
}

/// An archive in which much leads nowhere.
fn loose() -> Tarball {
    let owned = json!({"metadata": {"name": "owned", "namespace": "shop", "uid": "u", "ownerReferences": [
        {"apiVersion": "example.com/v1", "kind": "Cart", "name": "gone", "uid": "gone"}]}});
    let pod = json!({"spec": {"runtimeClassName": "gvisor", "volumes": [{"secret": {"secretName": "tls"}},
        {"configMap": {"name": "fine"}}]}});
    let mut adopted = pod.clone();
    adopted["metadata"] = json!({"name": "p1", "namespace": "shop", "uid": "p1", "ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "set", "uid": "set", "controller": true}]});
    let claim = json!({"spec": {"storageClassName": "fast"}});
    Tarball::new()
        .file(path("owned"), object("v1", "ConfigMap", "owned", &owned))
        .file(in_shop("pods", "p1"), object("v1", "Pod", "p1", &adopted))
        .file(in_shop("pods", "p2"), object("v1", "Pod", "p2", &pod))
        .file(
            in_shop("persistentvolumeclaims", "c"),
            object("v1", "PersistentVolumeClaim", "c", &claim),
        )
        .file(
            in_shop("carts.example.com", "k"),
            object("example.com/v1", "Cart", "k", &json!({})),
        )
        .file(
            in_shop("poddisruptionbudgets.policy", "b"),
            object("policy/v1beta1", "PodDisruptionBudget", "b", &json!({})),
        )
}

#[tokio::test]
async fn owners_and_references_that_lead_nowhere_are_told_once_each() {
    let report = verify(&foreign_backup(loose().finish()).await).await;
    assert_eq!(
        lines(&report),
        [
            "note record the record holds no digest of its archive, so a changed archive cannot be told from the \
             original",
            "warning owner configmaps shop/owned: its owner Cart `gone` is not in the backup",
            "note owner pods shop/p1: its owner ReplicaSet `set` is not in the backup",
            "note reference configmaps shop/fine: needs namespaces shop (metadata.namespace), which is not in the \
             backup; so do 6 others",
            "warning reference pods shop/p1: needs secrets shop/tls (volumes.secret), which is not in the backup; so \
             does one other",
            "warning reference carts.example.com shop/k: needs customresourcedefinitions.apiextensions.k8s.io \
             carts.example.com (kind), which is not in the backup",
            "warning reference pods shop/p1: needs runtimeclasses.node.k8s.io gvisor (runtimeClassName), which is not \
             in the backup; so does one other",
            "warning reference persistentvolumeclaims shop/c: needs storageclasses.storage.k8s.io fast \
             (spec.storageClassName), which is not in the backup",
        ]
    );
    assert!(report.is_restorable());
}

#[tokio::test]
async fn a_cluster_that_lacks_kinds_versions_and_classes_is_told_apart_from_one_that_has_them() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = crate::cluster::client(&cluster);
    let repository = foreign_backup(loose().finish()).await;
    let against = |report: &VerifyReport| -> Vec<String> {
        let target = lines(report).into_iter();
        target.filter(|line| line.contains(" target ")).collect()
    };
    let report = verify_against(&repository, &cluster).await;
    assert_eq!(
        against(&report),
        [
            "error target carts.example.com shop/k: the cluster has no kind `carts.example.com` (stored as \
             `example.com/v1`); objects of it: 1",
            "error target poddisruptionbudgets.policy shop/b: the cluster does not serve \
             `poddisruptionbudgets.policy` as `policy/v1beta1`; objects of it: 1",
            "note target configmaps shop/fine: needs namespaces shop (metadata.namespace), which is neither in the \
             backup nor in the cluster; so do 6 others",
            "warning target pods shop/p1: needs secrets shop/tls (volumes.secret), which is neither in the backup nor \
             in the cluster; so does one other",
            "warning target carts.example.com shop/k: needs customresourcedefinitions.apiextensions.k8s.io \
             carts.example.com (kind), which is neither in the backup nor in the cluster",
            "error target pods shop/p1: needs runtimeclasses.node.k8s.io gvisor (runtimeClassName), which is neither \
             in the backup nor in the cluster; so does one other",
            "warning target persistentvolumeclaims shop/c: needs storageclasses.storage.k8s.io fast \
             (spec.storageClassName), which is neither in the backup nor in the cluster",
        ]
    );
    assert!(!report.is_restorable());

    crate::cluster::shop(&client, "shop").await;
    crate::cluster::carts(&client, "shop").await;
    let meta = |name: &str| json!({"name": name});
    for (list, object) in [
        (
            "/apis/storage.k8s.io/v1/storageclasses",
            json!({"metadata": meta("fast"), "provisioner": "x.io/y"}),
        ),
        (
            "/apis/node.k8s.io/v1/runtimeclasses",
            json!({"metadata": meta("gvisor"), "handler": "runsc"}),
        ),
        (
            "/api/v1/namespaces/shop/secrets",
            json!({"metadata": meta("tls")}),
        ),
    ] {
        crate::cluster::create(&client, list, object).await;
    }
    let report = verify_against(&repository, &cluster).await;
    assert_eq!(against(&report).len(), 1, "{report}");
    assert!(against(&report)[0].contains("policy/v1beta1"), "{report}");
}

#[tokio::test]
async fn a_kind_that_the_backup_defines_is_not_missed() {
    let (_first, repository) = backed_up().await;
    let empty = KubeLocal::start().await.unwrap();
    let report = verify_against(&repository, &empty).await;
    assert!(report.is_restorable(), "{report}");
}

#[tokio::test]
async fn a_damaged_foreign_archive_is_read_up_to_the_damage() {
    let mut text = loose().0;
    text.truncate(text.len() - 400);
    let report = verify(&foreign_backup(gz(&text)).await).await;
    assert!(!report.is_restorable(), "{report}");
    assert_eq!(report.objects, 6, "{report}");
    let budget = in_shop("poddisruptionbudgets.policy", "b");
    let named = |line: &String| line.starts_with("error archive") && line.contains(&budget);
    assert!(lines(&report).iter().any(named), "{report}");
}

#[tokio::test]
async fn the_report_is_a_table_for_people_and_json_for_machines() {
    let report = verify(&foreign_backup(loose().finish()).await).await;
    let text = report.to_string();
    assert!(
        text.starts_with("Verification of backup `a`: restorable, 7 objects in "),
        "{text}"
    );
    assert!(text.contains("\n  warning          5\n"), "{text}");
    assert!(
        text.contains("\n  warning  reference pods shop/p1: needs secrets shop/tls (volumes.secret), which is not in the \
            backup; so does one other; create it before restoring, or back it up too\n"),
        "{text}"
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["counts"]["warning"], 5);
    assert_eq!(json["findings"][1]["object"]["name"], "owned");
    assert_eq!(json["findings"][1]["check"], "owner");
    assert_eq!(report.count(Severity::Note), 3);
}
