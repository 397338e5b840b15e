//! Elastic Compute Service: disks, snapshots, their groups, copies, locks and automatic policies.
//!
//! Instances are only names that disks are attached to. All regions are in one process; a call is for the
//! region that it names. Rules, states and error codes are those of the API reference and the comments of
//! the official SDKs; where neither says something, the place says that it is inferred.

mod bounds;
mod categories;
mod content;
mod cut;
mod disks;
mod elapse;
mod filter;
mod geography;
mod groups;
mod handle;
mod instances;
mod object;
mod once;
mod page;
mod place;
mod policies;
mod records;
mod refusal;
mod regions;
mod rights;
mod settings;
mod snapshots;
mod spec;
mod state;
mod store;
mod tag;
mod tags;
mod time;
mod usage;

pub use handle::{Ecs, LocalDisk, LocalSnapshot};
pub use spec::{EcsDisk, EcsInstance};

use crate::builder::{Setup, StartError};
use crate::gateway::service::Service;
use crate::openapi::product::{Access, Action, Product};
use crate::openapi::service::OpenApi;
use store::Store;

#[derive(Debug)]
struct EcsApi(Store);

/// Actions, each with the resources that its caller needs the right to, and its function. Listings have
/// none: they show what their caller has the right to see.
macro_rules! actions {
    ($($name:literal $(on $resources:path)? => $run:path;)*) => {
        &[$(Action {
            name: $name,
            access: actions!(@access $name $($resources)?),
            run: |ecs, call| $run(&ecs.0, call),
        }),*]
    };
    (@access $name:literal) => { Access::Signed };
    (@access $name:literal $resources:path) => {
        Access::Allowed(concat!("ecs:", $name), |ecs, call| $resources(&ecs.0, call))
    };
}

impl Product for EcsApi {
    const NAME: &'static str = "ecs";
    const VERSION: &'static str = "2014-05-26";
    const DENIED: &'static str = "Forbidden.RAM";
    const ACTIONS: &'static [Action<Self>] = actions! {
        "CreateSnapshot" on rights::disk_and_snapshots => snapshots::create::create;
        "DescribeSnapshots" => snapshots::describe::describe;
        "ModifySnapshotAttribute" on rights::snapshot => snapshots::modify::modify;
        "ModifySnapshotCategory" on rights::snapshot => snapshots::category::modify;
        "DeleteSnapshot" on rights::snapshot => snapshots::delete::delete;
        "CopySnapshot" on rights::snapshot => snapshots::copy::copy;
        "LockSnapshot" on rights::snapshot => snapshots::locks::lock;
        "UnlockSnapshot" on rights::snapshot => snapshots::locks::unlock;
        "DescribeLockedSnapshots" on rights::everything => snapshots::locks::describe;
        "CreateSnapshotGroup" on rights::instance_and_disks => groups::create::create;
        "DescribeSnapshotGroups" => groups::describe::describe;
        "ModifySnapshotGroup" on rights::snapshot_group => groups::change::modify;
        "DeleteSnapshotGroup" on rights::snapshot_group => groups::change::delete;
        "CreateAutoSnapshotPolicy" on rights::all_policies => policies::change::create;
        "ModifyAutoSnapshotPolicyEx" on rights::policy => policies::change::modify;
        "DeleteAutoSnapshotPolicy" on rights::policy => policies::change::delete;
        "DescribeAutoSnapshotPolicyEx" => policies::describe::describe;
        "ApplyAutoSnapshotPolicy" on rights::disks_and_policy => policies::apply::apply;
        "CancelAutoSnapshotPolicy" on rights::disks_and_policy => policies::apply::cancel;
        "DescribeAutoSnapshotPolicyAssociations" on rights::everything => policies::apply::describe;
        "CreateDisk" on rights::new_disk => disks::create::create;
        "AttachDisk" on rights::disk_and_instance => disks::attach::attach;
        "DetachDisk" on rights::disk_and_instance => disks::detach::detach;
        "DeleteDisk" on rights::disk => disks::delete::delete;
        "DescribeDisks" => disks::describe::describe;
        "DescribeInstances" => instances::describe;
        "DescribeRegions" on rights::everything => geography::describe_regions;
        "DescribeZones" on rights::everything => geography::describe_zones;
        "TagResources" on rights::tagged => tags::tag;
        "UntagResources" on rights::tagged => tags::untag;
        "ListTagResources" on rights::tagged => tags::list;
        "DescribeSnapshotsUsage" on rights::everything => usage::usage;
        "DescribeSnapshotLinks" on rights::everything => usage::links;
        "DescribeSnapshotPackage" on rights::everything => usage::packages;
        "OpenSnapshotService" on rights::everything => usage::open_service;
    };
}

pub(crate) fn open(setup: &mut Setup) -> Result<Box<dyn Service>, StartError> {
    let store = settings::open(setup)?;
    OpenApi::open(EcsApi(store), setup)
}
