//! Groups of snapshots: several disks at one point in time.

use alibaba_core::openapi::Acknowledged;
use alibaba_core::{Error, Paginator};

use crate::connect::{Client, next_token, sized};
use crate::gone::unless_gone;
use crate::group::{CreatedSnapshotGroup, DeletedSnapshotGroup, SnapshotGroup, SnapshotGroupPage};
use crate::ids::{Description, DiskId, InstanceId, ResourceGroupId, ResourceName, SnapshotGroupId};
use crate::tag::Tag;
use crate::words::SnapshotStatus;
use crate::write::new_tags;

alibaba_core::operations! {
    impl Client;
    /// The operations on groups of snapshots.
    pub(crate) const OPERATIONS;

    /// Starts snapshots of several disks at one point in time and returns the id of their group at
    /// once.
    ///
    /// Give an instance for all of its disks, or disks of one zone, or both for some disks of that
    /// instance. They must be ESSDs, up to 16 with 32 TiB (ECS has begun to allow more).
    /// [`Client::snapshot_group_poller`] waits until all are done. Each snapshot is paid for as
    /// any. Needs `ecs:CreateSnapshotGroup` on `acs:ecs:<region>:<account>:instance/<id>` and
    /// `acs:ecs:<region>:<account>:disk/<id>`. A client token makes it safe to repeat.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let call = ecs.create_snapshot_group().instance_id("i-bp1fake0000000000001");
    /// let id = call.exclude_disk_ids(["d-bp1fake0000000000009".into()]).send().await?.snapshot_group_id;
    /// let group = ecs.snapshot_group_poller(&id).until_accomplished().await?;
    /// println!("{} snapshots", group.snapshots.len());
    /// # Ok(())
    /// # }
    /// ```
    fn create_snapshot_group = CreateSnapshotGroup()
        -> CreatedSnapshotGroup [region("RegionId"), client_token("ClientToken")]
        where needs_any_of("InstanceId", "DiskId"), allows_one_of("DiskId", "ExcludeDiskId")
    {
        /// The instance whose disks are taken.
        instance_id: InstanceId = "InstanceId";
        /// The disks that are taken.
        disk_ids: Vec<DiskId> = "DiskId" [in 0..=128];
        /// Disks of the instance that are not taken. Does not go with `disk_ids`.
        exclude_disk_ids: Vec<DiskId> = "ExcludeDiskId" [in 0..=128];
        /// What the group is called.
        name: ResourceName = "Name";
        /// What it is for.
        description: Description = "Description";
        /// The tags of the group, up to 20.
        tags: Vec<Tag> = "Tag" [new_tags];
        /// The resource group it goes to.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Has no effect any more.
        instant_access: bool = "InstantAccess";
        /// Has no effect any more.
        instant_access_retention_days: u32 = "InstantAccessRetentionDays" [in 1..=65535];
        /// Not open to the public: leave it unset.
        storage_location_arn: String = "StorageLocationArn";
    }

    /// Deletes a group and its snapshots, but for those that images were made of.
    ///
    /// Needs `ecs:DeleteSnapshotGroup` on `acs:ecs:<region>:<account>:snapshotgroup/<id>`. It is
    /// safe to repeat: [`send_if_exists`](DeleteSnapshotGroup::send_if_exists) takes one that is
    /// not there for deleted.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let deleted = ecs.delete_snapshot_group("ssg-bp1fake000000000001").send_if_exists().await?;
    /// for failure in deleted.into_iter().flat_map(|deleted| deleted.operations) {
    ///     println!("{:?}: {:?}", failure.error_code, failure.related_items);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn delete_snapshot_group = DeleteSnapshotGroup(snapshot_group_id: SnapshotGroupId = "SnapshotGroupId")
        -> DeletedSnapshotGroup [idempotent, region("RegionId")] {}

    /// Lists groups of snapshots with their snapshots.
    ///
    /// [`send`](DescribeSnapshotGroups::send) gets one page,
    /// [`items`](DescribeSnapshotGroups::items) all of them. Needs `ecs:DescribeSnapshotGroups` on
    /// `acs:ecs:<region>:<account>:snapshotgroup/*`, or on single ones, and lists only those. Reads
    /// only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let groups = ecs.describe_snapshot_groups().instance_id("i-bp1fake0000000000001").items();
    /// println!("{} groups", groups.try_collect::<Vec<_>>().await?.len());
    /// # Ok(())
    /// # }
    /// ```
    fn describe_snapshot_groups = DescribeSnapshotGroups() -> SnapshotGroupPage [region("RegionId")] {
        /// Only these, up to 10.
        snapshot_group_ids: Vec<SnapshotGroupId> = "SnapshotGroupId" [in 0..=10];
        /// Only those of this instance.
        instance_id: InstanceId = "InstanceId";
        /// Only those of this name.
        name: ResourceName = "Name";
        /// Only those in one of these states.
        statuses: Vec<SnapshotStatus> = "Status" [in 0..=3];
        /// Only those with these tags.
        tags: Vec<Tag> = "Tag" [in 0..=20];
        /// Only those of this resource group.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Not open to the public: leave it unset.
        additional_attributes: Vec<String> = "AdditionalAttributes";
        /// How many a page has at most.
        max_results: u32 = "MaxResults" [in 1..=100];
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
    }

    /// Changes name or description of a group; what is not set stays.
    ///
    /// Needs `ecs:ModifySnapshotGroup` on `acs:ecs:<region>:<account>:snapshotgroup/<id>`. The same
    /// call again has the same effect, and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// ecs.modify_snapshot_group("ssg-bp1fake000000000001").name("before-upgrade").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn modify_snapshot_group = ModifySnapshotGroup(snapshot_group_id: SnapshotGroupId = "SnapshotGroupId")
        -> Acknowledged [idempotent, region("RegionId")]
    {
        /// The new name.
        name: ResourceName = "Name";
        /// What it is for.
        description: Description = "Description";
    }
}

impl DescribeSnapshotGroups {
    /// All groups from here on, page after page of up to 100.
    pub fn items(self) -> Paginator<SnapshotGroup> {
        sized(self.into_call(), 100).list_by_token(
            "list snapshot groups",
            next_token,
            |page: SnapshotGroupPage| (page.snapshot_groups, page.next_token),
        )
    }
}

impl DeleteSnapshotGroup {
    /// Sends the call, and takes a group that is not there for deleted: none is returned then.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), but for a group that is not there.
    pub async fn send_if_exists(self) -> Result<Option<DeletedSnapshotGroup>, Error> {
        unless_gone(self.send().await, |code, _| {
            code == "InvalidSnapshotGroupId.NotFound"
        })
    }
}
