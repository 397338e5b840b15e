//! A fixed cluster, backed up with a fixed uid at a fixed time, against the tree that is committed.
//!
//! What a compressor decides (lengths of compressed bytes, their digests, where they lie) is left out; other
//! tests hold that it is right.

use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::Arc;

use chrono::DateTime;
use flate2::read::MultiGzDecoder;
use futures::TryStreamExt as _;
use http::{Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use kube_backup_engine::backup::{Backup, BackupSpec};
use kube_backup_engine::{Repository, RunOptions, Selection};
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};

use super::tagged::{Recorded, Tagged};

/// The list at a path of the fixed cluster.
fn list(path: &str) -> Option<Value> {
    let meta =
        |name: &str| json!({"name": name, "uid": format!("uid-of-{name}"), "resourceVersion": "7"});
    let inside = |name: &str| {
        let mut meta = meta(name);
        meta["namespace"] = "shop".into();
        meta
    };
    let (kind, api, items) = match path {
        "/api/v1/namespaces" => (
            "Namespace",
            "v1",
            vec![
                json!({"metadata": meta("kube-system")}),
                json!({"metadata": meta("shop"), "status": {"phase": "Active"}}),
            ],
        ),
        "/api/v1/namespaces/shop/configmaps" => (
            "ConfigMap",
            "v1",
            vec![
                json!({"metadata": inside("settings"), "data": {"colour": "réd", "quote": "\"\\/"}}),
            ],
        ),
        "/apis/apps/v1/namespaces/shop/deployments" => (
            "Deployment",
            "apps/v1",
            vec![
                json!({"metadata": inside("web"), "spec": {"replicas": 2}, "status": {"readyReplicas": 1}}),
            ],
        ),
        "/apis/rbac.authorization.k8s.io/v1/clusterroles" => (
            "ClusterRole",
            "rbac.authorization.k8s.io/v1",
            vec![json!({"metadata": meta("system:reader"), "rules": []})],
        ),
        "/apis/example.com/v1/namespaces/shop/carts" => (
            "Cart",
            "example.com/v1",
            vec![
                json!({"apiVersion": "example.com/v1", "kind": "Cart", "metadata": inside("full"),
                "spec": {"items": ["apple"]}}),
            ],
        ),
        _ => return None,
    };
    Some(json!({"kind": format!("{kind}List"), "apiVersion": api,
        "metadata": {"resourceVersion": "42"}, "items": items}))
}

fn respond(path: &str) -> (StatusCode, Value) {
    let verbs = ["create", "delete", "get", "list"];
    let kind = |plural: &str, kind: &str, namespaced: bool| {
        json!({"name": plural, "singularName": "",
        "namespaced": namespaced, "kind": kind, "verbs": verbs})
    };
    let kinds = |version: &str, resources: Value| {
        json!({"kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": version, "resources": resources})
    };
    let group = |name: &str| {
        json!({"name": name,
        "versions": [{"groupVersion": format!("{name}/v1"), "version": "v1"}],
        "preferredVersion": {"groupVersion": format!("{name}/v1"), "version": "v1"}})
    };
    let groups = ["apps", "rbac.authorization.k8s.io", "example.com"].map(group);
    let found = match path {
        "/version" => json!({"major": "1", "minor": "36", "gitVersion": "v1.36.3"}),
        "/api" => json!({"kind": "APIVersions", "versions": ["v1"]}),
        "/apis" => json!({"kind": "APIGroupList", "apiVersion": "v1",
            "groups": groups}),
        "/api/v1" => kinds(
            "v1",
            json!([
                kind("namespaces", "Namespace", false),
                kind("configmaps", "ConfigMap", true),
                kind("secrets", "Secret", true)
            ]),
        ),
        "/apis/apps/v1" => kinds("apps/v1", json!([kind("deployments", "Deployment", true)])),
        "/apis/rbac.authorization.k8s.io/v1" => kinds(
            "rbac.authorization.k8s.io/v1",
            json!([kind("clusterroles", "ClusterRole", false)]),
        ),
        "/apis/example.com/v1" => kinds("example.com/v1", json!([kind("carts", "Cart", true)])),
        _ => match list(path) {
            Some(list) => list,
            None => {
                return (
                    StatusCode::FORBIDDEN,
                    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden",
                        "message": "listing is forbidden", "code": 403}),
                );
            }
        },
    };
    (StatusCode::OK, found)
}

fn fixed_cluster() -> Client {
    let service = tower::service_fn(|request: Request<Body>| async move {
        let (status, body) = respond(request.uri().path());
        let response = Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(Body::from(serde_json::to_vec(&body).unwrap()));
        response.map_err(std::io::Error::other)
    });
    Client::new(service, "default")
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    text
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(&sorted(value)).unwrap()
}

/// The same with its keys in order, whatever features `serde_json` was built with.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            let fields = keys
                .into_iter()
                .map(|key| (key.clone(), sorted(&fields[key])));
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        value => value.clone(),
    }
}

/// Leaves out what a compressor decides.
fn without(value: &mut Value, fields: &[&str]) {
    for field in fields {
        assert!(!value[*field].is_null(), "{field} is missing in {value}");
        value[*field] = "(of the compressor)".into();
    }
}

