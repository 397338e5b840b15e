//! The data of volumes: the port that everything which can keep it implements.
//!
//! The engine knows no storage. What does is a [`VolumeSnapshotter`]: one that makes disk snapshots by a
//! cloud's API, one that has files copied by a backup service, one that asks a CSI driver. What they have
//! in common, and all that the engine relies on:
//!
//! - **Names make calls repeatable.** Whatever is made bears a name that follows from the uid of the backup
//!   or restore. A call that finds its name taken takes what is there for its own, so that a lost reply and
//!   a restart do no harm.
//! - **The record is all there is.** A [`VolumeRecord`] holds what the snapshotter needs to poll, copy,
//!   restore and delete a snapshot. Nothing is remembered in a process.
//! - **A volume fails alone.** What is wrong with one volume is the [`SnapshotState::Failed`] of its record.
//!   An error is of the call: it was not carried out, or its reply was lost, and it may be made again.
//!
//! Which volumes are snapshotted together, in [groups](plan_groups) of one point in time, is decided here, by what
//! the snapshotter's [`Capabilities`] allow.
//!
//! [`CsiSnapshotter`] is one of them, for the drivers of a cluster that snapshot by the API of Kubernetes.
//!
//! An implementation shows with `testkit::conformance` (feature `testkit`) that it keeps to this; the fake
//! beside it does.

mod backed_up;
pub(crate) mod calls;
mod capabilities;
mod csi;
pub(crate) mod discard;
mod group;
mod info;
pub mod policy;
mod record;
mod source;
#[cfg(feature = "testkit")]
pub mod testkit;
mod volume;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;

pub(crate) use backed_up::FORMAT_VERSION;
pub use backed_up::{BackedUpVolume, BackedUpVolumes, Cut, VolumeDecision, VolumeFacts};
pub use capabilities::{Capabilities, GroupLimits, VolumeMethod};
pub use csi::CsiSnapshotter;
pub use group::{SnapshotGroup, SnapshotRequest, plan_groups, snapshot_name};
pub use info::{
    CsiSnapshotInfo, NativeSnapshotInfo, PersistentVolumeInfo, PodVolumeInfo, VolumeInfo,
};
pub use record::{SnapshotState, VolumeRecord};
pub use source::{AdjustedClaim, DataSource, FillState, FillTarget, RestoreSource, RestoreTarget};
pub(crate) use volume::capacity_of;
pub use volume::{Eligibility, Mount, ObjectRef, Volume, bytes_of};

use crate::{Error, ErrorKind, Result};

/// What can keep the data of volumes, and give it back.
///
/// The engine holds several of them as `Arc<dyn VolumeSnapshotter>`, which is why the futures are boxed
/// (`async_trait`) rather than `async fn` in a trait.
///
/// # Errors
/// Those of [`ErrorKind::Volume`] say whether they are worth another attempt
/// ([`Error::is_retryable`]). Every call may be made again after any of them.
#[async_trait]
pub trait VolumeSnapshotter: fmt::Debug + Send + Sync {
    /// Tells this snapshotter from all others, in records too: `ecs`, `hbr`, `csi`. Never changed.
    fn name(&self) -> &str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Whether it can keep the data of `volume`, by looking at nothing else.
    fn eligibility(&self, volume: &Volume) -> Eligibility;

    /// The same, which snapshots claims together that have the same value of this label; `None` where what is of one
    /// group is not told by labels.
    fn grouped_by(&self, label: &str) -> Option<Arc<dyn VolumeSnapshotter>> {
        let _ = label;
        None
    }

    /// Begins snapshots of all volumes of `group`, of one point in time where the group has more than one and
    /// [`Capabilities::groups`] says so. Waits for none: whoever has frozen an application wants to thaw it.
    ///
    /// Where the storage turns out to be unable to cut a group together, each volume's snapshot is of its own
    /// point in time, and its record names no group.
    ///
    /// Returns one record a request, in their order. Made again, it returns the snapshots that there are.
    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>>;

    /// How the snapshots of `records` are now, in their order. A snapshot that is gone has failed.
    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>>;

    /// All snapshots of the backup `backup_uid` that there are, whether or not anything was noted of them:
    /// what a run that was killed has begun.
    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>>;

    /// Begins a copy of a [complete](SnapshotState::Complete) snapshot to another region. The copy has the
    /// same name there and a record of its own, to be polled and deleted like any other.
    async fn copy_to_region(&self, record: &VolumeRecord, region: &str) -> Result<VolumeRecord> {
        let _ = record;
        Err(unsupported(
            self.name(),
            &format!("copy to region `{region}`"),
        ))
    }

    /// What has to change in the claim that is to hold the data of `record`, for its storage to provide it: a
    /// larger request, another access mode. By looking at nothing else; [`restore_source`](Self::restore_source)
    /// is asked with the claim as it is afterwards.
    fn adjust_claim(&self, record: &VolumeRecord, claim: PersistentVolumeClaim) -> AdjustedClaim {
        let _ = record;
        AdjustedClaim::unchanged(claim)
    }

    /// What the claim of `target` is to be made from, so that it holds the data of `record`. To be called
    /// again while it is [`RestoreSource::Pending`].
    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource>;

    /// Brings the data of `record` into a volume that is mounted, for those whose source is
    /// [`RestoreSource::Fill`]. To be called again while it is [`FillState::Running`].
    async fn fill(&self, record: &VolumeRecord, target: &FillTarget) -> Result<FillState> {
        let _ = (record, target);
        Err(unsupported(self.name(), "fill a mounted volume"))
    }

    /// There is the backup `backup_uid`, and it names all its snapshots: what is kept elsewhere only so that
    /// [`find`](Self::find) finds them may go. The snapshots stay.
    async fn release(&self, backup_uid: &str) -> Result<()> {
        let _ = backup_uid;
        Ok(())
    }

    /// Deletes the snapshots of `records`, begun ones too, and their copies where the records are those of
    /// copies. All members of a group are given at once. Returns whether all of them are gone; if not, they
    /// are going, and it is called again. What is gone already counts as deleted.
    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool>;
}

fn unsupported(name: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        format!("{what}: the snapshotter `{name}` cannot do that"),
    )
}
