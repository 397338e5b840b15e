//! What becomes of snapshots and disks as time passes.

use chrono::TimeDelta;

use super::calls::{
    DISK, ELSEWHERE, INSTANCE, OLD, REGION, TAKES, UNUSED, ZONE, call, copy, described_snapshot,
    disk_of, each, finished_snapshot, here, list, snapshot, snapshots, start, text,
};

#[tokio::test]
async fn a_snapshot_comes_along_by_the_clock_and_essds_are_usable_at_once() {
    let raw = start().await;
    let (essd, old) = (snapshot(&raw, DISK).await, snapshot(&raw, OLD).await);
    raw.pass(TimeDelta::seconds(40));
    for (id, available) in [(&essd, true), (&old, false)] {
        let found = described_snapshot(&raw, REGION, id).await;
        assert_eq!(found["Status"], "progressing");
        let percent: u8 = text(&found["Progress"])
            .trim_end_matches('%')
            .parse()
            .unwrap();
        assert!((40..60).contains(&percent), "{found}");
        assert!(
            (40..=60).contains(&found["RemainTime"].as_u64().unwrap()),
            "{found}"
        );
        assert_eq!(found["Available"], available);
    }
    // What is available can be made a disk of, the other cannot.
    disk_of(&raw, REGION, ZONE, &essd).await;
    let create = [
        ("ZoneId", ZONE),
        ("SnapshotId", old.as_str()),
        ("DiskCategory", "cloud_ssd"),
    ];
    here(&raw, "CreateDisk", &create)
        .fails(403, "InvalidSnapshotId.NotReady")
        .await;
    raw.pass(TimeDelta::seconds(60));
    for id in [&essd, &old] {
        let found = described_snapshot(&raw, REGION, id).await;
        assert_eq!(found["Status"], "accomplished");
        assert_eq!(found["Progress"], "100%");
        assert_eq!(
            (&found["Available"], &found["RemainTime"]),
            (&true.into(), &0.into())
        );
    }
    here(&raw, "CreateDisk", &create).ok().await;
    // The clock may go back.
    raw.pass(TimeDelta::seconds(-60));
    assert_eq!(
        described_snapshot(&raw, REGION, &old).await["Status"],
        "progressing"
    );
}

#[tokio::test]
async fn a_snapshot_that_fails_stays_failed_and_its_group_with_it() {
    let raw = start().await;
    raw.cloud.ecs().disk(DISK).fail_snapshots(true).unwrap();
    let id = snapshot(&raw, DISK).await;
    let exclude = [("InstanceId", INSTANCE), ("ExcludeDiskId.1", OLD)];
    here(&raw, "CreateSnapshotGroup", &exclude).ok().await;
    raw.cloud.ecs().disk(DISK).fail_snapshots(false).unwrap();
    assert_eq!(
        described_snapshot(&raw, REGION, &id).await["Status"],
        "progressing"
    );
    raw.pass(TimeDelta::seconds(50));
    let found = described_snapshot(&raw, REGION, &id).await;
    assert_eq!(found["Status"], "failed");
    assert_eq!(found["Available"], false);
    let groups = here(&raw, "DescribeSnapshotGroups", &[]).ok().await;
    assert_eq!(
        each(&list(&groups, "SnapshotGroups", "SnapshotGroup"), "Status"),
        ["failed"]
    );
    let copy = [
        ("SnapshotId", id.as_str()),
        ("DestinationRegionId", ELSEWHERE),
        ("DestinationSnapshotName", "copied"),
        ("DestinationSnapshotDescription", "by a test"),
    ];
    here(&raw, "CopySnapshot", &copy)
        .fails(403, "InvalidSnapshotId.NotReady")
        .await;
    // The next one is made.
    let next = finished_snapshot(&raw, DISK).await;
    assert_eq!(
        described_snapshot(&raw, REGION, &next).await["Status"],
        "accomplished"
    );
}

