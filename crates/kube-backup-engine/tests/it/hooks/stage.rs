//! A namespace with Pods whose commands are run on this machine.

use std::path::{Path, PathBuf};

use http::Method;
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::{create, send, until};

/// The node of all Pods.
const NODE: &str = "played";

/// A namespace of its own, and a folder that the commands write to.
pub(crate) struct Stage {
    pub(crate) plane: &'static control_plane::ControlPlane,
    pub(crate) client: Client,
    pub(crate) namespace: String,
    folder: TempDir,
}

impl Stage {
    /// `None` where there is no control plane or no kwok.
    pub(crate) async fn new() -> Option<Self> {
        control_plane::shared_kwok()?;
        let plane = control_plane::shared()?;
        let client = plane.client();
        let (annotation, value) = control_plane::Kwok::ANNOTATION;
        let node = json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": NODE, "annotations": {annotation: value}}});
        // Another test may have made it.
        let _ = send(&client, Method::POST, "/api/v1/nodes", &node).await;
        let namespace = control_plane::unique_name("hooks");
        create(
            &client,
            "/api/v1/namespaces",
            json!({"metadata": {"name": namespace}}),
        )
        .await;
        let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
        until(&client, &account, "made", |account| !account.is_null()).await;
        Some(Self {
            plane,
            client,
            namespace,
            folder: tempfile::tempdir().unwrap(),
        })
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A line of a shell that is run in the folder.
    pub(crate) fn line(&self, line: &str) -> Value {
        let folder = self.folder.path().display();
        json!(["/bin/sh", "-c", format!("cd {folder} && {line}")])
    }

    /// A command that notes a word in the log.
    pub(crate) fn note(&self, word: &str) -> Value {
        self.line(&format!("echo {word} >> log"))
    }

    /// What was noted, in its order.
    pub(crate) fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file("log")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// A running Pod with the containers `db` and `proxy`.
    pub(crate) async fn pod(&self, name: &str, annotations: &Value) -> Value {
        self.pod_with(name, annotations, &[]).await
    }

    /// The same, with these claims as volumes of their names.
    pub(crate) async fn pod_with(&self, name: &str, annotations: &Value, claims: &[&str]) -> Value {
        let pods = format!("/api/v1/namespaces/{}/pods", self.namespace);
        let volumes = claims
            .iter()
            .map(|claim| json!({"name": claim, "persistentVolumeClaim": {"claimName": claim}}));
        let pod = json!({"metadata": {"name": name, "labels": {"app": name}, "annotations": annotations},
            "spec": {"nodeName": NODE, "terminationGracePeriodSeconds": 0,
                "volumes": volumes.collect::<Vec<_>>(), "containers": [
                {"name": "db", "image": "db:1"}, {"name": "proxy", "image": "proxy:1"}]}});
        create(&self.client, &pods, pod).await;
        let path = format!("{pods}/{name}");
        until(&self.client, &path, "running", |pod| {
            pod["status"]["phase"] == "Running"
        })
        .await
    }
}

/// Waits until a command has made a file.
pub(crate) async fn appears(path: &Path) {
    for _ in 0..600 {
        if path.exists() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{} is never made", path.display());
}
