//! Disks.

use alibaba_core::Paginator;

use crate::connect::{Client, next_token, sized};
use crate::disk::{CreatedDisk, Disk, DiskPage};
use crate::encryption::AssumedRole;
use crate::filter::TimeFilter;
use crate::ids::{
    AutoSnapshotPolicyId, Description, DiskId, InstanceId, KmsKeyId, ResourceGroupId, ResourceName,
    SnapshotId, ZoneId,
};
use crate::tag::Tag;
use crate::words::{
    ChargeType, DiskCategory, DiskStatus, DiskType, LockReason, MultiAttach, PerformanceLevel,
};
use crate::write::{ids, new_tags};

alibaba_core::operations! {
    impl Client;
    /// The operations on disks.
    pub(crate) const OPERATIONS;

    /// Starts to make a disk, empty or with the bytes of a snapshot, and returns its id at once.
    ///
    /// Give a zone or an instance, and a size or a snapshot; a size below the snapshot's is raised
    /// to it. The disk is paid for until it is deleted. [`Client::disk_poller`] waits until it is
    /// there. Needs `ecs:CreateDisk` on `acs:ecs:<region>:<account>:disk/*` and
    /// `acs:ecs:<region>:<account>:snapshot/<id>`. A client token makes it safe to repeat.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::DiskCategory;
    ///
    /// let call = ecs.create_disk().zone_id("cn-hangzhou-k").disk_category(DiskCategory::Essd);
    /// let id = call.snapshot_id("s-bp1fake0000000000001").send().await?.disk_id;
    /// let disk = ecs.disk_poller(&id).until_available().await?;
    /// println!("{:?} GiB", disk.size_gib);
    /// # Ok(())
    /// # }
    /// ```
    fn create_disk = CreateDisk() -> CreatedDisk [region("RegionId"), client_token("ClientToken")]
        where
            needs_any_of("Size", "SnapshotId"),
            needs_any_of("ZoneId", "InstanceId"),
            allows_one_of("ZoneId", "InstanceId"),
            allows_one_of("StorageClusterId", "StorageSetId")
    {
        /// The zone it is made in. Does not go with `instance_id`.
        zone_id: ZoneId = "ZoneId";
        /// The instance that it is made for, paid for in advance: tags, key, resource group and
        /// client token are then ignored.
        instance_id: InstanceId = "InstanceId";
        /// The snapshot whose bytes it gets.
        snapshot_id: SnapshotId = "SnapshotId";
        /// Its size in GiB.
        size_gib: u32 = "Size" [in 1..=65536];
        /// Its kind; a basic disk, if this is not set.
        disk_category: DiskCategory = "DiskCategory";
        /// How fast it is, for ESSDs; PL1, if this is not set.
        performance_level: PerformanceLevel = "PerformanceLevel";
        /// What it is called.
        disk_name: ResourceName = "DiskName";
        /// What it is for.
        description: Description = "Description";
        /// Whether it is encrypted.
        encrypted: bool = "Encrypted";
        /// With which key; goes with `encrypted`.
        kms_key_id: KmsKeyId = "KMSKeyId";
        /// Whether it can be attached to several instances.
        multi_attach: MultiAttach = "MultiAttach";
        /// How many operations a second it has beyond its baseline, for ESSD AutoPL.
        provisioned_iops: u64 = "ProvisionedIops";
        /// Whether it may burst, for ESSD AutoPL.
        bursting_enabled: bool = "BurstingEnabled";
        /// Its tags, up to 20.
        tags: Vec<Tag> = "Tag" [new_tags];
        /// The resource group it goes to.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// The dedicated block storage cluster it goes to. Does not go with `storage_set_id`.
        storage_cluster_id: String = "StorageClusterId";
        /// The storage set it goes to.
        storage_set_id: String = "StorageSetId";
        /// How many partitions the storage set has at most.
        storage_set_partition_number: u32 = "StorageSetPartitionNumber" [in 2..=1000000];
        /// Not open to the public: leave it unset.
        advanced_features: String = "AdvancedFeatures";
        /// Not open to the public: leave it unset.
        encrypt_algorithm: String = "EncryptAlgorithm";
        /// Not open to the public: leave it unset.
        arn: Vec<AssumedRole> = "Arn";
    }

    /// Lists disks that all of the filters hold for.
    ///
    /// [`send`](DescribeDisks::send) gets one page, [`items`](DescribeDisks::items) all of them.
    /// Needs `ecs:DescribeDisks` on `acs:ecs:<region>:<account>:disk/*`, or on single ones, and
    /// lists only those. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let mut disks = ecs.describe_disks().instance_id("i-bp1fake0000000000001").items();
    /// while let Some(disk) = disks.try_next().await? {
    ///     println!("{} {:?} {:?} GiB", disk.id, disk.status, disk.size_gib);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_disks = DescribeDisks() -> DiskPage [region("RegionId")] {
        /// Only these, up to 100; an empty list matches nothing.
        disk_ids: Vec<DiskId> = "DiskIds" [ids];
        /// Only those attached to this instance.
        instance_id: InstanceId = "InstanceId";
        /// Only those in this zone.
        zone_id: ZoneId = "ZoneId";
        /// Only those made of this snapshot.
        snapshot_id: SnapshotId = "SnapshotId";
        /// Only those of this name.
        disk_name: ResourceName = "DiskName";
        /// Only those in this state.
        status: DiskStatus = "Status";
        /// Only system disks, or data disks.
        disk_type: DiskType = "DiskType";
        /// Only those of this kind.
        category: DiskCategory = "Category";
        /// Only those that are so fast.
        performance_level: PerformanceLevel = "PerformanceLevel";
        /// Only those paid for in this way.
        disk_charge_type: ChargeType = "DiskChargeType";
        /// Only those that have this policy.
        auto_snapshot_policy_id: AutoSnapshotPolicyId = "AutoSnapshotPolicyId";
        /// Only those that have a policy, or none.
        enable_automated_snapshot_policy: bool = "EnableAutomatedSnapshotPolicy";
        /// Obsolete.
        enable_auto_snapshot: bool = "EnableAutoSnapshot";
        /// Only those whose automatic snapshots are deleted with them.
        delete_auto_snapshot: bool = "DeleteAutoSnapshot";
        /// Only those that are deleted with their instance.
        delete_with_instance: bool = "DeleteWithInstance";
        /// Only those that can be detached.
        portable: bool = "Portable";
        /// Only those that can be attached so.
        multi_attach: MultiAttach = "MultiAttach";
        /// Only shared block storage.
        enable_shared: bool = "EnableShared";
        /// Only encrypted ones.
        encrypted: bool = "Encrypted";
        /// Only those encrypted with this key.
        kms_key_id: KmsKeyId = "KMSKeyId";
        /// Only those locked for this reason.
        lock_reason: LockReason = "LockReason";
        /// Only those of this resource group.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
        /// Only those with these tags.
        tags: Vec<Tag> = "Tag" [in 0..=20];
        /// Only those made between these times.
        times: Vec<TimeFilter> = "Filter";
        /// What else to say: `Placement`, for where the data of regional disks is.
        additional_attributes: Vec<String> = "AdditionalAttributes";
        /// Checks the right only: where it is there, the call fails with `DryRunOperation`.
        dry_run: bool = "DryRun";
        /// How many a page has at most.
        max_results: u32 = "MaxResults" [in 1..=500];
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
        /// Which page, from 1. An older way that goes with `page_size`, and not with
        /// [`items`](DescribeDisks::items).
        page_number: u32 = "PageNumber";
        /// How many a page has, when asked for by number.
        page_size: u32 = "PageSize" [in 1..=100];
    }
}

impl DescribeDisks {
    /// All disks from here on, page after page of up to 500.
    pub fn items(self) -> Paginator<Disk> {
        sized(self.into_call(), 500).list_by_token("list disks", next_token, |page: DiskPage| {
            (page.disks, page.next_token)
        })
    }
}
