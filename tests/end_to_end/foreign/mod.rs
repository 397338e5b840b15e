//! A backup that Velero 1.18.3 wrote, restored to an embedded and to a real cluster: an exact outcome for
//! each of its 110 items, in both formats of its archive.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use ack_backup_center::engine::compare::Comparison;
use ack_backup_center::engine::restore::{
    Outcome, Restore, RestoreReport, RestoreSpec, SkipReason,
};
use ack_backup_center::engine::verify::{Severity, Verify};
use ack_backup_center::engine::{ObjectId, Phase, Repository};
use control_plane::ControlPlane;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use futures::TryStreamExt as _;
use kube::Client;
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::{Map, Value};

use crate::cluster::{settled, test_data};
use crate::roles;

/// `outcome`, `object`, `reason`, parted by tabs; outcomes that depend on whether a controller of the
/// cluster was faster are parted by `|`.
const EXPECTED: &str = include_str!("boutique.tsv");

/// The backup as it was found, or with its archive changed.
async fn repository(folder: &Path, change: impl Fn(&[u8]) -> Vec<u8>) -> Repository {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let mut bytes = std::fs::read(file.path()).unwrap();
        if name == "boutique.tar.gz" {
            bytes = change(&bytes);
        }
        let key = format!("backups/boutique/{name}");
        store.put(&key.into(), bytes.into()).await.unwrap();
    }
    Repository::new(store, "")
}

