//! The scheduler of Pods.

use std::fs;
use std::path::Path;

use crate::plane::{ControlPlane, StartError};
use crate::process::Process;

/// A running kube-scheduler. Claims whose class waits for a consumer are given a node by it.
#[derive(Debug)]
pub struct KubeScheduler {
    process: Process,
}

impl KubeScheduler {
    /// Starts it beside a control plane.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(plane: &ControlPlane, program: &Path) -> Result<Self, StartError> {
        let config = plane.path("scheduler.yaml");
        // Nobody else is on this server, and tests wait for it.
        let text = format!(
            "apiVersion: kubescheduler.config.k8s.io/v1\n\
             kind: KubeSchedulerConfiguration\n\
             clientConnection: {{kubeconfig: \"{}\", qps: 200, burst: 400}}\n\
             leaderElection: {{leaderElect: false}}\n\
             podInitialBackoffSeconds: 1\n\
             podMaxBackoffSeconds: 1\n",
            plane.kubeconfig_path().display()
        );
        fs::write(&config, text).map_err(|source| StartError::Io {
            step: "write the scheduler's configuration".to_owned(),
            source,
        })?;
        let arguments = [
            format!("--config={}", config.display()),
            "--secure-port=0".to_owned(),
        ];
        let process = plane.spawn("kube-scheduler", program, &arguments)?;
        Ok(Self { process })
    }

    /// The last lines of its log, for the message of a failed test.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log_tail()
    }
}
