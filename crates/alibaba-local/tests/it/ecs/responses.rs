//! What responses look like: `responses.json` has every field of every action, as the official Python SDK
//! has them (alibabacloud-ecs20140526 7.11.8).

use std::collections::BTreeMap;

use alibaba_local::EcsDisk;
use serde_json::Value;

use super::calls::{
    DISK, ELSEWHERE, INSTANCE, OLD, OTHER, REGION, TAKES, UNUSED, ZONE, call, copy, described, text,
};
use crate::fields::Fields;
use crate::raw::{Raw, start_with};

const RESPONSES: &str = include_str!("responses.json");

/// Fields that no response here has, as nothing here is what they are about.
const NEVER: [&str; 4] = [
    // Instances are names here, and have little of this.
    "DescribeInstances.",
    // Of instant access, which has no effect any more, nothing says what these are.
    "DescribeSnapshots.Snapshots.Snapshot.InstantAccessRetentionDays.",
    "DescribeSnapshotGroups.SnapshotGroups.SnapshotGroup.Snapshots.Snapshot.InstantAccessRetentionDays.",
    // There are no packages to buy.
    "DescribeSnapshotPackage.SnapshotPackages.SnapshotPackage.",
];

struct Checked(Fields);

impl Checked {
    /// Calls an action, and looks at its response.
    async fn call(&mut self, raw: &Raw, action: &str, parameters: &[(&str, &str)]) -> Value {
        let mut all = parameters.to_vec();
        if !parameters.iter().any(|(name, _)| *name == "RegionId") {
            all.push(("RegionId", REGION));
        }
        let found = call(raw, action, &all).ok().await;
        self.0.check(action, &found);
        found
    }
}