#[tokio::test]
async fn what_is_kept_for_days_is_gone_after_them() {
    let raw = start().await;
    let keep = [("DiskId", DISK), ("RetentionDays", "7")];
    let id = text(&call(&raw, "CreateSnapshot", &keep).ok().await["SnapshotId"]);
    raw.pass(TimeDelta::days(6));
    // Days can become more, and not less.
    let modify = |days| [("SnapshotId", id.as_str()), ("RetentionDays", days)];
    let less = call(&raw, "ModifySnapshotAttribute", &modify("6"));
    less.fails(400, "InvalidRetentionDays.Malformed").await;
    call(&raw, "ModifySnapshotAttribute", &modify("8"))
        .ok()
        .await;
    raw.pass(TimeDelta::days(1));
    assert_eq!(
        described_snapshot(&raw, REGION, &id).await["RetentionDays"],
        8
    );
    raw.pass(TimeDelta::days(1));
    assert!(snapshots(&raw, REGION, &[]).await.is_empty());
    // One that is kept for ever stays so.
    let id = snapshot(&raw, DISK).await;
    let less = call(
        &raw,
        "ModifySnapshotAttribute",
        &[("SnapshotId", &id), ("RetentionDays", "9")],
    );
    less.fails(400, "InvalidRetentionDays.Malformed").await;
    raw.pass(TimeDelta::days(10_000));
    assert_eq!(snapshots(&raw, REGION, &[]).await.len(), 1);
}

#[tokio::test]
async fn deleting_cancels_what_is_under_way_and_spares_what_is_needed() {
    let raw = start().await;
    let delete = |id: &str, force: &str| {
        call(
            &raw,
            "DeleteSnapshot",
            &[("SnapshotId", id), ("Force", force)],
        )
    };
    let id = snapshot(&raw, OLD).await;
    delete(&id, "false").ok().await;
    assert!(snapshots(&raw, REGION, &[]).await.is_empty());
    delete(&id, "true")
        .fails(404, "InvalidSnapshotId.NotFound")
        .await;
    // One that a disk was made of wants force.
    let id = finished_snapshot(&raw, OLD).await;
    let disk = disk_of(&raw, REGION, ZONE, &id).await;
    assert_eq!(described_snapshot(&raw, REGION, &id).await["Usage"], "disk");
    delete(&id, "False").fails(403, "SnapshotCreatedDisk").await;
    delete(&id, "True").ok().await;
    assert_eq!(raw.cloud.ecs().disk(disk).read(0, 1).unwrap(), [0]);
    // One that is being copied does not go.
    let id = finished_snapshot(&raw, DISK).await;
    copy(&raw, &id).await;
    delete(&id, "true")
        .fails(403, "InvalidOperation.RelatedSnapshotNotFinished")
        .await;
    raw.pass(TAKES);
    delete(&id, "true").ok().await;
}

#[tokio::test]
async fn the_end_of_a_disk_takes_unfinished_and_automatic_snapshots_with_it() {
    let raw = start().await;
    let kept = finished_snapshot(&raw, DISK).await;
    snapshot(&raw, DISK).await;
    raw.cloud.ecs().disk(DISK).delete().unwrap();
    assert_eq!(
        each(&snapshots(&raw, REGION, &[]).await, "SnapshotId"),
        [kept.as_str()]
    );
    let of_disk = snapshots(&raw, REGION, &[("DiskId", DISK)]).await;
    assert_eq!(each(&of_disk, "SourceDiskId"), [DISK], "it stays");
    call(&raw, "CreateSnapshot", &[("DiskId", DISK)])
        .fails(404, "InvalidDiskId.NotFound")
        .await;
}

#[tokio::test]
async fn a_disk_is_made_and_used_before_it_has_snapshots() {
    let raw = start().await;
    let new = here(
        &raw,
        "CreateDisk",
        &[
            ("ZoneId", ZONE),
            ("Size", "20"),
            ("DiskCategory", "cloud_essd"),
        ],
    );
    let id = text(&new.ok().await["DiskId"]);
    let ids = format!("[\"{id}\"]");
    let status = async || {
        let found = here(&raw, "DescribeDisks", &[("DiskIds", &ids)]).ok().await;
        text(&list(&found, "Disks", "Disk")[0]["Status"])
    };
    assert_eq!(status().await, "Creating");
    let snapshot = || call(&raw, "CreateSnapshot", &[("DiskId", &id)]);
    snapshot().fails(403, "IncorrectDiskStatus").await;
    raw.pass(TimeDelta::seconds(10));
    assert_eq!(status().await, "Available");
    snapshot()
        .fails(403, "IncorrectDiskStatus.NeverAttached")
        .await;
    let disk = raw.cloud.ecs().disk(&id);
    disk.attach(INSTANCE).unwrap();
    assert!(disk.attach(INSTANCE).is_err());
    assert_eq!(status().await, "In_use");
    snapshot().ok().await;
    disk.detach().unwrap();
    assert_eq!(status().await, "Available");
    snapshot().ok().await;
    call(&raw, "CreateSnapshot", &[("DiskId", UNUSED)])
        .fails(403, "IncorrectDiskStatus.NeverAttached")
        .await;
}

