//! Where an entry lies in an archive says nothing of what may be written: the server says which kinds
//! live in namespaces, and names that no object can have reach no request.

use std::sync::Arc;

use ack_backup_center::engine::restore::{Outcome, Restore, RestoreReport, RestoreSpec};
use ack_backup_center::engine::verify::Verify;
use ack_backup_center::engine::{ApiResource, Discovery, Repository, Selection, client_for};
use control_plane::{Binaries, ControlPlane, unique_name};
use flate2::Compression;
use flate2::write::GzEncoder;
use kube::Client;
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use serde_json::{Value, json};

use crate::cluster::{get, local_client};

/// A backup of another program, put together by hand: entries and their objects.
async fn forged(entries: &[(String, Value)]) -> Repository {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut file = |path: &str, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, bytes).unwrap();
    };
    file("metadata/version", b"1.0.0\n");
    for (path, object) in entries {
        file(path, object.to_string().as_bytes());
    }
    let archive = tar.into_inner().unwrap();
    let record = json!({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "a"},
        "status": {"phase": "Completed", "version": 1, "formatVersion": "1.0.0"}});
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    for (key, bytes) in [
        ("velero-backup.json", record.to_string().into_bytes()),
        ("a.tar.gz", archive.finish().unwrap()),
    ] {
        let key = format!("backups/a/{key}").into();
        store.put(&key, bytes.into()).await.unwrap();
    }
    Repository::new(store, "")
}

/// The embedded server, and a real one where there is one.
async fn clusters() -> Vec<(Client, Option<KubeLocal>)> {
    let local = KubeLocal::start().await.unwrap();
    let mut clusters = vec![(local_client(&local.url()), Some(local))];
    if let Some(plane) = control_plane::shared() {
        clusters.push((plane.client(), None));
    }
    clusters
}

async fn run(client: &Client, repository: &Repository, spec: RestoreSpec) -> RestoreReport {
    let backup = repository.open("a").await.unwrap();
    let restore = Restore::new(client.clone(), backup, spec);
    let plan = restore.plan().await.unwrap();
    let report = restore.run().await.unwrap();
    for item in &report.items {
        let planned = plan.items.iter().find(|planned| planned.id == item.id);
        let fails = planned.unwrap().action.name() == "fail";
        assert_eq!(
            fails,
            matches!(item.outcome, Outcome::Failed(_)),
            "{plan}\n{report}"
        );
    }
    report
}