fn decoded(name: &str, bytes: &[u8]) -> String {
    match name {
        "velero-backup.json" => {
            assert_eq!(bytes.last(), Some(&b'\n'));
            let mut record: Value = serde_json::from_slice(bytes).unwrap();
            for annotation in ["archive", "files", "point-in-time"] {
                let value = &mut record["metadata"]["annotations"]
                    [format!("kube-backup-engine.io/{annotation}")];
                let mut facts: Value = serde_json::from_str(value.as_str().unwrap()).unwrap();
                if annotation == "files" {
                    for (_, file) in facts.as_object_mut().unwrap() {
                        without(file, &["length", "sha256"]);
                    }
                }
                if !facts["length"].is_null() {
                    without(&mut facts, &["length", "crc64", "etag"]);
                    let fields = ["length", "directoryOffset", "directorySha256"];
                    without(&mut facts["index"], &fields);
                }
                *value = json!({"JSON": facts});
            }
            pretty(&record)
        }
        "fixed.tar.gz" => {
            let text = gunzip(bytes);
            let mut listing = String::new();
            let mut archive = tar::Archive::new(&text[..]);
            for entry in archive.entries().unwrap() {
                let mut entry = entry.unwrap();
                let header = entry.header();
                let (mode, mtime) = (header.mode().unwrap(), header.mtime().unwrap());
                let (owner, kind) = (header.as_old().uid, header.entry_type());
                assert_eq!(owner, [0; 8], "there is no owner");
                let path = entry.path().unwrap().display().to_string();
                let mut content = String::new();
                entry.read_to_string(&mut content).unwrap();
                writeln!(
                    listing,
                    "{path} {kind:?} {mode:o} mtime {mtime}\n  {}",
                    content.trim_end()
                )
                .unwrap();
            }
            listing
        }
        "fixed-index.json.gz" => {
            let text = gunzip(bytes);
            let mut index: Value = serde_json::from_slice(&text).unwrap();
            for member in index["members"].as_array_mut().unwrap() {
                without(member, &["offset", "length"]);
            }
            for chunk in index["directory"].as_array_mut().unwrap() {
                without(chunk, &["offset", "length", "sha256"]);
            }
            pretty(&index)
        }
        "fixed-logs.gz" => {
            let text = String::from_utf8(gunzip(bytes)).unwrap();
            let is_of_compressor = |line: &&str| line.contains("in an archive of");
            assert_eq!(text.lines().filter(is_of_compressor).count(), 1);
            let lines = text.lines().filter(|line| !is_of_compressor(line));
            let version = concat!("kube-backup-engine ", env!("CARGO_PKG_VERSION"));
            let lines =
                lines.map(|line| line.replace(version, "kube-backup-engine (version)") + "\n");
            lines.collect()
        }
        _ => match bytes.starts_with(&[0x1f, 0x8b]) {
            true => pretty(&serde_json::from_slice(&gunzip(bytes)).unwrap()),
            false => String::from_utf8_lossy(bytes).into_owned(),
        },
    }
}

#[tokio::test]
async fn a_fixed_cluster_becomes_the_golden_tree() {
    let recorded = Arc::new(Recorded::default());
    let store: Arc<dyn ObjectStore> =
        Arc::new(Tagged::new(InMemory::new()).recorded_by(Arc::clone(&recorded)));
    let repository = Repository::new(Arc::clone(&store), "team");
    let spec = BackupSpec {
        selection: Selection {
            included_namespaces: ["gone", "shop"].map(Into::into).into(),
            include_cluster_resources: Some(true),
            ..Selection::default()
        },
        labels: [("team".to_owned(), "a".to_owned())].into(),
        ttl: Some(std::time::Duration::from_secs(3600)),
        ..BackupSpec::named("fixed")
    };
    let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    let report = Backup::new(fixed_cluster(), repository.clone(), spec)
        .with_uid("0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01")
        .with_clock(move || now)
        .with_options(RunOptions::default().with_parallelism(1))
        .run()
        .await
        .unwrap();
    assert_eq!(report.results.errors.count(), 2, "{report}");

    let mut tree = String::from("# written, in this order\n");
    for line in recorded.take() {
        writeln!(tree, "{line}").unwrap();
    }
    let mut keys: Vec<_> = store
        .list(None)
        .map_ok(|found| found.location)
        .try_collect()
        .await
        .unwrap();
    keys.sort();
    for key in keys {
        let bytes = store.get(&key).await.unwrap().bytes().await.unwrap();
        let name = key.filename().unwrap();
        write!(tree, "\n# {key}\n{}\n", decoded(name, &bytes)).unwrap();
    }
    insta::assert_snapshot!("tree", tree);
    repository.open("fixed").await.unwrap();
}

/// What is written down is what is written.
#[test]
fn every_name_of_the_tree_stands_in_the_specification() {
    let specification = include_str!("../../../FORMAT.md");
    let tree = include_str!("snapshots/it__format__golden__tree.snap");
    let keys = tree.lines().filter_map(|line| line.strip_prefix("# team/"));
    let mut names: Vec<String> = keys.map(|key| key.replace("fixed", "B")).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    for line in tree.lines() {
        let annotation = line.trim_start().strip_prefix("\"kube-backup-engine.io/");
        if let Some((annotation, _)) = annotation.and_then(|rest| rest.split_once('"')) {
            names.push(format!("kube-backup-engine.io/{annotation}"));
        }
    }
    assert_eq!(names.len(), 10, "{names:?}");
    for name in names {
        assert!(specification.contains(&format!("`{name}`")), "{name}");
    }
}
