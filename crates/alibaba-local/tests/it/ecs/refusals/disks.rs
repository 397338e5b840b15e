//! Of disks.

use super::refused;
use crate::ecs::calls::{
    DISK, ELSEWHERE, INSTANCE, REGION, SYSTEM, UNUSED, ZONE, described, finished_snapshot, here,
    start,
};
use crate::raw::start_with;

#[tokio::test]
async fn create_disk_refuses() {
    let raw = start().await;
    let system = finished_snapshot(&raw, SYSTEM).await;
    let (zone, size) = (("ZoneId", ZONE), ("Size", "20"));
    let essd = ("DiskCategory", "cloud_essd");
    let auto = ("DiskCategory", "cloud_auto");
    refused(
        &raw,
        &[
            ("CreateDisk", &[size], 400, "MissingParameter.ZoneId"),
            (
                "CreateDisk",
                &[("ZoneId", "cn-beijing-h"), size],
                404,
                "InvalidZoneId.NotFound",
            ),
            (
                "CreateDisk",
                &[zone, ("InstanceId", INSTANCE), size],
                400,
                "InvalidParameter.Conflict",
            ),
            (
                "CreateDisk",
                &[("InstanceId", "i-none"), size],
                404,
                "InvalidInstanceId.NotFound",
            ),
            ("CreateDisk", &[zone], 400, "MissingParameter"),
            (
                "CreateDisk",
                &[zone, ("SnapshotId", "s-none")],
                404,
                "InvalidSnapshotId.NotFound",
            ),
            (
                "CreateDisk",
                &[zone, ("SnapshotId", &system)],
                403,
                "InvalidSnapshotId.NotDataDiskSnapshot",
            ),
            (
                "CreateDisk",
                &[zone, size, ("DiskCategory", "cloud_x")],
                400,
                "InvalidDiskCategory.ValueNotSupported",
            ),
            (
                "CreateDisk",
                &[zone, ("Size", "4")],
                403,
                "InvalidDiskSize.NotSupported",
            ),
            (
                "CreateDisk",
                &[zone, ("Size", "2001")],
                403,
                "InvalidDiskSize.NotSupported",
            ),
            (
                "CreateDisk",
                &[zone, ("Size", "-1")],
                403,
                "InvalidDiskSize.NotSupported",
            ),
            (
                "CreateDisk",
                &[zone, ("Size", "x")],
                400,
                "InvalidParameter.Size",
            ),
            (
                "CreateDisk",
                &[zone, essd, ("Size", "19")],
                403,
                "InvalidDiskSize.NotSupported",
            ),
            (
                "CreateDisk",
                &[zone, essd, ("Size", "460"), ("PerformanceLevel", "PL2")],
                403,
                "InvalidDiskSize.NotSupported",
            ),
            (
                "CreateDisk",
                &[zone, essd, ("Size", "1260"), ("PerformanceLevel", "PL3")],
                403,
                "InvalidDiskSize.NotSupported",
            ),
            (
                "CreateDisk",
                &[zone, essd, ("Size", "65537")],
                403,
                "InvalidDiskSize.NotSupported",
            ),
            (
                "CreateDisk",
                &[zone, essd, size, ("PerformanceLevel", "PL9")],
                400,
                "InvalidPerformanceLevel.Malformed",
            ),
            (
                "CreateDisk",
                &[zone, auto, size, ("PerformanceLevel", "PL1")],
                403,
                "OperationDenied.PerformanceLevelNotMatch",
            ),
            (
                "CreateDisk",
                &[zone, auto, size, ("ProvisionedIops", "50001")],
                403,
                "InvalidProvisionedIops.LimitExceed",
            ),
            (
                "CreateDisk",
                &[zone, essd, size, ("ProvisionedIops", "1")],
                400,
                "InvalidParameter.ProvisionedIops",
            ),
            (
                "CreateDisk",
                &[zone, essd, size, ("BurstingEnabled", "true")],
                400,
                "InvalidParameter.BurstingEnabled",
            ),
            (
                "CreateDisk",
                &[zone, size, ("MultiAttach", "Enabled")],
                400,
                "InvalidParameter.MultiAttach",
            ),
            (
                "CreateDisk",
                &[zone, size, ("KMSKeyId", "key")],
                400,
                "InvalidParameter.EncryptedIllegal",
            ),
            (
                "CreateDisk",
                &[zone, size, ("DiskName", "x")],
                400,
                "InvalidDiskName.Malformed",
            ),
            (
                "CreateDisk",
                &[zone, size, ("Description", "x")],
                404,
                "InvalidDescription.Malformed",
            ),
            (
                "CreateDisk",
                &[zone, size, ("StorageSetId", "a"), ("StorageClusterId", "b")],
                400,
                "InvalidParameter.Conflict",
            ),
            (
                "CreateDisk",
                &[zone, size, ("StorageSetPartitionNumber", "1")],
                400,
                "InvalidParameter.StorageSetPartitionNumber",
            ),
        ],
    )
    .await;
    let disks = here(&raw, "DescribeDisks", &[]).ok().await;
    assert_eq!(disks["TotalCount"], 5, "none was made");
}

