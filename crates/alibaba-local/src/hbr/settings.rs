//! How Cloud Backup is described, opened, and changed while it runs.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::contents::repository::Repository;
use super::records::Records;
use super::state::{Folders, Hbr, Kept, Shared, USUAL_SPEED};
use crate::builder::{Builder, Setup, StartError};
use crate::cloud::LocalCloud;
use crate::gateway::service::Service;
use crate::journal::Journal;
use crate::openapi::service::OpenApi;

/// In the data folder. No bucket can have this name.
const FOLDER: &str = ".hbr";

#[derive(Clone, Debug, Default)]
struct HbrSettings {
    folders: Folders,
    speed: Option<u64>,
}

/// Of Cloud Backup.
impl Builder {
    /// A node of a cluster, or an ECS instance: its name or id, and the folder that stands for its
    /// root directory. Jobs copy from there and to there, and never out of it: no `..` and no link is
    /// followed. What Pods mount is in `var/lib/kubelet/pods` below.
    pub fn node(mut self, name: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        let nodes = &mut self.settings::<HbrSettings>().folders.nodes;
        nodes.insert(name.into(), folder.into());
        self
    }

    /// A NAS file system: its id, and the folder that its files are in.
    pub fn file_system(mut self, id: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        let file_systems = &mut self.settings::<HbrSettings>().folders.file_systems;
        file_systems.insert(id.into(), folder.into());
        self
    }

    /// How many bytes a job of Cloud Backup copies in a second, by the clock: 64 MiB unless set.
    pub fn backup_speed(mut self, bytes_per_second: u64) -> Self {
        self.settings::<HbrSettings>().speed = Some(bytes_per_second);
        self
    }
}

/// Nodes, file systems and backup clients of a running cloud's Cloud Backup.
#[derive(Clone, Debug)]
pub struct BackupClients(Arc<Shared>);

impl BackupClients {
    /// As [`Builder::node`], while it runs.
    pub fn add_node(&self, name: impl Into<String>, folder: impl Into<PathBuf>) {
        let mut folders = self.0.folders.lock();
        folders.nodes.insert(name.into(), folder.into());
    }

    /// Where the backup client of a node finds what Pods mount, as it is deployed with `KUBELET_ROOT_PATH`:
    /// `/var/lib/kubelet/pods` unless set. The `hostPrefix` of a backup job is below that.
    pub fn set_pods_folder(&self, node: impl Into<String>, path: impl Into<String>) {
        let mut folders = self.0.folders.lock();
        folders.pods.insert(node.into(), path.into());
    }

    /// The node is gone: jobs on it fail with `ClientNotExist`. Whether there was one of this name.
    pub fn remove_node(&self, name: &str) -> bool {
        self.0.folders.lock().nodes.remove(name).is_some()
    }

    /// As [`Builder::file_system`], while it runs.
    pub fn add_file_system(&self, id: impl Into<String>, folder: impl Into<PathBuf>) {
        let mut folders = self.0.folders.lock();
        folders.file_systems.insert(id.into(), folder.into());
    }

    /// No backup client runs in this ACK cluster any more, nor comes up once it is registered: it is
    /// `MISS`, and jobs fail with `ClientNotExist`. Where this is not called, one comes up two seconds
    /// after a cluster was registered.
    pub fn stop(&self, ack_cluster_id: &str) {
        self.set(ack_cluster_id, true);
    }

    /// Takes a [`stop`](Self::stop) back.
    pub fn start(&self, ack_cluster_id: &str) {
        self.set(ack_cluster_id, false);
    }

    fn set(&self, cluster: &str, is_stopped: bool) {
        let changed = self.0.change(|records| {
            match is_stopped {
                true => records.stopped_agents.insert(cluster, true),
                false => drop(records.stopped_agents.remove(cluster)),
            }
            Ok(())
        });
        if changed.is_err() {
            tracing::warn!(cluster, "a backup client's state could not be written down");
        }
    }
}

/// Of Cloud Backup.
impl LocalCloud {
    /// Where its jobs copy from and to, to be changed while it runs.
    #[must_use]
    pub fn backup_clients(&self) -> &BackupClients {
        self.handle()
    }
}

/// Opens the service as it was described.
pub(crate) fn open(setup: &mut Setup) -> Result<Box<dyn Service>, StartError> {
    let settings: HbrSettings = setup.take();
    let folder = setup.folder.as_ref().map(|folder| folder.join(FOLDER));
    let mut records = Records::default();
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder).map_err(StartError::Data)?;
    }
    let path = folder.as_ref().map(|folder| folder.join("journal"));
    let journal = Journal::open(path, &mut records).map_err(StartError::Data)?;
    let shared = Shared {
        kept: Mutex::new(Kept { records, journal }),
        repository: Repository::open(folder.map(|folder| folder.join("vaults"))),
        folders: Mutex::new(settings.folders),
    };
    // What a killed process was about to keep, and did not.
    let swept = shared.sweep(&shared.kept.lock().records);
    swept.map_err(|error| StartError::Data(std::io::Error::other(error.code.into_owned())))?;
    let shared = Arc::new(shared);
    setup.offer(BackupClients(shared.clone()));
    let hbr = Hbr {
        directory: setup.directory.clone(),
        shared,
        objects: None,
        speed: settings.speed.unwrap_or(USUAL_SPEED),
    };
    OpenApi::open(hbr, setup)
}
