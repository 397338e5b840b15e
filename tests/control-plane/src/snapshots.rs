//! The controller of VolumeSnapshots, with the definitions that it works with.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use http::{Method, Request};
use kube::Client;

use crate::parts::Part;
use crate::plane::{ControlPlane, StartError};
use crate::process::Process;
use crate::shared;

/// The definitions, by their names.
const DEFINITIONS: [(&str, &str); 6] = [
    (
        "volumesnapshotclasses.snapshot.storage.k8s.io",
        include_str!("../parts/crds/snapshot.storage.k8s.io_volumesnapshotclasses.yaml"),
    ),
    (
        "volumesnapshotcontents.snapshot.storage.k8s.io",
        include_str!("../parts/crds/snapshot.storage.k8s.io_volumesnapshotcontents.yaml"),
    ),
    (
        "volumesnapshots.snapshot.storage.k8s.io",
        include_str!("../parts/crds/snapshot.storage.k8s.io_volumesnapshots.yaml"),
    ),
    (
        "volumegroupsnapshotclasses.groupsnapshot.storage.k8s.io",
        include_str!("../parts/crds/groupsnapshot.storage.k8s.io_volumegroupsnapshotclasses.yaml"),
    ),
    (
        "volumegroupsnapshotcontents.groupsnapshot.storage.k8s.io",
        include_str!("../parts/crds/groupsnapshot.storage.k8s.io_volumegroupsnapshotcontents.yaml"),
    ),
    (
        "volumegroupsnapshots.groupsnapshot.storage.k8s.io",
        include_str!("../parts/crds/groupsnapshot.storage.k8s.io_volumegroupsnapshots.yaml"),
    ),
];

/// How long a definition may take until it is served.
const SERVED: Duration = Duration::from_secs(60);

/// Gives a cluster the definitions of `snapshot.storage.k8s.io` and `groupsnapshot.storage.k8s.io`, and waits until
/// they are served.
///
/// # Panics
/// When the server refuses them.
pub async fn serve_snapshots(client: &Client) {
    let send = async |method: Method, path: String, body: &str| {
        let request = Request::builder()
            .method(method)
            .uri(&path)
            .header("content-type", "application/apply-patch+yaml")
            .body(body.as_bytes().to_vec());
        let request = request.expect("a path");
        client.request_text(request).await
    };
    for (name, text) in DEFINITIONS {
        let path = format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}?fieldManager=tests&force=true"
        );
        let document = text
            .split_once("---\n")
            .map_or(text, |(_, document)| document);
        let applied = send(Method::PATCH, path, document).await;
        applied.unwrap_or_else(|error| panic!("apply {name}: {error}"));
    }
    let started = Instant::now();
    for (name, _) in DEFINITIONS {
        let (plural, group) = name.split_once('.').expect("a full name");
        let list = format!("/apis/{group}/v1/{plural}");
        while let Err(error) = send(Method::GET, list.clone(), "").await {
            assert!(started.elapsed() < SERVED, "{name} is not served: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A running snapshot-controller.
#[derive(Debug)]
pub struct SnapshotController {
    process: Process,
}

impl SnapshotController {
    /// Starts it beside a control plane that [serves snapshots](serve_snapshots).
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(plane: &ControlPlane, program: &std::path::Path) -> Result<Self, StartError> {
        let arguments = [
            format!("--kubeconfig={}", plane.kubeconfig_path().display()),
            // Nobody else is on this server, and tests wait for it.
            "--kube-api-qps=200".to_owned(),
            "--kube-api-burst=400".to_owned(),
            "--retry-interval-start=100ms".to_owned(),
            "--retry-interval-max=1s".to_owned(),
        ];
        let process = plane.spawn("snapshot-controller", program, &arguments)?;
        Ok(Self { process })
    }

    /// The last lines of its log, for the message of a failed test.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log_tail()
    }
}

/// The snapshot-controller beside the [shared] control plane, which serves snapshots then. `None` when it or the
/// control plane is not available here, which has been said.
///
/// # Panics
/// When it does not start.
pub async fn shared_snapshot_controller() -> Option<&'static SnapshotController> {
    static SHARED: OnceLock<Option<SnapshotController>> = OnceLock::new();
    let plane = shared()?;
    let program = Part::SnapshotController.find()?;
    serve_snapshots(&plane.client()).await;
    let start = || {
        let controller = SnapshotController::start(plane, &program);
        Some(controller.unwrap_or_else(|error| panic!("{}", crate::told::chain(&error))))
    };
    SHARED.get_or_init(start).as_ref()
}
