//! Snapshots by any CSI driver, through the API of Kubernetes (`snapshot.storage.k8s.io/v1`).
//!
//! A VolumeSnapshot is made in the claim's namespace, under the snapshot's name. As soon as it is bound, its
//! VolumeSnapshotContent, which is the cluster's, is labelled with the backup's uid and made to outlive it
//! (`deletionPolicy: Retain`). Once the driver says that the snapshot can be used, the VolumeSnapshot is deleted:
//! nothing is left in the application's namespace, and whoever deletes that loses no data. The content stays as
//! what [`find`](VolumeSnapshotter::find) finds after a crash, until the backup's record has taken its place and
//! it is [released](VolumeSnapshotter::release).
//!
//! How long a driver may take is not decided here: a snapshot that is not ready is on its way, with what the
//! controllers last complained of in its record ([`VolumeRecord::LAST_ERROR`]), until whoever waits for it gives
//! it up and has it deleted.
//!
//! Claims with the same value of a label are snapshotted as one group where the cluster serves that
//! (`groupsnapshot.storage.k8s.io`, in any version) and has a VolumeGroupSnapshotClass for their driver ([`groups`]).
//!
//! The rules that are followed, and the traps that are kept clear of, are those of external-snapshotter v8
//! (pkg/common-controller and pkg/sidecar-controller):
//!
//! - The content's policy is changed one look before its VolumeSnapshot is deleted, so that a controller does not
//!   decide by what it saw before.
//! - A snapshot of which nothing but its handle is known is deleted through a content that is made for that. It has the
//!   finalizer from the beginning, and its handle in its status: without the one it would be gone before the
//!   driver is asked, and without the other the driver would not be asked.
//! - Static contents name no uid: a wrong one binds them wrongly for good.

mod api;
mod classes;
mod delete;
mod groups;
mod objects;
mod restore;
mod take;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

use self::api::SnapshotApi;
use self::classes::{Classes, SNAPSHOTS, SnapshotClass};
use self::groups::Groups;
use super::{
    AdjustedClaim, Capabilities, Eligibility, GroupLimits, RestoreSource, RestoreTarget,
    SnapshotGroup, Volume, VolumeMethod, VolumeRecord, VolumeSnapshotter,
};
use crate::cluster::connection::Connection;
use crate::cluster::writer::ClusterWriter;
use crate::{Result, RunOptions};

type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A snapshotter for every volume of a CSI driver with a VolumeSnapshotClass.
///
/// ```no_run
/// # async fn example(client: kube::Client) -> kube_backup_engine::Result<()> {
/// use kube_backup_engine::RunOptions;
/// use kube_backup_engine::volumes::CsiSnapshotter;
///
/// let snapshotter = CsiSnapshotter::connect(client, &RunOptions::default()).await?;
/// # let _ = snapshotter;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct CsiSnapshotter {
    api: SnapshotApi,
    /// `None` where the cluster serves no snapshots.
    classes: Option<Classes>,
    /// `None` where it serves no groups of them, or has no class for one.
    groups: Option<Groups>,
    clock: Clock,
}

impl fmt::Debug for CsiSnapshotter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsiSnapshotter")
            .field("classes", &self.classes)
            .finish_non_exhaustive()
    }
}

impl CsiSnapshotter {
    /// What it is called in records.
    pub const NAME: &'static str = "csi";

    /// A snapshotter of the cluster that `client` connects to. Reads which snapshot classes there are; where the
    /// cluster serves no snapshots, every volume is refused.
    ///
    /// # Errors
    /// When the API server does not say what it serves, or does not show its classes.
    pub async fn connect(client: kube::Client, options: &RunOptions) -> Result<Self> {
        let connection = Connection::new(client, options.timeouts(), None);
        let api = SnapshotApi::new(ClusterWriter::new(connection));
        let classes = match api.is_served().await? {
            true => Some(Classes::new(&SNAPSHOTS, api.classes().await?)),
            false => None,
        };
        let groups = match classes {
            Some(_) => Groups::of(&api).await?,
            None => None,
        };
        Ok(Self {
            api,
            classes,
            groups,
            clock: Arc::new(Utc::now),
        })
    }

    /// Chooses classes by these annotations of a backup: `velero.io/csi-volumesnapshot-class_<driver>` names that of
    /// a driver, and `velero.io/csi-volumegroupsnapshot-class_<driver>` that of its groups.
    #[must_use]
    pub fn with_annotations(mut self, annotations: &BTreeMap<String, String>) -> Self {
        self.classes = self.classes.map(|classes| classes.annotated(annotations));
        self.groups = self.groups.map(|groups| groups.annotated(annotations));
        self
    }

    /// Snapshots claims of a namespace together that have the same value of this label: Velero's
    /// `volumeGroupSnapshotLabelKey`, `velero.io/volume-group` unless set. A backup whose specification names one uses
    /// that.
    #[must_use]
    pub fn with_group_label(mut self, key: impl Into<String>) -> Self {
        self.groups = self.groups.map(|groups| groups.labelled(key));
        self
    }

    /// Reads the time from `clock`, that of the machine unless set.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The class for a volume; or why there is none.
    fn class_of(&self, volume: &Volume) -> Result<&SnapshotClass, String> {
        let Some((driver, _)) = volume.csi() else {
            return Err("it is of no CSI driver".to_owned());
        };
        let Some(classes) = &self.classes else {
            return Err("the cluster does not serve `snapshot.storage.k8s.io/v1`".to_owned());
        };
        let annotations = volume.claim.metadata.annotations.as_ref();
        classes.choose(driver, annotations)
    }
}

#[async_trait]
impl VolumeSnapshotter for CsiSnapshotter {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::of(VolumeMethod::CsiSnapshot);
        capabilities.block = true;
        // Nobody but the driver knows how large one may be, and it says so.
        let unlimited = GroupLimits::new(usize::MAX, u64::MAX);
        let groups = self.groups.as_ref().filter(|groups| groups.can_be_made());
        capabilities.groups = groups.map(|_| unlimited);
        capabilities
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        match self.class_of(volume) {
            Ok(_) => Eligibility::Eligible {
                group: self.groups.as_ref().and_then(|groups| groups.key(volume)),
            },
            Err(why) => Eligibility::Refused(why),
        }
    }

    fn grouped_by(&self, label: &str) -> Option<Arc<dyn VolumeSnapshotter>> {
        Some(Arc::new(self.clone().with_group_label(label)))
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>> {
        self.take(group).await
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>> {
        self.look_at(records).await
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>> {
        self.find_begun(backup_uid).await
    }

    fn adjust_claim(&self, record: &VolumeRecord, claim: PersistentVolumeClaim) -> AdjustedClaim {
        restore::with_room(record, claim)
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        restore::source(record, target, self.classes.as_ref(), self.groups.as_ref())
    }

    async fn release(&self, backup_uid: &str) -> Result<()> {
        self.forget(backup_uid).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        self.remove(records).await
    }
}
