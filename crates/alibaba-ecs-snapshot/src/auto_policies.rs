//! Policies by which ECS makes snapshots by itself.

use alibaba_core::openapi::Acknowledged;
use alibaba_core::{Error, Paginator};
use chrono::Weekday;

use crate::auto_policy::{
    AutoSnapshotPolicy, AutoSnapshotPolicyAssociation, AutoSnapshotPolicyAssociationPage,
    AutoSnapshotPolicyPage, CreatedAutoSnapshotPolicy,
};
use crate::connect::{Client, next_token, sized};
use crate::encryption::CopyEncryption;
use crate::gone::unless_gone;
use crate::ids::{AutoSnapshotPolicyId, DiskId, PolicyName, RegionId, ResourceGroupId};
use crate::retention::Retention;
use crate::tag::Tag;
use crate::words::AssociationType;
use crate::write::{hours, new_tags, only, targets, weekdays};

alibaba_core::operations! {
    impl Client;
    /// The operations on automatic snapshot policies.
    pub(crate) const OPERATIONS;

    /// Creates a policy that makes snapshots at full hours of some days of the week.
    ///
    /// **The hours are those of UTC+8**, wherever the region is. It makes none until it is applied
    /// to disks. A region has up to 100 policies (`AutoSnapshotPolicy.QuotaExceed`). Needs
    /// `ecs:CreateAutoSnapshotPolicy` on `acs:ecs:<region>:<account>:snapshotpolicy/*`. It is not
    /// repeated after a broken connection: look for its name by
    /// [`describe_auto_snapshot_policies`](Self::describe_auto_snapshot_policies) then.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::Retention;
    /// use chrono::Weekday;
    ///
    /// let days = [Weekday::Mon, Weekday::Thu];
    /// let call = ecs.create_auto_snapshot_policy(days, [1, 13], Retention::Days(30));
    /// let policy = call.name("twice-a-week").send().await?.auto_snapshot_policy_id;
    /// ecs.apply_auto_snapshot_policy(policy, ["d-bp1fake0000000000001".into()]).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn create_auto_snapshot_policy = CreateAutoSnapshotPolicy(
        repeat_weekdays: Vec<Weekday> = "repeatWeekdays" [weekdays],
        time_points: Vec<u8> = "timePoints" [hours],
        retention: Retention = "retentionDays",
    ) -> CreatedAutoSnapshotPolicy [region("regionId")] {
        /// What it is called.
        name: PolicyName = "autoSnapshotPolicyName";
        /// Whether its snapshots are copied to another region.
        enable_cross_region_copy: bool = "EnableCrossRegionCopy";
        /// Which region that is.
        target_copy_region: RegionId = "TargetCopyRegions" [only];
        /// For how long the copies are kept; forever, if this is not set.
        copied_snapshots_retention: Retention = "CopiedSnapshotsRetentionDays";
        /// How the copies are encrypted.
        copy_encryption: CopyEncryption = "CopyEncryptionConfiguration";
        /// How it finds its disks; by being applied to them, if this is not set.
        association_type: AssociationType = "AssociationType";
        /// The tags of the instances whose disks it is for. Goes with
        /// [`AssociationType::InstanceTags`].
        target_tags: Vec<Tag> = "TargetTags";
        /// Its own tags, up to 20.
        tags: Vec<Tag> = "Tag" [new_tags];
        /// The resource group it goes to.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Not open to the public: leave it unset.
        storage_location_arn: String = "StorageLocationArn";
    }

    /// Applies a policy to disks, beside those that they have.
    ///
    /// A disk has up to 10 policies. In some accounts the new one still takes the old one's place.
    /// Needs `ecs:ApplyAutoSnapshotPolicy` on `acs:ecs:<region>:<account>:disk/<id>` and
    /// `acs:ecs:<region>:<account>:snapshotpolicy/<id>`. The same call again has the same effect,
    /// and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let disks = ["d-bp1fake0000000000001".into(), "d-bp1fake0000000000002".into()];
    /// ecs.apply_auto_snapshot_policy("sp-bp1fake0000000000001", disks).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn apply_auto_snapshot_policy = ApplyAutoSnapshotPolicy(
        auto_snapshot_policy_id: AutoSnapshotPolicyId = "autoSnapshotPolicyId",
        disk_ids: Vec<DiskId> = "diskIds" [targets],
    ) -> Acknowledged [idempotent, region("regionId")] {}

    /// Takes policies off disks. Snapshots that were made stay.
    ///
    /// Needs `ecs:CancelAutoSnapshotPolicy` on `acs:ecs:<region>:<account>:disk/<id>`. The same
    /// call again has the same effect, and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let call = ecs.cancel_auto_snapshot_policy(["d-bp1fake0000000000001".into()]);
    /// call.auto_snapshot_policy_id("sp-bp1fake0000000000001").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn cancel_auto_snapshot_policy = CancelAutoSnapshotPolicy(disk_ids: Vec<DiskId> = "diskIds" [targets])
        -> Acknowledged [idempotent, region("regionId")]
    {
        /// Which policy. Needed where a disk has several
        /// (`OperationDenied.TooManyAutoSnapshotPolicies`).
        auto_snapshot_policy_id: AutoSnapshotPolicyId = "autoSnapshotPolicyId";
    }

    /// Deletes a policy, also where disks have it. Snapshots that it made stay.
    ///
    /// Needs `ecs:DeleteAutoSnapshotPolicy` on `acs:ecs:<region>:<account>:snapshotpolicy/<id>`. It
    /// is safe to repeat: [`send_if_exists`](DeleteAutoSnapshotPolicy::send_if_exists) takes one
    /// that is not there for deleted.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// ecs.delete_auto_snapshot_policy("sp-bp1fake0000000000001").send_if_exists().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_auto_snapshot_policy = DeleteAutoSnapshotPolicy(
        auto_snapshot_policy_id: AutoSnapshotPolicyId = "autoSnapshotPolicyId",
    ) -> Acknowledged [idempotent, region("regionId")] {}

    /// Lists automatic snapshot policies.
    ///
    /// [`send`](DescribeAutoSnapshotPolicyEx::send) gets one page,
    /// [`items`](DescribeAutoSnapshotPolicyEx::items) all of them. Needs
    /// `ecs:DescribeAutoSnapshotPolicyEx` on `acs:ecs:<region>:<account>:snapshotpolicy/*`, or on
    /// single ones, and lists only those. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let mut policies = ecs.describe_auto_snapshot_policies().items();
    /// while let Some(policy) = policies.try_next().await? {
    ///     println!("{} on {:?} at {:?} (UTC+8)", policy.id, policy.repeat_weekdays, policy.time_points);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_auto_snapshot_policies = DescribeAutoSnapshotPolicyEx() -> AutoSnapshotPolicyPage [region("RegionId")] {
        /// Only this one.
        auto_snapshot_policy_id: AutoSnapshotPolicyId = "AutoSnapshotPolicyId";
        /// Only those of this name.
        name: PolicyName = "AutoSnapshotPolicyName";
        /// Only those of this resource group.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Only those with these tags.
        tags: Vec<Tag> = "Tag" [in 0..=20];
        /// Which page, from 1.
        page_number: u32 = "PageNumber" [in 1..=1000000];
        /// How many a page has at most; 10, if this is not set.
        page_size: u32 = "PageSize" [in 1..=100];
    }

    /// Changes a policy, at once for all disks that have it; what is not set stays.
    ///
    /// Needs `ecs:ModifyAutoSnapshotPolicyEx` on `acs:ecs:<region>:<account>:snapshotpolicy/<id>`.
    /// The same call again has the same effect, and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::Retention;
    ///
    /// let policy = ecs.modify_auto_snapshot_policy("sp-bp1fake0000000000001");
    /// policy.time_points([2]).retention(Retention::Forever).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn modify_auto_snapshot_policy = ModifyAutoSnapshotPolicyEx(
        auto_snapshot_policy_id: AutoSnapshotPolicyId = "autoSnapshotPolicyId",
    ) -> Acknowledged [idempotent, region("regionId")] {
        /// What it is to be called.
        name: PolicyName = "autoSnapshotPolicyName";
        /// On which days of the week it makes snapshots.
        repeat_weekdays: Vec<Weekday> = "repeatWeekdays" [weekdays];
        /// At which hours, 0 to 23, of UTC+8.
        time_points: Vec<u8> = "timePoints" [hours];
        /// For how long its snapshots are kept.
        retention: Retention = "retentionDays";
        /// Whether its snapshots are copied to another region.
        enable_cross_region_copy: bool = "EnableCrossRegionCopy";
        /// Which region that is.
        target_copy_region: RegionId = "TargetCopyRegions" [only];
        /// For how long the copies are kept.
        copied_snapshots_retention: Retention = "CopiedSnapshotsRetentionDays";
        /// How the copies are encrypted.
        copy_encryption: CopyEncryption = "CopyEncryptionConfiguration";
        /// The tags of the instances whose disks it is for.
        target_tags: Vec<Tag> = "TargetTags";
    }

    /// Lists which disks have which policies. Give a policy or a disk, not both.
    ///
    /// [`send`](DescribeAutoSnapshotPolicyAssociations::send) gets one page,
    /// [`items`](DescribeAutoSnapshotPolicyAssociations::items) all of them. Needs
    /// `ecs:DescribeAutoSnapshotPolicyAssociations` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let call = ecs.describe_auto_snapshot_policy_associations();
    /// let disks = call.auto_snapshot_policy_id("sp-bp1fake0000000000001").items();
    /// println!("{} disks", disks.try_collect::<Vec<_>>().await?.len());
    /// # Ok(())
    /// # }
    /// ```
    fn describe_auto_snapshot_policy_associations = DescribeAutoSnapshotPolicyAssociations()
        -> AutoSnapshotPolicyAssociationPage [region("RegionId")]
        where allows_one_of("AutoSnapshotPolicyId", "DiskId")
    {
        /// The disks of this policy.
        auto_snapshot_policy_id: AutoSnapshotPolicyId = "AutoSnapshotPolicyId";
        /// The policies of this disk.
        disk_id: DiskId = "DiskId";
        /// How many a page has at most.
        max_results: u32 = "MaxResults" [in 1..=100];
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
    }
}