/// The archive as a Velero of format 1.0.0 has it: each object once.
fn as_format_1_0(archive: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    GzDecoder::new(archive).read_to_end(&mut text).unwrap();
    let mut kept = tar::Builder::new(Vec::new());
    for entry in tar::Archive::new(&text[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let mut data = Vec::new();
        entry.read_to_end(&mut data).unwrap();
        if path == "metadata/version" {
            data = b"1.0.0\n".to_vec();
        }
        if !path.contains("-preferredversion/") {
            let mut header = entry.header().clone();
            header.set_size(data.len() as u64);
            kept.append_data(&mut header, path, &data[..]).unwrap();
        }
    }
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&kept.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}

/// One line an item of the archive; of what a restore never brings back the report says nothing.
fn lines(report: &RestoreReport, items: &BTreeSet<ObjectId>) -> BTreeMap<String, (String, String)> {
    let mut lines: BTreeMap<_, _> = items
        .iter()
        .map(|id| (id.to_string(), ("never".to_owned(), String::new())))
        .collect();
    for item in &report.items {
        let reason = match &item.outcome {
            Outcome::Skipped(SkipReason::NotRestored(reason)) | Outcome::Failed(reason) => {
                reason.clone()
            }
            Outcome::Skipped(SkipReason::Exists(differences)) => differences.join(", "),
            _ => String::new(),
        };
        let line = (item.outcome.name().to_owned(), reason);
        lines.insert(item.id.to_string(), line);
    }
    lines
}

async fn restore(client: &Client, repository: &Repository, name: &str) -> RestoreReport {
    let backup = repository.open("boutique").await.unwrap();
    assert_eq!(backup.record().status.phase, Phase::Completed);
    assert!(!backup.has_index().await.unwrap());
    Restore::new(client.clone(), backup, RestoreSpec::named(name))
        .run()
        .await
        .unwrap()
}

async fn items(repository: &Repository) -> BTreeMap<ObjectId, Value> {
    let backup = repository.open("boutique").await.unwrap();
    backup
        .stream()
        .map_ok(|(entry, bytes)| (entry.id, serde_json::from_slice(&bytes).unwrap()))
        .try_collect()
        .await
        .unwrap()
}

/// Compares a report with the table, line by line.
fn assert_expected(report: &RestoreReport, items: &BTreeMap<ObjectId, Value>) {
    let found = lines(report, &items.keys().cloned().collect());
    let expected: BTreeMap<&str, (&str, &str)> = EXPECTED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut columns = line.split('\t');
            let (outcome, id) = (columns.next().unwrap(), columns.next().unwrap());
            (id, (outcome, columns.next().unwrap_or_default()))
        })
        .collect();
    let mut wrong = Vec::new();
    for (id, (outcome, reason)) in &found {
        let fits = expected.get(id.as_str()).is_some_and(|(wanted, why)| {
            wanted.split('|').any(|wanted| wanted == outcome) && why == reason
        });
        if !fits {
            wrong.push(format!("{outcome}\t{id}\t{reason}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "other than the table says:\n{}\n{report}",
        wrong.join("\n")
    );
    assert_eq!((found.len(), expected.len()), (110, 110));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_velero_has_one_expected_outcome_an_item_in_both_formats() {
    let Some(folder) = test_data("fixtures/velero-1.18.3/boutique") else {
        return;
    };
    for change in [<[u8]>::to_vec, as_format_1_0] {
        let repository = repository(&folder, change).await;
        let cluster = KubeLocal::start().await.unwrap();
        let config = kube::Config::new(cluster.url().parse().unwrap());
        let client = Client::try_from(config).unwrap();
        let report = restore(&client, &repository, "r").await;
        assert_expected(&report, &items(&repository).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_velero_comes_back_on_a_real_control_plane() {
    let Some(folder) = test_data("fixtures/velero-1.18.3/boutique") else {
        return;
    };
    if control_plane::shared().is_none() {
        return;
    }
    let plane = tokio::task::spawn_blocking(ControlPlane::start)
        .await
        .unwrap()
        .unwrap();
    let client = plane.client();
    let restores = roles::client_of(&plane, roles::RESTORE).await;
    let repository = repository(&folder, <[u8]>::to_vec).await;
    let verified = Verify::new(repository.clone(), "boutique")
        .against(restores.clone())
        .run()
        .await
        .unwrap();
    assert!(verified.is_restorable(), "{verified}");
    assert_eq!(
        (verified.objects, verified.count(Severity::Warning)),
        (110, 0),
        "{verified}"
    );

    let empty = settled(&client).await;
    let report = restore(&restores, &repository, "r").await;
    let archived = items(&repository).await;
    assert_expected(&report, &archived);

    // As it was, object by object, and nothing besides: controllers adopted what they found.
    let comparison = Comparison::default();
    let after = settled(&client).await;
    let mut wrong = Vec::new();
    let mut compared = 0;
    for item in &report.items {
        if !item.outcome.is_in_cluster() {
            continue;
        }
        compared += 1;
        let copy = after
            .get(&item.id)
            .map(|copy| as_archived(copy, &archived[&item.id]));
        match copy {
            Some(copy) => wrong.extend(
                comparison
                    .differences(&item.id.resource, &archived[&item.id], &copy)
                    .into_iter()
                    .map(|at| format!("{} at {at}", item.id)),
            ),
            None => wrong.push(format!("{} is missing", item.id)),
        }
    }
    let new = after
        .keys()
        .filter(|id| !empty.contains_key(*id) && !archived.contains_key(*id));
    wrong.extend(new.map(|id| format!("{id} was not in the backup")));
    assert_eq!(wrong, Vec::<String>::new(), "{report}");
    assert_eq!(compared, 61);
}

/// A live object as the archive could hold it. List items lack their type; and the cluster of the archive
/// ran without the admission that gives each Pod a ServiceAccount and its token (admission plugin
/// `ServiceAccount`).
fn as_archived(live: &Value, archived: &Value) -> Value {
    let mut copy = live.clone();
    for field in ["apiVersion", "kind"] {
        copy[field] = archived[field].clone();
    }
    if archived["kind"] != "Pod" {
        return copy;
    }
    assert!(!archived.to_string().contains("kube-api-access-"));
    let spec = copy["spec"].as_object_mut().unwrap();
    if archived["spec"]["serviceAccountName"].is_null() {
        assert_eq!(spec.remove("serviceAccountName"), Some("default".into()));
        spec.remove("serviceAccount");
    }
    drop_tokens(spec, "volumes");
    for containers in ["initContainers", "containers"] {
        let list = spec.get_mut(containers).and_then(Value::as_array_mut);
        for container in list.into_iter().flatten() {
            drop_tokens(container.as_object_mut().unwrap(), "volumeMounts");
        }
    }
    copy
}

fn drop_tokens(holder: &mut Map<String, Value>, field: &str) {
    let Some(items) = holder.get_mut(field).and_then(Value::as_array_mut) else {
        return;
    };
    items.retain(|item| {
        let name = item["name"].as_str().unwrap_or_default();
        !name.starts_with("kube-api-access-")
    });
    if items.is_empty() {
        holder.remove(field);
    }
}
