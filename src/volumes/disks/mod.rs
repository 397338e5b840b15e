//! Cloud disks, by snapshots of ECS.
//!
//! - **Together.** The ESSDs of one zone that a backup is about become one snapshot group (up to 16 disks and
//!   32 TiB), so that all of them are of one point in time; a larger set is split, and the rest are single
//!   snapshots. Where ECS refuses a group for one of its disks, the others are cut together without it if
//!   [`look_at_disks`](DiskSnapshots::look_at_disks) lets that be found out, and one by one if not; the attribute
//!   `separately` of their records says why.
//! - **Once.** Before anything is made, what there is is found by the tags of the backup's uid. Calls have
//!   client tokens beside that, which follow from names.
//! - **Nothing is believed.** What ECS shows of a snapshot is held against its record: the disk, the size, the
//!   region, the tags, the original of a copy. Only what is tagged as the backup's is deleted.
//! - **Groups have members without names.** ECS calls a member's description `Created_from_ssg-…`, by which
//!   ACK's CSI driver takes it for part of a group, and a static VolumeSnapshotContent of it waits for a
//!   VolumeGroupSnapshotContent that no cluster has where group snapshots are off. A stub of that kind would
//!   need its CRDs, and CopySnapshot does not copy within a region. So the member is given a name and a
//!   description of its own (`ecs:ModifySnapshotAttribute`) when it is restored from; copies in other regions have
//!   them anyway.
//! - **Retention.** Single snapshots and copies are kept by ECS for as long as the backup is. Members of a group
//!   cannot be given a retention when they are made, and ECS shortens none afterwards, from for ever to some days:
//!   they stay until their backup is deleted.
//!
//! # What is recorded
//!
//! Attributes of a record: `disk`, `zone`, `type` (the category), `performanceLevel`, `provisionedIops`,
//! `burstingEnabled`, `sizeGiB`, `encrypted`, `kmsKeyId`, `iops`, `retentionDays`, `separately`, and of copies
//! `copyOf` and `copyOfRegion`. Tags: `ack-backup-center.io/` with `backup-uid`, `backup`, `cluster`, `namespace`,
//! `claim`, `claim-uid`, `volume` and the attributes `zone` to `burstingEnabled`; of a group, one with the id of
//! each disk.

mod claim;
mod copy;
mod delete;
mod details;
mod inventory;
mod judge;
mod made;
mod objects;
mod poll;
mod restore;
mod shared;
mod snapshot;
mod tags;
mod volume;

use std::collections::BTreeMap;
use std::sync::Arc;

use alibaba_core::Region;
use alibaba_core::clock::SharedClock;
use alibaba_ecs_snapshot::{Client, KmsKeyId};
use async_trait::async_trait;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube_backup_engine::Result;
use kube_backup_engine::volumes::{
    AdjustedClaim, Capabilities, Eligibility, GroupLimits, RestoreSource, RestoreTarget,
    SnapshotGroup, Volume, VolumeMethod, VolumeRecord, VolumeSnapshotter,
};

use shared::{NAME, Shared};

use crate::cloud::Cloud;
use crate::clusters::ClusterKind;
use crate::component::ComponentVersion;

/// Most disks of a group, and most bytes: those of the API reference. ECS has begun to allow more.
const MOST_DISKS: usize = 16;
const MOST_BYTES: u64 = 32 << 40;

/// The disks of a region, kept by snapshots.
///
/// ```no_run
/// # fn example(cloud: &ack_backup_center::cloud::Cloud) -> Result<(), Box<dyn std::error::Error>> {
/// use ack_backup_center::clusters::ClusterKind;
/// use ack_backup_center::volumes::disks::DiskSnapshots;
///
/// let disks = DiskSnapshots::new(cloud, "c0123456789abcdef0123456789abcdef")?.of_kind(ClusterKind::Managed);
/// # let _ = disks;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DiskSnapshots(Arc<Shared>);

impl DiskSnapshots {
    /// Those of an account and a region, for the cluster of this id.
    ///
    /// # Errors
    ///
    /// If no client of ECS can be built.
    pub fn new(cloud: &Cloud, cluster: impl Into<String>) -> Result<Self, alibaba_core::Error> {
        let clock = cloud.context().clock.clone();
        Ok(Self::with_client(cloud.ecs()?, clock, cluster))
    }

    /// The same by a client that is there already.
    pub fn with_client(ecs: Client, clock: SharedClock, cluster: impl Into<String>) -> Self {
        Self(Arc::new(Shared {
            ecs,
            clock,
            cluster: cluster.into(),
            kind: None,
            version: None,
            other_regions: Vec::new(),
            copy_keys: BTreeMap::new(),
            looks_at_disks: false,
        }))
    }

    /// Of a cluster of this kind: some have no volumes that can be backed up.
    #[must_use]
    pub fn of_kind(self, kind: ClusterKind) -> Self {
        self.with(|shared| shared.kind = Some(kind))
    }

    /// By this version of the component: from 1.7.7 on, snapshots are copied to other regions.
    #[must_use]
    pub fn of_version(self, version: ComponentVersion) -> Self {
        self.with(|shared| shared.version = Some(version))
    }

    /// Copies may be in these regions too: they are found there.
    #[must_use]
    pub fn with_regions(self, regions: impl IntoIterator<Item = Region>) -> Self {
        let regions = regions.into_iter().collect();
        self.with(|shared| shared.other_regions = regions)
    }

    /// Encrypts copies in `region` with this key of it. Copies of encrypted snapshots have the region's
    /// default key otherwise.
    #[must_use]
    pub fn with_copy_key(self, region: &Region, key: impl Into<KmsKeyId>) -> Self {
        let (region, key) = (region.as_str().to_owned(), key.into());
        self.with(|shared| drop(shared.copy_keys.insert(region, key)))
    }

    /// Asks ECS what disks are like, rather than rely on what their PersistentVolumes say. Needs
    /// `ecs:DescribeDisks`, which ACK's page does not grant.
    #[must_use]
    pub fn look_at_disks(self) -> Self {
        self.with(|shared| shared.looks_at_disks = true)
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    fn home(&self) -> Option<&str> {
        self.0.ecs.region().map(Region::as_str)
    }
}

#[async_trait]
impl VolumeSnapshotter for DiskSnapshots {
    fn name(&self) -> &str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::of(VolumeMethod::NativeSnapshot);
        capabilities.groups = Some(GroupLimits::new(MOST_DISKS, MOST_BYTES));
        capabilities.cross_region = true;
        capabilities.block = true;
        capabilities.topology_keys = volume::topology_keys();
        capabilities
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        let refused = self.0.kind.and_then(|kind| kind.profile().volumes.reason());
        match refused {
            Some(reason) => Eligibility::refused(reason),
            None => volume::eligibility(volume, self.home()),
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

    async fn copy_to_region(&self, record: &VolumeRecord, region: &str) -> Result<VolumeRecord> {
        self.0.copy(record, region).await
    }

    fn adjust_claim(&self, record: &VolumeRecord, claim: PersistentVolumeClaim) -> AdjustedClaim {
        claim::adjust(record, claim)
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource> {
        self.0.restore_source(record, target).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool> {
        self.0.delete(records).await
    }
}
