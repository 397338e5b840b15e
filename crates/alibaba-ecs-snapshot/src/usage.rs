//! What snapshots take and cost: chains, packages, and the service itself.

use alibaba_core::Paginator;
use alibaba_core::openapi::{
    Acknowledged,
    read::{nested, time},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::connect::{Client, next_token, sized};
use crate::ids::{DiskId, InstanceId, RegionId, SnapshotLinkId};
use crate::read;
use crate::words::{DiskType, SnapshotCategory};
use crate::write::ids;

alibaba_core::operations! {
    impl Client;
    /// The operations on what snapshots take.
    pub(crate) const OPERATIONS;

    /// Says how many snapshots the region has and how much space they take.
    ///
    /// Needs `ecs:DescribeSnapshotsUsage` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let usage = ecs.describe_snapshots_usage().send().await?;
    /// println!("{:?} snapshots, {:?} bytes", usage.snapshots, usage.size_bytes);
    /// # Ok(())
    /// # }
    /// ```
    fn describe_snapshots_usage = DescribeSnapshotsUsage() -> SnapshotsUsage [region("RegionId")] {}

    /// Lists chains of snapshots: one for each disk, with the space its snapshots take.
    ///
    /// [`send`](DescribeSnapshotLinks::send) gets one page, [`items`](DescribeSnapshotLinks::items)
    /// all of them. Needs `ecs:DescribeSnapshotLinks` on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let mut chains = ecs.describe_snapshot_links().items();
    /// while let Some(chain) = chains.try_next().await? {
    ///     println!("{:?}: {:?} bytes", chain.source_disk_id, chain.size_bytes);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_snapshot_links = DescribeSnapshotLinks() -> SnapshotLinkPage [region("RegionId")] {
        /// Only these, up to 100; an empty list matches nothing.
        snapshot_link_ids: Vec<SnapshotLinkId> = "SnapshotLinkIds" [ids];
        /// Only those of these disks, up to 100; an empty list matches nothing.
        disk_ids: Vec<DiskId> = "DiskIds" [ids];
        /// Only those of this instance's disks.
        instance_id: InstanceId = "InstanceId";
        /// How many a page has at most.
        max_results: u32 = "MaxResults" [in 1..=100];
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
        /// Which page, from 1. An older way that goes with `page_size`, and not with
        /// [`items`](DescribeSnapshotLinks::items).
        page_number: u32 = "PageNumber";
        /// How many a page has, when asked for by number.
        page_size: u32 = "PageSize" [in 1..=100];
    }

    /// Lists packages of space for snapshots that were paid for in advance.
    ///
    /// [`send`](DescribeSnapshotPackage::send) gets one page,
    /// [`items`](DescribeSnapshotPackage::items) all of them. Needs `ecs:DescribeSnapshotPackage`
    /// on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// for package in ecs.describe_snapshot_packages().send().await?.packages {
    ///     println!("{:?} until {:?}", package.display_name, package.ends_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_snapshot_packages = DescribeSnapshotPackage() -> SnapshotPackagePage [region("RegionId")] {
        /// Which page, from 1.
        page_number: u32 = "PageNumber" [in 1..=1000000];
        /// How many a page has at most; 10, if this is not set.
        page_size: u32 = "PageSize" [in 1..=100];
    }

    /// Opens the snapshot service for the account, which costs nothing by itself.
    ///
    /// Until it is open, snapshots fail with `InvalidAccountStatus.SnapshotServiceUnavailable`.
    /// Needs `ecs:OpenSnapshotService` on `*`. The same call again has the same effect, and it is
    /// repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// ecs.open_snapshot_service().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn open_snapshot_service = OpenSnapshotService() -> Acknowledged [idempotent, region("RegionId")] {}
}

impl DescribeSnapshotLinks {
    /// All chains from here on, page after page of up to 100.
    pub fn items(self) -> Paginator<SnapshotLink> {
        sized(self.into_call(), 100).list_by_token(
            "list snapshot chains",
            next_token,
            |page: SnapshotLinkPage| (page.snapshot_links, page.next_token),
        )
    }
}

