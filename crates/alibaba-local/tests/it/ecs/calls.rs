//! Calls of ECS, and what they are about.

use std::time::Duration;

use alibaba_local::{Builder, EcsDisk, EcsInstance, LocalCloud};
use chrono::TimeDelta;
use serde_json::Value;

use crate::raw::openapi::ApiCall;
use crate::raw::{Raw, start_with};

pub(super) const ECS: &str = "2014-05-26";
pub(super) const REGION: &str = "cn-hangzhou";
pub(super) const ELSEWHERE: &str = "cn-beijing";
pub(super) const ZONE: &str = "cn-hangzhou-k";
pub(super) const INSTANCE: &str = "i-bp1fake0000000000001";
/// A system disk, two ESSDs, and an older disk, all of one instance.
pub(super) const SYSTEM: &str = "d-bp1fake0000000000000";
pub(super) const DISK: &str = "d-bp1fake0000000000001";
pub(super) const OTHER: &str = "d-bp1fake0000000000002";
pub(super) const OLD: &str = "d-bp1fake0000000000003";
/// One that was never attached.
pub(super) const UNUSED: &str = "d-bp1fake0000000000004";

/// How long snapshots take here.
pub(super) const TAKES: TimeDelta = TimeDelta::seconds(100);

/// Parameters of a call.
pub(super) type Parameters<'a> = &'a [(&'a str, &'a str)];

/// A cloud with an instance and its disks.
pub(super) fn described() -> Builder {
    let attached = |id| EcsDisk::new(id).attached_to(INSTANCE);
    LocalCloud::builder()
        .snapshot_time(Duration::from_secs(100))
        .disk_time(Duration::from_secs(10))
        .ecs_instance(EcsInstance::new(INSTANCE).named("node-1").tag("pool", "a"))
        .ecs_disk(attached(SYSTEM).system().size_gib(40))
        .ecs_disk(attached(DISK).named("data-1").tag("app", "db"))
        .ecs_disk(attached(OTHER).size_gib(30))
        .ecs_disk(attached(OLD).category("cloud_ssd"))
        .ecs_disk(EcsDisk::new(UNUSED))
}

pub(super) async fn start() -> Raw {
    start_with(described()).await
}

/// An action with its parameters.
pub(super) fn call<'r>(raw: &'r Raw, action: &str, parameters: &[(&str, &str)]) -> ApiCall<'r> {
    let call = raw.api(ECS, action);
    parameters
        .iter()
        .fold(call, |call, (name, value)| call.query(name, value))
}

/// An action in the region, with the other parameters.
pub(super) fn here<'r>(raw: &'r Raw, action: &str, parameters: &[(&str, &str)]) -> ApiCall<'r> {
    call(raw, action, parameters).query("RegionId", REGION)
}

pub(super) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// A new snapshot of a disk.
pub(super) async fn snapshot(raw: &Raw, disk: &str) -> String {
    text(&call(raw, "CreateSnapshot", &[("DiskId", disk)]).ok().await["SnapshotId"])
}

/// A new snapshot of a disk that is accomplished.
pub(super) async fn finished_snapshot(raw: &Raw, disk: &str) -> String {
    let id = snapshot(raw, disk).await;
    raw.pass(TAKES);
    id
}

/// All snapshots of a region that a filter holds for, newest first.
pub(super) async fn snapshots(raw: &Raw, region: &str, filter: &[(&str, &str)]) -> Vec<Value> {
    let listing = call(raw, "DescribeSnapshots", filter)
        .query("RegionId", region)
        .query("MaxResults", "100");
    list(&listing.ok().await, "Snapshots", "Snapshot")
}

/// The one snapshot of this id.
pub(super) async fn described_snapshot(raw: &Raw, region: &str, id: &str) -> Value {
    let ids = format!("[\"{id}\"]");
    let found = snapshots(raw, region, &[("SnapshotIds", &ids)]).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

/// The items of a listing.
pub(super) fn list(result: &Value, list: &str, item: &str) -> Vec<Value> {
    result[list][item]
        .as_array()
        .unwrap_or_else(|| panic!("{result}"))
        .clone()
}

/// One member of each item.
pub(super) fn each(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| text(&item[name])).collect()
}

/// A copy of a snapshot in another region.
pub(super) async fn copy(raw: &Raw, snapshot: &str) -> String {
    let copy = here(
        raw,
        "CopySnapshot",
        &[
            ("SnapshotId", snapshot),
            ("DestinationRegionId", ELSEWHERE),
            ("DestinationSnapshotName", "copied"),
            ("DestinationSnapshotDescription", "by a test"),
        ],
    );
    text(&copy.ok().await["SnapshotId"])
}

/// A new disk of a snapshot.
pub(super) async fn disk_of(raw: &Raw, region: &str, zone: &str, snapshot: &str) -> String {
    let disk = call(
        raw,
        "CreateDisk",
        &[
            ("RegionId", region),
            ("ZoneId", zone),
            ("SnapshotId", snapshot),
            ("DiskCategory", "cloud_essd"),
        ],
    );
    text(&disk.ok().await["DiskId"])
}
