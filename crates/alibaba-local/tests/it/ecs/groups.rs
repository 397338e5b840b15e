//! Groups of snapshots, as the API has them.

use alibaba_local::{EcsDisk, EcsInstance};
use serde_json::Value;

use super::calls::{
    DISK, INSTANCE, OLD, OTHER, Parameters, REGION, SYSTEM, TAKES, call, described, each, here,
    list, snapshots, start, text,
};
use crate::raw::{Raw, start_with};

async fn create(raw: &Raw, parameters: &[(&str, &str)]) -> String {
    text(&here(raw, "CreateSnapshotGroup", parameters).ok().await["SnapshotGroupId"])
}

async fn groups(raw: &Raw, filter: &[(&str, &str)]) -> Vec<Value> {
    let found = here(raw, "DescribeSnapshotGroups", filter).ok().await;
    list(&found, "SnapshotGroups", "SnapshotGroup")
}

fn members(group: &Value) -> Vec<String> {
    let mut disks = each(&list(group, "Snapshots", "Snapshot"), "SourceDiskId");
    disks.sort();
    disks
}

#[tokio::test]
async fn a_group_is_made_of_an_instance_or_of_disks() {
    let raw = start().await;
    let without = [("InstanceId", INSTANCE), ("ExcludeDiskId.1", OLD)];
    let first = create(&raw, &without).await;
    let of_both = [
        ("InstanceId", INSTANCE),
        ("DiskId.1", DISK),
        ("Name", "second"),
    ];
    let second = create(&raw, &of_both).await;
    let third = create(
        &raw,
        &[("DiskId.1", OTHER), ("DiskId.2", DISK), ("DiskId.3", DISK)],
    )
    .await;
    let found = groups(&raw, &[]).await;
    assert_eq!(
        each(&found, "SnapshotGroupId"),
        [&*third, &*second, &*first]
    );
    assert_eq!(members(&found[2]), [SYSTEM, DISK, OTHER]);
    assert_eq!(members(&found[1]), [DISK]);
    assert_eq!(members(&found[0]), [DISK, OTHER]);
    assert_eq!(each(&found, "InstanceId"), [INSTANCE; 3]);
    assert_eq!(each(&found, "Status"), ["progressing"; 3]);
    let member = &list(&found[1], "Snapshots", "Snapshot")[0];
    let tag = &member["Tags"]["Tag"][0];
    assert_eq!(
        (&tag["Key"], &tag["Value"]),
        (&"acs:ecs:createFrom".into(), &INSTANCE.into())
    );
    raw.pass(TAKES);
    let name = [("Name", "second"), ("Status.1", "accomplished")];
    assert_eq!(
        each(&groups(&raw, &name).await, "SnapshotGroupId"),
        [&*second]
    );
    let ids = [
        ("SnapshotGroupId.1", first.as_str()),
        ("SnapshotGroupId.2", third.as_str()),
    ];
    assert_eq!(groups(&raw, &ids).await.len(), 2);
    assert!(groups(&raw, &[("Status.1", "failed")]).await.is_empty());
    here(
        &raw,
        "ModifySnapshotGroup",
        &[("SnapshotGroupId", &first), ("Name", "renamed")],
    )
    .ok()
    .await;
    assert_eq!(groups(&raw, &[("Name", "renamed")]).await.len(), 1);
}

