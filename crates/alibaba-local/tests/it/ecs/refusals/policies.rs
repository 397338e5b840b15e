//! Of policies, tags and what is listed.

use super::refused;
use crate::ecs::calls::{DISK, OLD, OTHER, here, start, text};

#[tokio::test]
async fn policies_and_tags_refuse() {
    let raw = start().await;
    let hours = ("timePoints", r#"["1"]"#);
    let days = ("repeatWeekdays", r#"["1"]"#);
    let keep = ("retentionDays", "1");
    let made = here(&raw, "CreateAutoSnapshotPolicy", &[hours, days, keep])
        .ok()
        .await;
    let policy = text(&made["AutoSnapshotPolicyId"]);
    let (one, none) = (
        ("autoSnapshotPolicyId", policy.as_str()),
        ("autoSnapshotPolicyId", "sp-none"),
    );
    let create = "CreateAutoSnapshotPolicy";
    let copies = ("EnableCrossRegionCopy", "true");
    let (disk, disks) = (("ResourceId.1", DISK), ("ResourceType", "disk"));
    let on = ("diskIds", r#"["d-bp1fake0000000000001"]"#);
    refused(
        &raw,
        &[
            (create, &[days, keep], 400, "MissingParameter.timePoints"),
            (
                create,
                &[hours, keep],
                400,
                "MissingParameter.repeatWeekdays",
            ),
            (
                create,
                &[hours, days],
                400,
                "MissingParameter.retentionDays",
            ),
            (
                create,
                &[("timePoints", r#"["24"]"#), days, keep],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[("timePoints", "[]"), days, keep],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[("timePoints", "noon"), days, keep],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, ("repeatWeekdays", r#"["0"]"#), keep],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, ("repeatWeekdays", r#"["8"]"#), keep],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, days, ("retentionDays", "0")],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, days, ("retentionDays", "65536")],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, days, keep, ("autoSnapshotPolicyName", "1")],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, days, keep, copies],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, days, keep, copies, ("TargetCopyRegions", "[]")],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[
                    hours,
                    days,
                    keep,
                    copies,
                    ("TargetCopyRegions", r#"["cn-hangzhou"]"#),
                ],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, days, keep, ("CopiedSnapshotsRetentionDays", "0")],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[hours, days, keep, ("AssociationType", "x")],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[
                    hours,
                    days,
                    keep,
                    ("AssociationType", "AssociatedWithInstanceTag"),
                ],
                403,
                "ParameterInvalid",
            ),
            (
                create,
                &[
                    hours,
                    days,
                    keep,
                    ("CopyEncryptionConfiguration.KMSKeyId", "key"),
                ],
                403,
                "ParameterInvalid",
            ),
            (
                "ModifyAutoSnapshotPolicyEx",
                &[none],
                404,
                "ParameterInvalid",
            ),
            (
                "ModifyAutoSnapshotPolicyEx",
                &[one, ("timePoints", "[]")],
                403,
                "ParameterInvalid",
            ),
            (
                "ModifyAutoSnapshotPolicyEx",
                &[],
                400,
                "MissingParameter.autoSnapshotPolicyId",
            ),
            ("DeleteAutoSnapshotPolicy", &[none], 404, "ParameterInvalid"),
            (
                "ApplyAutoSnapshotPolicy",
                &[none, on],
                404,
                "ParameterInvalid",
            ),
            (
                "ApplyAutoSnapshotPolicy",
                &[one],
                400,
                "MissingParameter.diskIds",
            ),
            (
                "ApplyAutoSnapshotPolicy",
                &[one, ("diskIds", "[]")],
                403,
                "ParameterInvalid",
            ),
            (
                "ApplyAutoSnapshotPolicy",
                &[one, ("diskIds", r#"["s-1"]"#)],
                403,
                "ParameterInvalid",
            ),
            (
                "ApplyAutoSnapshotPolicy",
                &[one, ("diskIds", r#"["d-none"]"#)],
                404,
                "InvalidDiskId.NotFound",
            ),
            (
                "CancelAutoSnapshotPolicy",
                &[none, on],
                404,
                "ParameterInvalid",
            ),
            (
                "DescribeAutoSnapshotPolicyAssociations",
                &[("DiskId", DISK), ("AutoSnapshotPolicyId", "sp-1")],
                400,
                "InvalidParameter.Conflict",
            ),
            (
                "TagResources",
                &[disk, ("Tag.1.Key", "k")],
                400,
                "MissingParameter.ResourceType",
            ),
            (
                "TagResources",
                &[disks, ("Tag.1.Key", "k")],
                400,
                "MissingParameter.ResourceId",
            ),
            ("TagResources", &[disks, disk], 400, "MissingParameter.Tag"),
            (
                "TagResources",
                &[("ResourceType", "cat"), disk, ("Tag.1.Key", "k")],
                404,
                "InvalidResourceType.NotFound",
            ),
            (
                "TagResources",
                &[disks, ("ResourceId.1", "d-none"), ("Tag.1.Key", "k")],
                404,
                "InvalidResourceId.NotFound",
            ),
            (
                "TagResources",
                &[("ResourceType", "snapshot"), disk, ("Tag.1.Key", "k")],
                404,
                "InvalidResourceId.NotFound",
            ),
            (
                "UntagResources",
                &[disks, ("ResourceId.1", "d-none")],
                404,
                "InvalidResourceId.NotFound",
            ),
            ("ListTagResources", &[disks], 400, "MissingParameter"),
            (
                "DescribeDisks",
                &[("DiskIds", "d-1")],
                403,
                "InvalidDiskIds.Malformed",
            ),
            (
                "DescribeDisks",
                &[("Status", "Lost")],
                400,
                "InvalidStatus.ValueNotSupported",
            ),
            (
                "DescribeDisks",
                &[("Category", "cloud_x")],
                400,
                "InvalidCategory.ValueNotSupported",
            ),
            (
                "DescribeDisks",
                &[("DiskType", "floppy")],
                400,
                "InvalidParameter.DiskType",
            ),
            (
                "DescribeInstances",
                &[("Status", "Lost")],
                404,
                "InvalidStatus.NotFound",
            ),
            (
                "DescribeInstances",
                &[("LockReason", "x")],
                404,
                "InvalidLockReason.NotFound",
            ),
            (
                "DescribeInstances",
                &[("Filter.1.Key", "x")],
                404,
                "InvalidFilterKey.NotFound",
            ),
            (
                "DescribeInstances",
                &[("InstanceIds", "i-1")],
                403,
                "InvalidInstanceIds.Malformed",
            ),
            (
                "DescribeRegions",
                &[("ResourceType", "x")],
                404,
                "InvalidResourceType.NotFound",
            ),
            (
                "DescribeRegions",
                &[("AcceptLanguage", "tlh")],
                400,
                "InvalidParameter.AcceptLanguage",
            ),
            (
                "DescribeZones",
                &[("InstanceChargeType", "x")],
                400,
                "InvalidParameter.InstanceChargeType",
            ),
            (
                "DescribeZones",
                &[("SpotStrategy", "x")],
                400,
                "InvalidParameter.SpotStrategy",
            ),
            (
                "DescribeSnapshotLinks",
                &[("SnapshotLinkIds", "x")],
                403,
                "InvalidSnapshotLinkIds.Malformed",
            ),
        ],
    )
    .await;
    // All of the disks or none.
    let two = format!("[\"{OLD}\",\"{OTHER}\",\"d-none\"]");
    here(&raw, "ApplyAutoSnapshotPolicy", &[one, ("diskIds", &two)])
        .fails(404, "InvalidDiskId.NotFound")
        .await;
    let found = here(&raw, "DescribeAutoSnapshotPolicyEx", &[]).ok().await;
    assert_eq!(
        found["AutoSnapshotPolicies"]["AutoSnapshotPolicy"][0]["DiskNums"],
        0
    );
    assert_eq!(found["TotalCount"], 1);
}
