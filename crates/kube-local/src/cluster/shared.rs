//! The state under one lock, which connections and controllers share.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::owners::Owners;
use super::state::{State, Task, WriteOptions};
use crate::catalog::Catalog;
use crate::kinds::Pool;
use crate::store::Store;

/// The cluster, as the server shares it.
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
            owners: Owners::default(),
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
        // After a panic while it was held the data is still whole, because writes to the store are
        // single steps.
        self.state.lock()
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