#[tokio::test]
async fn attach_detach_and_delete_disk_refuse() {
    let other = alibaba_local::EcsInstance::new("i-other").in_zone("cn-hangzhou-h");
    let multi = alibaba_local::EcsDisk::new("d-multi")
        .attached_to(INSTANCE)
        .multi_attach();
    let ephemeral =
        alibaba_local::EcsDisk::new("d-gone").category("elastic_ephemeral_disk_premium");
    let beijing = alibaba_local::EcsDisk::new("d-there").in_zone("cn-beijing-h");
    let raw = start_with(
        described()
            .ecs_instance(other)
            .ecs_disk(multi)
            .ecs_disk(ephemeral)
            .ecs_disk(beijing),
    )
    .await;
    let (on, disk, unused) = (
        ("InstanceId", INSTANCE),
        ("DiskId", DISK),
        ("DiskId", UNUSED),
    );
    let release = ("DeleteWithInstance", "true");
    refused(
        &raw,
        &[
            ("AttachDisk", &[on], 400, "MissingParameter.DiskId"),
            ("AttachDisk", &[unused], 400, "MissingParameter.InstanceId"),
            (
                "AttachDisk",
                &[on, ("DiskId", "d-none")],
                404,
                "InvalidDiskId.NotFound",
            ),
            (
                "AttachDisk",
                &[on, ("DiskId", "d-there")],
                404,
                "InvalidDiskId.NotFound",
            ),
            (
                "AttachDisk",
                &[unused, ("InstanceId", "i-none")],
                404,
                "InvalidInstanceId.NotFound",
            ),
            (
                "AttachDisk",
                &[unused, ("InstanceId", "i-other")],
                403,
                "ResourcesNotInSameZone",
            ),
            ("AttachDisk", &[on, disk], 403, "IncorrectDiskStatus"),
            (
                "AttachDisk",
                &[("InstanceId", "i-other"), disk],
                403,
                "ResourcesNotInSameZone",
            ),
            (
                "AttachDisk",
                &[on, ("DiskId", SYSTEM)],
                403,
                "DiskId.ValueNotSupported",
            ),
            (
                "AttachDisk",
                &[on, unused, ("Bootable", "true")],
                403,
                "DiskId.ValueNotSupported",
            ),
            (
                "AttachDisk",
                &[on, unused, ("Force", "true")],
                400,
                "InvalidParameter.Force",
            ),
            (
                "AttachDisk",
                &[on, unused, ("Force", "perhaps")],
                400,
                "InvalidParameter.Force",
            ),
            (
                "AttachDisk",
                &[on, ("DiskId", "d-multi")],
                403,
                "DiskAttachedNumberExceeded",
            ),
            (
                "AttachDisk",
                &[on, ("DiskId", "d-multi"), release],
                403,
                "DeleteWithInstance.Conflict",
            ),
            (
                "AttachDisk",
                &[on, ("DiskId", "d-gone")],
                400,
                "InvalidParameter.DeleteWithInstance",
            ),
            ("DetachDisk", &[on], 400, "MissingParameter.DiskId"),
            ("DetachDisk", &[disk], 400, "MissingParameter.InstanceId"),
            (
                "DetachDisk",
                &[on, ("DiskId", "d-none")],
                404,
                "InvalidDiskId.NotFound",
            ),
            (
                "DetachDisk",
                &[disk, ("InstanceId", "i-none")],
                404,
                "InvalidInstanceId.NotFound",
            ),
            (
                "DetachDisk",
                &[disk, ("InstanceId", "i-other")],
                403,
                "DependencyViolation",
            ),
            ("DetachDisk", &[on, unused], 403, "IncorrectDiskStatus"),
            (
                "DetachDisk",
                &[on, ("DiskId", SYSTEM)],
                403,
                "DiskTypeViolation",
            ),
            (
                "DetachDisk",
                &[on, ("DiskId", "d-multi"), release],
                403,
                "DeleteWithInstance.Conflict",
            ),
            ("DeleteDisk", &[], 400, "MissingParameter.DiskId"),
            (
                "DeleteDisk",
                &[("DiskId", SYSTEM)],
                403,
                "DiskTypeViolation",
            ),
            ("DeleteDisk", &[disk], 403, "IncorrectDiskStatus"),
        ],
    )
    .await;
    let disks = here(&raw, "DescribeDisks", &[("Status", "In_use")])
        .ok()
        .await;
    assert_eq!(disks["TotalCount"], 5, "all are as they were");
}

#[tokio::test]
async fn encrypted_snapshots_stay_encrypted() {
    let encrypted = alibaba_local::EcsDisk::new("d-enc")
        .encrypted("key-1")
        .attached_to(INSTANCE);
    let raw = start_with(described().ecs_disk(encrypted)).await;
    let id = finished_snapshot(&raw, "d-enc").await;
    let found = crate::ecs::calls::described_snapshot(&raw, REGION, &id).await;
    assert_eq!(
        (&found["Encrypted"], &found["KMSKeyId"]),
        (&true.into(), &"key-1".into())
    );
    let copy = [
        ("SnapshotId", id.as_str()),
        ("DestinationRegionId", ELSEWHERE),
        ("DestinationSnapshotName", "copied"),
        ("DestinationSnapshotDescription", "by a test"),
        ("Encrypted", "false"),
    ];
    here(&raw, "CopySnapshot", &copy)
        .fails(403, "InvalidEncrypted.NotSupportDecrypt")
        .await;
    let disk = crate::ecs::calls::disk_of(&raw, REGION, ZONE, &id).await;
    let ids = format!("[\"{disk}\"]");
    let found = here(
        &raw,
        "DescribeDisks",
        &[("DiskIds", &ids), ("Encrypted", "true")],
    )
    .ok()
    .await;
    assert_eq!(found["Disks"]["Disk"][0]["KMSKeyId"], "key-1");
}
