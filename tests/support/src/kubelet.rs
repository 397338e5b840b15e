//! What a cluster without machines has of them: Pods are bound to a node and run once their claims are bound, and provisioners make
//! volumes. What a mount is, a test says.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use kube::Client;
use serde_json::{Value, json};

use crate::{get, send};

/// Keeps a Pod until what it has mounted is written back.
const MOUNTED: &str = "kubelet.example.com/mounted";
const TURN: Duration = Duration::from_millis(50);

/// A node, and what provisions volumes in its cluster.
pub trait Machine: Send + Sync + 'static {
    /// Of the API server that is asked.
    fn client(&self) -> &Client;

    /// The name of the node that Pods run on.
    fn node(&self) -> &str;

    /// Whose Pods run and whose claims are provisioned; nothing else in the cluster is touched.
    fn namespaces(&self) -> Vec<String>;

    /// Makes a volume for a claim that has none, if this is who makes volumes of its class. Called again until the claim is bound.
    fn provision(&self, namespace: &str, claim: &Value) -> impl Future<Output = ()> + Send;

    /// Mounts the volume of this name before a Pod runs. Called again when the Pod did not come to run.
    fn mount(&self, pod: &Value, volume: &str) -> impl Future<Output = ()> + Send;

    /// Writes back what a Pod that goes had mounted.
    fn unmount(&self, pod: &Value, volume: &str) -> impl Future<Output = ()> + Send;

    /// Time passes: called once in each turn.
    fn pass(&self) {}
}

/// Lets a machine run in a task for as long as somebody else holds it.
pub fn run(machine: &Arc<impl Machine>) {
    let machine = Arc::downgrade(machine);
    tokio::spawn(async move {
        while let Some(machine) = machine.upgrade() {
            for namespace in machine.namespaces() {
                turn(&*machine, &namespace).await;
            }
            machine.pass();
            drop(machine);
            tokio::time::sleep(TURN).await;
        }
    });
}

async fn turn(machine: &impl Machine, namespace: &str) {
    let at = format!("/api/v1/namespaces/{namespace}");
    let mut bound = BTreeMap::new();
    for claim in items(machine, &format!("{at}/persistentvolumeclaims")).await {
        let name = claim["metadata"]["name"].as_str().expect("a name");
        match claim["spec"]["volumeName"].as_str() {
            Some(volume) => drop(bound.insert(name.to_owned(), volume.to_owned())),
            None => machine.provision(namespace, &claim).await,
        }
    }
    for pod in items(machine, &format!("{at}/pods")).await {
        let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        let claims = volumes.filter_map(|it| it["persistentVolumeClaim"]["claimName"].as_str());
        let volumes: Vec<Option<&String>> = claims.map(|claim| bound.get(claim)).collect();
        let name = pod["metadata"]["name"].as_str().expect("a name");
        let path = format!("{at}/pods/{name}");
        if pod["metadata"].get("deletionTimestamp").is_some() {
            for volume in volumes.into_iter().flatten() {
                machine.unmount(&pod, volume).await;
            }
            end(machine, &path).await;
        } else if pod["status"]["phase"] != "Running" {
            // A Pod starts when all of its claims are bound.
            let Some(volumes) = volumes.into_iter().collect::<Option<Vec<_>>>() else {
                continue;
            };
            for volume in volumes {
                machine.mount(&pod, volume).await;
            }
            start(machine, &path, &pod).await;
        }
    }
}

async fn items(machine: &impl Machine, list: &str) -> Vec<Value> {
    let list = get(machine.client(), list).await.unwrap_or_default();
    list["items"].as_array().cloned().unwrap_or_default()
}

async fn start(machine: &impl Machine, path: &str, pod: &Value) {
    let kept = json!({"metadata": {"finalizers": [MOUNTED]}});
    tell(machine, Method::PATCH, path, kept).await;
    if pod["spec"].get("nodeName").is_none() {
        let binding = json!({"apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": pod["metadata"]["name"]},
            "target": {"kind": "Node", "name": machine.node()}});
        tell(machine, Method::POST, &format!("{path}/binding"), binding).await;
    }
    let running = json!({"status": {"phase": "Running"}});
    tell(machine, Method::PATCH, &format!("{path}/status"), running).await;
}

async fn end(machine: &impl Machine, path: &str) {
    let none = json!({"metadata": {"finalizers": null}});
    tell(machine, Method::PATCH, path, none).await;
    let now = json!({"gracePeriodSeconds": 0});
    tell(machine, Method::DELETE, path, now).await;
}

/// What is refused is said again in the next turn: a Pod may go at any time.
async fn tell(machine: &impl Machine, method: Method, path: &str, body: Value) {
    drop(send(machine.client(), method, path, &body).await);
}
