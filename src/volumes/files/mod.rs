//! Files, by Cloud Backup (HBR): NAS, OSS, CPFS, NFS, Ceph, local volumes, and those of any CSI driver.
//!
//! - **Where.** Files are read through the mount of a running Pod, on a node that the [policy](NodePolicy) allows,
//!   never on a virtual one. A place is named below the kubelet's directory of Pods, and of a restore from the
//!   node's root on: `KUBELET_ROOT_PATH` says where that is.
//! - **How.** The region's vault `ack-backup-data` is found or made, the cluster registered, and all volumes of a
//!   backup are one job, each a resource of it. A node reads one volume at a time: volumes that are mounted on
//!   the same node alone are in jobs that begin one after the other, as they are polled.
//! - **Once.** Jobs have no client tokens and no tags, so a job is called `<backup>-hbr-<uid>-<digest>`, after the
//!   backup center's `<backup>-hbr`, and is looked for by that and by what it reads before one is begun.
//! - **One volume fails alone.** A job that is partly complete has kept some of its volumes; the others fail, each
//!   with what Cloud Backup says.
//! - **Restore.** An empty volume is provisioned, of whatever class, and filled once a Pod has it mounted.
//!
//! Attributes of a record: `vault`, `job`, `jobName`, `jobVolumes`, `round`, `node`, `hostPrefix`, `storageClass`,
//! `capacity`, `retentionDays`, `snapshotHash`, `partial`.

mod backup;
mod delete;
mod fill;
mod jobs;
mod judge;
mod mounts;
mod nodes;
mod place;
mod rounds;
mod shared;

use std::sync::Arc;

use alibaba_core::clock::SharedClock;
use alibaba_hbr::{AckClusterId, Client, NetworkType};
use async_trait::async_trait;
use kube_backup_engine::Result;
use kube_backup_engine::volumes::{
    Capabilities, Eligibility, FillState, FillTarget, RestoreSource, RestoreTarget, SnapshotGroup,
    Volume, VolumeMethod, VolumeRecord, VolumeSnapshotter,
};

pub use nodes::{NodePolicy, Nodes};
use shared::{NAME, PODS, Shared, Wanted};

use crate::cloud::Cloud;
use crate::clusters::ClusterKind;

/// The files of a cluster's volumes, kept in the vault of its region.
///
/// ```no_run
/// # fn example(cloud: &ack_backup_center::cloud::Cloud, nodes: &[k8s_openapi::api::core::v1::Node])
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use ack_backup_center::volumes::files::{FileBackups, NodePolicy, Nodes};
///
/// let files = FileBackups::new(cloud, "c0123456789abcdef0123456789abcdef")?
///     .on_nodes(Nodes::new(NodePolicy::Exclude, nodes))
///     .cancelling_jobs();
/// # let _ = files;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileBackups(Arc<Shared>);

impl FileBackups {
    /// Those of an account and a region, for the cluster of this id.
    ///
    /// # Errors
    ///
    /// If no client of Cloud Backup can be built.
    pub fn new(
        cloud: &Cloud,
        cluster: impl Into<AckClusterId>,
    ) -> Result<Self, alibaba_core::Error> {
        let clock = cloud.context().clock.clone();
        Ok(Self::with_client(cloud.hbr()?, clock, cluster))
    }

    /// The same by a client that is there already.
    pub fn with_client(hbr: Client, clock: SharedClock, cluster: impl Into<AckClusterId>) -> Self {
        Self(Arc::new(Shared {
            hbr,
            clock,
            cluster: cluster.into(),
            network: NetworkType::Vpc,
            kind: None,
            nodes: Arc::default(),
            pods: PODS.to_owned(),
            cancels: Wanted::No,
            refused: None,
            deletes: Wanted::No,
        }))
    }

    /// Of a cluster of this kind: some have no volumes that can be backed up.
    #[must_use]
    pub fn of_kind(self, kind: ClusterKind) -> Self {
        self.with(|shared| shared.kind = Some(kind))
    }

    /// On these nodes. Where a node is not known, it may be chosen unless only included ones may.
    #[must_use]
    pub fn on_nodes(self, nodes: Nodes) -> Self {
        self.with(|shared| shared.nodes = Arc::new(nodes))
    }

    /// The kubelet's directory of Pods, as `KUBELET_ROOT_PATH` names it; `/var/lib/kubelet/pods` unless set.
    #[must_use]
    pub fn with_kubelet_root(self, pods: impl Into<String>) -> Self {
        let pods = pods.into();
        self.with(|shared| shared.pods = pods)
    }

    /// In which kind of network a cluster is that has to be registered; a VPC unless set.
    #[must_use]
    pub fn in_network(self, network: NetworkType) -> Self {
        self.with(|shared| shared.network = network)
    }

    /// Cancels jobs whose backup is deleted, rather than wait for their end. Needs `hbr:CancelBackupJob`, which
    /// ACK's page does not grant.
    #[must_use]
    pub fn cancelling_jobs(self) -> Self {
        self.with(|shared| shared.cancels = Wanted::Yes)
    }

    /// The same where the account may; where it may not, jobs are waited for.
    #[must_use]
    pub fn cancelling_jobs_where_allowed(self) -> Self {
        self.with(|shared| shared.cancels = Wanted::WhereAllowed)
    }

    /// Copies no files, neither way, for this reason: that nothing in the cluster does it, for one. What is kept is found and deleted
    /// all the same.
    #[must_use]
    pub fn refusing(self, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        self.with(|shared| shared.refused = Some(reason))
    }

    /// Deletes backups from the vault with their application's, rather than leave them until their retention is
    /// over. Needs `hbr:DeleteSnapshot`, which ACK's page does not grant.
    #[must_use]
    pub fn deleting_backups(self) -> Self {
        self.with(|shared| shared.deletes = Wanted::Yes)
    }

    /// The same where the account may; where it may not, they stay until their retention is over.
    #[must_use]
    pub fn deleting_backups_where_allowed(self) -> Self {
        self.with(|shared| shared.deletes = Wanted::WhereAllowed)
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

#[async_trait]
impl VolumeSnapshotter for FileBackups {
    fn name(&self) -> &str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::of(VolumeMethod::PodVolumeBackup);
        capabilities.batches = true;
        capabilities
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        let refused = self.0.kind.and_then(|kind| kind.profile().volumes.reason());
        match (refused, mounts::eligibility(volume, &self.0.nodes)) {
            (Some(reason), _) => Eligibility::refused(reason),
            // What could not be copied anyway is said first: nothing that is installed changes that.
            (None, Eligibility::Eligible { group }) => match &self.0.refused {
                Some(reason) => Eligibility::refused(reason),
                None => Eligibility::Eligible { group },
            },
            (None, refused) => refused,
        }
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        self.0.snapshot(group).await
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        self.0.poll(records).await
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        self.0.find(backup_uid).await
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        self.0.restore_source(record, target).await
    }

    async fn fill(&self, record: &VolumeRecord, target: &FillTarget) -> Result<FillState> {
        self.0.fill(record, target).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        self.0.delete(records).await
    }
}