impl DescribeAutoSnapshotPolicyEx {
    /// All policies, page after page of up to 100.
    pub fn items(self) -> Paginator<AutoSnapshotPolicy> {
        let step = "list automatic snapshot policies";
        self.into_call()
            .default_param("PageSize", 100)
            .list_by_number(step, |page: AutoSnapshotPolicyPage| {
                (page.auto_snapshot_policies, page.total_count)
            })
    }
}

impl DescribeAutoSnapshotPolicyAssociations {
    /// All pairs of a disk and a policy from here on, page after page of up to 100.
    pub fn items(self) -> Paginator<AutoSnapshotPolicyAssociation> {
        let step = "list the disks of automatic snapshot policies";
        sized(self.into_call(), 100).list_by_token(
            step,
            next_token,
            |page: AutoSnapshotPolicyAssociationPage| (page.associations, page.next_token),
        )
    }
}

impl DeleteAutoSnapshotPolicy {
    /// Sends the call, and takes a policy that is not there for deleted: none is returned then.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), but for a policy that is not there.
    pub async fn send_if_exists(self) -> Result<Option<Acknowledged>, Error> {
        unless_gone(self.send().await, |code, status| match code {
            "InvalidAutoSnapshotPolicyId.NotFound" => true,
            // The same code with 403 says that a value is malformed.
            "ParameterInvalid" => status == 404,
            _ => false,
        })
    }
}
