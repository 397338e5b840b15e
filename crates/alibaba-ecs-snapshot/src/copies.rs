//! Copies of snapshots in other regions.

use crate::connect::Client;
use crate::encryption::AssumedRole;
use crate::ids::{Description, KmsKeyId, RegionId, ResourceGroupId, SnapshotId, SnapshotName};
use crate::snapshot::CreatedSnapshot;
use crate::tag::Tag;
use crate::write::new_tags;

alibaba_core::operations! {
    impl Client;
    /// The operations on copies.
    pub(crate) const OPERATIONS;

    /// Starts a copy of a snapshot in another region and returns the copy's id at once.
    ///
    /// It is a call to the region of the snapshot, and the copy is waited for in the other one: see
    /// [`Client::copy_poller`]. The snapshot must be accomplished. The traffic between regions and
    /// the space of the copy are paid for, and there is one copy at a time for a disk and region
    /// (`InvalidOperation.UnfinishedCrossRegionCopy`). Needs `ecs:CopySnapshot` on
    /// `acs:ecs:<region>:<account>:snapshot/<id>`. A client token makes it safe to repeat.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_core::Region;
    ///
    /// let there = Region::CN_BEIJING;
    /// let call = ecs.copy_snapshot("s-bp1fake0000000000001", &there, "nightly", "copy of Hangzhou's");
    /// let copy = call.send().await?.snapshot_id;
    /// ecs.copy_poller(there, &copy).until_accomplished().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn copy_snapshot = CopySnapshot(
        snapshot_id: SnapshotId = "SnapshotId",
        destination_region_id: RegionId = "DestinationRegionId",
        destination_snapshot_name: SnapshotName = "DestinationSnapshotName",
        destination_snapshot_description: Description = "DestinationSnapshotDescription",
    ) -> CreatedSnapshot [region("RegionId"), client_token("ClientToken")] {
        /// After how many days the copy is deleted; it is kept, if this is not set.
        retention_days: u32 = "RetentionDays" [in 1..=65536];
        /// Whether the copy is encrypted.
        encrypted: bool = "Encrypted";
        /// With which key of the other region; goes with `encrypted`.
        kms_key_id: KmsKeyId = "KMSKeyId";
        /// The copy's tags, up to 20.
        tags: Vec<Tag> = "Tag" [new_tags];
        /// Not open to the public: leave it unset.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Not open to the public: leave it unset.
        destination_storage_location_arn: String = "DestinationStorageLocationArn";
        /// Not open to the public: leave it unset.
        arn: Vec<AssumedRole> = "Arn";
    }
}