impl DescribeSnapshotPackage {
    /// All packages, page after page of up to 100.
    pub fn items(self) -> Paginator<SnapshotPackage> {
        self.into_call()
            .default_param("PageSize", 100)
            .list_by_number("list snapshot packages", |page: SnapshotPackagePage| {
                (page.packages, page.total_count)
            })
    }
}

/// What the snapshots of a region take.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotsUsage {
    /// What support asks for.
    pub request_id: String,
    /// How many there are.
    #[serde(default, rename = "SnapshotCount", deserialize_with = "read::number")]
    pub snapshots: Option<u64>,
    /// How many bytes they take.
    #[serde(default, rename = "SnapshotSize", deserialize_with = "read::number")]
    pub size_bytes: Option<u64>,
}

/// A chain of snapshots: those of one disk.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotLink {
    /// The id.
    #[serde(rename = "SnapshotLinkId")]
    pub id: SnapshotLinkId,
    /// The region it is in.
    #[serde(default, deserialize_with = "read::present")]
    pub region_id: Option<RegionId>,
    /// The disk.
    #[serde(default, deserialize_with = "read::present")]
    pub source_disk_id: Option<DiskId>,
    /// Its name.
    #[serde(default, deserialize_with = "read::present")]
    pub source_disk_name: Option<String>,
    /// What it is to its instance.
    #[serde(default, deserialize_with = "read::present")]
    pub source_disk_type: Option<DiskType>,
    /// Its size, in GiB.
    #[serde(default, rename = "SourceDiskSize", deserialize_with = "read::number")]
    pub source_disk_size_gib: Option<u64>,
    /// Its instance.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_id: Option<InstanceId>,
    /// The name of that.
    #[serde(default, deserialize_with = "read::present")]
    pub instance_name: Option<String>,
    /// How its snapshots are stored.
    #[serde(default, deserialize_with = "read::category")]
    pub category: Option<SnapshotCategory>,
    /// Whether they were made for use at once. Has no effect any more.
    pub instant_access: Option<bool>,
    /// How many snapshots it has.
    #[serde(default, rename = "TotalCount", deserialize_with = "read::number")]
    pub snapshots: Option<u64>,
    /// How many bytes they take.
    #[serde(default, rename = "TotalSize", deserialize_with = "read::number")]
    pub size_bytes: Option<u64>,
}

/// A page of chains.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotLinkPage {
    /// What support asks for.
    pub request_id: String,
    /// The chains.
    #[serde(default, deserialize_with = "nested")]
    pub snapshot_links: Vec<SnapshotLink>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
    /// How many there are on all pages. Only valid when pages are asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub total_count: Option<u64>,
    /// Which page this is, when asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub page_number: Option<u32>,
    /// How many a page has, when asked for by number.
    #[serde(default, deserialize_with = "read::number")]
    pub page_size: Option<u32>,
}

/// A package of space for snapshots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotPackage {
    /// What it is called.
    #[serde(default, deserialize_with = "read::present")]
    pub display_name: Option<String>,
    /// How much space it has at first, in a unit that the reference does not name.
    #[serde(default, rename = "InitCapacity", deserialize_with = "read::number")]
    pub initial_capacity: Option<u64>,
    /// From when it can be used.
    #[serde(default, rename = "StartTime", deserialize_with = "time")]
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when it can be used.
    #[serde(default, rename = "EndTime", deserialize_with = "time")]
    pub ends_at: Option<DateTime<Utc>>,
}

/// A page of packages.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotPackagePage {
    /// What support asks for.
    pub request_id: String,
    /// The packages.
    #[serde(default, rename = "SnapshotPackages", deserialize_with = "nested")]
    pub packages: Vec<SnapshotPackage>,
    /// How many there are on all pages.
    #[serde(default, deserialize_with = "read::number")]
    pub total_count: Option<u64>,
    /// Which page this is.
    #[serde(default, deserialize_with = "read::number")]
    pub page_number: Option<u32>,
    /// How many a page has.
    #[serde(default, deserialize_with = "read::number")]
    pub page_size: Option<u32>,
}
