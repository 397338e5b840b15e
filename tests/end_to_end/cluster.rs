//! Raw verbs on a cluster, and manifests put into it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ack_backup_center::engine::{ApiResource, Discovery, GroupResource, ObjectId};
use http::Method;
use kube::Client;
use serde::Deserialize as _;
use serde_json::{Value, json};

pub(crate) use test_support::{client as local_client, create, delete, get, patch, send, until};

pub(crate) type Live = BTreeMap<ObjectId, Value>;

/// A namespace whose backup takes more than one part, since nothing in it can be compressed.
pub(crate) async fn fill(client: &Client, namespace: &str) {
    create(
        client,
        "/api/v1/namespaces",
        &json!({"metadata": {"name": namespace}}),
    )
    .await;
    let mut random = 1u64;
    for n in 0..16 {
        let text: String = std::iter::repeat_with(|| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from((random >> 33) % 90).unwrap())
        })
        .take(700_000)
        .collect();
        let map = json!({"metadata": {"name": format!("m{n}")}, "data": {"text": text}});
        create(
            client,
            &format!("/api/v1/namespaces/{namespace}/configmaps"),
            &map,
        )
        .await;
    }
}

/// Defines a kind in these versions, of which the first is the one that is stored.
pub(crate) async fn define(
    client: &Client,
    group: &str,
    singular: &str,
    versions: &[&str],
    conversion: &Value,
) {
    let kind = singular[..1].to_uppercase() + &singular[1..];
    let versions: Vec<Value> = versions
        .iter()
        .enumerate()
        .map(|(n, name)| {
            json!({"name": name, "served": true, "storage": n == 0, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true}}})
        })
        .collect();
    let definition = json!({"metadata": {"name": format!("{singular}s.{group}")}, "spec": {
        "group": group, "scope": "Namespaced", "conversion": conversion, "versions": versions,
        "names": {"plural": format!("{singular}s"), "singular": singular, "kind": kind}}});
    let list = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    create(client, list, &definition).await;
}

/// The folder with big public manifests; says so when there is none.
pub(crate) fn test_data(file: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("ACK_BACKUP_TESTDATA") else {
        // Past the capture of test output, and nobody to tell is no reason to fail.
        let _ = writeln!(
            std::io::stderr(),
            "a test with `{file}` is SKIPPED: set ACK_BACKUP_TESTDATA to the folder that holds it"
        );
        return None;
    };
    Some(PathBuf::from(folder).join(file))
}

/// The objects of a manifest, lists taken apart.
pub(crate) fn read_manifest(path: &PathBuf) -> Vec<Value> {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut objects = Vec::new();
    for document in serde_norway::Deserializer::from_str(&text) {
        let object = Value::deserialize(document).unwrap();
        match object["items"].as_array() {
            Some(items)
                if object["kind"]
                    .as_str()
                    .is_some_and(|kind| kind.ends_with("List")) =>
            {
                objects.extend(items.iter().cloned());
            }
            _ if object.is_null() => {}
            _ => objects.push(object),
        }
    }
    objects
}

/// Where the object of a manifest is created, and where it is then.
pub(crate) fn paths(found: &Discovery, object: &Value) -> Option<(String, String)> {
    let kind: &ApiResource = found.resources.iter().find(|resource| {
        resource.kind == object["kind"]
            && resource.api_version() == object["apiVersion"].as_str().unwrap_or_default()
    })?;
    let namespace = object["metadata"]["namespace"]
        .as_str()
        .unwrap_or("default");
    let name = object["metadata"]["name"].as_str()?;
    Some((
        kind.list_path(Some(namespace)),
        kind.object_path(Some(namespace), name),
    ))
}

/// Kinds of which nothing is compared: what happened, and what controllers write for others.
const PASSING: [&str; 6] = [
    "events",
    "events.events.k8s.io",
    "endpoints",
    "endpointslices.discovery.k8s.io",
    "ipaddresses.networking.k8s.io",
    "leases.coordination.k8s.io",
];

/// Everything in the cluster that could be created again.
pub(crate) async fn live(client: &Client) -> Live {
    let mut live = Live::new();
    let found = Discovery::run(client).await.unwrap();
    for resource in found.preferred() {
        let kind = resource.group_resource();
        let restorable = ["list", "create", "delete"]
            .iter()
            .all(|verb| resource.can(verb));
        if !restorable || PASSING.contains(&kind.to_string().as_str()) {
            continue;
        }
        let list = send(client, Method::GET, &resource.list_path(None), &Value::Null)
            .await
            .unwrap();
        for object in list["items"].as_array().into_iter().flatten() {
            live.insert(id(&kind, object), object.clone());
        }
    }
    live
}

fn id(kind: &GroupResource, object: &Value) -> ObjectId {
    ObjectId {
        resource: kind.clone(),
        namespace: object["metadata"]["namespace"].as_str().map(str::to_owned),
        name: object["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// Waits until two looks at the cluster, a while apart, show the same objects.
pub(crate) async fn settled(client: &Client) -> Live {
    let started = Instant::now();
    let mut before = live(client).await;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = live(client).await;
        let same = before.keys().eq(after.keys())
            && before.iter().all(|(id, object)| {
                after[id]["metadata"]["generation"] == object["metadata"]["generation"]
            });
        if same || started.elapsed() > Duration::from_secs(60) {
            return after;
        }
        before = after;
    }
}