#[tokio::test]
async fn the_end_of_a_group_is_that_of_its_members() {
    let raw = start().await;
    let disks = [("DiskId.1", DISK), ("DiskId.2", OTHER)];
    let id = create(&raw, &disks).await;
    raw.pass(TAKES);
    let all = snapshots(&raw, REGION, &[]).await;
    let locked = text(&all[0]["SnapshotId"]);
    let lock = [
        ("SnapshotId", locked.as_str()),
        ("LockMode", "compliance"),
        ("LockDuration", "1"),
        ("CoolOffPeriod", "1"),
    ];
    here(&raw, "LockSnapshot", &lock).ok().await;
    let delete = || here(&raw, "DeleteSnapshotGroup", &[("SnapshotGroupId", &id)]);
    let left = delete().ok().await;
    let failures = list(&left, "OperationProgressSet", "OperationProgress");
    assert_eq!(
        each(&failures, "ErrorCode"),
        ["OperationDenied.SnapshotLocked"]
    );
    assert_eq!(
        each(&snapshots(&raw, REGION, &[]).await, "SnapshotId"),
        [locked.as_str()]
    );
    here(&raw, "UnlockSnapshot", &[("SnapshotId", &locked)])
        .ok()
        .await;
    let rest = delete().ok().await;
    assert!(list(&rest, "OperationProgressSet", "OperationProgress").is_empty());
    assert!(groups(&raw, &[]).await.is_empty());
    delete().fails(404, "InvalidSnapshotGroupId.NotFound").await;
    // Members may go one by one, and the group goes with the last.
    create(&raw, &disks).await;
    for member in snapshots(&raw, REGION, &[]).await {
        assert_eq!(groups(&raw, &[]).await.len(), 1);
        let id = text(&member["SnapshotId"]);
        call(&raw, "DeleteSnapshot", &[("SnapshotId", &id)])
            .ok()
            .await;
    }
    assert!(groups(&raw, &[]).await.is_empty());
}

#[tokio::test]
async fn disks_that_make_no_group_are_refused_and_nothing_is_made() {
    let builder = described()
        .ecs_instance(EcsInstance::new("i-2").in_zone("cn-hangzhou-j"))
        .ecs_instance(EcsInstance::new("i-3"))
        .ecs_disk(EcsDisk::new("d-2").attached_to("i-2"))
        .ecs_disk(EcsDisk::new("d-3").attached_to(INSTANCE).multi_attach())
        .ecs_disk(
            EcsDisk::new("d-4")
                .attached_to(INSTANCE)
                .size_gib(32 * 1024),
        );
    let many: Vec<String> = (0..17).map(|at| format!("d-many{at}")).collect();
    let builder = many.iter().fold(builder, |builder, id| {
        builder.ecs_disk(EcsDisk::new(id).attached_to(INSTANCE))
    });
    let raw = start_with(builder).await;
    let names: Vec<String> = (1..=17).map(|at| format!("DiskId.{at}")).collect();
    let many: Vec<_> = names
        .iter()
        .map(String::as_str)
        .zip(many.iter().map(String::as_str))
        .collect();
    let cases: [(Parameters<'_>, u16, &str); 12] = [
        (&[], 400, "MissingParamter.InstanceId"),
        (
            &[
                ("InstanceId", INSTANCE),
                ("DiskId.1", DISK),
                ("ExcludeDiskId.1", OTHER),
            ],
            400,
            "InvalidParam.ExcludeDiskIdsAndDiskIds.Conflict",
        ),
        (
            &[("InstanceId", "i-none")],
            404,
            "InvalidInstanceId.NotFound",
        ),
        (&[("InstanceId", "i-3")], 403, "InvalidInstance.NoDisk"),
        (
            &[("InstanceId", "i-2"), ("DiskId.1", DISK)],
            404,
            "InvalidDiskId.NotFound",
        ),
        (
            &[("InstanceId", INSTANCE), ("ExcludeDiskId.1", "d-2")],
            404,
            "InvalidDiskId.NotFound",
        ),
        (
            &[("DiskId.1", DISK), ("DiskId.2", "d-none")],
            404,
            "InvalidDiskId.NotFound",
        ),
        (
            &[("DiskId.1", DISK), ("DiskId.2", "d-2")],
            400,
            "InvalidDiskIds.NotInSameZone",
        ),
        (
            &[("DiskId.1", DISK), ("DiskId.2", "d-3")],
            403,
            "InvalidOperation.MultiAttachDisk",
        ),
        (
            &[("DiskId.1", DISK), ("DiskId.2", OLD)],
            400,
            "DiskCategory.OperationNotSupported",
        ),
        (
            &[("DiskId.1", DISK), ("DiskId.2", "d-4")],
            403,
            "CapacityExceed.TooManyDisks",
        ),
        (&many, 403, "NumberExceed.TooManyDisks"),
    ];
    for (parameters, status, code) in cases {
        here(&raw, "CreateSnapshotGroup", parameters)
            .fails(status, code)
            .await;
    }
    assert!(snapshots(&raw, REGION, &[]).await.is_empty());
    assert!(groups(&raw, &[]).await.is_empty());
}