#[tokio::test]
async fn snapshots_of_disks_in_trouble_are_refused() {
    let raw = start().await;
    let ecs = raw.cloud.ecs();
    let create = || call(&raw, "CreateSnapshot", &[("DiskId", DISK)]);
    ecs.set_instance_status(INSTANCE, "Stopping").unwrap();
    create().fails(400, "IncorrectInstanceStatus").await;
    ecs.set_instance_status(INSTANCE, "Stopped").unwrap();
    create().ok().await;
    ecs.disk(DISK).set_in_arrears(true).unwrap();
    create().fails(403, "DiskInArrears").await;
    ecs.disk(DISK).set_in_arrears(false).unwrap();
    create().ok().await;
}

#[tokio::test]
async fn a_snapshot_is_archived_after_a_fortnight_and_no_more_a_disk() {
    let raw = start().await;
    let id = finished_snapshot(&raw, DISK).await;
    let archive = |days| {
        call(
            &raw,
            "ModifySnapshotCategory",
            &[
                ("SnapshotId", id.as_str()),
                ("Category", "Archive"),
                ("RetentionDays", days),
            ],
        )
    };
    archive("74")
        .fails(403, "OperationDenied.SnapshotCategoryNotSupport")
        .await;
    raw.pass(TimeDelta::days(14));
    archive("73")
        .fails(400, "InvalidRetentionDays.Malformed")
        .await;
    assert!(text(&archive("74").ok().await["TaskId"]).starts_with("t-"));
    assert_eq!(
        described_snapshot(&raw, REGION, &id).await["Category"],
        "archive"
    );
    archive("74")
        .fails(403, "OperationDenied.SnapshotCategoryNotSupport")
        .await;
    let copy = [
        ("SnapshotId", id.as_str()),
        ("DestinationRegionId", ELSEWHERE),
        ("DestinationSnapshotName", "copied"),
        ("DestinationSnapshotDescription", "by a test"),
    ];
    let refused = here(&raw, "CopySnapshot", &copy);
    refused
        .fails(403, "OperationDenied.SnapshotCategoryNotSupportCopy")
        .await;
    let create = [
        ("ZoneId", ZONE),
        ("SnapshotId", id.as_str()),
        ("DiskCategory", "cloud_essd"),
    ];
    here(&raw, "CreateDisk", &create)
        .fails(403, "OperationDenied.SnapshotCategoryNotSupport")
        .await;
    raw.pass(TimeDelta::days(60));
    assert!(snapshots(&raw, REGION, &[]).await.is_empty());
}

#[tokio::test]
async fn a_copy_is_the_other_regions_from_the_first_moment() {
    let raw = start().await;
    let id = finished_snapshot(&raw, DISK).await;
    let copied = copy(&raw, &id).await;
    assert!(copied.starts_with("s-2ze"), "{copied}");
    let found = described_snapshot(&raw, ELSEWHERE, &copied).await;
    assert_eq!(found["Status"], "progressing");
    assert_eq!(found["SourceSnapshotId"], id.as_str());
    assert_eq!(
        (&found["SourceRegionId"], &found["SourceDiskId"]),
        (&REGION.into(), &DISK.into())
    );
    assert!(
        snapshots(&raw, REGION, &[("SnapshotName", "copied")])
            .await
            .is_empty()
    );
    // One at a time for a disk and a region.
    let again = [
        ("SnapshotId", id.as_str()),
        ("DestinationRegionId", ELSEWHERE),
        ("DestinationSnapshotName", "copied"),
        ("DestinationSnapshotDescription", "by a test"),
    ];
    here(&raw, "CopySnapshot", &again)
        .fails(403, "InvalidOperation.UnfinishedCrossRegionCopy")
        .await;
    raw.pass(TAKES);
    assert_eq!(
        described_snapshot(&raw, ELSEWHERE, &copied).await["Status"],
        "accomplished"
    );
    let second = copy(&raw, &id).await;
    // Copies of one disk are one chain, another one than at home.
    let link = |value: &serde_json::Value| text(&value["SnapshotLinkId"]);
    let second = link(&described_snapshot(&raw, ELSEWHERE, &second).await);
    assert_eq!(
        second,
        link(&described_snapshot(&raw, ELSEWHERE, &copied).await)
    );
    assert_ne!(second, link(&described_snapshot(&raw, REGION, &id).await));
}