#[tokio::test]
async fn every_response_has_the_fields_of_the_api_and_no_others() {
    let facts: Value = serde_json::from_str(RESPONSES).unwrap();
    let known: BTreeMap<String, Value> =
        serde_json::from_value(facts["responses"].clone()).unwrap();
    let mut checked = Checked(Fields::of(known));
    let unpaid = EcsDisk::new("d-unpaid").attached_to(INSTANCE);
    let raw = start_with(described().ecs_disk(unpaid)).await;
    raw.cloud
        .ecs()
        .disk("d-unpaid")
        .set_in_arrears(true)
        .unwrap();

    let keep = [
        ("DiskId", DISK),
        ("RetentionDays", "30"),
        ("Tag.1.Key", "k"),
    ];
    let first = text(&checked.call(&raw, "CreateSnapshot", &keep).await["SnapshotId"]);
    let parameters = [("DiskId.1", DISK), ("DiskId.2", OTHER), ("Tag.1.Key", "k")];
    let group = checked.call(&raw, "CreateSnapshotGroup", &parameters).await;
    let group = text(&group["SnapshotGroupId"]);
    raw.pass(TAKES);
    checked
        .call(
            &raw,
            "CopySnapshot",
            &[
                ("SnapshotId", &first),
                ("DestinationRegionId", ELSEWHERE),
                ("DestinationSnapshotName", "copied"),
                ("DestinationSnapshotDescription", "by a test"),
            ],
        )
        .await;
    raw.pass(TAKES);
    copy(&raw, &first).await;
    let (disks, first_only) = (
        format!("[\"{DISK}\",\"{OLD}\"]"),
        [("SnapshotId", first.as_str())],
    );
    let lock = [
        first_only[0],
        ("LockMode", "compliance"),
        ("LockDuration", "2"),
        ("CoolOffPeriod", "1"),
    ];
    checked.call(&raw, "LockSnapshot", &lock).await;
    checked.call(&raw, "DescribeLockedSnapshots", &[]).await;
    checked.call(&raw, "UnlockSnapshot", &first_only).await;
    checked.call(&raw, "DescribeSnapshots", &[]).await;
    checked
        .call(&raw, "DescribeSnapshots", &[("RegionId", ELSEWHERE)])
        .await;
    checked
        .call(&raw, "ModifySnapshotAttribute", &first_only)
        .await;
    raw.pass(chrono::TimeDelta::days(14));
    let archive = [first_only[0], ("Category", "Archive")];
    checked.call(&raw, "ModifySnapshotCategory", &archive).await;
    let with_policy = [
        ("timePoints", r#"["1"]"#),
        ("repeatWeekdays", r#"["1"]"#),
        ("retentionDays", "1"),
        ("Tag.1.Key", "k"),
        ("AssociationType", "AssociatedWithInstanceTag"),
        ("TargetTags.1.Key", "pool"),
        ("TargetTags.1.Value", "none"),
    ];
    checked
        .call(&raw, "CreateAutoSnapshotPolicy", &with_policy)
        .await;
    let policy = checked
        .call(&raw, "CreateAutoSnapshotPolicy", &with_policy[..4])
        .await;
    let policy = text(&policy["AutoSnapshotPolicyId"]);
    let (one, on) = (
        ("autoSnapshotPolicyId", policy.as_str()),
        ("diskIds", disks.as_str()),
    );
    checked
        .call(&raw, "ApplyAutoSnapshotPolicy", &[one, on])
        .await;
    checked
        .call(&raw, "DescribeAutoSnapshotPolicyAssociations", &[])
        .await;
    checked
        .call(&raw, "DescribeAutoSnapshotPolicyEx", &[])
        .await;
    checked
        .call(&raw, "ModifyAutoSnapshotPolicyEx", &[one])
        .await;
    let create = [
        ("ZoneId", ZONE),
        ("Size", "40"),
        ("DiskCategory", "cloud_auto"),
        ("ProvisionedIops", "100"),
        ("StorageSetId", "ss-1"),
        ("StorageSetPartitionNumber", "3"),
        ("Tag.1.Key", "k"),
    ];
    checked.call(&raw, "CreateDisk", &create).await;
    let subscription = [
        ("InstanceId", INSTANCE),
        ("Size", "40"),
        ("DiskCategory", "cloud_essd"),
    ];
    checked.call(&raw, "CreateDisk", &subscription).await;
    let pair = [("DiskId", UNUSED), ("InstanceId", INSTANCE)];
    checked.call(&raw, "AttachDisk", &pair).await;
    raw.pass(TAKES);
    checked.call(&raw, "DetachDisk", &pair).await;
    raw.pass(TAKES);
    checked.call(&raw, "DeleteDisk", &pair[..1]).await;
    let snapshots = super::calls::snapshots(&raw, REGION, &[("DiskId", OTHER)]).await;
    let usable = text(&snapshots[0]["SnapshotId"]);
    super::calls::disk_of(&raw, REGION, ZONE, &usable).await;
    let placement = [("AdditionalAttributes.1", "Placement"), ("PageSize", "50")];
    checked.call(&raw, "DescribeDisks", &placement).await;
    let options = [("AdditionalAttributes.1", "META_OPTIONS")];
    checked.call(&raw, "DescribeInstances", &options).await;
    checked
        .call(&raw, "CancelAutoSnapshotPolicy", &[one, on])
        .await;
    checked.call(&raw, "DeleteAutoSnapshotPolicy", &[one]).await;
    for both in [
        "DescribeSnapshots",
        "DescribeDisks",
        "DescribeSnapshotLinks",
    ] {
        checked.call(&raw, both, &[("MaxResults", "10")]).await;
    }
    checked.call(&raw, "DescribeRegions", &[]).await;
    checked.call(&raw, "DescribeZones", &[]).await;
    let tagged = [
        ("ResourceType", "disk"),
        ("ResourceId.1", DISK),
        ("Tag.1.Key", "k"),
    ];
    checked.call(&raw, "TagResources", &tagged).await;
    checked.call(&raw, "ListTagResources", &tagged).await;
    checked.call(&raw, "UntagResources", &tagged[..2]).await;
    checked.call(&raw, "DescribeSnapshotPackage", &[]).await;
    checked.call(&raw, "DescribeSnapshotsUsage", &[]).await;
    checked.call(&raw, "DescribeSnapshotLinks", &[]).await;
    checked.call(&raw, "OpenSnapshotService", &[]).await;
    checked.call(&raw, "DescribeSnapshotGroups", &[]).await;
    checked
        .call(&raw, "ModifySnapshotGroup", &[("SnapshotGroupId", &group)])
        .await;
    let lock: Vec<_> = lock
        .iter()
        .map(|(name, value)| match *name {
            "SnapshotId" => (*name, usable.as_str()),
            _ => (*name, *value),
        })
        .collect();
    checked.call(&raw, "LockSnapshot", &lock).await;
    checked
        .call(&raw, "DeleteSnapshotGroup", &[("SnapshotGroupId", &group)])
        .await;
    checked.call(&raw, "DeleteSnapshot", &first_only).await;

    let unseen = checked.0.unseen(&NEVER);
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[tokio::test]
async fn the_older_signature_gets_xml_unless_it_asks_for_json() {
    use crate::raw::openapi::Generation;

    let raw = start_with(described()).await;
    let ask = |format: &str| {
        let call = super::calls::here(&raw, "DescribeDisks", &[("Format", format)]);
        call.generation(Generation::RpcV1)
    };
    let xml = ask("XML").send().await.text();
    assert!(xml.contains("<Disks><Disk>"), "{xml}");
    assert!(ask("JSON").ok().await["Disks"]["Disk"].is_array());
}
