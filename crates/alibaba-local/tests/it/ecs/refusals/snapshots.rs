//! Of snapshots and groups.

use super::refused;
use crate::ecs::calls::{
    DISK, ELSEWHERE, INSTANCE, REGION, call, described, finished_snapshot, snapshots, start,
};
use crate::raw::start_with;

#[tokio::test]
async fn create_snapshot_refuses() {
    let builder = described().ecs_disk(
        alibaba_local::EcsDisk::new("d-eph")
            .category("elastic_ephemeral_disk_standard")
            .attached_to(INSTANCE),
    );
    let raw = start_with(builder).await;
    let long = "x".repeat(129);
    let (long_name, long_text) = (long.as_str(), "x".repeat(257));
    let disk = ("DiskId", DISK);
    refused(
        &raw,
        &[
            ("CreateSnapshot", &[], 400, "MissingParameter.DiskId"),
            (
                "CreateSnapshot",
                &[("DiskId", "nonsense")],
                404,
                "InvalidDiskId.NotFound",
            ),
            (
                "CreateSnapshot",
                &[("DiskId", "d-none")],
                404,
                "InvalidDiskId.NotFound",
            ),
            (
                "CreateSnapshot",
                &[("DiskId", "d-eph")],
                400,
                "DiskCategory.OperationNotSupported",
            ),
            (
                "CreateSnapshot",
                &[disk, ("SnapshotName", "x")],
                400,
                "InvalidSnapshotName.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("SnapshotName", "1st")],
                400,
                "InvalidSnapshotName.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("SnapshotName", "a b")],
                400,
                "InvalidSnapshotName.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("SnapshotName", "auto-1")],
                400,
                "InvalidSnapshotName.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("SnapshotName", "http://x")],
                400,
                "InvalidSnapshotName.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("SnapshotName", long_name)],
                400,
                "InvalidSnapshotName.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Description", "x")],
                404,
                "InvalidDescription.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Description", &long_text)],
                404,
                "InvalidDescription.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Description", "https://x")],
                404,
                "InvalidDescription.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("RetentionDays", "0")],
                400,
                "InvalidRetentionDays.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("RetentionDays", "65537")],
                400,
                "InvalidRetentionDays.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("RetentionDays", "week")],
                400,
                "InvalidParameter.RetentionDays",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Category", "Golden")],
                400,
                "InvalidParameter.Category",
            ),
            (
                "CreateSnapshot",
                &[
                    disk,
                    ("InstantAccess", "true"),
                    ("InstantAccessRetentionDays", "0"),
                ],
                400,
                "InvalidParameter.InstantAccessRetentionDays",
            ),
            (
                "CreateSnapshot",
                &[disk, ("ResourceGroupId", "x")],
                404,
                "InvalidResourceGroup.NotFound",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Tag.1.Key", "aliyun")],
                400,
                "InvalidTagKey.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Tag.1.Key", "acs:x")],
                400,
                "InvalidTagKey.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Tag.1.Key", "xhttp://")],
                400,
                "InvalidTagKey.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Tag.1.Key", long_name)],
                400,
                "InvalidTagKey.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Tag.1.Key", "k"), ("Tag.1.Value", long_name)],
                400,
                "InvalidTagValue.Malformed",
            ),
            (
                "CreateSnapshot",
                &[disk, ("Tag.1.Key", "k"), ("Tag.2.Key", "k")],
                400,
                "Duplicate.TagKey",
            ),
        ],
    )
    .await;
    assert!(snapshots(&raw, REGION, &[]).await.is_empty());
    // At the borders all is well.
    let name = "x".repeat(128);
    let well = [
        disk,
        ("SnapshotName", &name),
        ("RetentionDays", "65536"),
        ("Description", "xx"),
    ];
    call(&raw, "CreateSnapshot", &well).ok().await;
}

