//! The state of the cluster and the operations on it. One lock guards all of it: every operation
//! is short, and revisions stay in order.

mod admission;
mod allowed;
mod convert;
mod create;
mod delete;
mod garbage;
mod lifecycle;
mod list;
mod update;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

pub(crate) use allowed::create_review;
pub(crate) use convert::{convertible, to_version};
pub(crate) use delete::{DeleteOptions, Deleted, Propagation};
pub(crate) use list::{ListOptions, Listed, invalid_version, matches as list_matches};
pub(crate) use update::PatchKind;

use crate::catalog::{Catalog, Resource};
use crate::kinds::Pool;
use crate::schema::FieldValidation;
use crate::store::{Store, Stored};

/// How a write is to be done, from its query.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    pub(crate) manager: String,
    pub(crate) force: bool,
    pub(crate) validation: FieldValidation,
    /// What the answer is to warn of, gathered on the way.
    pub(crate) warnings: std::cell::RefCell<Vec<String>>,
}

/// What a controller has to do next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// A namespace was created: its ServiceAccount and the root certificate appear.
    Populate(String),
    /// A namespace goes: delete what is in it, then itself.
    Terminate(String),
    /// A CRD was written: accept its names, serve it.
    Establish(String),
    /// A CRD goes: delete its objects, then itself.
    Unserve(String),
    /// The owner with this uid is gone, or never was: what it alone owns goes too.
    Collect(String),
    /// The owner with this uid waits for what it owns to go, or to be set free.
    Release(String),
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    services: Pool,
    owners: garbage::Owners,
    tasks: BTreeSet<Task>,
    /// Groups that discovery shows as stale: `group/version`.
    pub(crate) stale: BTreeSet<String>,
}

/// The cluster behind the server.
#[derive(Debug)]
pub(crate) struct Cluster {
    state: Mutex<State>,
    revision: watch::Sender<u64>,
    controller_delay: Duration,
}

impl Cluster {
    pub(crate) fn new(history: Duration, controller_delay: Duration) -> Arc<Self> {
        let state = State {
            store: Store::new(history),
            catalog: Catalog::new(),
            services: Pool::default(),
            owners: garbage::Owners::default(),
            tasks: BTreeSet::new(),
            stale: BTreeSet::new(),
        };
        let (revision, _) = watch::channel(0);
        let cluster = Arc::new(Self {
            state: Mutex::new(state),
            revision,
            controller_delay,
        });
        cluster.bootstrap();
        cluster
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held is reported where it happened; the data is whole,
        // because writes to the store are single steps.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of every new revision.
    pub(crate) fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Changes the state, wakes the watches, and lets the controllers follow.
    pub(crate) fn write<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let (outcome, tasks) = {
            let mut state = self.lock();
            let outcome = change(&mut state);
            let tasks = std::mem::take(&mut state.tasks);
            self.revision.send_replace(state.store.revision());
            (outcome, tasks)
        };
        if tasks.is_empty() {
            return outcome;
        }
        if self.controller_delay.is_zero() {
            self.run(tasks);
        } else {
            let cluster = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(cluster.controller_delay).await;
                cluster.run(tasks);
            });
        }
        outcome
    }

    fn run(self: &Arc<Self>, tasks: BTreeSet<Task>) {
        self.write(|state| {
            for task in tasks {
                state.run(&task);
            }
        });
    }

    /// What every cluster has from the start.
    fn bootstrap(self: &Arc<Self>) {
        let options = WriteOptions {
            manager: "kube-apiserver".to_owned(),
            ..Default::default()
        };
        let namespace = |name: &str| json!({"metadata": {"name": name}});
        let class = |name: &str, value: i64| {
            json!({"metadata": {"name": name}, "value": value,
            "description": format!("Used for system critical pods that {}.", match value {
                2_000_000_000 => "must run in the cluster, but can be moved to another node if necessary",
                _ => "must not be moved from their current node",
            })})
        };
        let kubernetes = json!({
            "metadata": {"name": "kubernetes", "namespace": "default",
                "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {"clusterIP": "10.0.0.1",
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}]},
        });
        let objects: Vec<(&str, &str, Value)> =
            ["default", "kube-node-lease", "kube-public", "kube-system"]
                .into_iter()
                .map(|name| ("", "namespaces", namespace(name)))
                .chain([
                    (
                        "scheduling.k8s.io",
                        "priorityclasses",
                        class("system-cluster-critical", 2_000_000_000),
                    ),
                    (
                        "scheduling.k8s.io",
                        "priorityclasses",
                        class("system-node-critical", 2_000_001_000),
                    ),
                    ("", "services", kubernetes),
                ])
                .collect();
        self.write(|state| {
            for (group, name, object) in objects {
                let Some(resource) = state.catalog.find(group, "v1", name).cloned() else {
                    continue;
                };
                let namespace = resource.namespaced.then_some("default");
                if let Err(error) = state.create(&resource, namespace, object, &options) {
                    tracing::error!(%error, resource = name, "bootstrap object was refused");
                }
            }
            let tasks = std::mem::take(&mut state.tasks);
            for task in tasks {
                state.run(&task);
            }
        });
    }
}

impl State {
    /// Takes an object into the store under the next revision.
    fn commit(&mut self, resource: &Resource, value: Value) -> Arc<Stored> {
        let stored = stored(resource, value, self.store.next_revision());
        let object = self.store.put(&resource.collection, stored);
        self.note_owners(resource, &object, false);
        self.after_write(resource, &object, false);
        object
    }

    /// Removes an object, of which `value` is the last state.
    fn expunge(&mut self, resource: &Resource, value: Value) -> Arc<Stored> {
        let stored = stored(resource, value, self.store.next_revision());
        let object = self.store.remove(&resource.collection, stored);
        self.note_owners(resource, &object, true);
        self.after_write(resource, &object, true);
        object
    }

    pub(crate) fn schedule(&mut self, task: Task) {
        self.tasks.insert(task);
    }
}

/// The time as objects print it.
pub(crate) fn now() -> String {
    // The one place where the server reads the clock for objects.
    chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A random version 4 UUID.
pub(crate) fn new_uid() -> String {
    let (a, b) = (fastrand::u64(..), fastrand::u64(..));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        (b >> 48) & 0x3fff | 0x8000,
        b & 0xffff_ffff_ffff,
    )
}

/// Turns an object into what the store keeps.
fn stored(resource: &Resource, mut value: Value, revision: u64) -> Stored {
    value["metadata"]["resourceVersion"] = revision.to_string().into();
    draft(resource, value, revision)
}

/// The same without a revision of its own, for dry runs.
fn draft(resource: &Resource, mut value: Value, revision: u64) -> Stored {
    let metadata = &value["metadata"];
    let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("name"));
    let labels = metadata["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let uid = text("uid");
    let owners = metadata["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|owner| Some(owner["uid"].as_str()?.to_owned()))
        .collect();
    let api_version = match value["apiVersion"].as_str() {
        Some(version) => version.to_owned(),
        None => resource.group_version(),
    };
    if let Some(map) = value.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
    }
    // Custom resources are printed in alphabetical order, built-in kinds as Go structs.
    let body = if resource.custom.is_some() {
        serde_json::to_vec(&value)
    } else {
        serde_json::to_vec(&crate::http::GoOrder(&value))
    };
    let body = body.unwrap_or_default().into();
    Stored {
        revision,
        namespace,
        name,
        body,
        api_version,
        kind: resource.kind.clone(),
        uid,
        owners,
        labels,
    }
}
