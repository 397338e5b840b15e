//! Snapshots of disks.

use alibaba_core::openapi::Acknowledged;
use alibaba_core::{Error, Paginator};

use crate::connect::{Client, next_token, sized};
use crate::filter::TimeFilter;
use crate::gone::unless_gone;
use crate::ids::{
    Description, DiskId, InstanceId, KmsKeyId, ResourceGroupId, SnapshotId, SnapshotLinkId,
    SnapshotName,
};
use crate::snapshot::{ChangedCategory, CreatedSnapshot, Snapshot, SnapshotPage};
use crate::tag::Tag;
use crate::words::{DiskType, SnapshotCategory, SnapshotStatus, SnapshotType, SnapshotUsage};
use crate::write::{category_filter, ids, new_tags};

alibaba_core::operations! {
    impl Client;
    /// The operations on snapshots.
    pub(crate) const OPERATIONS;

    /// Starts a snapshot of a disk and returns its id at once.
    ///
    /// It holds what was written before the call. [`Client::snapshot_poller`] waits until it is
    /// done, which takes seconds to hours; until then the disk must not be released, and the
    /// instance should neither be stopped nor restarted. Snapshots are paid for by the space they
    /// take, and a disk has a limit of them (`QuotaExceed.Snapshot`). The disk must be attached, or
    /// have been. Needs `ecs:CreateSnapshot` on `acs:ecs:<region>:<account>:disk/<id>` and on
    /// `acs:ecs:<region>:<account>:snapshot/*`. A client token makes it safe to repeat:
    /// [`derived_token`](crate::derived_token) makes one that a restarted program finds again.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let call = ecs.create_snapshot("d-bp1fake0000000000001").snapshot_name("nightly");
    /// let id = call.retention_days(7_u32).send().await?.snapshot_id;
    /// let snapshot = ecs.snapshot_poller(&id).until_accomplished().await?;
    /// println!("{} of {:?}", snapshot.id, snapshot.created_at);
    /// # Ok(())
    /// # }
    /// ```
    fn create_snapshot = CreateSnapshot(disk_id: DiskId = "DiskId")
        -> CreatedSnapshot [client_token("ClientToken")]
    {
        /// What it is called.
        snapshot_name: SnapshotName = "SnapshotName";
        /// What it is for.
        description: Description = "Description";
        /// After how many days it is deleted; it is kept, if this is not set.
        retention_days: u32 = "RetentionDays" [in 1..=65536];
        /// Its tags, up to 20.
        tags: Vec<Tag> = "Tag" [new_tags];
        /// The resource group it goes to.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// How it is stored. Obsolete.
        category: SnapshotCategory = "Category";
        /// Has no effect any more: new snapshots of ESSDs can be used at once.
        instant_access: bool = "InstantAccess";
        /// Has no effect any more.
        instant_access_retention_days: u32 = "InstantAccessRetentionDays" [in 1..=65535];
        /// Not open to the public: leave it unset.
        storage_location_arn: String = "StorageLocationArn";
    }

    /// Deletes a snapshot; one that is being made is cancelled.
    ///
    /// Other snapshots of the disk stay whole. One that images were made of is refused
    /// (`SnapshotCreatedImage`), one that disks were made of as well unless forced
    /// (`SnapshotCreatedDisk`), and a locked one always. Needs `ecs:DeleteSnapshot` on
    /// `acs:ecs:<region>:<account>:snapshot/<id>`. It is safe to repeat:
    /// [`send_if_exists`](DeleteSnapshot::send_if_exists) takes one that is not there for deleted.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// ecs.delete_snapshot("s-bp1fake0000000000001").force(true).send_if_exists().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_snapshot = DeleteSnapshot(snapshot_id: SnapshotId = "SnapshotId") -> Acknowledged [idempotent] {
        /// Also when disks were made of it, which can then no longer be set back to it.
        force: bool = "Force";
    }

    /// Lists snapshots that all of the filters hold for.
    ///
    /// [`send`](DescribeSnapshots::send) gets one page, [`items`](DescribeSnapshots::items) all of
    /// them. Ids that are not there are left out. Needs `ecs:DescribeSnapshots` on
    /// `acs:ecs:<region>:<account>:snapshot/*`, or on single ones, and lists only those. Reads
    /// only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::SnapshotStatus;
    /// use futures::TryStreamExt as _;
    ///
    /// let done = ecs.describe_snapshots().status(SnapshotStatus::Accomplished);
    /// let mut snapshots = done.disk_id("d-bp1fake0000000000001").items();
    /// while let Some(snapshot) = snapshots.try_next().await? {
    ///     println!("{} {:?}", snapshot.id, snapshot.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_snapshots = DescribeSnapshots() -> SnapshotPage [region("RegionId")] {
        /// Only these, up to 100; an empty list matches nothing.
        snapshot_ids: Vec<SnapshotId> = "SnapshotIds" [ids];
        /// Only those of this disk.
        disk_id: DiskId = "DiskId";
        /// Only those of this instance's disks.
        instance_id: InstanceId = "InstanceId";
        /// Only those of this chain.
        snapshot_link_id: SnapshotLinkId = "SnapshotLinkId";
        /// Only those of this very name.
        snapshot_name: SnapshotName = "SnapshotName";
        /// Only those in this state.
        status: SnapshotStatus = "Status";
        /// Only those made by calls, or by policies.
        snapshot_type: SnapshotType = "SnapshotType";
        /// Only those of disks of this type.
        source_disk_type: DiskType = "SourceDiskType";
        /// Only those that have been used in this way.
        usage: SnapshotUsage = "Usage";
        /// Only those that are stored in this way.
        category: SnapshotCategory = "Category" [category_filter];
        /// Only encrypted ones.
        encrypted: bool = "Encrypted";
        /// Only those encrypted with this key.
        kms_key_id: KmsKeyId = "KMSKeyId";
        /// Only those of this resource group.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Only those with these tags.
        tags: Vec<Tag> = "Tag" [in 0..=20];
        /// Only those made between these times.
        times: Vec<TimeFilter> = "Filter";
        /// Checks the right only: where it is there, the call fails with `DryRunOperation`.
        dry_run: bool = "DryRun";
        /// How many a page has at most.
        max_results: u32 = "MaxResults" [in 1..=100];
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
        /// Which page, from 1. An older way that goes with `page_size`, and not with
        /// [`items`](DescribeSnapshots::items).
        page_number: u32 = "PageNumber";
        /// How many a page has, when asked for by number.
        page_size: u32 = "PageSize" [in 1..=100];
    }

    /// Changes name, description or retention of a snapshot; what is not set stays.
    ///
    /// The retention can only become longer. Needs `ecs:ModifySnapshotAttribute` on
    /// `acs:ecs:<region>:<account>:snapshot/<id>`. The same call again has the same effect, and it
    /// is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let snapshot = ecs.modify_snapshot_attribute("s-bp1fake0000000000001");
    /// snapshot.description("kept for the audit").retention_days(400_u32).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn modify_snapshot_attribute = ModifySnapshotAttribute(snapshot_id: SnapshotId = "SnapshotId")
        -> Acknowledged [idempotent]
    {
        /// The new name.
        snapshot_name: SnapshotName = "SnapshotName";
        /// What it is for; empty takes the description away.
        description: String = "Description" [in 0..=256];
        /// How many days it is kept, from when it was made.
        retention_days: u32 = "RetentionDays" [in 1..=65536];
        /// Has no effect any more.
        disable_instant_access: bool = "DisableInstantAccess";
    }

    /// Moves a snapshot to the archive, where it costs less. There is no way back.
    ///
    /// It must be accomplished and at least 14 days old. The move goes on after the call has
    /// returned. Needs `ecs:ModifySnapshotCategory` on `acs:ecs:<region>:<account>:snapshot/<id>`.
    /// It is not repeated after a broken connection: look at its category then.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::SnapshotCategory;
    ///
    /// let snapshot = ecs.modify_snapshot_category("s-bp1fake0000000000001");
    /// snapshot.category(SnapshotCategory::Archive).retention_days(365_u32).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn modify_snapshot_category = ModifySnapshotCategory(snapshot_id: SnapshotId = "SnapshotId") -> ChangedCategory {
        /// How it is to be stored: [`SnapshotCategory::Archive`].
        category: SnapshotCategory = "Category";
        /// After how many days it is deleted, from when it was made; it is kept, if this is not
        /// set.
        retention_days: u32 = "RetentionDays" [in 74..=65536];
    }
}

impl DescribeSnapshots {
    /// All snapshots from here on, page after page of up to 100.
    pub fn items(self) -> Paginator<Snapshot> {
        sized(self.into_call(), 100).list_by_token(
            "list snapshots",
            next_token,
            |page: SnapshotPage| (page.snapshots, page.next_token),
        )
    }
}

impl DeleteSnapshot {
    /// Sends the call, and takes a snapshot that is not there for deleted: none is returned then.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), but for a snapshot that is not there.
    pub async fn send_if_exists(self) -> Result<Option<Acknowledged>, Error> {
        unless_gone(self.send().await, |code, _| {
            code == "InvalidSnapshotId.NotFound"
        })
    }
}