#[tokio::test]
async fn actions_on_a_snapshot_refuse() {
    let raw = start().await;
    let id = finished_snapshot(&raw, DISK).await;
    let other = crate::ecs::calls::copy(&raw, &id).await;
    let (of, none) = (("SnapshotId", id.as_str()), ("SnapshotId", "s-none"));
    let elsewhere = ("SnapshotId", other.as_str());
    let name = ("DestinationSnapshotName", "copied");
    let text = ("DestinationSnapshotDescription", "by a test");
    let to = ("DestinationRegionId", ELSEWHERE);
    let lock = ("LockMode", "compliance");
    let (days, hours) = (("LockDuration", "1"), ("CoolOffPeriod", "1"));
    let many = serde_json::to_string(&vec!["s-1"; 101]).unwrap();
    refused(
        &raw,
        &[
            ("DeleteSnapshot", &[], 400, "MissingParameter.SnapshotId"),
            ("DeleteSnapshot", &[none], 404, "InvalidSnapshotId.NotFound"),
            (
                "DeleteSnapshot",
                &[elsewhere],
                404,
                "InvalidSnapshotId.NotFound",
            ),
            (
                "DeleteSnapshot",
                &[of, ("Force", "perhaps")],
                400,
                "InvalidParameter.Force",
            ),
            (
                "ModifySnapshotAttribute",
                &[none],
                404,
                "InvalidSnapshotId.NotFound",
            ),
            (
                "ModifySnapshotAttribute",
                &[of, ("SnapshotName", "x")],
                400,
                "InvalidSnapshotName.Malformed",
            ),
            (
                "ModifySnapshotAttribute",
                &[of, ("Description", "http://")],
                400,
                "InvalidDescription.Malformed",
            ),
            (
                "ModifySnapshotAttribute",
                &[of, ("RetentionDays", "0")],
                400,
                "InvalidRetentionDays.Malformed",
            ),
            (
                "ModifySnapshotCategory",
                &[none, ("Category", "Archive")],
                404,
                "InvalidSnapshotId.NotFound",
            ),
            (
                "ModifySnapshotCategory",
                &[of],
                403,
                "InvalidSnapshotCategory.Malformed",
            ),
            (
                "ModifySnapshotCategory",
                &[of, ("Category", "Standard")],
                403,
                "InvalidSnapshotCategory.Malformed",
            ),
            (
                "CopySnapshot",
                &[none, to, name, text],
                403,
                "InvalidSnapshotId.NotFound",
            ),
            (
                "CopySnapshot",
                &[of, name, text],
                400,
                "MissingParameter.DestinationRegionId",
            ),
            (
                "CopySnapshot",
                &[of, to, text],
                400,
                "MissingParameter.DestinationSnapshotName",
            ),
            (
                "CopySnapshot",
                &[of, to, name],
                400,
                "MissingParameter.DestinationSnapshotDescription",
            ),
            (
                "CopySnapshot",
                &[of, ("DestinationRegionId", REGION), name, text],
                403,
                "InvalidOperation.NotSupportCopyInSameRegion",
            ),
            (
                "CopySnapshot",
                &[of, ("DestinationRegionId", "cn-atlantis"), name, text],
                403,
                "InvalidRegionId.NotExists",
            ),
            (
                "CopySnapshot",
                &[of, to, ("DestinationSnapshotName", "auto"), text],
                403,
                "InvalidSnapshotName.Malformed",
            ),
            (
                "CopySnapshot",
                &[of, to, name, ("DestinationSnapshotDescription", "x")],
                403,
                "InvalidDescription.Malformed",
            ),
            (
                "CopySnapshot",
                &[of, to, name, text, ("RetentionDays", "0")],
                403,
                "InvalidRetentionDays.Malformed",
            ),
            (
                "CopySnapshot",
                &[of, to, name, text, ("KMSKeyId", "key")],
                403,
                "InvalidEncrypted.NotMatchKmsKeyId",
            ),
            (
                "LockSnapshot",
                &[none, lock, days, hours],
                404,
                "InvalidSnapshotId.NotFound",
            ),
            (
                "LockSnapshot",
                &[of, days, hours],
                400,
                "MissingParameter.LockMode",
            ),
            (
                "LockSnapshot",
                &[of, ("LockMode", "governance"), days, hours],
                400,
                "InvalidParameter.LockMode",
            ),
            (
                "LockSnapshot",
                &[of, lock, ("LockDuration", "0"), hours],
                400,
                "InvalidParameter.LockDuration",
            ),
            (
                "LockSnapshot",
                &[of, lock, ("LockDuration", "36501"), hours],
                400,
                "InvalidParameter.LockDuration",
            ),
            (
                "LockSnapshot",
                &[of, lock, days, ("CoolOffPeriod", "73")],
                400,
                "InvalidParameter.CoolOffPeriod",
            ),
            ("UnlockSnapshot", &[none], 404, "InvalidSnapshotId.NotFound"),
            (
                "DescribeLockedSnapshots",
                &[("LockStatus", "open")],
                400,
                "InvalidParameter.LockStatus",
            ),
            (
                "DescribeSnapshots",
                &[("SnapshotIds", "s-1")],
                403,
                "InvalidSnapshotIds.Malformed",
            ),
            (
                "DescribeSnapshots",
                &[("SnapshotIds", r#"["d-1"]"#)],
                403,
                "InvalidSnapshotIds.Malformed",
            ),
            (
                "DescribeSnapshots",
                &[("SnapshotIds", &many)],
                403,
                "InvalidSnapshotIds.Malformed",
            ),
            (
                "DescribeSnapshots",
                &[("SnapshotLinkId", "x")],
                404,
                "InvalidSnapshotLinkId.NotFound",
            ),
            (
                "DescribeSnapshots",
                &[("Status", "done")],
                404,
                "InvalidStatus.NotFound",
            ),
            (
                "DescribeSnapshots",
                &[("SnapshotType", "mine")],
                404,
                "InvalidSnapshotType.NotFound",
            ),
            (
                "DescribeSnapshots",
                &[("Usage", "fun")],
                404,
                "InvalidUsage",
            ),
            (
                "DescribeSnapshots",
                &[("SourceDiskType", "floppy")],
                404,
                "InvalidSourceDiskType",
            ),
            (
                "DescribeSnapshots",
                &[("Category", "Golden")],
                403,
                "InvalidSnapshotCategory.Malformed",
            ),
            (
                "DescribeSnapshots",
                &[("Filter.1.Key", "Name")],
                404,
                "InvalidFilterKey.NotFound",
            ),
            (
                "DescribeSnapshots",
                &[
                    ("Filter.1.Key", "CreationStartTime"),
                    ("Filter.1.Value", "yesterday"),
                ],
                400,
                "InvalidFilterValue",
            ),
            (
                "DescribeSnapshots",
                &[("PageSize", "101")],
                400,
                "InvalidParameter.PageSize",
            ),
            (
                "DescribeSnapshots",
                &[("PageNumber", "0")],
                400,
                "InvalidParameter.PageNumber",
            ),
            (
                "DescribeSnapshotGroups",
                &[("Status.1", "done")],
                403,
                "InvalidStatus.ValueNotSupported",
            ),
            (
                "ModifySnapshotGroup",
                &[("SnapshotGroupId", "ssg-1")],
                404,
                "InvalidSnapshotGroupId.NotFound",
            ),
            (
                "DeleteSnapshotGroup",
                &[("SnapshotGroupId", "ssg-1")],
                404,
                "InvalidSnapshotGroupId.NotFound",
            ),
            (
                "CreateSnapshotGroup",
                &[("DiskId.1", DISK), ("Name", "x")],
                400,
                "InvalidName.Malformed",
            ),
        ],
    )
    .await;
}
