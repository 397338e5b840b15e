//! Nodes that are played by kwok.

use std::fs;
use std::sync::OnceLock;

use crate::parts::Part;
use crate::plane::{ControlPlane, StartError};
use crate::process::Process;
use crate::shared;

const CONFIG: &str = include_str!("../parts/kwok.yaml");
/// Which Nodes it plays: the others are left as they are.
const NODES: &str = "kwok.x-k8s.io/node";

/// A running kwok: it plays the Nodes that are annotated for it. Pods that name such a Node become ready, and
/// commands in them are run on this machine.
#[derive(Debug)]
pub struct Kwok {
    process: Process,
}

impl Kwok {
    /// The annotation of a Node that makes it one of kwok's: key and value.
    pub const ANNOTATION: (&'static str, &'static str) = (NODES, "fake");

    /// Starts it beside a control plane.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(plane: &ControlPlane, program: &std::path::Path) -> Result<Self, StartError> {
        let config = plane.path("kwok.yaml");
        fs::write(&config, CONFIG).map_err(|source| StartError::Io {
            step: "write kwok's stages".to_owned(),
            source,
        })?;
        let (selector, value) = Self::ANNOTATION;
        let port = plane.free_port()?;
        let flag = |name: &str, value: &dyn std::fmt::Display| format!("--{name}={value}");
        let arguments = vec![
            flag("kubeconfig", &plane.kubeconfig_path().display()),
            flag("config", &config.display()),
            flag(
                "manage-nodes-with-annotation-selector",
                &format!("{selector}={value}"),
            ),
            flag("node-ip", &"127.0.0.1"),
            flag("node-port", &port),
            flag("server-address", &format!("127.0.0.1:{port}")),
            flag("tls-cert-file", &plane.certificate_path().display()),
            flag("tls-private-key-file", &plane.path("serving.key").display()),
        ];
        let process = plane.spawn("kwok", program, &arguments)?;
        Ok(Self { process })
    }

    /// The last lines of its log, for the message of a failed test.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log_tail()
    }
}

/// The kwok beside the [shared] control plane, started by the first call. `None` when it or the control plane is
/// not available here, which has been said then.
///
/// # Panics
/// When it does not start.
#[must_use]
pub fn shared_kwok() -> Option<&'static Kwok> {
    static SHARED: OnceLock<Option<Kwok>> = OnceLock::new();
    let start = || {
        let plane = shared()?;
        let program = Part::Kwok.find()?;
        let kwok = Kwok::start(plane, &program);
        Some(kwok.unwrap_or_else(|error| panic!("{}", crate::told::chain(&error))))
    };
    SHARED.get_or_init(start).as_ref()
}
