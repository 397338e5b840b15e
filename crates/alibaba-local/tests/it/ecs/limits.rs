//! How many there may be.

use std::time::Duration;

use super::calls::{
    DISK, INSTANCE, OLD, OTHER, REGION, ZONE, call, described, here, snapshot, snapshots, start,
};
use crate::raw::start_with;

#[tokio::test]
async fn ten_snapshots_of_an_essd_are_under_way_and_one_of_an_older_disk() {
    let raw = start().await;
    for _ in 0..10 {
        snapshot(&raw, DISK).await;
    }
    call(&raw, "CreateSnapshot", &[("DiskId", DISK)])
        .fails(403, "QuotaExceed.ConcurrentSnapshotQuota")
        .await;
    here(
        &raw,
        "CreateSnapshotGroup",
        &[("DiskId.1", OTHER), ("DiskId.2", DISK)],
    )
    .fails(403, "IncorrectDiskStatus.TooManyCreatingSnapshots")
    .await;
    snapshot(&raw, OLD).await;
    call(&raw, "CreateSnapshot", &[("DiskId", OLD)])
        .fails(403, "IncorrectDiskStatus.CreatingSnapshot")
        .await;
    assert_eq!(snapshots(&raw, REGION, &[]).await.len(), 11);
}

#[tokio::test]
async fn a_disk_has_256_snapshots_that_calls_made() {
    let raw = start_with(described().snapshot_time(Duration::ZERO)).await;
    for _ in 0..256 {
        snapshot(&raw, DISK).await;
    }
    call(&raw, "CreateSnapshot", &[("DiskId", DISK)])
        .fails(403, "QuotaExceed.Snapshot")
        .await;
    snapshot(&raw, OTHER).await;
}

#[tokio::test]
async fn a_region_has_so_many_disks() {
    let raw = start_with(described().disk_quota(6)).await;
    let create = || {
        here(
            &raw,
            "CreateDisk",
            &[
                ("ZoneId", ZONE),
                ("Size", "20"),
                ("DiskCategory", "cloud_ssd"),
            ],
        )
    };
    create().ok().await;
    create().fails(403, "QuotaExceed.PostPaidDisk").await;
    let elsewhere = [
        ("RegionId", "cn-beijing"),
        ("ZoneId", "cn-beijing-h"),
        ("Size", "20"),
        ("DiskCategory", "cloud_ssd"),
    ];
    call(&raw, "CreateDisk", &elsewhere).ok().await;
}

#[tokio::test]
async fn a_region_has_a_hundred_policies() {
    let raw = start().await;
    let create = || {
        here(
            &raw,
            "CreateAutoSnapshotPolicy",
            &[
                ("timePoints", r#"["1"]"#),
                ("repeatWeekdays", r#"["1"]"#),
                ("retentionDays", "1"),
            ],
        )
    };
    for _ in 0..100 {
        create().ok().await;
    }
    create().fails(403, "AutoSnapshotPolicy.QuotaExceed").await;
}

#[tokio::test]
async fn a_resource_has_twenty_tags() {
    let raw = start().await;
    let tag = |from: u32, to: u32| {
        let keys = (from..to).zip(1..);
        let call = here(
            &raw,
            "TagResources",
            &[("ResourceType", "instance"), ("ResourceId.1", INSTANCE)],
        );
        keys.fold(call, |call, (key, at)| {
            call.query(&format!("Tag.{at}.Key"), &format!("k{key}"))
        })
    };
    // It has one.
    tag(0, 19).ok().await;
    tag(18, 20).fails(403, "QuotaExceed.Tags").await;
    tag(10, 19).ok().await;
    tag(0, 21).fails(400, "NumberExceed.Tags").await;
}

#[tokio::test]
async fn snapshots_wait_for_the_service_to_be_opened() {
    let raw = start_with(described().snapshot_service_closed()).await;
    call(&raw, "CreateSnapshot", &[("DiskId", DISK)])
        .fails(403, "InvalidAccountStatus.SnapshotServiceUnavailable")
        .await;
    call(&raw, "OpenSnapshotService", &[("RegionId", "cn-beijing")])
        .ok()
        .await;
    call(&raw, "CreateSnapshot", &[("DiskId", DISK)])
        .fails(403, "InvalidAccountStatus.SnapshotServiceUnavailable")
        .await;
    here(&raw, "OpenSnapshotService", &[]).ok().await;
    here(&raw, "OpenSnapshotService", &[]).ok().await;
    snapshot(&raw, DISK).await;
}
