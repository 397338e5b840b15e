#![doc = include_str!("../README.md")]

mod auto_policies;
mod auto_policy;
mod connect;
mod copies;
mod disk;
mod disks;
mod encryption;
mod filter;
mod gone;
mod group;
mod groups;
mod ids;
mod instance;
mod instance_network;
mod instance_options;
mod instances;
mod locks;
mod pollers;
mod read;
mod regions;
mod remedy;
mod retention;
mod snapshot;
mod snapshots;
mod tag;
mod tags;
mod token;
mod usage;
mod words;
mod write;

use alibaba_core::openapi::Operation;

/// Credentials, regions, errors: what the client is made of, and what it returns.
#[doc(no_inline)]
pub use alibaba_core as core;
/// The crate of the times in responses.
#[doc(no_inline)]
pub use chrono;

pub use auto_policies::{
    ApplyAutoSnapshotPolicy, CancelAutoSnapshotPolicy, CreateAutoSnapshotPolicy,
    DeleteAutoSnapshotPolicy, DescribeAutoSnapshotPolicyAssociations, DescribeAutoSnapshotPolicyEx,
    ModifyAutoSnapshotPolicyEx,
};
pub use auto_policy::{
    AutoSnapshotPolicy, AutoSnapshotPolicyAssociation, AutoSnapshotPolicyAssociationPage,
    AutoSnapshotPolicyPage, CreatedAutoSnapshotPolicy, PolicyCopyEncryption,
};
pub use connect::Client;
pub use copies::CopySnapshot;
pub use disk::{Attachment, CreatedDisk, Disk, DiskDataSource, DiskLock, DiskPage, DiskPlacement};
pub use disks::{CreateDisk, DescribeDisks};
pub use encryption::{AssumedRole, CopyEncryption};
pub use filter::TimeFilter;
pub use group::{
    CreatedSnapshotGroup, DeleteOperation, DeletedSnapshotGroup, MemberSnapshot, RelatedItem,
    SnapshotGroup, SnapshotGroupPage,
};
pub use groups::{
    CreateSnapshotGroup, DeleteSnapshotGroup, DescribeSnapshotGroups, ModifySnapshotGroup,
};
pub use ids::{
    AutoSnapshotPolicyId, Description, DiskId, InstanceId, KmsKeyId, PolicyName, RegionId,
    ResourceGroupId, ResourceId, ResourceName, SnapshotGroupId, SnapshotId, SnapshotLinkId,
    SnapshotName, ZoneId,
};
pub use instance::{Instance, InstancePage};
pub use instance_network::{
    ElasticIp, Ipv4Prefix, Ipv6, Ipv6Prefix, NetworkInterface, PrivateDnsNames, PrivateIp,
    VpcAttributes,
};
pub use instance_options::{
    AdditionalInfo, CapacityReservation, ClockOptions, CpuOptions, DedicatedHost,
    DedicatedInstance, HibernationOptions, ImageOptions, InstanceLock, MetadataOptions,
    SecurityOptions,
};
pub use instances::DescribeInstances;
pub use locks::{
    DescribeLockedSnapshots, LockPage, LockResponse, LockSnapshot, SnapshotLock, UnlockSnapshot,
};
pub use pollers::Poller;
pub use regions::{
    DescribeRegions, DescribeZones, RegionDescription, RegionList, Zone, ZoneList, ZoneResources,
};
pub use remedy::remedy;
pub use retention::Retention;
pub use snapshot::{ChangedCategory, CreatedSnapshot, Snapshot, SnapshotPage};
pub use snapshots::{
    CreateSnapshot, DeleteSnapshot, DescribeSnapshots, ModifySnapshotAttribute,
    ModifySnapshotCategory,
};
pub use tag::{Tag, TagFilter};
pub use tags::{ListTagResources, ResourceTag, TagResourcePage, TagResources, UntagResources};
pub use token::derived_token;
pub use usage::{
    DescribeSnapshotLinks, DescribeSnapshotPackage, DescribeSnapshotsUsage, OpenSnapshotService,
    SnapshotLink, SnapshotLinkPage, SnapshotPackage, SnapshotPackagePage, SnapshotsUsage,
};
pub use words::{
    AssociationType, ChargeType, DiskCategory, DiskStatus, DiskType, HttpTokens, InstanceStatus,
    InternetChargeType, Language, LockMode, LockReason, LockStatus, MultiAttach, NetworkType,
    PerformanceLevel, PolicyKind, PolicyStatus, RegionResource, RegionStatus, ResourceType,
    SnapshotCategory, SnapshotStatus, SnapshotType, SnapshotUsage, SpotStrategy, Switch,
};

/// Every operation of this client, with its parameters. The right that one needs is `ecs:` and its
/// action.
///
/// The parameters `OwnerAccount`, `OwnerId`, `ResourceOwnerAccount` and `ResourceOwnerId`, which most
/// actions have from the time before RAM and which are to be left unset, are not offered.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        snapshots::OPERATIONS,
        groups::OPERATIONS,
        copies::OPERATIONS,
        auto_policies::OPERATIONS,
        locks::OPERATIONS,
        disks::OPERATIONS,
        instances::OPERATIONS,
        tags::OPERATIONS,
        regions::OPERATIONS,
        usage::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