/// An object of a kind in the wrong place of an archive.
fn misplaced(kind: &ApiResource, namespace: &str, name: &str) -> (String, Value) {
    let resource = kind.group_resource();
    let mut object = json!({"apiVersion": kind.api_version(), "kind": kind.kind,
        "metadata": {"name": name}});
    if kind.namespaced {
        return (format!("resources/{resource}/cluster/{name}.json"), object);
    }
    object["metadata"]["namespace"] = namespace.into();
    if kind.plural == "clusterrolebindings" {
        object["roleRef"] =
            json!({"apiGroup": kind.group, "kind": "ClusterRole", "name": "cluster-admin"});
        object["subjects"] =
            json!([{"kind": "ServiceAccount", "name": "default", "namespace": namespace}]);
    }
    let path = format!("resources/{resource}/namespaces/{namespace}/{name}.json");
    (path, object)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_in_the_other_scope_is_refused_by_name_and_verify_sees_each() {
    for (client, _local) in clusters().await {
        let namespace = unique_name("places");
        let name = unique_name("oops");
        let found = Discovery::run(&client).await.unwrap();
        let kinds: Vec<ApiResource> = found
            .preferred()
            .into_iter()
            .filter(|kind| kind.can("create") && kind.can("list"))
            .cloned()
            .collect();
        assert!(kinds.iter().filter(|kind| !kind.namespaced).count() > 10);
        let mut entries: Vec<(String, Value)> = kinds
            .iter()
            .map(|kind| misplaced(kind, &namespace, &name))
            .collect();
        // An honest object of the kind before the hostile one.
        let honest = unique_name("honest");
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": honest}, "rules": []});
        let path =
            format!("resources/clusterroles.rbac.authorization.k8s.io/cluster/{honest}.json");
        entries.insert(0, (path, role));
        let repository = forged(&entries).await;

        // A namespace alone, and everything.
        let only = RestoreSpec {
            selection: Selection {
                include_cluster_resources: Some(false),
                ..Selection::of_namespaces([namespace.as_str()])
            },
            ..RestoreSpec::named("r")
        };
        for spec in [only, RestoreSpec::named("all")] {
            let report = run(&client, &repository, spec).await;
            let hostile = report.items.iter().filter(|item| item.id.name == name);
            let mut count = 0;
            for item in hostile {
                count += 1;
                let Outcome::Failed(reason) = &item.outcome else {
                    panic!("{} is {:?}", item.id, item.outcome);
                };
                assert!(reason.contains("scope"), "{}: {reason}", item.id);
            }
            assert!(count > 10, "{report}");
            for kind in &kinds {
                let path = kind.object_path(Some("default"), &name);
                assert_eq!(get(&client, &path).await, None, "{path}");
                let path = kind.object_path(Some(&namespace), &name);
                assert_eq!(get(&client, &path).await, None, "{path}");
            }
        }
        let verified = Verify::new(repository, "a").against(client.clone());
        let verified = verified.run().await.unwrap().to_string();
        for kind in &kinds {
            let kind = kind.group_resource();
            if NEVER.contains(&kind.to_string().as_str()) {
                continue;
            }
            let seen = verified.lines().any(|line| {
                line.contains(&format!("{kind} ")) && line.contains(&name) && line.contains("scope")
            });
            assert!(seen, "{kind}: {verified}");
        }
    }
}

/// Kinds that no restore brings back, and of which a verification says nothing.
const NEVER: [&str; 8] = [
    "nodes",
    "events",
    "events.events.k8s.io",
    "csinodes.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
    "volumeattachments.storage.k8s.io",
    "resourceslices.resource.k8s.io",
    "certificatesigningrequests.certificates.k8s.io",
];

/// Counted by the API server itself, in its audit log.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_of_a_plan_writes_or_reaches_a_proxy() {
    if control_plane::shared().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (policy, log) = (folder.path().join("policy"), folder.path().join("log"));
    let rules = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]});
    std::fs::write(&policy, rules.to_string()).unwrap();
    let flags = [
        format!("--audit-policy-file={}", policy.display()),
        format!("--audit-log-path={}", log.display()),
    ];
    let plane = tokio::task::spawn_blocking(move || {
        let binaries = Binaries::find().unwrap();
        ControlPlane::start_with_flags(&binaries, &flags.each_ref().map(String::as_str)).unwrap()
    });
    let plane = plane.await.unwrap();
    let client = client_for(plane.config()).unwrap();
    let mut entries = Vec::new();
    for (namespace, name) in [
        ("default", "fine"),
        ("nowhere", "fine"),
        ("default?dryRun=None&x=", "a"),
        ("default%2fservices%2fx%2fproxy", "a"),
        ("default", "a%2fproxy"),
        ("default", "a?dryRun=None"),
    ] {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace}});
        let path = format!("resources/configmaps/namespaces/{namespace}/{name}.json");
        entries.push((path, map));
    }
    let webhook = json!({"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"}, "webhooks": [
            {"name": "w.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "clientConfig": {"service": {"namespace": "default", "name": "kubernetes/proxy"}},
                "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"],
                    "resources": ["carts"]}]}]});
    let kind = "validatingwebhookconfigurations.admissionregistration.k8s.io";
    entries.push((format!("resources/{kind}/cluster/w.json"), webhook));
    let repository = forged(&entries).await;
    let backup = repository.open("a").await.unwrap();
    let restore = Restore::new(client, backup, RestoreSpec::named("r"));
    let plan = restore.plan().await.unwrap();
    assert_eq!(plan.items.len(), entries.len(), "{plan}");

    let text = std::fs::read_to_string(&log).unwrap();
    let mut dry_runs = 0;
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let agent = event["userAgent"].as_str().unwrap_or_default();
        if !agent.starts_with("kube-backup-engine/") {
            continue;
        }
        let uri: http::Uri = event["requestURI"].as_str().unwrap().parse().unwrap();
        let parameters = uri.query().unwrap_or_default().split('&');
        let values: Vec<&str> = parameters
            .filter(|pair| pair.starts_with("dryRun"))
            .collect();
        match event["verb"].as_str().unwrap() {
            "get" | "list" => {}
            _ if event["stage"] == "RequestReceived" => {}
            _ => {
                assert_eq!(values, ["dryRun=All"], "{event}");
                dry_runs += 1;
            }
        }
        assert_ne!(event["objectRef"]["subresource"], "proxy", "{event}");
    }
    assert!(dry_runs >= 3, "{text}");
}
