//! An application with volumes, on a cluster that is a table of lists.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use http::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use kube_backup_engine::volumes::testkit::{FakeKind, FakeStorage};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::calls::{Calls, Counted};

/// When everything happens that goes by the clocks of a test.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

/// Objects of a cluster, and the storage of its volumes.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) storage: FakeStorage,
    objects: Arc<Mutex<Vec<(&'static str, Value)>>>,
    requests: Arc<AtomicUsize>,
    commands: Arc<Mutex<Vec<Instant>>>,
}

impl App {
    /// An application in the namespace `shop`.
    pub(crate) fn new() -> Self {
        let app = Self {
            storage: FakeStorage::new(now()),
            objects: Arc::default(),
            requests: Arc::default(),
            commands: Arc::default(),
        };
        app.add("namespaces", json!({"metadata": {"name": "shop"}}));
        app
    }

    pub(crate) fn add(&self, plural: &'static str, object: Value) {
        self.objects.lock().unwrap().push((plural, object));
    }

    /// Takes an object away.
    pub(crate) fn remove(&self, plural: &str, name: &str) {
        let mut objects = self.objects.lock().unwrap();
        objects.retain(|(of, object)| *of != plural || object["metadata"]["name"] != name);
    }

    /// A claim of 1 GiB with a volume called after it.
    pub(crate) fn claim(&self, name: &str) -> &Self {
        self.claim_as(name, |_, _| {})
    }

    /// The same, changed: claim, and volume.
    pub(crate) fn claim_as(&self, name: &str, change: impl Fn(&mut Value, &mut Value)) -> &Self {
        let pv = format!("pv-{name}");
        let mut volume = serde_json::to_value(self.storage.volume(&pv, "1Gi")).unwrap();
        self.storage
            .write(&pv, format!("data of {name}").as_bytes());
        volume["metadata"]["uid"] = format!("uid-of-{pv}").into();
        volume["spec"]["claimRef"] =
            json!({"namespace": "shop", "name": name, "uid": format!("uid-of-{name}")});
        volume["spec"]["storageClassName"] = "fast".into();
        volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete".into();
        let mut claim = json!({"metadata": {"namespace": "shop", "name": name, "uid": format!("uid-of-{name}")},
            "spec": {"volumeName": pv, "storageClassName": "fast", "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Bound"}});
        change(&mut claim, &mut volume);
        self.add("persistentvolumeclaims", claim);
        if !volume.is_null() {
            self.add("persistentvolumes", volume);
        }
        self
    }

    /// A running Pod that mounts claims, by the names that it has for them.
    pub(crate) fn pod(&self, name: &str, volumes: &[(&str, &str)], annotations: &Value) -> &Self {
        let volumes = volumes.iter().map(|(volume, claim)| {
            json!({"name": volume, "persistentVolumeClaim": {"claimName": claim}})
        });
        self.add(
            "pods",
            json!({"metadata": {"namespace": "shop", "name": name, "uid": format!("uid-of-{name}"),
                "annotations": annotations},
            "spec": {"nodeName": "node-a", "volumes": volumes.collect::<Vec<_>>()},
            "status": {"phase": "Running"}}),
        );
        self
    }

    /// How often the cluster was asked for something.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// When commands were to be run in containers, of which there are none.
    pub(crate) fn commands(&self) -> Vec<Instant> {
        self.commands.lock().unwrap().clone()
    }

    pub(crate) fn snapshotter(&self, kind: FakeKind, calls: &Calls) -> Counted {
        Counted::new(&self.storage, self.storage.snapshotter(kind), calls)
    }

    pub(crate) fn client(&self) -> Client {
        let own = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let own = own.clone();
            async move {
                assert_eq!(
                    request.method(),
                    Method::GET,
                    "a backup writes nothing to a cluster"
                );
                own.requests.fetch_add(1, Ordering::Relaxed);
                if request.uri().path().ends_with("/exec") {
                    own.commands.lock().unwrap().push(Instant::now());
                }
                let (status, body) = match own.respond(request.uri().path()) {
                    Some(found) => (StatusCode::OK, found),
                    None => (
                        StatusCode::NOT_FOUND,
                        json!({"kind": "Status", "code": 404}),
                    ),
                };
                let response = Response::builder()
                    .status(status)
                    .header("content-type", "application/json")
                    .body(Body::from(serde_json::to_vec(&body).unwrap()));
                response.map_err(std::io::Error::other)
            }
        });
        Client::new(service, "default")
    }

    fn respond(&self, path: &str) -> Option<Value> {
        let kinds = [
            ("namespaces", "Namespace", false),
            ("persistentvolumes", "PersistentVolume", false),
            ("persistentvolumeclaims", "PersistentVolumeClaim", true),
            ("pods", "Pod", true),
        ];
        match path {
            "/version" => {
                return Some(json!({"major": "1", "minor": "36", "gitVersion": "v1.36.3"}));
            }
            "/api" => return Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
            "/apis" => {
                return Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": []}));
            }
            "/api/v1" => {
                let resources = kinds.map(|(plural, kind, namespaced)| {
                    json!({"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind,
                        "verbs": ["create", "delete", "get", "list"]})
                });
                return Some(json!({"kind": "APIResourceList", "apiVersion": "v1",
                    "groupVersion": "v1", "resources": resources}));
            }
            _ => {}
        }
        let (plural, kind, _) = kinds
            .into_iter()
            .find(|(plural, ..)| path.ends_with(&format!("/{plural}")))?;
        let namespace = path
            .strip_prefix("/api/v1/namespaces/")
            .and_then(|rest| rest.split_once('/'))
            .map(|(namespace, _)| namespace);
        let objects = self.objects.lock().unwrap();
        let items: Vec<&Value> = objects
            .iter()
            .filter(|(of, _)| *of == plural)
            .map(|(_, object)| object)
            .filter(|it| namespace.is_none_or(|namespace| it["metadata"]["namespace"] == namespace))
            .collect();
        Some(json!({"kind": format!("{kind}List"), "apiVersion": "v1",
            "metadata": {"resourceVersion": "42"}, "items": items}))
    }
}
