//! A CSI driver for disks of ECS, and the sidecars that speak to it for a cluster.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::parts::Part;
use crate::plane::{ControlPlane, StartError};
use crate::process::Process;

/// How long the driver may take until it listens.
const LISTENS: Duration = Duration::from_secs(60);

/// What the driver speaks to.
#[derive(Clone)]
pub struct Ecs<'a> {
    /// Where ECS is served.
    pub endpoint: &'a str,
    /// Key id and secret of a user.
    pub keys: [&'a str; 2],
    /// The instance that plays all nodes.
    pub instance: &'a str,
    /// The zone of that, in which volumes are that may be anywhere.
    pub zone: &'a str,
}

impl std::fmt::Debug for Ecs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ecs")
            .field("endpoint", &self.endpoint)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

/// The running driver of `tests/csi-driver`: `diskplugin.csi.alibabacloud.com` over the official SDK of ECS.
#[derive(Debug)]
pub struct CsiDriver {
    // It ends before its folder goes.
    process: Process,
    folder: TempDir,
}

impl CsiDriver {
    /// Starts it, and waits until it listens. `None` when its program is not available here, which has been said.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(ecs: &Ecs<'_>) -> Result<Option<Self>, StartError> {
        let Some(program) = Part::CsiDriver.find() else {
            return Ok(None);
        };
        let io = |step: &str| {
            let step = step.to_owned();
            move |source| StartError::Io { step, source }
        };
        let folder = tempfile::Builder::new().prefix("csi-").tempdir();
        let folder = folder.map_err(io("make the driver's folder"))?;
        let socket = socket(folder.path());
        let region = ecs
            .zone
            .rsplit_once('-')
            .map_or(ecs.zone, |(region, _)| region);
        let environment = [
            ("CSI_SOCKET", &*socket.to_string_lossy()),
            ("ECS_ENDPOINT", ecs.endpoint),
            ("ACCESS_KEY_ID", ecs.keys[0]),
            ("ACCESS_KEY_SECRET", ecs.keys[1]),
            ("NODE_ID", ecs.instance),
            ("REGION_ID", region),
            ("ZONE_ID", ecs.zone),
            // A proxy is for the registries.
            ("NO_PROXY", "127.0.0.1,localhost"),
            ("no_proxy", "127.0.0.1,localhost"),
        ];
        let name = "csi-driver";
        let mut process = Process::spawn_with(name, &program, &[], &environment, folder.path())
            .map_err(io("start `csi-driver`"))?;
        let started = Instant::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            if let Some(status) = process.ended() {
                let log = process.log_tail();
                return Err(StartError::Ended {
                    program: name,
                    status,
                    log,
                });
            }
            if started.elapsed() > LISTENS {
                let (last, log) = ("it does not listen".to_owned(), process.log_tail());
                return Err(StartError::NotReady {
                    program: name,
                    last,
                    log,
                });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(Self { process, folder }))
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        socket(self.folder.path())
    }

    /// The last lines of its log, for the message of a failed test.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log_tail()
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("csi.sock")
}

/// The running csi-provisioner and csi-snapshotter of a driver.
#[derive(Debug)]
pub struct CsiSidecars {
    provisioner: Process,
    snapshotter: Process,
}

impl CsiSidecars {
    /// Starts them beside a control plane that [serves snapshots](crate::serve_snapshots). `None` when one of them is
    /// not available here, which has been said.
    ///
    /// # Errors
    /// When one of them does not start.
    pub fn start(plane: &ControlPlane, driver: &CsiDriver) -> Result<Option<Self>, StartError> {
        let programs = (Part::CsiProvisioner.find(), Part::CsiSnapshotter.find());
        let (Some(provisioner), Some(snapshotter)) = programs else {
            return Ok(None);
        };
        let spawn = |name, program: &Path, own: &[&str]| {
            let mut arguments = vec![
                format!("--kubeconfig={}", plane.kubeconfig_path().display()),
                format!("--csi-address={}", driver.socket().display()),
                // Nobody else is on this server, and tests wait for it.
                "--kube-api-qps=200".to_owned(),
                "--kube-api-burst=400".to_owned(),
                "--retry-interval-start=100ms".to_owned(),
                "--retry-interval-max=1s".to_owned(),
            ];
            arguments.extend(own.iter().map(|&flag| flag.to_owned()));
            plane.spawn(name, program, &arguments)
        };
        // As in ACK's chart.
        let own = [
            "--volume-name-prefix=d",
            "--default-fstype=ext4",
            "--timeout=60s",
        ];
        Ok(Some(Self {
            provisioner: spawn("csi-provisioner", &provisioner, &own)?,
            snapshotter: spawn("csi-snapshotter", &snapshotter, &[])?,
        }))
    }

    /// The last lines of their logs, for the message of a failed test.
    #[must_use]
    pub fn log(&self) -> String {
        [&self.provisioner, &self.snapshotter]
            .map(|process| format!("--- {}\n{}\n", process.name(), process.log_tail()))
            .concat()
    }
}
