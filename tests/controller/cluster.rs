//! A real cluster that knows the kinds.

use std::sync::OnceLock;

use ack_backup_center::crds;
use control_plane::ControlPlane;
use http::Method;
use serde_json::{Value, json};

/// The control plane with the definitions in it, and namespace `csdr`; `None` where there is none.
pub(crate) fn plane() -> Option<&'static ControlPlane> {
    static READY: OnceLock<Option<&'static ControlPlane>> = OnceLock::new();
    *READY.get_or_init(|| {
        let plane = control_plane::shared()?;
        let config = plane.config();
        // A runtime of its own, since the caller may be in one.
        let apply = move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let client = kube::Client::try_from(config).unwrap();
                define(&client).await;
            });
        };
        std::thread::spawn(apply).join().unwrap();
        Some(plane)
    })
}

/// Applies the definitions, and waits until they are served.
pub(crate) async fn define(client: &kube::Client) {
    for definition in crds::definitions() {
        let name = definition.metadata.name.clone().unwrap();
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        let body = serde_json::to_value(&definition).unwrap();
        let (list, _) = path.rsplit_once('/').unwrap();
        if let Err(error) = test_support::send(client, Method::POST, list, &body).await {
            panic!("{name}: {error}");
        }
        let served = test_support::until(client, &path, "served", |it| {
            let conditions = it["status"]["conditions"].as_array();
            conditions.is_some_and(|all| {
                all.iter()
                    .any(|it| it["type"] == "Established" && it["status"] == "True")
            })
        });
        served.await;
    }
    let csdr = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "csdr"}});
    test_support::create(client, "/api/v1/namespaces", csdr).await;
}

/// The list of a kind in a namespace.
pub(crate) fn list(kind: &str, namespace: &str) -> String {
    let plural = format!("{}s", kind.to_lowercase());
    format!(
        "/apis/{}/{}/namespaces/{namespace}/{plural}",
        crds::GROUP,
        crds::VERSION
    )
}

/// An object of ours.
pub(crate) fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("{}/{}", crds::GROUP, crds::VERSION),
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    })
}
